"""The peers: trackpy and laptrack, called like our trackers."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.tables import Tracks, branching_kinds, edge_table


class TrackerError(Exception):
    """A tracker gave up."""


def trackpy(
    spots: pd.DataFrame, search: float, *, velocity: bool = False, **options: Any
) -> pd.DataFrame:
    """Return trackpy's trajectories, predicted by the nearest velocity or not at all."""
    import trackpy as tp

    tp.quiet()
    linker = tp.predict.NearestVelocityPredict().link_df if velocity else tp.link
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about pandas
        try:
            return linker(spots.copy(), search, **options)
        except tp.SubnetOversizeException as error:
            raise TrackerError(str(error)) from error


def laptrack(
    spots: pd.DataFrame,
    search: float,
    *,
    gap: float | None = None,
    splitting: float | None = None,
) -> Tracks:
    """Return laptrack's tracks, over up to two missed frames; spots are in the order of frames."""
    from laptrack import LapTrack

    cuts = np.searchsorted(spots["frame"], np.arange(spots["frame"].iloc[-1] + 2))
    positions = spots[["y", "x"]].to_numpy()
    tracker = LapTrack(
        cutoff=search**2,
        gap_closing_cutoff=gap is not None and gap**2,
        gap_closing_max_frame_count=3,
        splitting_cutoff=splitting is not None and splitting**2,
    )
    graph = tracker.predict([positions[i:j] for i, j in pairwise(cuts)])
    edges = np.array([(*a, *b) for a, b in graph.edges], np.int64).reshape(-1, 4)
    source, target = cuts[edges[:, 0]] + edges[:, 1], cuts[edges[:, 2]] + edges[:, 3]
    kind = branching_kinds(source, target, spots["frame"].to_numpy())
    ids = spots["id"].to_numpy()
    return Tracks(spots, edge_table(ids[source], ids[target], kind=kind))
