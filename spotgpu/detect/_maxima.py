"""Local maxima as spots: what `find_link` finds, and finds again where a track would be lost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import backends
from spotgpu.backends import cpu
from spotgpu.checks import number, per_axis
from spotgpu.detect._image import gray_image, inverted
from spotgpu.detect._measures import measures

__all__ = ["FilteredImage", "Maxima"]

Floats = npt.NDArray[np.float64]
#: Windows that the refinement of a spot evaluates, at most.
MOST_WINDOWS = 10
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FilteredImage:
    """An image, and what is left of it after the filters.

    Attributes
    ----------
    raw : ndarray, shape ([Z,] Y, X)
        As it came.
    filtered : ndarray of float64, shape ([Z,] Y, X)
        In grey levels.
    quantised : ndarray of uint8 of a backend, shape (1, [Z,] Y, X)
        The same over 255 levels.
    percentile : float
        Of the non-zero filtered pixels, that maxima exceed.
    """

    raw: npt.NDArray[Any]
    filtered: Floats
    quantised: Any
    percentile: float

    @cached_property
    def level(self) -> float:
        """Return the grey level that maxima exceed; looked for only where spots are missed.

        Returns
        -------
        float
            NaN if the image is black.
        """
        bright = self.filtered[self.filtered != 0]
        return float(np.percentile(bright, self.percentile)) if len(bright) else math.nan


class Maxima:
    """Finds the local maxima of images.

    Parameters
    ----------
    ndim : int
        Axes of the images.
    separation : float or tuple of float
        Maxima are farther apart than this, in pixels.
    diameter : float or tuple of float, optional
        Of the spots that are measured around them, in pixels. Default `separation`.
    minmass : float
        Spots of a lower sum of pixels are left out.
    noise_size : float or tuple of float
        As in `locate`.
    smoothing_size : float or tuple of float, optional
        As in `locate`; made odd. Default `separation`.
    threshold : float, optional
        As in `locate`.
    percentile : float
        As in `locate`.
    preprocess, invert : bool
        As in `locate`.
    device : {'cpu', 'cuda', 'auto'}
        Where the filters run.

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        If an argument is wrong, or there is no such device.
    """

    def __init__(
        self,
        ndim: int,
        separation: Any,
        diameter: Any = None,
        *,
        minmass: float = 0,
        noise_size: Any = 1,
        smoothing_size: Any = None,
        threshold: float | None = None,
        percentile: float = 64,
        preprocess: bool = True,
        invert: bool = False,
        device: str = "cpu",
    ) -> None:
        positive = partial(number, above=0)
        self.separation = per_axis("separation", separation, ndim, positive)
        size = (
            self.separation if diameter is None else per_axis("diameter", diameter, ndim, positive)
        )
        self.diameter = size
        self.radius = tuple(int(d // 2) for d in size)
        self.minmass = number("minmass", minmass, at_least=0)
        self._noise = per_axis("noise_size", noise_size, ndim, partial(number, at_least=0))
        box = (
            self.separation
            if smoothing_size is None
            else per_axis("smoothing_size", smoothing_size, ndim, partial(number, at_least=1))
        )
        self._box = tuple(max(int((side - 1) / 2) * 2 + 1, 1) for side in box)
        self._threshold = None if threshold is None else number("threshold", threshold, at_least=0)
        self._percentile = number("percentile", percentile, at_least=0, at_most=100)
        self._preprocess, self._invert = bool(preprocess), bool(invert)
        self._engine = backends.on(device)
        self.window = tuple(int(2 * s / math.sqrt(ndim)) for s in self.separation)
        if min(self.window) < 1:
            raise ValueError(
                f"`separation` must be {math.sqrt(ndim) / 2:.3g} or more, got {separation!r}"
            )
        if preprocess and np.any(np.greater_equal(self._noise, self._box)):
            raise ValueError(
                f"`noise_size` must be smaller than `smoothing_size` {self._box}, got {self._noise}"
            )

    def filter(self, image: object) -> FilteredImage:
        """Check an image, and filter it.

        Parameters
        ----------
        image : array_like, shape ([Z,] Y, X)
            As in `locate`.

        Returns
        -------
        FilteredImage
            For the other methods.

        Raises
        ------
        TypeError, ValueError
            If it is not such an image, or smaller than the border of half a diameter.
        """
        raw = gray_image("frames", image, len(self.radius))
        if any(n <= 2 * r for n, r in zip(raw.shape, self.radius, strict=True)):
            raise ValueError(
                f"`frames` must be larger than `diameter` {self.diameter} on each axis, "
                f"got shape {raw.shape}"
            )
        if self._invert:
            raw = inverted(raw)
        is_float = raw.dtype.kind == "f"
        threshold = self._threshold
        if threshold is None:
            threshold = 1 / 255 if is_float else 1
        engine = self._engine
        frames = engine.put(raw[None])
        if self._preprocess:
            frames = engine.difference(frames, self._noise, self._box, threshold)
        else:
            frames = frames.astype(np.float64)
        quantised, _ = engine.quantise(frames, np.dtype(np.uint8))
        filtered: Floats = engine.get(frames)[0]
        return FilteredImage(raw, filtered, quantised, self._percentile)

    def find(self, image: FilteredImage) -> Ints:
        """Return the maxima of an image.

        Parameters
        ----------
        image : FilteredImage
            As of `filter`.

        Returns
        -------
        ndarray of int64, shape (N, ndim)
            Pixels, no two closer than the separation, and half a diameter from the border.
        """
        engine = self._engine
        level = engine.percentile(image.quantised, self._percentile)
        peaks = engine.local_max(image.quantised, self.window, level, self.radius)
        pixels: Ints = engine.get(peaks)[:, 1:]
        return self.apart(pixels, engine.get(image.quantised)[0][tuple(pixels.T)])

    def measure(self, pixels: npt.NDArray[Any], centres: Floats) -> dict[str, Floats]:
        """Measure spots.

        Parameters
        ----------
        pixels : ndarray, shape ([Z,] Y, X)
            An image.
        centres : ndarray of float64, shape (N, ndim)
            Of the spots; rounded to pixels.

        Returns
        -------
        dict of str to ndarray of float64, shape (N,)
            ``mass``, ``size`` (or one an axis), ``ecc`` and ``signal``.
        """
        return measures(pixels, np.round(centres).astype(np.int64), self.radius)

    def refine(self, image: FilteredImage, centres: Floats) -> Floats:
        """Return centres of mass.

        Parameters
        ----------
        image : FilteredImage
            As of `filter`.
        centres : ndarray of float64, shape (N, ndim)
            Maxima.

        Returns
        -------
        ndarray of float64, shape (N, ndim)
            To sub-pixel precision; what has no brightness stays where it is.
        """
        engine = self._engine
        peaks = np.zeros((len(centres), 1 + centres.shape[1]), np.int64)
        peaks[:, 1:] = np.round(centres)
        offsets, windows, mass = (
            engine.get(a)
            for a in engine.centroid(image.quantised, engine.put(peaks), self.radius, 10)
        )
        return np.where(mass[:, None] > 0, windows[:, 1:] + offsets, centres)

    def apart(self, pixels: Ints, brightness: npt.NDArray[Any]) -> Ints:
        """Return the maxima that have no brighter one closer than the separation.

        Parameters
        ----------
        pixels : ndarray of int64, shape (N, ndim)
            Maxima.
        brightness : ndarray, shape (N,)
            Of each.

        Returns
        -------
        ndarray of int64, shape (M, ndim)
            Those.
        """
        close = cpu.where_close(
            np.zeros(len(pixels), np.int64),
            pixels.astype(np.float64),
            self.separation,
            brightness.astype(np.float64),
        )
        return pixels[~close]
