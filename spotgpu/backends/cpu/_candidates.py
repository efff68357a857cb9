"""Mirror of the `candidates` kernels: which points of another frame lie within reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spotgpu.backends.cells import Candidates, Grid
from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._trees import nearest_by_tree
from spotgpu.backends.pairs import Ints, Mask, Pairs, expanded, nearest

__all__ = ["candidates"]

#: Pairs whose distance is computed at a time; bounds the memory where points crowd.
PAIRS_AT_ONCE = 1 << 19
#: Where points have so many times as many neighbours as are wanted in the cells around them, and
#: so many points do, trees are faster.
CROWD = 50


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
    offsets = np.array(grid.cells.offsets)
    hop = np.full(len(points), step) * grid.cells.frame_stride
    loops = compiled(len(points))
    if loops is not None:
        cells = grid.key, grid.start, offsets
        if loops.crowd(*cells, points, hop) <= CROWD * most:
            limit = grid.cells.reach * grid.cells.reach
            return Candidates(*loops.candidates(grid.positions, *cells, limit, points, hop, most))
    key = (grid.key[points] + hop)[:, None] + offsets
    first = grid.start[key]
    count = grid.start[3:][key] - first
    crowded = count.sum(axis=1) > CROWD * most
    if np.count_nonzero(crowded) > CROWD:
        source, query, cost = _in_crowds(grid, points, step, most, first, count, crowded)
    else:
        source, query, cost = Pairs.joined(_pieces(grid, points, first, count, most))
    start = np.zeros(len(points) + 1, np.int64)
    np.cumsum(np.bincount(query, minlength=len(points)), out=start[1:])
    return Candidates(start, query, source, cost)


def _in_crowds(
    grid: Grid,
    points: Ints,
    step: int | Ints,
    most: int,
    first: Ints,
    count: Ints,
    crowded: Mask,
) -> Pairs:
    """Find the neighbours of points of which some have many, theirs by trees."""
    frame = (grid.key[points] - grid.cells.margin) // grid.cells.frame_stride + step
    some = np.flatnonzero(crowded)
    near, open_ = nearest_by_tree(grid, points[some], frame[some], most)
    near = _measured(grid, points[some], near.source, near.target)
    near = near.at(np.argsort(near.target * len(grid.order) + near.source))
    near = nearest(near, most, grid.positions)
    parts = [near._replace(target=some[near.target])]
    rest = np.sort(np.concatenate([np.flatnonzero(~crowded), some[open_]]))
    few = _pieces(grid, points[rest], first[rest], count[rest], most)
    parts += [part._replace(target=rest[part.target]) for part in few]
    pairs = Pairs.joined(parts)
    return pairs.at(np.argsort(pairs.target * len(grid.order) + pairs.source))


def _pieces(grid: Grid, points: Ints, first: Ints, count: Ints, most: int) -> Iterator[Pairs]:
    """Find the neighbours of a part of the points at a time, among points of ranges."""
    ends = count.sum(axis=1).cumsum()
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
    return _measured(grid, points, found, query)


def _measured(grid: Grid, points: Ints, found: Ints, query: Ints) -> Pairs:
    """Return those of the neighbours found that are within reach, with their distances."""
    origin = points[query]
    cost = np.zeros(len(found))
    for axis in grid.positions:
        delta = axis[found]
        delta -= axis[origin]
        delta *= delta
        cost += delta
    near = np.flatnonzero(cost < grid.cells.reach * grid.cells.reach)
    return Pairs(found[near], query[near], cost[near])
