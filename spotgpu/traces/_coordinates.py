"""From what the caller calls positions to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import choice
from spotgpu.tables import POSITION_COLUMNS, position_columns

__all__ = ["ORDERS", "numbers_of", "once", "pixels_of"]

ORDERS = ("xy", "yx")


def pixels_of(
    coords: Any, shape: tuple[int, ...], order: str, name: str = "coords"
) -> tuple[npt.NDArray[np.int64], bool]:
    """Return the pixels that positions stand for.

    Parameters
    ----------
    coords : array_like, shape (N, ndim) or (ndim,), or DataFrame
        Positions in pixels. A table has columns x, y and, in a volume, z.
    shape : tuple of int
        Of a frame.
    order : {'xy', 'yx'}
        Of a position's components, see `spotgpu.traces`.
    name : str
        The argument's name, for messages.

    Returns
    -------
    ndarray of int64, shape (N, ndim)
        Pixels in image order.
    bool
        Whether one position was given by itself.

    Raises
    ------
    TypeError, ValueError
        If they are not numbers, not finite, of another number of components or outside.
    """
    choice("order", order, ORDERS)
    ndim = len(shape)
    axes = POSITION_COLUMNS[-ndim:]
    if isinstance(coords, pd.DataFrame):
        _check_columns(name, coords, axes, shape)
        order = "yx"
    letters = axes if order == "yx" else axes[::-1]
    given = numbers_of(name, coords, letters, f" in frames of shape {shape}")
    if given.size == 0:
        return np.empty((0, ndim), np.int64), False
    rows = given.reshape(-1, ndim)
    _check(rows, shape if order == "yx" else shape[::-1], letters, name, shape)
    pixels = np.rint(rows).astype(np.int64)
    return np.ascontiguousarray(pixels if order == "yx" else pixels[:, ::-1]), given.ndim == 1


def numbers_of(
    name: str, positions: Any, letters: Sequence[str], where: str = ""
) -> npt.NDArray[Any]:
    """Return positions as the numbers that they are.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    positions : array_like or DataFrame
        Positions; a table has the columns `letters`.
    letters : sequence of str
        Of the components, in their order.
    where : str
        What the message on another number of components adds.

    Returns
    -------
    ndarray, shape (N, n) or (n,)
        There may be none, in whatever shape.

    Raises
    ------
    TypeError, ValueError
        If they are not numbers or of another number of components.
    """
    what = f"`{name}` must be positions ({', '.join(letters)})"
    if isinstance(positions, pd.DataFrame):
        table = once(name, positions)[[*letters]]
        kinds = [kind for kind in table.dtypes if kind.kind not in "iuf"]
        if kinds and len(table):
            raise TypeError(f"{what} of numbers, got {kinds[0]}")
        # Of columns that may lack values, too.
        return table.to_numpy(np.float64, na_value=np.nan)
    try:
        given = np.asarray(positions)
    except ValueError:
        raise ValueError(f"{what}, got some of different length") from None
    if given.size == 0:
        return given
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{what} of numbers, got {given.dtype}")
    if given.ndim not in {1, 2} or given.shape[-1] != len(letters):
        raise ValueError(f"{what}{where}, got shape {given.shape}")
    return given


def once(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table if no two columns have the same name.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    table : DataFrame
        What the caller passed.

    Returns
    -------
    DataFrame
        `table` itself.

    Raises
    ------
    ValueError
        If two have.
    """
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"`{name}` must have each column once, got {twice} twice")
    return table


def _check_columns(
    name: str, table: pd.DataFrame, axes: tuple[str, ...], shape: tuple[int, ...]
) -> None:
    columns = position_columns(name, table)
    if len(columns) != len(axes):
        raise ValueError(
            f"`{name}` must have the position column(s) {', '.join(axes)} for frames of shape "
            f"{shape}, got {', '.join(columns)}"
        )


def _check(
    rows: npt.NDArray[Any],
    sides: tuple[int, ...],
    letters: tuple[str, ...],
    name: str,
    shape: tuple[int, ...],
) -> None:
    """Raise if a position is not finite or outside."""
    nearest = np.rint(rows)
    # Of NaN, both comparisons are false.
    bad = ~((nearest >= 0) & (nearest < np.array(sides))).all(axis=1)
    if not bad.any():
        return
    first = int(np.argmax(bad))
    place = ", ".join(f"{letter}={v:g}" for letter, v in zip(letters, rows[first], strict=True))
    raise ValueError(
        f"`{name}` must be finite and inside the image, which has shape {shape}, "
        f"got {place} at index {first}"
        f"{f', and {bad.sum() - 1} more like this' if bad.sum() > 1 else ''}"
    )
