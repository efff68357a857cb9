"""Which true spots give light, and which of them a microscope shows as one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spotgpu.tables import Tracks

__all__ = ["dark_spots", "seen_as_one"]

Bools = npt.NDArray[np.bool_]


def dark_spots(truth: Tracks, share: float, run: float, rng: np.random.Generator) -> Bools:
    """Tell which spots are dark: runs of spots of each particle, by a chain of two states.

    Parameters
    ----------
    truth : Tracks
        Tracks.
    share : float
        Share of the spots that are dark, <= run / (run + 1).
    run : float
        Mean number of spots in a dark run, >= 1.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of bool, shape (spots,)
        In the order of the spots.
    """
    particle, frame = truth.particle, truth.spots[truth.t_column].to_numpy()
    order = np.lexsort((frame, particle))
    sizes = np.bincount(particle)
    age = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    by_age = np.argsort(age, kind="stable")
    ends = np.cumsum(np.bincount(age))
    chance = rng.random(len(order))
    dark = chance < share
    enter, stay = share / (1 - share) / run, 1 - 1 / run
    for start, stop in pairwise(ends):
        rows = by_age[start:stop]
        dark[rows] = chance[rows] < np.where(dark[rows - 1], stay, enter)
    result = np.empty(len(order), bool)
    result[order] = dark
    return result


def seen_as_one(
    spots: pd.DataFrame, columns: list[str], resolution: tuple[float, ...]
) -> pd.DataFrame:
    """Join the spots of a frame that are nearer than the resolution, and chains of such spots.

    Parameters
    ----------
    spots : DataFrame
        Columns ``frame``, ``id`` and `columns`, sorted by frame and id.
    columns : list of str
        Position columns.
    resolution : tuple of float
        Least distance along each axis of spots that are apart, in px. If one is 0, all are.

    Returns
    -------
    DataFrame
        Columns ``frame``, `columns` (the means), ``truth`` (the lowest id) and ``count``.
    """
    n = len(spots)
    positions = spots[columns].to_numpy(float)
    frame = spots["frame"].to_numpy()
    label = np.arange(n)
    if n and min(resolution) > 0:
        # Frames are two units apart: no pair of different ones is within one.
        points = np.column_stack((2.0 * frame, positions / resolution))
        pairs = cKDTree(points).query_pairs(1.0, output_type="ndarray")
        graph = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(n, n))
        label = connected_components(graph, directed=False)[1]
    _, first, group = np.unique(label, return_index=True, return_inverse=True)
    count = np.bincount(group, minlength=len(first))
    table = pd.DataFrame({"frame": frame[first]})
    for column, values in zip(columns, positions.T, strict=True):
        table[column] = np.bincount(group, values, len(first)) / count
    table["truth"] = spots["id"].to_numpy()[first]
    table["count"] = count
    return table
