"""Mirror of the `contrast` kernels: images stretched from 0 to 255 by their largest value."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["contrast", "peaks"]


def peaks(
    extreme: npt.NDArray[Any],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
    white: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return the largest value of each image that `contrast` stretches.

    Parameters
    ----------
    extreme, base, first, white
        As for `contrast`.

    Returns
    -------
    ndarray of float64, shape (T,)
        The largest ``P``; -inf of an image without pixels. A zero is 0.0, never -0.0.
    """
    found = np.empty(len(extreme))
    for i in range(len(extreme)):
        values = _values(i, extreme, base, first, white)
        found[i] = values.max(initial=-np.inf)
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
    for i, factor in enumerate(_factors(peaks)):
        if factor:
            values = _values(i, extreme, base, first, white)
            images[i] = np.clip(values * factor, 0, 255) + 0.5
    return images


def _factors(peaks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what each image is multiplied by; 0 if nothing of it is bright."""
    with np.errstate(over="ignore"):
        factors = np.divide(255.0, peaks, out=np.zeros(len(peaks)), where=peaks > 0)
    return np.minimum(factors, np.finfo(np.float64).max)


def _values(
    i: int,
    extreme: npt.NDArray[Any],
    base: npt.NDArray[Any] | None,
    first: npt.NDArray[Any] | None,
    white: float | None,
) -> npt.NDArray[np.float64]:
    """Return ``P`` of one image."""
    values = extreme[i].astype(np.float64)
    if base is not None:
        values -= base[i] / 2
    if first is not None:
        (np.maximum if white is None else np.minimum)(values, first[i], out=values)
    return values if white is None else white - values
