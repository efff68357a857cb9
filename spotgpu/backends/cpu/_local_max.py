"""Mirror of the `local_max` kernels: candidate spots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import PIXELS, compiled
from spotgpu.backends.cpu._planes import maxima
from spotgpu.backends.cpu._strips import running, slide

__all__ = ["local_max"]


def local_max(
    frames: npt.NDArray[Any],
    size: Sequence[int],
    threshold: npt.NDArray[np.float64],
    margin: Sequence[float],
) -> npt.NDArray[np.int64]:
    """Return the pixels that are the maximum of the box around them and above the threshold.

    Equivalent to, for each frame, with scipy.ndimage::

        dilated = grey_dilation(frame, size, mode="constant")
        peaks = np.argwhere((frame == dilated) & (frame > threshold))
        inside = (peaks >= margin) & (peaks <= np.subtract(frame.shape, margin) - 1)
        result = peaks[inside.all(axis=1)]

    All pixels of a plateau are maxima.

    Parameters
    ----------
    frames : ndarray of an integer type, shape (F, [Z,] Y, X)
        Not negative.
    size : sequence of int
        Sides of the box per axis, in pixels. An even side n reaches from -(n/2 - 1) to +n/2.
    threshold : ndarray of float64, shape (F,)
        Grey level of each frame that a maximum exceeds; NaN: the frame has none.
    margin : sequence of float
        Width of the border without maxima per axis, in pixels.

    Returns
    -------
    ndarray of int64, shape (N, 1 + ndim)
        Frame and pixel of each maximum, in C order.
    """
    loops = compiled(frames.size // PIXELS)
    peaks = [
        _frame_maxima(number, frame, size, float(level), margin, loops)
        for number, (frame, level) in enumerate(zip(frames, threshold, strict=True))
    ]
    return np.concatenate(peaks) if peaks else np.empty((0, frames.ndim), np.int64)


def _frame_maxima(
    number: int,
    frame: npt.NDArray[Any],
    size: Sequence[int],
    threshold: float,
    margin: Sequence[float],
    loops: ModuleType | None,
) -> npt.NDArray[np.int64]:
    if math.isnan(threshold):
        return np.empty((0, 1 + frame.ndim), np.int64)
    level = math.floor(threshold)
    flat = _maxima(frame, size, level) if loops is None else maxima(loops, frame, size, level)
    peaks = np.empty((len(flat), 1 + frame.ndim), np.int64)
    peaks.T[0] = number
    peaks.T[1:] = np.unravel_index(flat, frame.shape)
    inside = np.ones(len(flat), bool)
    for pixel, border, length in zip(peaks.T[1:], margin, frame.shape, strict=True):
        inside &= (pixel >= border) & (pixel <= length - border - 1)
    return peaks[inside]


def _maxima(frame: npt.NDArray[Any], size: Sequence[int], threshold: int) -> npt.NDArray[np.intp]:
    dilated = frame
    for axis, side in enumerate(size):
        if side > 1:
            source, dilated = dilated, np.empty_like(frame)
            reach = ((side - 1) // 2, side // 2)
            slide(source, dilated, axis, reach, running(np.maximum, side))
    is_peak = frame == dilated
    is_peak &= frame > frame.dtype.type(threshold)
    return np.flatnonzero(is_peak)
