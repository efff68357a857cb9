"""What counts as an image, and as which type its pixels are computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["PixelCheck", "computed_type", "gray_image", "inverted", "require_gray"]

#: Pixels of images of 64-bit integers must fit this type.
WIDEST = np.iinfo(np.int32)


def gray_image(
    name: str, image: object, diameter_ndim: int | None = None, negative: bool = True
) -> npt.NDArray[Any]:
    """Return `image` as a C-contiguous array of numbers that the engine computes with.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    image : array_like, shape ([Z,] Y, X)
        Axes of length 1 are dropped. Integers of at most 32 bits, float32 and float64 are kept;
        bool and float16 become float; 64-bit integers become int32.
    diameter_ndim : int, optional
        How many axes the other arguments are for, if they say so.
    negative : bool
        Whether integers may be negative.

    Returns
    -------
    ndarray
        2D or 3D.

    Raises
    ------
    TypeError
        If the pixels are not real numbers.
    ValueError
        If the image is not 2D or 3D, is in colour, is empty, or has pixels that are not finite,
        are negative, or (64-bit integers) do not fit 32 bits.
    """
    array = np.squeeze(np.asarray(image))
    require_gray(name, array.shape, array.dtype, diameter_ndim)
    check = PixelCheck(name, array.dtype, negative)
    check.add(array, (0,) * array.ndim)
    check.finish()
    return np.ascontiguousarray(array, computed_type(array.dtype))


def require_gray(
    name: str, shape: tuple[int, ...], dtype: np.dtype[Any], diameter_ndim: int | None = None
) -> None:
    """Complain about what is not a gray image, whatever its pixels are.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    shape : tuple of int
        Of the image, without axes of length 1.
    dtype : dtype
        Of its pixels.
    diameter_ndim : int, optional
        As for `gray_image`.

    Raises
    ------
    TypeError, ValueError
        As `gray_image`.
    """
    if dtype.kind not in "uifb" or dtype.itemsize > 8:
        raise TypeError(f"`{name}` must be an image of real numbers, got dtype {dtype}")
    if len(shape) not in {2, 3} or 0 in shape:
        raise ValueError(f"`{name}` must be a 2D or 3D image, got an array of shape {shape}")
    if len(shape) == 3 and shape[-1] in {3, 4}:
        raise ValueError(
            f"`{name}` must be a gray image, got a colour image of shape {shape}: "
            "pass one of its channels"
        )
    if diameter_ndim is not None and diameter_ndim != len(shape):
        raise ValueError(
            f"`{name}` must have as many axes as `diameter` has values ({diameter_ndim}), "
            f"got an array of shape {shape}"
        )


def computed_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return as which type pixels are computed.

    Parameters
    ----------
    dtype : dtype
        As they are stored.

    Returns
    -------
    dtype
        As for `gray_image`, of the machine's byte order.
    """
    if dtype.kind == "b":
        return np.dtype(np.float64)
    if dtype.kind == "f" and dtype.itemsize < 4:
        return np.dtype(np.float32)
    if dtype.kind in "ui" and dtype.itemsize == 8:
        return np.dtype(np.int32)
    return dtype.newbyteorder("=")


class PixelCheck:
    """Complains about pixels that cannot be computed with; takes the image part by part.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    dtype : dtype
        Of the pixels.
    negative : bool
        Whether they may be negative.
    """

    def __init__(self, name: str, dtype: np.dtype[Any], negative: bool = True) -> None:
        self._name = name
        self._dtype = dtype
        self._negative = negative
        self._range: tuple[Any, Any] | None = None
        self._not_finite: tuple[tuple[int, ...], Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether `finish` will complain.

        Returns
        -------
        bool
            About the parts that were added.
        """
        low, high = self._range or (0, 0)
        return self._not_finite is not None or self._too_wide(low, high) or self._too_low(low)

    def add(self, pixels: npt.NDArray[Any], corner: tuple[int, ...]) -> None:
        """Look at a part.

        Parameters
        ----------
        pixels : ndarray
            The part, as it is stored.
        corner : tuple of int
            Its first pixel in the image.
        """
        is_integer, fits = self._dtype.kind in "ui", self._dtype.itemsize < 8
        if is_integer and fits and (self._negative or self._dtype.kind == "u"):
            return
        low, high = pixels.min(), pixels.max()
        if is_integer:
            self._range = (
                (low, high)
                if self._range is None
                else (min(low, self._range[0]), max(high, self._range[1]))
            )
        # A NaN anywhere becomes the extremum.
        elif not (np.isfinite(low) and np.isfinite(high)):
            first = tuple(map(int, np.argwhere(~np.isfinite(pixels))[0]))
            place = tuple(a + b for a, b in zip(first, corner, strict=True))
            if self._not_finite is None or place < self._not_finite[0]:
                self._not_finite = place, pixels[first]

    def finish(self) -> None:
        """Complain, after all parts were added.

        Raises
        ------
        ValueError
            If pixels are not finite (the first in C order is named), do not fit 32 bits, or are
            negative where they must not be.
        """
        if self._not_finite is not None:
            place, value = self._not_finite
            raise ValueError(f"`{self._name}` must have finite pixels, got {value} at {place}")
        low, high = self._range or (0, 0)
        if self._too_wide(low, high):
            raise ValueError(
                f"`{self._name}` must have pixels that fit 32 bits, got {self._dtype} "
                f"from {low} to {high}"
            )
        if self._too_low(low):
            raise ValueError(
                f"`{self._name}` must not be negative with preprocess=False, got a pixel of {low}"
            )

    def _too_wide(self, low: Any, high: Any) -> bool:
        return bool(low < WIDEST.min or high > WIDEST.max) and self._dtype.itemsize == 8

    def _too_low(self, low: Any) -> bool:
        return bool(low < 0) and not self._negative


def inverted(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the negative of an image: largest value of the type XOR pixel, or 1 - pixel (float).

    Parameters
    ----------
    image : ndarray
        Integer or float.

    Returns
    -------
    ndarray
        Same shape and type.
    """
    if image.dtype.kind == "f":
        return 1 - image
    return image ^ image.dtype.type(np.iinfo(image.dtype).max)
