"""Mirror of the `candidates` kernels: which points of another frame lie within reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spotgpu.backends.cells import Candidates, Grid
from spotgpu.backends.pairs import Ints, Pairs, expanded, nearest

__all__ = ["candidates"]

#: Pairs whose distance is computed at a time; bounds the memory where points crowd.
PAIRS_AT_ONCE = 1 << 19


def candidates(grid: Grid, points: Ints, step: int | Ints, most: int) -> Candidates:
    """Find the neighbours of some points in other frames.

    Parameters
    ----------
    grid : Grid
        All points.
    points : ndarray of int64, shape (Q,)
        Points of the grid.
    step : int or ndarray of int64, shape (Q,)
        How many frames on to look; the frame must be one of the grid's.
    most : int
        Neighbours of a point: the nearest. Of neighbours at the same distance, the first in the
        order of axes is nearer, and of neighbours at the same place the first of the grid.

    Returns
    -------
    Candidates
        Points whose distance is less than the reach of the cells: ``sum((p - q)**2)``, summed in
        the order of axes, is less than ``reach * reach``.
    """
    source, query, cost = Pairs.joined(_pieces(grid, points, step, most))
    start = np.zeros(len(points) + 1, np.int64)
    np.cumsum(np.bincount(query, minlength=len(points)), out=start[1:])
    return Candidates(start, query, source, cost)


def _pieces(grid: Grid, points: Ints, step: int | Ints, most: int) -> Iterator[Pairs]:
    """Find the neighbours of a part of the points at a time."""
    offsets = np.array(grid.cells.offsets)
    key = (grid.key[points] + step * grid.cells.frame_stride)[:, None] + offsets
    first = grid.start[key]
    count = grid.start[3:][key] - first
    ends = count.ravel().cumsum()[len(offsets) - 1 :: len(offsets)]
    begin = 0
    while begin < len(points):
        done = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, done + PAIRS_AT_ONCE, "right")))
        part = slice(begin, end)
        near = _within(grid, points[part], first[part], count[part])
        near = nearest(near, most, grid.positions)
        yield near._replace(target=near.target + begin) if begin else near
        begin = end


def _within(grid: Grid, points: Ints, first: Ints, count: Ints) -> Pairs:
    """Return neighbours among points of ranges, several a query, as sources of their query."""
    filled = np.flatnonzero(count)
    n = count.ravel()[filled]
    found = expanded(first.ravel()[filled], n)
    query = np.repeat(filled // count.shape[1], n)
    origin = points[query]
    cost = np.zeros(len(found))
    for axis in grid.positions:
        delta = axis[found]
        delta -= axis[origin]
        delta *= delta
        cost += delta
    near = np.flatnonzero(cost < grid.cells.reach * grid.cells.reach)
    return Pairs(found[near], query[near], cost[near])
