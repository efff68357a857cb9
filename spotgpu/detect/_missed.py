"""Searching again for spots that are missed where a track would go on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.detect._maxima import FilteredImage, Maxima
from spotgpu.detect._measures import measures

__all__ = ["find_missed"]

Floats = npt.NDArray[np.float64]


def find_missed(
    finder: Maxima,
    image: FilteredImage,
    places: Floats,
    most: int,
    present: Floats,
    reach: tuple[float, ...],
) -> Floats:
    """Find maxima near places where spots are missed.

    The filtered image, up to a little more than the reach around the places, with what is near
    spots already found blanked out, is searched for maxima [1]_.

    Parameters
    ----------
    finder : Maxima
        What found the others.
    image : FilteredImage
        As of `Maxima.filter`.
    places : ndarray of float64, shape (K, ndim)
        Where spots are expected.
    most : int
        How many to return; the brightest.
    present : ndarray of float64, shape (N, ndim)
        Spots already found.
    reach : tuple of float
        How far from a place a maximum may be, per axis, in pixels.

    Returns
    -------
    ndarray of float64, shape (M, ndim)
        Pixels.

    References
    ----------
    .. [1] C. van der Wel and D. J. Kraft, "Automated tracking of colloidal clusters with
       sub-pixel accuracy and precision", J. Phys.: Condens. Matter 29, 044001 (2017),
       https://doi.org/10.1088/1361-648X/29/4/044001
    """
    none = np.empty((0, places.shape[1]))
    around = tuple(int(s + r + 1) for s, r in zip(reach, finder.radius, strict=True))
    origin, part = _box(image.filtered, places, around)
    if part.size == 0 or math.isnan(image.level):
        return none
    visible = part * _near(part.shape, places - origin, around, closed=True)
    beside = _beside(places, present, around, finder.radius, reach)
    visible *= ~_near(part.shape, beside - origin, finder.separation, closed=False)
    from scipy.ndimage import grey_dilation

    peaks = visible == grey_dilation(visible, finder.window, mode="constant")
    peaks &= visible > image.level
    pixels = np.argwhere(peaks)
    inside = np.ones(len(pixels), np.bool_)
    for column, first, r, n in zip(
        pixels.T, origin, finder.radius, image.filtered.shape, strict=True
    ):
        inside &= (column + first >= r) & (column + first <= n - r - 1)
    scaled = (pixels[:, None] + origin - places) / reach
    inside &= (np.sqrt((scaled**2).sum(axis=2)) <= 1).any(axis=1)
    pixels = pixels[inside]
    pixels = finder.apart(pixels, visible[tuple(pixels.T)])
    mass = measures(visible, pixels, finder.radius)["mass"]
    order = np.argsort(-mass, kind="stable")[: np.count_nonzero(mass >= finder.minmass)]
    return (pixels[order[:most]] + origin).astype(np.float64)


def _box(
    image: Floats, places: Floats, around: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the first pixel and the pixels of the box around places."""
    rounded = np.round(places).astype(np.int64)
    margin = np.array(around)
    touches = ((rounded >= -margin) & (rounded < np.array(image.shape) + margin)).all(axis=1)
    if not touches.any():
        return np.zeros(image.ndim, np.int64), np.empty((0,) * image.ndim)
    low = np.maximum(rounded[touches].min(axis=0) - margin, 0)
    high = np.minimum(rounded[touches].max(axis=0) + margin + 1, image.shape)
    return low, image[tuple(map(slice, low.tolist(), high.tolist()))]


def _near(
    shape: tuple[int, ...], places: Floats, radius: tuple[float, ...], *, closed: bool
) -> npt.NDArray[np.bool_]:
    """Return which pixels lie in the ellipsoid around a place."""
    inside = np.zeros(shape, np.bool_)
    axes = np.ogrid[tuple(map(slice, shape))]
    for place in places:
        distance: Any = 0.0
        for axis, p, r in zip(axes, place, radius, strict=True):
            distance = distance + ((axis - p) / r) ** 2
        inside |= distance <= 1 if closed else distance < 1
    return inside


def _beside(
    places: Floats,
    present: Floats,
    around: tuple[int, ...],
    radius: tuple[int, ...],
    reach: tuple[float, ...],
) -> Floats:
    """Return the spots that are near enough to the places to be in their box."""
    far = [a + r + 1 for a, r in zip(around, radius, strict=True)]
    scale = np.array(reach) if len(set(reach)) > 1 else np.ones(len(reach))
    limit = max(f / s for f, s in zip(far, scale, strict=True))
    distance = np.sqrt((((present[:, None] - places) / scale) ** 2).sum(axis=2))
    return present[(distance <= limit).any(axis=1)]
