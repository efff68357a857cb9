"""Mirror of the `ramp_max` kernel: maxima over windows of frames, each in a colour of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._strips import STRIP

__all__ = ["ramp_max"]

#: Pixels that are worth numpy's cost of a call.
_FEWEST = 512

#: Products that take as long as linking a point.
_PRODUCTS = 8192


def ramp_max(
    frames: npt.NDArray[Any],
    ramp: npt.NDArray[np.float64],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
    least: bool = False,
) -> npt.NDArray[np.float64]:
    """Return the maximum of each pixel over each window, its frames weighed in each channel.

    Equivalent to, for each window ``i`` of ``m`` frames::

        planes = frames[i : i + m] - base[i] / 2
        planes = np.concatenate([planes, first[i : i + 1]])      # with `first`
        coloured = planes[..., None] * ramp.reshape(-1, *ones, C)
        coloured.max(axis=0)

    Parameters
    ----------
    frames : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        C-contiguous, finite.
    ramp : ndarray of float64, shape (m, C) or (m + 1, C)
        What each plane of a window is multiplied by, per channel, of which there are up to 192.
        With `first` it has a row more, the last, for that. ``m`` is from 1 to T.
    base : ndarray of an integer type or float64, shape (T - m + 1, ...), optional
        Twice what is subtracted from the frames of each window, as of `sliding_median`.
    first : ndarray of any type of `frames`, shape (T - m + 1, ...), optional
        One more plane of each window, from which `base` is not subtracted.
    least : bool
        The minimum instead.

    Returns
    -------
    ndarray of float64, shape (T - m + 1, ..., C)
        The channels side by side. A zero is 0.0, never -0.0.
    """
    size, channels = len(ramp) - (first is not None), ramp.shape[1]
    count, n = len(frames) - size + 1, frames[:1].size
    extreme = np.empty((count, *frames.shape[1:], channels))
    planes, results = frames.reshape(len(frames), n), extreme.reshape(count, n, channels)
    bases, firsts = (a if a is None else a.reshape(count, n) for a in (base, first))
    # A minimum is the maximum of what is opposite, to the bit.
    weights = np.ascontiguousarray(-ramp.T if least else ramp.T)
    loops = compiled(count * n * ramp.size // _PRODUCTS)
    step = max(_FEWEST, STRIP // (8 * len(ramp)))
    for start in range(0, n, step):
        strip = slice(start, start + step)
        flat = planes[:, strip].astype(np.float64)
        scratch = np.empty((2, len(ramp), flat.shape[1]))
        for i in range(count):
            window = flat[i : i + size]
            if bases is not None or firsts is not None:
                window = _window(window, i, strip, bases, firsts, scratch[1])
            if loops:
                loops.weigh(window, weights, scratch[0, 0], results[i, strip])
            else:
                _weigh(window, weights, scratch[0], results[i, strip])
    if least:
        np.negative(extreme, out=extreme)
    extreme += 0.0
    return extreme


def _window(
    frames: npt.NDArray[np.float64],
    i: int,
    strip: slice,
    base: npt.NDArray[Any] | None,
    first: npt.NDArray[Any] | None,
    out: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return `out`, the planes of a window in a strip of pixels."""
    own = out[: len(frames)]
    own[...] = frames
    if base is not None:
        own -= base[i, strip] / 2
    if first is not None:
        out[-1] = first[i, strip]
    return out


def _weigh(
    planes: npt.NDArray[np.float64],
    ramp: npt.NDArray[np.float64],
    scratch: npt.NDArray[np.float64],
    results: npt.NDArray[np.float64],
) -> None:
    """Write the maxima of the planes of one window, times their weights, per channel."""
    for weights, channel in zip(ramp, results.T, strict=True):
        np.multiply(planes, weights[:, None], out=scratch)
        np.maximum.reduce(scratch, axis=0, out=channel)
