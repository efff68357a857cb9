"""Mirror of the `bandpass` kernels: subtract the background, suppress the noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._certified import certified
from spotgpu.backends.cpu._planes import filtered
from spotgpu.backends.cpu._quantise import quantise
from spotgpu.backends.cpu._strips import BLOCK, Window, running, slide
from spotgpu.backends.windows import gaussian_weights

__all__ = ["bandpass", "difference"]


def bandpass(
    frames: npt.NDArray[Any],
    noise_size: Sequence[float],
    smoothing_size: Sequence[int],
    threshold: float,
    dtype: npt.DTypeLike,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Subtract a boxcar from a Gaussian and stretch the result over an integer type.

    Equivalent to, for each frame, with scipy.ndimage::

        background = frame.copy()                       # of the frame's own type: truncated
        lowpass = frame.astype(float)
        for axis in range(frame.ndim):
            uniform_filter1d(background, smoothing_size[axis], axis, output=background,
                             mode="nearest")
            lowpass = correlate1d(lowpass, gaussian_weights(noise_size[axis]), axis,
                                  mode="constant")
        difference = lowpass - background
        difference[difference < threshold] = 0
        result, scale = quantise(difference, dtype)

    bit for bit for integer frames: the background is an integer, truncated towards zero after each
    axis; the Gaussian is summed in float64 from the centre, then from the outermost pair of
    neighbours inwards. The box sums of float frames have the fixed order of `running`, in
    float64, rounded to the frame's type after each axis. Integers go through compiled loops where
    there are any (`filtered`); other results of 8 bits are computed in float32 and proven
    (`certified`); the bits are the same.

    Parameters
    ----------
    frames : ndarray, shape (F, [Z,] Y, X)
        Integer of at most 32 bits, float32 or float64; finite.
    noise_size : sequence of float
        Standard deviation of the Gaussian per axis, in pixels; 0 leaves the axis alone.
    smoothing_size : sequence of int
        Side of the box per axis, in pixels; odd.
    threshold : float
        In grey levels, not negative.
    dtype : dtype
        Integer type of the result, of at most 32 bits.

    Returns
    -------
    quantised : ndarray of `dtype`, shape (F, [Z,] Y, X)
        The filtered frames.
    scale : ndarray of float64, shape (F,)
        What each frame was multiplied by.

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, J. Colloid Interface Sci. 179, 298 (1996),
       https://doi.org/10.1006/jcis.1996.0217, equations 1 to 4.
    """
    quantised = np.empty(frames.shape, dtype)
    scale = np.empty(len(frames))
    weights = [gaussian_weights(sigma) for sigma in noise_size]
    loops = compiled() if frames.dtype.kind in "iu" else None
    for number, frame in enumerate(frames):
        if loops is not None:
            scale[number] = filtered(
                loops, frame, weights, smoothing_size, threshold, quantised[number]
            )
            continue
        background = _boxcar(frame, smoothing_size)
        fast = None
        if quantised.dtype == np.uint8:
            fast = certified(frame, background, weights, threshold)
        if fast is None:
            rest = _lowpass(frame, weights)
            _subtract(rest, background, threshold)
            levels, factors = quantise(rest[None], quantised.dtype)
            fast = levels[0], float(factors[0])
        quantised[number], scale[number] = fast
    return quantised, scale


def difference(
    frames: npt.NDArray[Any],
    noise_size: Sequence[float],
    smoothing_size: Sequence[int],
    threshold: float,
) -> npt.NDArray[np.float64]:
    """Subtract a boxcar from a Gaussian: `bandpass` before it stretches the result.

    Parameters
    ----------
    frames : ndarray, shape (F, [Z,] Y, X)
        As in `bandpass`.
    noise_size : sequence of float
        As in `bandpass`.
    smoothing_size : sequence of int
        As in `bandpass`.
    threshold : float
        As in `bandpass`.

    Returns
    -------
    ndarray of float64, shape (F, [Z,] Y, X)
        In grey levels, 0 below the threshold. Of a part of a frame it has the bits of the whole,
        but at its edges, where a window reaches beyond.
    """
    weights = [gaussian_weights(sigma) for sigma in noise_size]
    result = np.empty(frames.shape)
    for rest, frame in zip(result, frames, strict=True):
        rest[...] = _lowpass(frame, weights)
        _subtract(rest, _boxcar(frame, smoothing_size), threshold)
    return result


def _lowpass(
    frame: npt.NDArray[Any], weights: Sequence[npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    source, out = frame, np.empty(frame.shape, np.float64)
    for axis, kernel in enumerate(weights):
        radius = len(kernel) // 2
        slide(source, out, axis, (radius, radius), _correlation(kernel))
        source = out
    return out


def _correlation(weights: npt.NDArray[np.float64]) -> Window:
    radius = len(weights) // 2

    def window(
        buffer: npt.NDArray[np.float64], stride: int, length: int
    ) -> npt.NDArray[np.float64]:
        result = buffer[radius * stride :][:length] * weights[radius]
        pair = np.empty(length)
        for k in range(radius):
            np.add(
                buffer[k * stride :][:length], buffer[(2 * radius - k) * stride :][:length], pair
            )
            np.multiply(pair, weights[k], pair)
            np.add(result, pair, result)
        return result

    return window


def _boxcar(frame: npt.NDArray[Any], size: Sequence[int]) -> npt.NDArray[Any]:
    background = frame
    for axis, side in enumerate(size):
        source, background = background, np.empty(frame.shape, _sum_type(frame.dtype, side))
        slide(
            source, background, axis, (side // 2, side // 2), _mean(side, frame.dtype), nearest=True
        )
    return background


def _sum_type(dtype: np.dtype[Any], side: int) -> np.dtype[Any]:
    if dtype.kind == "f":
        return np.dtype(np.float64)
    info = np.iinfo(dtype)
    for wider in (np.uint16, np.uint32, np.int16, np.int32):
        if np.iinfo(wider).min <= side * info.min and side * info.max <= np.iinfo(wider).max:
            return np.dtype(wider)
    return np.dtype(np.int64)


def _mean(side: int, dtype: np.dtype[Any]) -> Window:
    total = running(np.add, side)

    def window(buffer: npt.NDArray[Any], stride: int, length: int) -> npt.NDArray[Any]:
        sums = total(buffer, stride, length)
        if dtype.kind == "f":
            return (sums / side).astype(dtype)
        if dtype.kind == "u":
            return sums // buffer.dtype.type(side)
        return np.sign(sums) * (np.abs(sums) // buffer.dtype.type(side))

    return window


def _subtract(
    lowpass: npt.NDArray[np.float64], background: npt.NDArray[Any], threshold: float
) -> None:
    """Turn `lowpass` into the thresholded difference, in place."""
    flat, other = lowpass.reshape(-1), background.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        strip = flat[start : start + BLOCK]
        np.subtract(strip, other[start : start + BLOCK], out=strip)
        strip *= strip >= threshold
