"""Tables of spots as the linkers take them: checked, in the order of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import number, per_axis
from spotgpu.tables import check_ids, position_columns, require_columns

__all__ = ["LONGEST", "Spots", "read_spots"]

#: Squared distances of larger lengths, and differences of larger frame numbers, overflow.
LONGEST, _LATEST = 1e150, 2**62


class Spots(NamedTuple):
    """Spots in the order of frames; those of one frame as they came.

    Attributes
    ----------
    table : DataFrame
        A copy of what came, with the index 0, 1, ... and an integer column of frames.
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending.
    order : ndarray of int64, shape (N,)
        Which row of the table that came each spot is.
    """

    table: pd.DataFrame
    positions: Floats
    frame: Ints
    order: Ints

    def scaled(self, name: str, value: object) -> tuple[Floats, float]:
        """Return positions in which a length per axis is one and the same length, and that.

        Parameters
        ----------
        name : str
            The argument's name, for messages.
        value : float or tuple of float
            One length, or one per axis, as the caller passed it.

        Returns
        -------
        tuple of ndarray of float64 and float
            The positions as they are, where all lengths are equal; else divided such that the
            lengths become that of the last axis.

        Raises
        ------
        TypeError, ValueError
            If it is not such a length, > 0.
        """
        check = partial(number, above=0, at_most=LONGEST)
        lengths = per_axis(name, value, len(self.positions), check)
        last = lengths[-1]
        if len(set(lengths)) == 1:
            return self.positions, last
        return self.positions * (last / np.array(lengths))[:, None], last

    def by_frame(self) -> Iterator[tuple[int, slice, int]]:
        """Go through the frames that have spots.

        Yields
        ------
        tuple of int, slice and int
            The number of the frame, its spots, and how many frames it is after the one before; 1
            for the first.
        """
        start = np.flatnonzero(np.diff(self.frame, prepend=self.frame[:1] - 1))
        cuts = [*start.tolist(), len(self.frame)]
        before = None
        for low, high in pairwise(cuts):
            frame = int(self.frame[low])
            yield frame, slice(low, high), 1 if before is None else frame - before
            before = frame

    def with_ids(self, t_column: str) -> pd.DataFrame:
        """Return the table with a column ``id``: its own, or the row of the table that came.

        Parameters
        ----------
        t_column : str
            Column of the frame numbers.

        Returns
        -------
        DataFrame
            `table`, changed.

        Raises
        ------
        ValueError
            If the table has a column ``id`` that is not of distinct integers.
        """
        if "id" in self.table:
            check_ids(self.table, t_column)
        else:
            self.table["id"] = self.order
        return self.table


def read_spots(
    name: str, f: pd.DataFrame, pos_columns: Sequence[str] | None, t_column: str
) -> Spots:
    """Check a table of spots, and put it in the order of frames.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    f : DataFrame
        One row a spot.
    pos_columns : sequence of str, optional
        Columns of the positions. Default z (if there is one), y and x.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    Spots
        A copy.

    Raises
    ------
    TypeError
        If `f` is not a DataFrame, or a column of positions is not of real numbers.
    ValueError
        If a column is missing, a position is not finite or a frame number is not an integer.
    """
    require_columns(name, f, [t_column])
    columns = position_columns(name, f, pos_columns)
    frame = _frames(f[t_column], t_column)
    positions = np.empty((len(columns), len(f)))
    for axis, column in zip(positions, columns, strict=True):
        axis[:] = _positions(f[column], column)
    order = np.arange(len(f))
    if np.any(frame[1:] < frame[:-1]):
        order = np.argsort(frame, kind="stable")
        frame, positions = frame[order], positions[:, order]
        table = f.take(order)
    else:
        table = f.copy()
    table.index = pd.RangeIndex(len(f))
    if table[t_column].to_numpy().dtype.kind not in "iu":
        table[t_column] = frame
    return Spots(table, positions, frame, order)


def _frames(column: pd.Series[Any], name: str) -> Ints:
    """Return the frame numbers of the rows."""
    wanted = f"`{name}` must be integers"
    if not is_numeric_dtype(column) or is_bool_dtype(column) or is_complex_dtype(column):
        raise ValueError(f"{wanted}, got {column.dtype}")
    if column.to_numpy().dtype.kind not in "iu":
        values = column.to_numpy(np.float64, na_value=np.nan)
        bad = ~np.isfinite(values) | (values != np.floor(values))
    else:
        values = column.to_numpy()
        bad = np.zeros(len(values), np.bool_)
    bad |= (values > _LATEST) | (values < -_LATEST)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"{wanted}, got {values[row]} in row {row} (counted from 0)")
    return values.astype(np.int64)


def _positions(column: pd.Series[Any], name: str) -> Floats:
    """Return one coordinate of the rows."""
    wanted = f"positions in column `{name}` must be"
    if not is_numeric_dtype(column) or is_bool_dtype(column) or is_complex_dtype(column):
        raise TypeError(f"{wanted} real numbers, got {column.dtype}")
    values = column.to_numpy(np.float64, na_value=np.nan)
    bad = ~(np.abs(values) <= LONGEST)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(f"{wanted} finite, got {values[row]} in row {row} (counted from 0)")
    return values
