"""Mirror of the `select` kernels: the rows of a table that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["select"]


def select(keep: npt.NDArray[np.bool_], *columns: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Return the rows to keep of some columns, in their order.

    Parameters
    ----------
    keep : ndarray of bool, shape (N,)
        Which rows to keep.
    *columns : ndarray, shape (N, ...)
        Of any types of 1, 2, 4 or 8 bytes.

    Returns
    -------
    tuple of ndarray, shapes (M, ...)
        ``column[keep]`` of each.
    """
    rows = np.flatnonzero(keep)
    return tuple(column.take(rows, axis=0) for column in columns)
