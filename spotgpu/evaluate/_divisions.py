"""Divisions against the true ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spotgpu.evaluate._assignment import best_pairs
from spotgpu.evaluate._graphs import SpotPairs
from spotgpu.tables import Tracks

__all__ = ["DivisionCounts", "match_divisions"]


class DivisionCounts(NamedTuple):
    """True divisions, found ones, and pairs of both."""

    n_true: int
    n_found: int
    n_matched: int


def match_divisions(
    found: Tracks, truth: Tracks, pairs: SpotPairs, frame_tolerance: int
) -> DivisionCounts:
    """Count the divisions that are found.

    Parameters
    ----------
    found, truth : Tracks
        The graphs.
    pairs : SpotPairs
        Which of their spots are the same. A spot that is in two pairs is in none here.
    frame_tolerance : int
        How many frames apart two divisions may be.

    Returns
    -------
    DivisionCounts
        Divisions are paired one to one, by the rule that `match_lineages` states.
    """
    true_mothers, true_daughters = _divisions(truth)
    mothers, daughters = _divisions(found)
    single = pairs.alone()
    met = pd.DataFrame(
        {
            "true": truth.particle[single.truth],
            "found": found.particle[single.found],
            "now": truth.spots[truth.t_column].to_numpy()[single.truth],
        }
    )
    both = _met(met, true_mothers, mothers, frame_tolerance, "min")
    both = both[both["size_true"] == both["size_found"]]
    born = _met(met, true_daughters, daughters, frame_tolerance, "max")
    # One to one among the daughters of two mothers, whoever else they have to do with.
    family = ["mother_true", "mother_found"]
    one, other = (
        born.groupby([*family, side]).ngroup().to_numpy().astype(np.int64)
        for side in ("found", "true")
    )
    born = born.iloc[best_pairs(one, other, np.ones(len(born)))]
    alike = born.groupby(family).size().rename("alike")
    both = both.join(alike, on=["true", "found"])
    both = both[both["alike"] == both["size_true"]]
    chosen = best_pairs(both["true"].to_numpy(), both["found"].to_numpy(), np.ones(len(both)))
    return DivisionCounts(len(true_mothers), len(mothers), len(chosen))


def _divisions(tracks: Tracks) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the particles that divide, with their last frames, and those that come of them."""
    source, target = tracks.rows
    children = np.bincount(source, minlength=len(tracks.spots))
    frame, particle = tracks.spots[tracks.t_column].to_numpy(), tracks.particle
    last = np.flatnonzero(children > 1)
    mothers = pd.DataFrame(
        {"particle": particle[last], "frame": frame[last], "size": children[last]}
    )
    born = children[source] > 1
    source, target = source[born], target[born]
    daughters = pd.DataFrame(
        {"particle": particle[target], "frame": frame[target], "mother": particle[source]}
    )
    return mothers, daughters


def _met(
    met: pd.DataFrame, true: pd.DataFrame, found: pd.DataFrame, tolerance: int, when: str
) -> pd.DataFrame:
    """Return which particles are a pair in the first, or the last, of their two frames."""
    both = met.merge(true, left_on="true", right_on="particle")
    both = both.merge(found, left_on="found", right_on="particle", suffixes=("_true", "_found"))
    frames = both[["frame_true", "frame_found"]]
    near = frames.max(axis=1) - frames.min(axis=1) <= tolerance
    return both[near & (both["now"] == frames.agg(when, axis=1))]
