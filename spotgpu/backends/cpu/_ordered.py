"""Sums of floating-point numbers in the order that the kernels use."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["warp_sum"]

WARP = 32


def warp_sum(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return sums over the first axis in the order of a warp.

    Lane l of 32 adds the elements l, l + 32, l + 64 ... in turn; then the lanes are added by
    halving: lane l takes lane l + 16, l + 8, l + 4, l + 2, l + 1.

    Parameters
    ----------
    values : ndarray, shape (P, N)
        Real numbers; summed in float64.

    Returns
    -------
    ndarray of float64, shape (N,)
        One sum a column.
    """
    length, columns = values.shape
    lanes = np.zeros((WARP, columns))
    for start in range(0, length, WARP):
        part = values[start : start + WARP]
        lanes[: len(part)] += part
    width = WARP
    while width > 1:
        width //= 2
        lanes = lanes[:width] + lanes[width:]
    result: npt.NDArray[np.float64] = lanes[0]
    return result
