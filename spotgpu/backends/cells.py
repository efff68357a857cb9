"""The cell grid that neighbours are found in: its shape, made on the host, and its arrays.

All frames lie in one grid. Points are sorted by frame and cell, so that cells next to each other
along the last axis hold one contiguous range of points: the neighbours of a point lie in
3^(ndim - 1) ranges, found in a table without a search.
"""

from __future__ import annotations

from itertools import accumulate, product
from math import prod
from operator import mul
from typing import Any, NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats

__all__ = ["Candidates", "Cells", "Grid"]

#: Cells a point, at most: more take longer to make than they save in distances.
CELLS_PER_POINT = 8


class Cells(NamedTuple):
    """Where the cells of a grid lie, the same in each frame.

    Attributes
    ----------
    low : tuple of float
        Where the cells begin, per axis.
    side : float
        Of a cell, along each axis.
    shape : tuple of int
        Number of cells per axis.
    frames : int
        Number of frames.
    reach : float
        Points nearer to each other than this are neighbours.
    """

    low: tuple[float, ...]
    side: float
    shape: tuple[int, ...]
    frames: int
    reach: float

    @classmethod
    def of(cls, positions: Floats, frames: int, reach: float) -> Cells:
        """Lay cells over some points.

        They are a little wider than `reach`: rounding must not put neighbours two cells apart.
        They are wider still where there would be too many; then the cells at the border take in
        what few points lie far out, which keeps neighbours in the same or adjacent cells.

        Parameters
        ----------
        positions : ndarray of float64, shape (ndim, N)
            In the host's memory, one row an axis; N is 1 at least.
        frames : int
            Number of frames.
        reach : float
            Points nearer to each other than this are neighbours.

        Returns
        -------
        Cells
            8 a point, at most, or one a frame.
        """
        most = max(CELLS_PER_POINT * positions.shape[1] / frames, 1)
        low, high = positions.min(axis=1), positions.max(axis=1)
        side = reach * (1 + 1e-6)
        if np.prod(np.floor((high - low) / side) + 1) > most:
            sample = positions[:, :: max(1, positions.shape[1] // 300)]
            # About the percentiles 1 and 99; np.quantile takes as long as all the rest.
            far = sample.shape[1] // 100
            ends = np.partition(sample, (far, -1 - far), axis=1)
            low, high = ends[:, far], ends[:, -1 - far]
            while np.prod(np.floor((high - low) / side) + 1) > most:
                side *= 1.1
        shape = np.floor((high - low) / side).astype(np.int64) + 1
        return cls(tuple(low.tolist()), side, tuple(shape.tolist()), frames, reach)

    @property
    def strides(self) -> tuple[int, ...]:
        """Return how far apart in the table neighbouring cells are, per axis.

        Returns
        -------
        tuple of int
            With an empty cell at the end of each row and an empty row at that of each plane, for
            neighbours to fall in.
        """
        wider = [n + 1 for n in self.shape[:0:-1]]
        return tuple(accumulate([1, *wider], mul))[::-1]

    @property
    def frame_stride(self) -> int:
        """Return how far apart the same cell of successive frames is.

        Returns
        -------
        int
            Cells of a frame, with those that stay empty.
        """
        return prod(n + 1 for n in self.shape)

    @property
    def margin(self) -> int:
        """Return how many cells come before the first frame.

        Returns
        -------
        int
            For neighbours of its first cell to fall in.
        """
        return sum(self.strides)

    @property
    def total(self) -> int:
        """Return the number of cells in all.

        Returns
        -------
        int
            Of all frames, with margins.
        """
        return self.frames * self.frame_stride + 2 * self.margin + 1

    @property
    def offsets(self) -> tuple[int, ...]:
        """Return where the runs of three cells around a cell begin, from that cell on.

        Returns
        -------
        tuple of int
            3^(ndim - 1) numbers, ascending.
        """
        steps = [(-stride, 0, stride) for stride in self.strides[:-1]]
        return tuple(sum(step) - 1 for step in product(*steps))


class Grid(NamedTuple):
    """Points of consecutive frames, sorted by frame and cell; arrays of one of the backends.

    Attributes
    ----------
    cells : Cells
        Where the cells lie.
    order : ndarray of int64, shape (N,)
        Which of the points passed in each point of the grid is.
    key : ndarray of int64, shape (N,)
        Cell of each point, ascending.
    start : ndarray of int64, shape (cells + 1,)
        First point of each cell, and N.
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    """

    cells: Cells
    order: Any
    key: Any
    start: Any
    positions: Any


class Candidates(NamedTuple):
    """Neighbours of some points, one row a point; arrays of one of the backends.

    Attributes
    ----------
    start : ndarray of int64, shape (points + 1,)
        First neighbour of each point, and their number.
    query : ndarray of int64, shape (P,)
        Which of the points each neighbour belongs to, ascending.
    source : ndarray of int64, shape (P,)
        The neighbour, ascending in each row.
    cost : ndarray of float64, shape (P,)
        Squared distance.
    """

    start: Any
    query: Any
    source: Any
    cost: Any
