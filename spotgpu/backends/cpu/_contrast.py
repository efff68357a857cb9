"""Mirror of the `contrast` kernels: images stretched from 0 to 255 by their largest value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import BLOCK, STRIP

__all__ = ["contrast", "peaks"]

#: All values of a pixel of 8 bits.
_BYTES = bytes(range(256))


def peaks(
    extreme: npt.NDArray[Any],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
    white: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return the largest value of each image that `contrast` stretches.

    Parameters
    ----------
    extreme : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        As for `contrast`, like the others.
    base : ndarray of an integer type or float64, shape (T, ...), optional
        Twice what is subtracted.
    first : ndarray of any type of `extreme`, shape (T, ...), optional
        One more plane.
    white : float, optional
        What the values are subtracted from.

    Returns
    -------
    ndarray of float64, shape (T,)
        The largest ``P``; -inf of an image without pixels. A zero is 0.0, never -0.0.
    """
    if base is None and first is None and extreme.size:
        images = extreme.reshape(len(extreme), -1)
        if white is None:
            return images.max(axis=1).astype(np.float64) + 0.0
        # The subtraction rounds, but keeps the order.
        return white - images.min(axis=1).astype(np.float64) + 0.0
    found = np.full(len(extreme), -np.inf)
    for i in range(len(extreme)):
        others = (a if a is None else a[i] for a in (base, first))
        for _, *parts in _strips(extreme[i], *others):
            found[i] = max(found[i], _values(white, *parts).max())
    found += 0.0
    return found


def contrast(
    extreme: npt.NDArray[Any],
    peaks: npt.NDArray[np.float64],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
    white: float | None = None,
) -> npt.NDArray[np.uint8]:
    """Return images of 8 bits, the largest value of each at 255.

    Equivalent to, for each image, with ``P`` of float64::

        P = extreme - base / 2
        P = np.maximum(P, first)                # np.minimum if `white` is given
        P = white - P                           # if it is given
        (np.clip(P * (255.0 / peak), 0, 255) + 0.5).astype(np.uint8)     # truncates

    A factor that overflows is the largest number instead.

    Parameters
    ----------
    extreme : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        Maxima, or minima if `white` is given. C-contiguous, finite.
    peaks : ndarray of float64, shape (T,)
        The value of each image that becomes 255, as of `peaks`; up to 0, the image is 0 everywhere.
    base : ndarray of an integer type or float64, shape (T, ...), optional
        Twice what is subtracted from each image, as of `sliding_median`.
    first : ndarray of any type of `extreme`, shape (T, ...), optional
        One more plane of each window, from which `base` is not subtracted.
    white : float, optional
        What the values are subtracted from, so that dark pixels become bright.

    Returns
    -------
    ndarray of uint8, shape (T, ...)
        The images.
    """
    images = np.empty(extreme.shape, np.uint8)
    scratch = np.empty(STRIP, np.uint16)
    bytes_alone = extreme.dtype == np.uint8 and base is None and first is None
    for i, factor in enumerate(_factors(peaks)):
        flat = images[i].reshape(-1)
        if factor == 0:
            flat[...] = 0
            continue
        if bytes_alone and white in {None, 255}:
            own = extreme[i].reshape(-1)
            _stretch_bytes(own if white is None else ~own, float(peaks[i]), scratch, flat)
            continue
        others = (a if a is None else a[i] for a in (base, first))
        for strip, *parts in _strips(extreme[i], *others):
            flat[strip] = _stretched(_values(white, *parts), factor)
    return images


def _factors(peaks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what each image is multiplied by; 0 if nothing of it is bright."""
    with np.errstate(over="ignore"):
        factors = np.divide(255.0, peaks, out=np.zeros(len(peaks)), where=peaks > 0)
    return np.minimum(factors, np.finfo(np.float64).max)


def _strips(image: npt.NDArray[Any], *others: npt.NDArray[Any] | None) -> Iterator[list[Any]]:
    """Return strips of pixels that fit the cache: where they are, and what each array has there."""
    flat = [array if array is None else array.reshape(-1) for array in (image, *others)]
    for start in range(0, image.size, BLOCK):
        strip = slice(start, start + BLOCK)
        yield [strip, *(array if array is None else array[strip] for array in flat)]


def _values(
    white: float | None,
    extreme: npt.NDArray[Any],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
) -> npt.NDArray[np.float64]:
    """Return ``P`` of some pixels."""
    values = extreme.astype(np.float64)
    if base is not None:
        values -= base / 2
    if first is not None:
        (np.maximum if white is None else np.minimum)(values, first, out=values)
    return values if white is None else np.subtract(white, values, out=values)


def _stretched(values: npt.NDArray[np.float64], factor: float) -> npt.NDArray[np.uint8]:
    """Return ``P`` in grey levels; it is overwritten."""
    values *= factor
    np.clip(values, 0, 255, out=values)
    values += 0.5
    return values.astype(np.uint8)


def _stretch_bytes(
    image: npt.NDArray[np.uint8],
    peak: float,
    scratch: npt.NDArray[np.uint16],
    out: npt.NDArray[np.uint8],
) -> None:
    """Write what `_stretched` gives of an image of 8 bits."""
    table, by_integers = _table(peak)
    for start in range(0, image.size, len(scratch)):
        pixels = image[start : start + len(scratch)]
        target = out[start : start + len(scratch)]
        if table == _BYTES:
            target[...] = pixels
        elif by_integers and pixels.max() <= peak:
            target[...] = _rounded(pixels, int(peak), scratch[: pixels.size])
        else:
            target[...] = np.frombuffer(pixels.tobytes().translate(table), np.uint8)


@lru_cache(maxsize=512)
def _table(peak: float) -> tuple[bytes, bool]:
    """Return what becomes of each byte, and whether integers give the same."""
    every = np.frombuffer(_BYTES, np.uint8)
    (factor,) = _factors(np.array([peak]))
    table = _stretched(every.astype(np.float64), factor)
    if peak not in range(1, 256):
        return table.tobytes(), False
    below = every[: int(peak) + 1]
    found = _rounded(below, int(peak), np.empty(len(below), np.uint16))
    return table.tobytes(), np.array_equal(found, table[: len(below)])


def _rounded(
    pixels: npt.NDArray[np.uint8], peak: int, out: npt.NDArray[np.uint16]
) -> npt.NDArray[np.uint16]:
    """Return `out`: ``255 * pixels / peak``, rounded half up; pixels are not above the peak.

    Floating point rounds some of them otherwise, but takes longer, as looking it up does.
    """
    out[...] = pixels
    out *= 255
    out += peak // 2
    out //= peak
    return out
