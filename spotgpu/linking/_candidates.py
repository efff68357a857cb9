"""`candidates`: the pairs of spots that may be linked, for many frames at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spotgpu.backends import on
from spotgpu.backends.cells import Candidates, Grid
from spotgpu.backends.pairs import Ints, Mask, Pairs
from spotgpu.checks import integer
from spotgpu.linking._chunks import chunks, gridded, points_at_once
from spotgpu.linking._crowd import crowd, refuse_crowd
from spotgpu.linking._movie import Movie
from spotgpu.linking._table import read_spots

__all__ = ["Ends", "candidates", "pairs_within"]

#: Pairs at a time, unless a frame has more.
PAIRS = 4_000_000


class Ends(NamedTuple):
    """Which points may begin a link, and which may end one; None for all.

    Attributes
    ----------
    sources, targets : ndarray of bool, shape (N,), or None
        Of the points of a movie.
    """

    sources: Mask | None = None
    targets: Mask | None = None

    def rows(self, low: int, first: int, high: int) -> Ints:
        """Return which points of a part take part.

        Parameters
        ----------
        low : int
            First point of the part.
        first : int
            Its first target.
        high : int
            The first point after it.

        Returns
        -------
        ndarray of int64
            Sources, and targets from the `first` on.
        """
        if self.sources is None:
            return np.arange(low, high)
        either = self.sources[low:high].copy()
        either[first - low :] |= True if self.targets is None else self.targets[first:high]
        return low + np.flatnonzero(either)


def candidates(
    spots: pd.DataFrame,
    distance: Any,
    *,
    max_frame_gap: int = 1,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    device: str = "cpu",
) -> Pairs:
    """Find the pairs of spots of different frames that are near each other.

    Parameters
    ----------
    spots : DataFrame
        One row a spot.
    distance : float or tuple of float
        Spots nearer to each other than this are pairs. One value per axis makes it an ellipsoid;
        costs are then in units of the last axis.
    max_frame_gap : int
        Pairs are of frames that differ by so much at most.
    pos_columns : sequence of str, optional
        Columns of the positions. Default z (if there is one), y and x.
    t_column : str
        Column of the frame numbers.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; the result is the same.

    Returns
    -------
    Pairs
        ``source`` and ``target`` (rows of `spots`, counted from 0; the source is in the earlier
        frame), and ``cost``, their squared distance. In the order of targets, by frame and row,
        then of sources.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range, or the pairs are too many.

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 0, 1], "y": [0.0, 0.0, 0.0], "x": [0.0, 9.0, 1.0]})
    >>> pairs = candidates(spots, 3)
    >>> pairs.source.tolist(), pairs.target.tolist(), pairs.cost.tolist()
    ([0], [2], [1.0])
    """
    read = read_spots("spots", spots, pos_columns, t_column)
    positions, length = read.scaled("distance", distance)
    gap = integer("max_frame_gap", max_frame_gap, at_least=1)
    movie = Movie.of(positions, read.frame, gap - 1)
    pairs = Pairs.joined(pairs_within(movie, length, gap, Ends(), on(device), "distance"))
    pairs = pairs.at(np.argsort(pairs.target * len(read.frame) + pairs.source))  # as lexsort
    return Pairs(read.order[pairs.source], read.order[pairs.target], pairs.cost)


def pairs_within(
    movie: Movie, distance: float, max_gap: int, ends: Ends, engine: ModuleType, name: str
) -> Iterator[Pairs]:
    """Find the pairs of points that are near each other, some frames at a time.

    Parameters
    ----------
    movie : Movie
        All points; runs of empty frames must not be cut to less than `max_gap` - 1.
    distance : float
        Points nearer to each other than this are pairs.
    max_gap : int
        Pairs are of frames that differ by so much at most.
    ends : Ends
        Which points may be sources, and targets.
    engine : module
        Backend that computes them.
    name : str
        The argument that `distance` came in by, for messages.

    Yields
    ------
    Pairs
        Of some frames, in the order of the targets' frames, those of a target together.

    Raises
    ------
    ValueError
        If a frame has too many pairs.
    """
    runs = list(chunks(movie, points_at_once(engine, 8 * max_gap)))[::-1]
    while runs:
        begin, end = runs.pop()
        base = max(begin - max_gap, 0)
        low, first, high = movie.start[[base, begin, end]].tolist()
        rows = ends.rows(low, first, high)
        if len(rows) == 0 or rows[-1] < first:
            continue
        whole = len(rows) == high - low
        part = slice(low, high) if whole else rows
        frame = movie.frame[part] - base
        grid = gridded(engine, movie.positions[:, part], frame, distance)
        # Within a frame, the points of the grid are in another order than those of the chunk.
        rows = rows[engine.get(grid.order)]
        wanted = np.arange(np.searchsorted(frame, begin - base), len(rows))
        if ends.targets is not None:
            wanted = wanted[ends.targets[rows[wanted]]]
        queries = _queries(frame, wanted, max_gap)
        total = crowd(grid, *queries, engine)
        if total > PAIRS and end - begin > 1:
            middle = (begin + end) // 2
            runs += [(middle, end), (begin, middle)]
            continue
        refuse_crowd(grid, total, name)
        near = _near(grid, *queries, engine)
        near = Pairs(rows[near.source], rows[near.target], near.cost)
        if ends.sources is not None:
            near = near.at(np.flatnonzero(ends.sources[near.source]))
        yield near


def _queries(frame: Ints, point: Ints, max_gap: int) -> tuple[Ints, Ints]:
    """Return points of the grid with each step back that leads to a frame."""
    if max_gap == 1:  # all have a frame before
        return point, np.full(len(point), -1)
    gaps = np.minimum(max_gap, frame[point])
    step = np.repeat(np.cumsum(gaps) - gaps, gaps) - np.arange(gaps.sum()) - 1
    return np.repeat(point, gaps), step


def _near(grid: Grid, point: Ints, step: Ints, engine: ModuleType) -> Pairs:
    """Return the pairs of some points of the grid."""
    near: Candidates = engine.candidates(grid, engine.put(point), engine.put(step), len(grid.order))
    query, source, cost = (engine.get(column) for column in near[1:])
    return Pairs(source, point[query], cost)
