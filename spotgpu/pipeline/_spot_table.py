"""A table of spots that grows frame by frame and never exists twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["BLOCK", "SpotTable"]

#: Rows by which the columns grow. Memory above the table is at most this many rows.
BLOCK = 1 << 16


class SpotTable:
    """Collects the rows of many frames in one buffer per column.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns of the rows.
    whole : sequence of str
        Names of the columns of integers that follow.
    """

    def __init__(self, columns: Sequence[str], whole: Sequence[str] = ("frame",)) -> None:
        self._names, self._whole_names = list(columns), list(whole)
        self._columns = [np.empty(0) for _ in self._names]
        self._whole = [np.empty(0, np.int64) for _ in self._whole_names]
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def add(self, rows: npt.NDArray[np.float64], *whole: int | npt.NDArray[np.int64]) -> None:
        """Append the spots of one frame.

        Parameters
        ----------
        rows : ndarray of float64, shape (N, len(columns))
            One row a spot.
        *whole : int or ndarray of int64, shape (N,)
            The columns of integers: the frame's number, and others.
        """
        start, stop = self._length, self._length + len(rows)
        if stop > len(self._whole[0]):
            self._resize(stop + BLOCK)
        for column, values in zip(self._columns, rows.T, strict=True):
            column[start:stop] = values
        for numbers, given in zip(self._whole, whole, strict=True):
            numbers[start:stop] = given
        self._length = stop

    def finish(self) -> pd.DataFrame:
        """Return the table, and begin a new one.

        Returns
        -------
        DataFrame
            The columns, then those of integers.
        """
        self._resize(self._length)
        names = [*self._names, *self._whole_names]
        data = dict(zip(names, (*self._columns, *self._whole), strict=True))
        self._columns = [np.empty(0) for _ in self._names]
        self._whole = [np.empty(0, np.int64) for _ in self._whole_names]
        self._length = 0
        return pd.DataFrame(data, copy=False)

    def _resize(self, length: int) -> None:
        # In place: the C library moves large blocks by remapping their pages, without a copy.
        for column in (*self._columns, *self._whole):
            column.resize(length, refcheck=False)
