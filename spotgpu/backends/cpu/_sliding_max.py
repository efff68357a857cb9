"""Mirror of the `sliding_max` kernel: maxima over windows of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["sliding_max"]


def sliding_max(frames: npt.NDArray[Any], size: int, least: bool = False) -> npt.NDArray[Any]:
    """Return the maximum of each pixel over each window of frames.

    Equivalent to, for each window ``i``::

        frames[i : i + size].max(axis=0)

    Parameters
    ----------
    frames : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        C-contiguous, without NaN.
    size : int
        Frames of a window, from 1 to T.
    least : bool
        The minimum instead.

    Returns
    -------
    ndarray, shape (T - size + 1, ...)
        Of the type of `frames`. A zero is 0.0, never -0.0.
    """
    combine = np.minimum if least else np.maximum
    count = len(frames) - size + 1
    extreme = frames[:count].copy()
    for k in range(1, size):
        combine(extreme, frames[k : k + count], out=extreme)
    if extreme.dtype.kind == "f":
        extreme += 0.0
    return extreme
