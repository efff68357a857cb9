"""Mirror of the `local_max` kernels: candidate spots, and which of two close spots to drop."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import running, slide

__all__ = ["local_max", "where_close"]

#: Spots exactly one separation apart are not close, however the distance is rounded.
CLOSE = 1 - 1e-7


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
    peaks = [
        _frame_maxima(number, frame, size, float(level), margin)
        for number, (frame, level) in enumerate(zip(frames, threshold, strict=True))
    ]
    return np.concatenate(peaks) if peaks else np.empty((0, frames.ndim), np.int64)


def _frame_maxima(
    number: int,
    frame: npt.NDArray[Any],
    size: Sequence[int],
    threshold: float,
    margin: Sequence[float],
) -> npt.NDArray[np.int64]:
    if math.isnan(threshold):
        return np.empty((0, 1 + frame.ndim), np.int64)
    dilated = frame
    for axis, side in enumerate(size):
        if side > 1:
            source, dilated = dilated, np.empty_like(frame)
            reach = ((side - 1) // 2, side // 2)
            slide(source, dilated, axis, reach, running(np.maximum, side))
    is_peak = frame == dilated
    is_peak &= frame > frame.dtype.type(math.floor(threshold))
    flat = np.flatnonzero(is_peak)
    peaks = np.empty((len(flat), 1 + frame.ndim), np.int64)
    peaks[:, 0] = number
    peaks[:, 1:] = np.column_stack(np.unravel_index(flat, frame.shape))
    inside = np.ones(len(flat), bool)
    for pixel, border, length in zip(peaks.T[1:], margin, frame.shape, strict=True):
        inside &= (pixel >= border) & (pixel <= length - border - 1)
    return peaks[inside]


def where_close(
    positions: npt.NDArray[np.float64],
    separation: Sequence[float],
    mass: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return which spots of one frame have a better one closer than the separation.

    Of every pair with ``sum(((p - q) / separation)^2) <= (1 - 1e-7)^2`` the one of lower mass is
    marked; at equal mass the one with the smaller ``sum(p / separation)``; at equal sums the one
    that comes first. All pairs are judged at once: a spot that is itself marked still marks others.

    Parameters
    ----------
    positions : ndarray of float64, shape (N, ndim)
        In image order, in pixels.
    separation : sequence of float
        Per axis, > 0, in pixels.
    mass : ndarray of float64, shape (N,)
        The brighter of two spots stays.

    Returns
    -------
    ndarray of bool, shape (N,)
        True for the spots to drop.
    """
    marked = np.zeros(len(positions), bool)
    if len(positions) < 2:
        return marked
    scaled = positions / np.asarray(separation, np.float64)
    first, second = _neighbours(scaled)
    distance2 = np.zeros(len(first))
    total = np.zeros(len(positions))
    for axis in range(scaled.shape[1]):
        distance2 += (scaled[first, axis] - scaled[second, axis]) ** 2
        total += scaled[:, axis]
    close = distance2 <= CLOSE**2
    first, second = first[close], second[close]
    lower, higher = np.minimum(first, second), np.maximum(first, second)
    by_mass, by_total = mass[lower] - mass[higher], total[lower] - total[higher]
    drop_higher = (by_mass > 0) | ((by_mass == 0) & (by_total > 0))
    marked[np.where(drop_higher, higher, lower)] = True
    return marked


def _neighbours(points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return each pair once of points in the same cell or in adjacent ones, of side >= 1."""
    n, ndim = points.shape
    corner = points.min(axis=0)
    extent = points.max(axis=0) - corner + 1
    # No more cells than a few a point.
    side = max(1.0, float(extent.prod() / (8 * n)) ** (1 / ndim))
    cells = ((points - corner) / side).astype(np.intp) + 1
    shape = cells.max(axis=0) + 2
    pitch = [math.prod(shape[axis + 1 :].tolist()) for axis in range(ndim)]
    key = sum(cells[:, axis] * pitch[axis] for axis in range(ndim))
    order = np.argsort(key)
    key = key[order]
    start = np.zeros(pitch[0] * int(shape[0]) + 1, np.intp)
    np.cumsum(np.bincount(key, minlength=len(start) - 1), out=start[1:])
    # The rest of a point's own cell and the next one; then three in each row of cells further on.
    low, high = [np.arange(1, n + 1)], [start[key + 2]]
    for lead in itertools.product((-1, 0, 1), repeat=ndim - 1):
        if lead > (0,) * (ndim - 1):
            row = key + sum(k * p for k, p in zip(lead, pitch, strict=False))
            low.append(start[row - 1])
            high.append(start[row + 2])
    first_of, past = np.concatenate(low), np.concatenate(high)
    size = past - first_of
    point = np.repeat(np.tile(np.arange(n), len(low)), size)
    other = np.arange(len(point)) + np.repeat(first_of - np.cumsum(size) + size, size)
    return order[point], order[other]
