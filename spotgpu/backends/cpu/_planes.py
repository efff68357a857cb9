"""Filters of integer frames by compiled loops, plane by plane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import for_loops
from spotgpu.backends.cpu._strips import running, slide

__all__ = ["filtered", "maxima"]

#: Pixels of a plane whose columns are filtered at once.
PIECE = 4096

#: Pixels of at least 4 bytes that begin with a line of the cache, if the first of them does.
LINE = 16


def filtered(
    loops: ModuleType,
    frame: npt.NDArray[Any],
    weights: Sequence[npt.NDArray[np.float64]],
    size: Sequence[int],
    threshold: float,
    out: npt.NDArray[Any],
) -> float:
    """Write what `bandpass` gives of one frame, and return the scale.

    Parameters
    ----------
    loops : module
        What `compiled` returned.
    frame : ndarray of an integer type, shape ([Z,] Y, X)
        Of at most 32 bits.
    weights : sequence of ndarray of float64
        Gaussian weights per axis.
    size : sequence of int
        Side of the box per axis, in pixels; odd.
    threshold : float
        In grey levels, not negative.
    out : ndarray of an integer type, shape ([Z,] Y, X)
        C-contiguous.

    Returns
    -------
    float
        What the difference was multiplied by.
    """
    frame = for_loops(frame)
    kernels = [_even(w) for w in weights]
    sum_type = _sum_type(frame.dtype, max(size))
    smooth = box = frame
    if frame.ndim == 3:
        smooth, box = _across_planes(loops, frame, kernels[0], size[0], sum_type)
    values, peak = _aligned(frame.shape[-2:], np.float64), 0.0
    planes = (-1, *values.shape)
    for plane, box_of in zip(smooth.reshape(planes), box.reshape(planes), strict=True):
        scratch = _scratch(plane.shape[1], [len(w) // 2 for w in kernels[-2:]], size[-1], sum_type)
        loops.difference(
            plane, box_of, *kernels[-2:], *size[-2:], float(threshold), *scratch, values
        )
        peak = max(peak, float(scratch[0][0].max()))
        if frame.ndim == 3:
            plane[...] = values
    scale = float(np.iinfo(out.dtype).max) / peak if peak > 0 else 1.0
    difference = values if frame.ndim == 2 else smooth
    loops.stretch(difference.reshape(-1), scale, out.reshape(-1))
    return scale


def _across_planes(
    loops: ModuleType,
    frame: npt.NDArray[Any],
    kernel: npt.NDArray[np.float64],
    side: int,
    sum_type: np.dtype[Any],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Return a volume smoothed along its first axis, and its means there."""
    smooth, box = np.empty(frame.shape), np.empty_like(frame)
    volume = frame.reshape(len(frame), -1)
    loops.smoothed_planes(volume, kernel, PIECE, smooth.reshape(volume.shape))
    loops.mean_of_planes(volume, side, np.empty(PIECE, sum_type), box.reshape(volume.shape))
    return smooth, box


def _scratch(
    width: int, radii: Sequence[int], wide: int, sum_type: np.dtype[Any]
) -> tuple[npt.NDArray[Any], ...]:
    """Return rows of zeros for `difference`."""
    below, beside = radii
    scratch = (
        _aligned((3, _whole(width) + 2 * _whole(beside)), np.float64),
        _aligned((2 * below + 1, _whole(width)), np.float64),
        _aligned((2, _whole(width)), sum_type),
        _aligned((_doublings(wide) + 1, width + wide - 1), sum_type),
    )
    for rows in scratch:
        rows[...] = 0
    return scratch


def _whole(pixels: int) -> int:
    """Return how many pixels fill lines of the cache."""
    return -(-pixels // LINE) * LINE


def _aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an array, not initialised, that begins with a line of the cache.

    Vectors that cross lines cost a fifteenth of the time.
    """
    flat = np.empty(math.prod(shape) + LINE, dtype)
    skip = -flat.ctypes.data % (LINE * flat.itemsize) // flat.itemsize
    return flat[skip : skip + math.prod(shape)].reshape(shape)


def _sum_type(dtype: np.dtype[Any], side: int) -> np.dtype[Any]:
    info = np.iinfo(dtype)
    fits = side * max(-int(info.min), int(info.max)) <= np.iinfo(np.int32).max
    return np.dtype(np.int32 if fits else np.int64)


def _doublings(size: int) -> int:
    """Return the exponent of the largest power of two that is not larger."""
    return size.bit_length() - 1


def _even(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Add zeros at both ends until the radius is even and at least 2, as the loops ask for."""
    radius = len(weights) // 2
    more = max(2, radius + radius % 2) - radius
    padded = np.zeros(len(weights) + 2 * more)
    padded[more : more + len(weights)] = weights
    return padded


def maxima(
    loops: ModuleType, frame: npt.NDArray[Any], size: Sequence[int], threshold: int
) -> npt.NDArray[np.int64]:
    """Return the flat pixels of the maxima of a frame, as `local_max` does without a margin.

    Parameters
    ----------
    loops : module
        What `compiled` returned.
    frame : ndarray of an integer type, shape ([Z,] Y, X)
        Not negative.
    size : sequence of int
        Sides of the box per axis, in pixels.
    threshold : int
        Grey level that a maximum exceeds.

    Returns
    -------
    ndarray of int64, shape (N,)
        Ascending.
    """
    frame = dilated = for_loops(frame)
    size = [max(side, 1) for side in size]
    *lead, tall, wide = [((side - 1) // 2, side // 2) for side in size]
    for reach in lead:
        dilated = np.empty_like(frame)
        slide(frame, dilated, 0, reach, running(np.maximum, size[0]))
    planes = (-1, *frame.shape[-2:])
    level = frame.dtype.type(threshold)
    width = frame.shape[-1]
    last, length = _doublings(sum(tall) + 1), width + sum(wide)
    doubled = np.zeros((_doublings(sum(wide) + 1) + 1, length), frame.dtype)
    flags = np.zeros(-(-width // 8) * 8, np.uint8)
    scratch = doubled, np.empty(width, frame.dtype), flags, flags.view(np.uint64)
    found = np.empty(math.prod(planes[1:]), np.int64)
    parts = []
    for number, (plane, source) in enumerate(
        zip(frame.reshape(planes), dilated.reshape(planes), strict=True)
    ):
        ring = np.zeros((last + 1, 2 << last, width), frame.dtype)
        n = loops.maxima(plane, source, *tall, wide[0], level, ring, *scratch, found)
        parts.append(found[:n] + number * plane.size)
    return np.concatenate(parts)
