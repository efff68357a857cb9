"""The background of a frame of which only a part is there at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._background import (
    COLUMN,
    _of_integers,
    _outside,
    _sum_of_columns,
    _sum_of_squares,
)

__all__ = ["BackgroundSums"]

Where = tuple[slice, ...]


class BackgroundSums:
    """`spotgpu.backends.cpu.background` of one frame, from its parts; on the host.

    The sums of integers are exact, whatever the parts. Those of floats have an order, which is
    kept by keeping the sums of columns of 32 pixels, 8 bytes each: a 16th of a frame of float32.
    Their squares are those of deviations from the mean: floats must be gone through twice.

    Parameters
    ----------
    shape : tuple of int
        Of the frame.
    dtype : dtype
        Of its raw pixels.
    radius : tuple of int
        Half-axes of a spot in image order, in pixels.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], radius: tuple[int, ...]
    ) -> None:
        self._radius = radius
        self._is_float = dtype.kind == "f"
        self._count = self._total = self._squares = 0
        *planes, height, width = shape
        self._column_shape = (*planes, -(-height // COLUMN), width)
        self._columns = self._no_columns()
        #: Whether `level` and `noise` are complete.
        self.known = False
        #: Mean of the background; NaN where there is none.
        self.level = math.nan
        #: Its standard deviation; NaN where there are fewer than two pixels.
        self.noise = math.nan

    def _no_columns(self) -> npt.NDArray[np.float64]:
        return np.zeros(self._column_shape if self._is_float else 0)

    def add(
        self, filtered: npt.NDArray[Any], raw: npt.NDArray[Any], inner: Where, core: Where
    ) -> None:
        """Take a part of the frame.

        Parameters
        ----------
        filtered, raw : ndarray
            The part, with the radius around it where the frame goes on.
        inner : tuple of slice
            Where the part is in these.
        core : tuple of slice
            Where it is in the frame. All parts are the frame; those of floats must come from the
            top down.
        """
        outside, pixels = _outside(filtered, self._radius)[inner], raw[inner]
        # Plane by plane, or row by row: copies are small.
        for k, (chosen, plane) in enumerate(zip(outside, pixels, strict=True)):
            if self._is_float:
                self._add_floats(chosen, plane, core, k)
            else:
                self._add_integers(plane[chosen].astype(np.int64))

    def _add_integers(self, pixels: npt.NDArray[np.int64]) -> None:
        if len(pixels):
            self._count += len(pixels)
            self._total += int(pixels.sum())
            self._squares += _sum_of_squares(pixels)

    def _add_floats(
        self, outside: npt.NDArray[np.bool_], pixels: npt.NDArray[Any], core: Where, k: int
    ) -> None:
        values = pixels.astype(np.float64)
        if math.isnan(self.level):
            self._count += int(np.count_nonzero(outside))
        else:
            values -= self.level
            values **= 2
        values[~outside] = 0.0
        *lead, rows, columns = core
        if not lead:  # a row
            self._columns[(rows.start + k) // COLUMN, columns] += values
            return
        plane = self._columns[lead[0].start + k, :, columns]
        for row in range(COLUMN):
            # The first of the rows below each other that is the row-th of its column.
            first = (row - rows.start) % COLUMN
            some = values[first::COLUMN]
            at = (rows.start + first) // COLUMN
            plane[at : at + len(some)] += some

    def turn(self) -> None:
        """All parts were added: work out what they tell."""
        if self._count == 0:
            self.known = True
        elif not self._is_float:
            self.level, self.noise = _of_integers(self._count, self._total, self._squares)
            self.known = True
        elif math.isnan(self.level):
            self.level = _sum_of_columns(self._columns) / self._count
            self.known = self._count == 1
            self._columns = self._no_columns()
        else:
            self.noise = math.sqrt(_sum_of_columns(self._columns) / self._count)
            self.known = True
