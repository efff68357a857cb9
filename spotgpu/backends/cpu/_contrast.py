"""Mirror of the `contrast` kernels: images stretched from 0 to 255 by their largest value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import BLOCK

__all__ = ["contrast", "peaks"]

#: All values of a pixel of 8 bits.
_BYTES = np.arange(256, dtype=np.uint8)


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
    found = np.full(len(extreme), -np.inf)
    for i in range(len(extreme)):
        if extreme[i].size and base is None and first is None:
            # The subtraction rounds, but keeps the order.
            found[i] = extreme[i].max() if white is None else white - float(extreme[i].min())
            continue
        for _, *parts in _strips(extreme[i], *(a if a is None else a[i] for a in (base, first))):
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
    images = np.zeros(extreme.shape, np.uint8)
    table = extreme.dtype == np.uint8 and base is None and first is None
    for i, factor in enumerate(_factors(peaks)):
        if factor and table:
            _look_up(extreme[i], _stretched(_values(white, _BYTES), factor), images[i])
        elif factor:
            flat = images[i].reshape(-1)
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


def _look_up(
    image: npt.NDArray[np.uint8], table: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8]
) -> None:
    """Write the entries of a table that the pixels of an image stand for."""
    if np.array_equal(table, _BYTES):
        out[...] = image
        return
    values = table.tobytes()
    # `bytes` look up twice as fast as arrays.
    for strip, pixels in _strips(image):
        out.reshape(-1)[strip] = np.frombuffer(pixels.tobytes().translate(values), np.uint8)
