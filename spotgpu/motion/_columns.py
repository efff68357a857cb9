"""Arguments and columns of tables, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import integer, number, per_axis

__all__ = ["checked_lags", "checked_units", "particle_codes", "real_numbers", "whole_numbers"]


def checked_units(
    mpp: object, fps: object, columns: Sequence[str]
) -> tuple[npt.NDArray[np.float64], float]:
    """Check pixel size and frame rate.

    Parameters
    ----------
    mpp : float or sequence of float
        Pixel size in µm, one or one for each of `columns`.
    fps : float
        Frames per second.
    columns : sequence of str
        The position columns.

    Returns
    -------
    sizes : ndarray of float64, shape (ndim,)
        The pixel size along each axis.
    rate : float
        Frames per second.
    """
    sizes = per_axis("mpp", mpp, len(columns), lambda name, item: number(name, item, above=0))
    return np.array(sizes), number("fps", fps, above=0)


def checked_lags(max_lagtime: object) -> int:
    """Check a largest lag.

    Parameters
    ----------
    max_lagtime : int
        In frames.

    Returns
    -------
    int
        The same, at least 1.
    """
    return integer("max_lagtime", max_lagtime, at_least=1)


def particle_codes(
    name: str, column: pd.Series[Any]
) -> tuple[npt.NDArray[np.int64], pd.Index, npt.NDArray[np.int64]]:
    """Number the particles of a table from 0.

    Parameters
    ----------
    name : str
        Name of the argument that the table came in by, for the message.
    column : Series
        The particle of each row.

    Returns
    -------
    codes : ndarray of int64, shape (N,)
        The number of each row.
    labels : Index
        The particles that they stand for, ascending.
    counts : ndarray of int64
        The number of rows of each.
    """
    if column.hasnans:
        raise ValueError(f"`{name}` must have a particle in every row, got a missing value")
    values = column.to_numpy()
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        # A table of the numbers between is cheaper than sorting, unless it is mostly holes.
        if high - low < 4 * len(values) + 1024:
            codes = values.astype(np.int64, copy=False)
            codes = codes - low if low else codes
            counts = np.bincount(codes, minlength=high - low + 1)
            labels = np.flatnonzero(counts)
            if len(labels) < len(counts):
                codes = (np.cumsum(counts > 0) - 1)[codes]
            return codes, pd.Index((labels + low).astype(values.dtype)), counts[labels]
    codes, labels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), pd.Index(labels), np.bincount(codes, minlength=len(labels))


def real_numbers(name: str, table: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    """Return a column as float64, or raise if it holds anything but finite numbers and NaN.

    Parameters
    ----------
    name : str
        Name of the argument that `table` came in by, for the messages.
    table : DataFrame
        Any table.
    column : str
        Name of the column.

    Returns
    -------
    ndarray of float64, shape (N,)
        The values.
    """
    values = table[column].to_numpy()
    if values.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must have numbers in column {column!r}, got {values.dtype}")
    values = values.astype(np.float64, copy=False)
    if not np.isfinite(values).all() and np.isinf(values).any():
        raise ValueError(f"`{name}` must have finite numbers in column {column!r}, got inf")
    return values


def whole_numbers(name: str, column: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Return a column as int64, or raise if it holds anything but whole numbers.

    Parameters
    ----------
    name : str
        Name of the argument that the table came in by, for the messages.
    column : Series
        The column.

    Returns
    -------
    ndarray of int64, shape (N,)
        The values.
    """
    values = column.to_numpy()
    if values.dtype.kind in "iu":
        return values.astype(np.int64, copy=False)
    wanted = f"`{name}` must have whole numbers in column {column.name!r}"
    if values.dtype.kind != "f":
        raise TypeError(f"{wanted}, got {values.dtype}")
    whole = values == np.floor(values)
    whole &= np.abs(values) < 2.0**53
    if not whole.all():
        raise ValueError(f"{wanted}, got {values[~whole][0]}")
    return values.astype(np.int64)
