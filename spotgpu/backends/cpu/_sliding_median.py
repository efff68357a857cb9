"""Mirror of the `sliding_median` kernel: medians over windows of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["sliding_median"]

#: What twice a pixel of each type fits.
_TWICE = {"uint8": np.uint16, "uint16": np.uint32, "int32": np.int64}


def sliding_median(frames: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Return twice the median of each pixel over each window of frames.

    Equivalent to, for each window ``i``::

        2 * np.median(frames[i : i + size], axis=0)

    but of an integer type where the frames are, as the sum of two pixels.

    Parameters
    ----------
    frames : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        C-contiguous, finite.
    size : int
        Frames of a window, from 1 to T.

    Returns
    -------
    ndarray of uint16, uint32, int64 or float64, shape (T - size + 1, ...)
        The sum of the two middle values of each window; of an odd size, twice the middle one.
        Of float32 and float64 it is float64. A zero is 0.0, never -0.0.
    """
    twice = np.dtype(_TWICE.get(str(frames.dtype), np.float64))
    count = len(frames) - size + 1
    doubled = np.empty((count, *frames.shape[1:]), twice)
    lower, upper = (size - 1) // 2, size // 2
    for i in range(count):
        window = np.sort(frames[i : i + size], axis=0)
        np.add(window[lower], window[upper], out=doubled[i], dtype=twice)
    if twice.kind == "f":
        doubled += 0.0
    return doubled
