"""The bandpass in float32, proven pixel by pixel: several times faster, the same bits.

The Gaussian is a product of matrices in float32, with an error that has a bound. A pixel is done
if the whole interval around its value gives one and the same integer; the few others are
evaluated again in float64, in the order of `bandpass`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import BLOCK

__all__ = ["certified"]

#: Rows of a band of the matrix.
BAND = 32

#: Multiplications in a product of matrices that OpenBLAS and its kin do in one thread. With more,
#: the threads of products as small as these wait for each other most of the time.
ONE_THREAD = 1 << 18

#: Pixels that are turned into integers at once.
PIECE = 1 << 16

#: Largest error, in steps of the result, with which float32 is worth while.
COARSE = 0.05

#: Above this share of doubtful pixels, float64 throughout is faster.
DOUBTFUL = 0.02


def certified(
    frame: npt.NDArray[Any],
    background: npt.NDArray[Any],
    weights: Sequence[npt.NDArray[np.float64]],
    threshold: float,
) -> tuple[npt.NDArray[np.uint8], float] | None:
    """Return the quantised difference and its scale, or None if this path would not pay.

    Equivalent to::

        difference = lowpass(frame, weights) - background
        difference[difference < threshold] = 0
        scale = 255 / difference.max() if difference.max() > 0 else 1.0
        quantised = (scale * np.maximum(difference, 0)).astype(np.uint8)

    Parameters
    ----------
    frame : ndarray, shape ([Z,] Y, X)
        Finite.
    background : ndarray, shape ([Z,] Y, X)
        What is subtracted.
    weights : sequence of ndarray of float64
        Gaussian weights per axis.
    threshold : float
        In grey levels, not negative.

    Returns
    -------
    quantised : ndarray of uint8, shape ([Z,] Y, X)
        The integer frame.
    scale : float
        What the difference was multiplied by.
    """
    exact = _Exact(frame, background, weights)
    difference = _lowpass32(frame, weights)
    np.subtract(difference, background, out=difference, casting="unsafe")
    bound = _Bound(frame, background, weights)
    peak = _exact_peak(difference, bound.everywhere, exact)
    if peak is None:
        return None
    if peak < threshold or peak <= 0:
        return np.zeros(frame.shape, np.uint8), 1.0
    scale = 255.0 / peak
    if scale * bound.everywhere > COARSE:
        return None
    quantised, near = _truncate(difference, scale, threshold, bound.everywhere)
    value = difference.reshape(-1)[near].astype(np.float64)
    slack = bound.at(near, value)
    low, high = (_level(value + s, scale, threshold) for s in (-slack, slack))
    quantised.reshape(-1)[near] = low
    doubtful = near[low != high]
    if len(doubtful) > DOUBTFUL * frame.size:
        return None
    quantised.reshape(-1)[doubtful] = _level(exact(doubtful), scale, threshold)
    return quantised, scale


def _level(value: npt.NDArray[np.float64], scale: float, threshold: float) -> npt.NDArray[np.uint8]:
    kept = np.where(value >= threshold, np.maximum(value, 0.0), 0.0)
    return np.minimum(scale * kept, 255.0).astype(np.uint8)


class _Bound:
    """How far the difference in float32 can be from the one in float64.

    With n weights an axis, the sum of a product of matrices has, in any order and with or without
    fused operations, at most n roundings a term, and one of the weight: (n + 1) u relative to the
    sum of magnitudes, u = 2^-24 (N. J. Higham, Accuracy and Stability of Numerical Algorithms,
    section 3.1). Four more are for conversions, the subtraction and the scale.
    """

    def __init__(
        self,
        frame: npt.NDArray[Any],
        background: npt.NDArray[Any],
        weights: Sequence[npt.NDArray[np.float64]],
    ) -> None:
        self.relative = (sum(len(w) + 1 for w in weights) + 4) * 2.0**-24
        self.everywhere = self.relative * float(max(frame.max(), -float(frame.min()), 1e-30))
        self.positive = background if frame.dtype.kind == "u" else None

    def at(
        self, flat: npt.NDArray[np.intp], value: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return the bound at some pixels, given the difference there."""
        if self.positive is None:
            return np.full(len(flat), self.everywhere)
        lowpass = self.positive.reshape(-1)[flat] + value + self.everywhere
        return self.relative * lowpass


def _exact_peak(difference: npt.NDArray[np.float32], error: float, exact: _Exact) -> float | None:
    candidates = np.flatnonzero(difference >= np.float32(float(difference.max()) - 3 * error))
    if len(candidates) > DOUBTFUL * difference.size:
        return None
    return float(exact(candidates).max())


def _truncate(
    difference: npt.NDArray[np.float32], scale: float, threshold: float, error: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Return the integers, and the pixels that `error` may change, where they are not final."""
    flat = difference.reshape(-1)
    quantised = np.empty(flat.size, np.uint8)
    # Twice the error leaves room for the roundings here.
    factor, wide = np.float32(scale), np.float32(2 * scale * error + 1e-4)
    cut = np.float32(threshold + 2 * error), np.float32(threshold - 2 * error)
    stretched = np.empty(PIECE, np.float32)
    upper, flags = np.empty(PIECE, np.uint8), np.empty(PIECE, bool)
    near = []
    # What lies below the cut may be negative and turn into any integer: it is multiplied by 0.
    with np.errstate(invalid="ignore"):
        for start in range(0, flat.size, PIECE):
            value, low = flat[start : start + PIECE], quantised[start : start + PIECE]
            n = len(value)
            scaled, high, flag = stretched[:n], upper[:n], flags[:n]
            np.subtract(np.multiply(value, factor, out=scaled), wide, out=scaled)
            np.copyto(low, scaled, casting="unsafe")
            low *= np.greater_equal(value, cut[0], out=flag)
            np.copyto(high, np.add(scaled, 2 * wide, out=scaled), casting="unsafe")
            high *= np.greater_equal(value, cut[1], out=flag)
            near.append(np.flatnonzero(np.not_equal(low, high, out=flag)) + start)
    return quantised.reshape(difference.shape), np.concatenate(near)


def _lowpass32(
    frame: npt.NDArray[Any], weights: Sequence[npt.NDArray[np.float64]]
) -> npt.NDArray[np.float32]:
    *leading, rows, columns = [
        _bands(n, tuple(w)) for n, w in zip(frame.shape, weights, strict=True)
    ]
    source: npt.NDArray[Any] = frame
    result = np.empty(frame.shape, np.float32)
    for bands in leading:
        source, volume, target = (
            result,
            source.reshape(len(frame), -1),
            result.reshape(len(frame), -1),
        )
        for start in range(0, volume.shape[1], BLOCK):
            strip = volume[:, start : start + BLOCK].astype(np.float32)
            for band, reach, covered in bands:
                _multiply(band, strip[reach], target[covered, start : start + BLOCK])
    planes = (-1, *frame.shape[-2:])
    for plane, target in zip(source.reshape(planes), result.reshape(planes), strict=True):
        _filter_plane(plane.astype(np.float32), target, rows, columns)
    return result


def _filter_plane(
    plane: npt.NDArray[np.float32],
    target: npt.NDArray[np.float32],
    rows: list[Band],
    columns: list[Band],
) -> None:
    # A block of rows goes through both axes while it is in the cache.
    side = rows[0][0].shape[0]
    per_block = max(1, ONE_THREAD // (side * columns[0][0].size))
    buffer = np.empty((per_block * side, plane.shape[1]), np.float32)
    for number in range(0, len(rows), per_block):
        block = rows[number : number + per_block]
        first, last = block[0][2].start, block[-1][2].stop
        for band, reach, covered in block:
            _multiply(band, plane[reach], buffer[covered.start - first : covered.stop - first])
        for band, reach, covered in columns:
            np.matmul(buffer[: last - first, reach], band.T, out=target[first:last, covered])


def _multiply(
    band: npt.NDArray[np.float32], source: npt.NDArray[np.float32], out: npt.NDArray[np.float32]
) -> None:
    step = max(1, ONE_THREAD // band.size)
    for start in range(0, source.shape[1], step):
        piece = slice(start, start + step)
        np.matmul(band, source[:, piece], out=out[:, piece])


#: A piece of the convolution matrix, the pixels that it reads and the pixels that it gives.
Band = tuple[npt.NDArray[np.float32], slice, slice]


@lru_cache(maxsize=16)
def _bands(length: int, weights: tuple[float, ...]) -> list[Band]:
    """Cut the banded matrix of a convolution with zeros outside into blocks along its diagonal."""
    radius = len(weights) // 2
    side = max(BAND, 2 * radius)
    matrix = np.zeros((side, side + 2 * radius), np.float32)
    for row in range(side):
        matrix[row, row : row + len(weights)] = weights
    bands = []
    for start in range(0, length, side):
        stop = min(start + side, length)
        low, high = max(0, start - radius), min(length, stop + radius)
        shift = radius - start
        piece = np.ascontiguousarray(matrix[: stop - start, low + shift : high + shift])
        bands.append((piece, slice(low, high), slice(start, stop)))
    return bands


class _Exact:
    """The difference at single pixels, in float64, in the order of `bandpass`."""

    def __init__(
        self,
        frame: npt.NDArray[Any],
        background: npt.NDArray[Any],
        weights: Sequence[npt.NDArray[np.float64]],
    ) -> None:
        self.shape, self.background, self.weights = frame.shape, background, weights
        radii = [len(w) // 2 for w in weights]
        self.padded = np.zeros(
            [n + 2 * r for n, r in zip(frame.shape, radii, strict=True)], frame.dtype
        )
        inner = [slice(r, r + n) for n, r in zip(frame.shape, radii, strict=True)]
        self.padded[tuple(inner)] = frame
        # The first pixels of a window's rows, from its first.
        lead = np.indices([len(w) for w in weights[:-1]]).reshape(frame.ndim - 1, -1)
        self.rows = np.ravel_multi_index((*lead, np.zeros_like(lead[0])), self.padded.shape)

    def __call__(self, flat: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        values = np.empty(len(flat))
        step = max(64, 8 * BLOCK // math.prod(len(w) for w in self.weights))
        for start in range(0, len(flat), step):
            values[start : start + step] = self._lowpass(flat[start : start + step])
        values -= self.background.reshape(-1)[flat]
        return values

    def _lowpass(self, flat: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        window = self._windows(flat)
        for weights in self.weights[:-1]:
            window = _weighted(window, weights)
        return _weighted(window.T, self.weights[-1])

    def _windows(self, flat: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Gather the pixels around, (K_0, ..., n, K_d): every row of a window is one item."""
        corner = np.ravel_multi_index(np.unravel_index(flat, self.shape), self.padded.shape)
        *lead, length = [len(w) for w in self.weights]
        step = self.padded.itemsize
        items: npt.NDArray[Any] = np.ndarray(
            self.padded.size - length + 1, f"V{length * step}", self.padded, strides=(step,)
        )
        gathered = items[self.rows[:, None] + corner].view(self.padded.dtype)
        return gathered.reshape(*lead, len(flat), length)


def _weighted(window: npt.NDArray[Any], weights: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Sum over the first axis, from the centre, then from the outermost pair inwards."""
    radius = len(weights) // 2
    # The sum of two pixels is exact in integers, and fast.
    pair = np.int16 if window.dtype == np.uint8 else np.float64
    smooth = window[radius] * weights[radius]
    for k in range(radius):
        smooth += np.add(window[k], window[2 * radius - k], dtype=pair) * weights[k]
    return smooth
