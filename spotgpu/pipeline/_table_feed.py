"""Frame by frame into a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spotgpu.backends.freed_memory import return_freed_memory
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._spot_table import BLOCK, SpotTable
from spotgpu.pipeline._table_store import Tables

__all__ = ["TableFeed"]


class TableFeed:
    """Gathers the rows of frames, and hands them on many at a time.

    Parameters
    ----------
    tables : Tables
        Where to.
    name : str
        Of the table.
    columns : sequence of str
        Names of the columns of the rows.
    whole : sequence of str
        Names of the columns of integers that follow.
    clock : Clock
        Gets the seconds of ``write``.
    """

    def __init__(
        self, tables: Tables, name: str, columns: Sequence[str], whole: Sequence[str], clock: Clock
    ) -> None:
        self._tables, self._name, self._clock = tables, name, clock
        self._gathered = SpotTable(columns, whole)

    def add(self, rows: npt.NDArray[np.float64], *whole: int | npt.NDArray[np.int64]) -> None:
        """Take the spots of a frame.

        Parameters
        ----------
        rows : ndarray of float64, shape (N, len(columns))
            One row a spot.
        *whole : int or ndarray of int64, shape (N,)
            The columns of integers.
        """
        self._gathered.add(rows, *whole)
        if len(self._gathered) >= BLOCK:
            self.close()

    def close(self) -> None:
        """Hand on what is left; a table without rows gets its columns."""
        with self._clock.measured("write"):
            self._tables.add(self._name, self._gathered.finish())
        # Else what frames leave between the arrays that stay grows with the movie.
        return_freed_memory()
