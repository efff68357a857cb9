"""From spots to the pixels that a camera makes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.simulate._render import draw_spots

__all__ = ["Camera", "Scene", "pixel_type"]

Array = npt.NDArray[np.float64]

#: Pixels that a camera writes.
DTYPES = ("uint8", "uint16")


def pixel_type(dtype: Any) -> np.dtype[Any]:
    """Return a type that a camera writes.

    Parameters
    ----------
    dtype : object
        What the caller passed.

    Returns
    -------
    numpy.dtype
        The same.

    Raises
    ------
    ValueError
        If it is another one.
    """
    try:
        result = np.dtype(dtype)
    except TypeError:
        result = None
    if result is None or result.name not in DTYPES:
        raise ValueError(f"`dtype` must be one of {', '.join(DTYPES)}, got {dtype!r}")
    return result


@dataclass(frozen=True)
class Camera:
    """How expected grey levels become pixels."""

    gain: float
    read_noise: float
    offset: float
    dtype: np.dtype[Any]

    def expose(self, expected: Array, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Return the pixels of one exposure.

        Parameters
        ----------
        expected : array of float64
            Expected grey levels above the offset; it is changed.
        rng : numpy.random.Generator
            Source of the noise.

        Returns
        -------
        array of `dtype`
            Rounded, and clipped to the range of the type.
        """
        if self.gain:
            expected /= self.gain
            expected[...] = rng.poisson(expected)
            expected *= self.gain
        if self.read_noise:
            expected += self.read_noise * rng.standard_normal(expected.shape)
        expected += self.offset
        top = np.iinfo(self.dtype).max
        return np.rint(expected, out=expected).clip(0, top, out=expected).astype(self.dtype)


@dataclass(frozen=True, eq=False)
class Scene:
    """All that a frame is drawn from; the spots are sorted by frame."""

    shape: tuple[int, ...]
    centres: Array
    heights: Array
    #: Where the spots of each frame start.
    starts: npt.NDArray[np.int64]
    sigma: tuple[float, ...]
    background: Array
    integrate: bool
    bleaching: float
    camera: Camera
    seed: int

    def frame(self, number: int) -> npt.NDArray[Any]:
        """Draw one frame.

        Parameters
        ----------
        number : int
            From 0.

        Returns
        -------
        array
            Pixels.
        """
        rows = slice(*self.starts[number : number + 2])
        heights = self.heights[rows] * math.exp(-self.bleaching * number)
        image = draw_spots(
            self.shape, self.background, self.centres[rows], heights, self.sigma, self.integrate
        )
        return self.camera.expose(image, np.random.default_rng((self.seed, number)))
