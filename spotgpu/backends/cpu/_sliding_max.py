"""Mirror of the `sliding_max` kernel: maxima over windows of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import STRIP

__all__ = ["sliding_max"]


def sliding_max(frames: npt.NDArray[Any], size: int, least: bool = False) -> npt.NDArray[Any]:
    """Return the maximum of each pixel over each window of frames.

    Equivalent to, for each window ``i``::

        frames[i : i + size].max(axis=0)

    in three operations a pixel, whatever the size: a window is the end of one block of `size`
    frames and the beginning of the next, and the maxima of all ends and beginnings are running
    ones (van Herk 1992, doi:10.1016/0167-8655(92)90069-C).

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
    count = len(frames) - size + 1
    extreme = np.empty((count, *frames.shape[1:]), frames.dtype)
    if extreme.size == 0:
        return extreme
    planes, results = frames.reshape(len(frames), -1), extreme.reshape(count, -1)
    step = STRIP // frames.itemsize
    for start in range(0, planes.shape[1], step):
        strip = slice(start, start + step)
        for first in range(0, count, size):
            block = planes[first : first + 2 * size - 1, strip]
            _fill(block, results[first : first + size, strip], size, least)
    if extreme.dtype.kind == "f":
        extreme += 0.0
    return extreme


def _fill(frames: npt.NDArray[Any], results: npt.NDArray[Any], size: int, least: bool) -> None:
    """Write the windows that begin in a block of `size` frames: `frames` begins with the block."""
    combine = np.minimum if least else np.maximum
    buffer = np.empty_like(frames[0])
    ahead = frames[size - 1]
    for k in range(size - 2, -1, -1):
        ahead = combine(ahead, frames[k], out=results[k] if k < len(results) else buffer)
    if len(results) == size:
        results[size - 1] = frames[size - 1]
    since = frames[-1]
    for k in range(1, len(results)):
        newest = frames[size + k - 1]
        since = newest if k == 1 else combine(since, newest, out=buffer)
        combine(results[k], since, out=results[k])
