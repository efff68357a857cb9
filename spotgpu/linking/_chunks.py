"""Links each frame to the one before, for many frames at once."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from spotgpu.backends import cpu
from spotgpu.backends.cells import Candidates, Cells, Grid
from spotgpu.backends.pairs import Floats, Ints, Pairs
from spotgpu.linking._limits import alone
from spotgpu.linking._movie import Movie
from spotgpu.linking._problem import Problem, solved
from spotgpu.linking._rules import Rules

__all__ = [
    "chunks",
    "gridded",
    "linked",
    "matched",
    "points_at_once",
    "previous_points",
]

#: Points of a chunk: fewer do not pay for the calls, more take more memory and leave the cache.
POINTS = 100_000
#: Bytes that a device takes for a point and for a candidate, at most, with what is half done.
BYTES, BYTES_A_PAIR = 512, 128
#: Frames of a chunk: each takes some cells, even if it is empty.
FRAMES = 50_000


def chunks(movie: Movie, points: int) -> Iterator[tuple[int, int]]:
    """Cut the frames, from the second on, into runs.

    Parameters
    ----------
    movie : Movie
        All points.
    points : int
        Points of a run, about; it has one frame at least.

    Yields
    ------
    tuple of int
        First frame of a run, and the first after it.
    """
    begin, n_frames = 1, len(movie.start) - 1
    while begin < n_frames:
        limit = movie.start[begin] + points
        end = max(begin + 1, int(np.searchsorted(movie.start, limit, "right")) - 1)
        end = min(end, begin + FRAMES, n_frames)
        yield begin, end
        begin = end


def points_at_once(engine: ModuleType, most: int) -> int:
    """Return how many points a chunk has that fits the memory.

    Parameters
    ----------
    engine : module
        Backend that computes it.
    most : int
        Candidates of a point, about.

    Returns
    -------
    int
        `POINTS` at least.
    """
    if engine is cpu:
        return POINTS
    from spotgpu.backends.cuda.device import free_memory

    return max(free_memory() // (BYTES + BYTES_A_PAIR * most), POINTS)


def gridded(engine: ModuleType, positions: Floats, frame: Ints, reach: float) -> Grid:
    """Return the grid of some points.

    Parameters
    ----------
    engine : module
        Backend that computes it.
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0.
    reach : float
        Points nearer to each other than this are neighbours.

    Returns
    -------
    Grid
        Arrays of the backend.
    """
    cells = Cells.of(positions, int(frame[-1]) + 1, reach)
    return engine.grid(engine.put(positions), engine.put(frame), cells)


def matched(engine: ModuleType, near: Candidates, n: int, rules: Rules) -> tuple[Any, Pairs]:
    """Link points to their candidates as far as the engine can.

    Parameters
    ----------
    engine : module
        Backend that computes it.
    near : Candidates
        Sources of some targets; arrays of the backend.
    n : int
        Number of sources.
    rules : Rules
        What may be linked.

    Returns
    -------
    match : ndarray of int64, shape (targets,)
        The source of each target, -1 for none; an array of the backend.
    left : Pairs
        What is to be solved; arrays of the host.
    """
    pairs = near.source, near.query, near.cost
    n_targets = len(near.start) - 1
    if rules.limits.drop:
        source, target, cost = (engine.get(column) for column in pairs)
        one_each = alone(Pairs(source, target, cost), n, n_targets)
        match = np.full(n_targets, -1)
        match[target[one_each]] = source[one_each]
        return engine.put(match), Pairs.joined([])
    if rules.limits.small:
        match = engine.put(np.full(n_targets, -1))
        return match, Pairs(*(engine.get(column) for column in pairs))
    match, open_ = engine.assign(*pairs, n, n_targets, rules.null_cost)
    return match, Pairs(*(engine.get(column) for column in engine.select(open_, *pairs)))


def linked(left: Pairs, source_point: Ints, target_point: Ints, at: Floats, rules: Rules) -> Pairs:
    """Return those of the pairs that `matched` left that are linked.

    Parameters
    ----------
    left : Pairs
        In the order of their targets.
    source_point, target_point : ndarray of int64
        The point that each source and each target is.
    at : ndarray of float64, shape (ndim, points)
        Positions.
    rules : Rules
        What may be linked.

    Returns
    -------
    Pairs
        In the order of their targets.
    """
    if len(left.source) == 0:
        return left
    problem = Problem(left, source_point, target_point, at, rules.null_cost, rules.limits)
    every = np.arange(len(left.source))
    return left.at(solved(problem.at(every)))


def previous_points(movie: Movie, rules: Rules, engine: ModuleType) -> Ints:
    """Return the point that comes before each in its track, -1 for the first of a track.

    Parameters
    ----------
    movie : Movie
        All points.
    rules : Rules
        Without memory.
    engine : module
        Backend that computes it.

    Returns
    -------
    ndarray of int64, shape (N,)
        Indices of points.
    """
    previous = np.full(len(movie.frame), -1)
    for begin, end in chunks(movie, points_at_once(engine, rules.most)):
        low, first, high = movie.start[[begin - 1, begin, end]].tolist()
        if first == high:
            continue
        frame = movie.frame[low:high] - (begin - 1)
        found = _previous(movie.positions[:, low:high], frame, first - low, rules, engine)
        np.add(found, low, out=previous[first:high], where=found >= 0)
    return previous


def _previous(positions: Floats, frame: Ints, first: int, rules: Rules, engine: ModuleType) -> Ints:
    """Link the points of a chunk from the `first` on, which are those of its second frame."""
    grid = gridded(engine, positions, frame, rules.reach)
    # numpy's functions make and take arrays of either backend.
    targets = np.arange(first, len(frame), like=grid.order)
    near = engine.candidates(grid, targets, -1, rules.most)
    match, left = matched(engine, near, len(frame), rules)
    order = grid.order
    previous = np.empty_like(match)
    previous[order[first:] - first] = np.where(match < 0, -1, order[match])
    found: Ints = engine.get(previous)
    if len(left.source):
        order = engine.get(order)
        chosen = linked(left, order, order[first:], positions, rules)
        found[order[first:][chosen.target] - first] = order[chosen.source]
    return found
