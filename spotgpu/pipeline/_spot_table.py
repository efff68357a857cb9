"""A table of spots that grows frame by frame and never exists twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["SpotTable"]

#: Rows by which the columns grow. Memory above the table is at most this many rows.
BLOCK = 1 << 16


class SpotTable:
    """Collects the rows of many frames in one buffer per column.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns of the rows; ``frame`` is added as the last.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._names = list(columns)
        self._columns = [np.empty(0) for _ in self._names]
        self._frames = np.empty(0, np.int64)
        self._length = 0

    def add(self, frame: int, rows: npt.NDArray[np.float64]) -> None:
        """Append the spots of one frame.

        Parameters
        ----------
        frame : int
            The frame's number.
        rows : ndarray of float64, shape (N, len(columns))
            One row a spot.
        """
        start, stop = self._length, self._length + len(rows)
        if stop > len(self._frames):
            self._resize(stop + BLOCK)
        for column, values in zip(self._columns, rows.T, strict=True):
            column[start:stop] = values
        self._frames[start:stop] = frame
        self._length = stop

    def finish(self) -> pd.DataFrame:
        """Return the table; nothing can be added after.

        Returns
        -------
        DataFrame
            The columns and ``frame``.
        """
        self._resize(self._length)
        data = dict(zip(self._names, self._columns, strict=True))
        return pd.DataFrame({**data, "frame": self._frames}, copy=False)

    def _resize(self, length: int) -> None:
        # In place: the C library moves large blocks by remapping their pages, without a copy.
        for column in (*self._columns, self._frames):
            column.resize(length, refcheck=False)
