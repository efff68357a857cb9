"""From what the caller calls positions to points in a figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import choice
from spotgpu.tables import require_columns
from spotgpu.traces._coordinates import ORDERS, numbers_of

__all__ = ["points_of"]


def points_of(name: str, positions: Any, order: str) -> npt.NDArray[np.float64]:
    """Return positions in 2D as they are, also between pixels and outside of an image.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    positions : array_like, shape (N, 2) or (2,), or DataFrame
        Positions in pixels. A table has columns x and y.
    order : {'xy', 'yx'}
        Of a position's components, see `spotgpu.traces`.

    Returns
    -------
    ndarray of float64, shape (N, 2)
        x and y.

    Raises
    ------
    TypeError, ValueError
        If they are not numbers, not finite or of another number of components.
    """
    choice("order", order, ORDERS)
    if isinstance(positions, pd.DataFrame):
        require_columns(name, positions, ["x", "y"])
        order = "xy"
    points = numbers_of(name, positions, order).reshape(-1, 2).astype(np.float64)
    if not (finite := np.isfinite(points).all(axis=1)).all():
        first = int(np.argmin(finite))
        raise ValueError(f"`{name}` must be finite, got {points[first].tolist()} at index {first}")
    return points if order == "xy" else points[:, ::-1]
