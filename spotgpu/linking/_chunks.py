"""Links each frame to the one before, for many frames at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from spotgpu.linking._assign import Problem, assign
from spotgpu.linking._candidates import Floats, Grid, Ints, Pairs, nearest

__all__ = ["Movie", "Rules", "adjacent", "chunks", "linked", "previous_points"]

#: Points of a chunk: fewer do not pay for the calls, more take more memory and leave the cache.
POINTS = 100_000
#: Frames of a chunk: each takes some cells, even if it is empty.
FRAMES = 50_000


class Rules(NamedTuple):
    """What may be linked.

    Attributes
    ----------
    reach : float
        Points nearer to each other than this are candidates.
    null_cost : float
        Cost of a source without a link: the squared range.
    memory : int
        Frames that a particle may be missing for.
    most : int
        Candidates of a target, the nearest ones.
    """

    reach: float
    null_cost: float
    memory: int
    most: int


class Movie(NamedTuple):
    """Points in the order of frames.

    Attributes
    ----------
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0.
    start : ndarray of int64, shape (frames + 1,)
        First point of each frame, and N.
    """

    positions: Floats
    frame: Ints
    start: Ints

    @classmethod
    def of(cls, positions: Floats, frame: Ints, memory: int) -> Movie:
        """Number the frames from 0; of runs of empty frames, keep what memory cannot bridge.

        Parameters
        ----------
        positions : ndarray of float64, shape (ndim, N)
            One row an axis.
        frame : ndarray of int64, shape (N,)
            Ascending.
        memory : int
            Frames that a particle may be missing for.

        Returns
        -------
        Movie
            Of the same points.
        """
        step = np.minimum(np.diff(frame), memory + 2)
        frame = np.concatenate([np.zeros(1, np.int64), np.cumsum(step)])
        return cls(positions, frame, np.searchsorted(frame, np.arange(frame[-1] + 2)))


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


def adjacent(grid: Grid, most: int, first: int = 1) -> Pairs:
    """Return the candidates between frames and the frame before each.

    Parameters
    ----------
    grid : Grid
        Points of the frames.
    most : int
        Candidates of a target, the nearest ones.
    first : int
        First frame that has targets.

    Returns
    -------
    Pairs
        In the order of their targets.
    """
    targets = np.arange(np.searchsorted(grid.frame, first), len(grid.frame))
    none = np.empty(0, np.int64)
    parts = [Pairs(none, none, np.empty(0))]
    for query, found, cost in grid.pieces(targets, -1):
        parts.append(nearest(Pairs(found, targets[query], cost), most, grid.positions))
    if len(parts) == 2:
        return parts[1]
    return Pairs(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def linked(grid: Grid, pairs: Pairs, rules: Rules) -> Pairs:
    """Return those candidates that are linked.

    Parameters
    ----------
    grid : Grid
        Points of the frames.
    pairs : Pairs
        What `adjacent` found.
    rules : Rules
        Cost of a source without a link.

    Returns
    -------
    Pairs
        In the order of their targets.
    """
    points = np.arange(len(grid.row))
    return pairs.at(assign(Problem(pairs, points, points, grid.positions, rules.null_cost)))


def previous_points(movie: Movie, rules: Rules) -> Ints:
    """Return the point that comes before each in its track, -1 for the first of a track.

    Parameters
    ----------
    movie : Movie
        All points.
    rules : Rules
        `memory` must be 0.

    Returns
    -------
    ndarray of int64, shape (N,)
        Indices of points.
    """
    previous = np.full(len(movie.frame), -1)
    for begin, end in chunks(movie, POINTS):
        low, high = movie.start[begin - 1], movie.start[end]
        if low == high:
            continue
        frame = movie.frame[low:high] - (begin - 1)
        grid = Grid(movie.positions[:, low:high], frame, rules.reach)
        pairs = linked(grid, adjacent(grid, rules.most), rules)
        previous[low + grid.row[pairs.target]] = low + grid.row[pairs.source]
    return previous
