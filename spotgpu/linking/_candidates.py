"""Candidates for links: the pairs of points of two frames that lie within reach of each other.

All frames of a chunk lie in one grid. Points are sorted by frame and cell, so that cells next to
each other along the last axis hold one contiguous range of points: the neighbours of a point lie
in 3^(ndim - 1) ranges, found in a table without a search.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Grid", "Ints", "Pairs", "expanded", "nearest"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Cells a point, at most: more take longer to make than they save in distances.
CELLS_PER_POINT = 8
#: Pairs whose distance is computed at a time; bounds the memory where points crowd.
PAIRS_AT_ONCE = 1 << 19


def expanded(first: Ints, count: Ints) -> Ints:
    """Return runs of integers, one after the other.

    Parameters
    ----------
    first, count : ndarray of int64
        Where each run starts, and how long it is.

    Returns
    -------
    ndarray of int64
        ``first[0], first[0] + 1, ..., first[1], first[1] + 1, ...``.
    """
    result = np.repeat(first - count.cumsum() + count, count)
    result += np.arange(len(result))
    return result


class Pairs(NamedTuple):
    """Pairs of points: indices of the sources and the targets, and their squared distances."""

    source: Ints
    target: Ints
    cost: Floats

    def at(self, chosen: npt.NDArray[np.generic]) -> Pairs:
        """Return some of the pairs.

        Parameters
        ----------
        chosen : ndarray of bool or int64
            Mask or indices.

        Returns
        -------
        Pairs
            Those, in the order of the indices.
        """
        return Pairs(self.source[chosen], self.target[chosen], self.cost[chosen])


class Grid:
    """Points of consecutive frames, sorted by frame and cell.

    Parameters
    ----------
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0; a frame may be empty.
    reach : float
        Points nearer to each other than this are neighbours.

    Attributes
    ----------
    row : ndarray of int64, shape (N,)
        Where each point of the grid was in `positions`.
    positions, frame : ndarray
        As passed in, in the order of the grid.
    """

    def __init__(self, positions: Floats, frame: Ints, reach: float) -> None:
        self._limit = reach * reach
        n, n_frames = len(frame), int(frame[-1]) + 1
        cells, shape = _cells(positions, reach, CELLS_PER_POINT * n / n_frames)
        # An empty cell ends each row and an empty row each plane, for neighbours to fall in.
        strides = np.cumprod([1, *(shape[:0:-1] + 1)])[::-1]
        self._frame_stride = int(strides[0] * (shape[0] + 1))
        margin = int(strides.sum())
        offsets = np.zeros(1, np.int64)
        for stride in strides[:-1]:
            offsets = np.add.outer(offsets, stride * np.arange(-1, 2)).ravel()
        self._offsets = offsets - 1

        key = frame * self._frame_stride + margin
        for cell, stride in zip(cells, strides, strict=True):
            key += cell * stride
        # Sorting key and row as one number is twice as fast as argsort, and stable.
        bits = int(n).bit_length()
        packed = (key << bits) | np.arange(n)
        packed.sort()
        self.row = packed & ((1 << bits) - 1)
        self._key = packed >> bits
        self.positions = np.stack([axis[self.row] for axis in positions])
        self.frame = frame[self.row]
        n_cells = n_frames * self._frame_stride + 2 * margin + 2
        # start[k] is the number of points in cells below k.
        runs = np.diff(self._key, prepend=-1, append=n_cells - 1)
        self._start = np.repeat(np.arange(n + 1, dtype=np.int32), runs)

    def near(self, points: Ints, step: int | Ints) -> tuple[Ints, Ints, Floats]:
        """Find the neighbours of some points in another frame.

        Parameters
        ----------
        points : ndarray of int64
            Points of the grid.
        step : int or ndarray of int64
            How many frames on to look; the frame must be one of the grid's.

        Returns
        -------
        tuple of ndarray
            What `pieces` yields, in one piece.
        """
        pieces = list(self.pieces(points, step))
        if len(pieces) == 1:
            return pieces[0]
        empty = np.empty(0, np.int64)
        query, found, cost = zip((empty, empty, np.empty(0)), *pieces, strict=True)
        return np.concatenate(query), np.concatenate(found), np.concatenate(cost)

    def pieces(self, points: Ints, step: int | Ints) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Find the neighbours of some points in another frame.

        Parameters
        ----------
        points : ndarray of int64
            Points of the grid.
        step : int or ndarray of int64
            How many frames on to look; the frame must be one of the grid's.

        Yields
        ------
        tuple of ndarray
            Index into `points` (ascending), neighbour, squared distance. All neighbours of a point
            come in one piece.
        """
        key = (self._key[points] + step * self._frame_stride)[:, None] + self._offsets
        first = self._start[key]
        count = self._start[3:][key] - first
        ends = count.ravel().cumsum(dtype=np.int64)[len(self._offsets) - 1 :: len(self._offsets)]
        begin = 0
        while begin < len(points):
            done = ends[begin - 1] if begin else 0
            end = max(begin + 1, int(np.searchsorted(ends, done + PAIRS_AT_ONCE, "right")))
            part = slice(begin, end)
            query, found, cost = self._within(points[part], first[part], count[part])
            yield query + begin, found, cost
            begin = end

    def _within(
        self, points: Ints, first: npt.NDArray[np.int32], count: npt.NDArray[np.int32]
    ) -> tuple[Ints, Ints, Floats]:
        filled = np.flatnonzero(count)
        n = count.ravel()[filled]
        found = expanded(first.ravel()[filled].astype(np.int64), n.astype(np.int64))
        query = np.repeat(filled // len(self._offsets), n)
        origin = points[query]
        cost = np.zeros(len(found))
        for axis in self.positions:
            delta = axis[found]
            delta -= axis[origin]
            delta *= delta
            cost += delta
        near = np.flatnonzero(cost < self._limit)
        return query[near], found[near], cost[near]


def _cells(positions: Floats, reach: float, most: float) -> tuple[Ints, Ints]:
    """Return the cell of each point per axis, (ndim, N), and the number of cells per axis.

    Cells are a little wider than `reach`: rounding must not put neighbours two cells apart. They
    are wider still where there would be more than `most`; then the cells at the border take in
    what few points lie far out, which keeps neighbours in the same or adjacent cells.
    """
    low, high = positions.min(axis=1), positions.max(axis=1)
    side = reach * (1 + 1e-6)
    if np.prod(np.floor((high - low) / side) + 1) > most:
        sample = positions[:, :: max(1, positions.shape[1] // 1000)]
        low, high = np.quantile(sample, (0.01, 0.99), axis=1)
        while np.prod(np.floor((high - low) / side) + 1) > max(most, 1):
            side *= 1.1
    shape = np.floor((high - low) / side).astype(np.int64) + 1
    scaled = (positions - low[:, None]) / side
    return np.clip(scaled, 0, shape[:, None] - 1, out=scaled).astype(np.int64), shape


def nearest(pairs: Pairs, most: int, positions: Floats) -> Pairs:
    """Return the pairs whose source is among the `most` nearest of its target.

    Parameters
    ----------
    pairs : Pairs
        In the order of their targets.
    most : int
        Sources of a target.
    positions : ndarray of float64, shape (ndim, N)
        By source; of sources at the same distance, the first in the order of axes is nearer.

    Returns
    -------
    Pairs
        In the order of their targets.
    """
    if not np.any(pairs.target[most:] == pairs.target[:-most]):
        return pairs
    start = np.flatnonzero(np.diff(pairs.target, prepend=-1))
    count = np.diff(start, append=len(pairs.target))
    crowded = count > most
    here = np.flatnonzero(np.repeat(crowded, count))
    source, target, cost = pairs.at(here)
    order = np.lexsort((*positions[::-1, source], cost, target))
    rank = expanded(np.zeros(np.count_nonzero(crowded), np.int64), count[crowded])
    keep = np.ones(len(pairs.target), np.bool_)
    keep[here[order[rank >= most]]] = False
    return pairs.at(keep)
