"""The nearest neighbours of points in a crowd, by trees: as `candidates`, in less time."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cells import Grid
from spotgpu.backends.pairs import Ints, Mask, Pairs

__all__ = ["nearest_by_tree"]

#: Neighbours looked up beyond those wanted: of several at the same distance, all must be seen.
SPARE = 6


def nearest_by_tree(grid: Grid, points: Ints, frame: Ints, most: int) -> tuple[Pairs, Mask]:
    """Find the nearest neighbours of some points.

    Parameters
    ----------
    grid : Grid
        All points.
    points : ndarray of int64, shape (Q,)
        Points of the grid.
    frame : ndarray of int64, shape (Q,)
        Where to look.
    most : int
        Neighbours of a point.

    Returns
    -------
    pairs : Pairs
        Neighbours within reach and, as their targets, the places of their points in `points`; at
        least the `most` nearest and all that are as near as the last of them.
    open : ndarray of bool, shape (Q,)
        Points with so many neighbours at one distance that theirs are not among the pairs.
    """
    # Here, as a process that only finds spots has no use for it, and starts sooner.
    from scipy.spatial import cKDTree

    wanted = most + SPARE
    open_ = np.zeros(len(points), np.bool_)
    parts = []
    order = np.argsort(frame, kind="stable")
    cuts = np.flatnonzero(np.diff(frame[order], prepend=-1))
    first_cell = grid.cells.margin + np.arange(grid.cells.frames + 1) * grid.cells.frame_stride
    start = grid.start[first_cell]
    for here in np.split(order, cuts[1:]):
        low, high = start[frame[here[0]]], start[frame[here[0]] + 1]
        there = grid.positions[:, low:high].T
        if len(there) == 0:
            continue
        n = min(wanted, len(there))
        at = grid.positions[:, points[here]].T
        distance, source = cKDTree(there).query(at, k=np.arange(1, n + 1))
        if n < len(there):
            # What comes after the last seen may be as near as the last wanted.
            open_[here] = distance[:, -1] <= distance[:, most - 1] * (1 + 1e-9)
        query, nth = np.nonzero(~open_[here][:, None] & np.ones(n, np.bool_))
        parts.append(Pairs(low + source[query, nth], here[query], np.empty(0)))
    return Pairs.joined(parts), open_
