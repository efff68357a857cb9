"""What counts as an image, and as which type its pixels are computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["gray_image", "inverted"]

#: Pixels of images of 64-bit integers must fit this type.
WIDEST = np.iinfo(np.int32)


def gray_image(name: str, image: object, diameter_ndim: int | None = None) -> npt.NDArray[Any]:
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

    Returns
    -------
    ndarray
        2D or 3D.

    Raises
    ------
    TypeError
        If the pixels are not real numbers.
    ValueError
        If the image is not 2D or 3D, is in colour, is empty, or has pixels that are not finite or
        (64-bit integers) do not fit 32 bits.
    """
    array = np.squeeze(np.asarray(image))
    if array.dtype.kind not in "uifb" or array.dtype.itemsize > 8:
        raise TypeError(f"`{name}` must be an image of real numbers, got dtype {array.dtype}")
    if array.ndim not in {2, 3} or array.size == 0:
        raise ValueError(f"`{name}` must be a 2D or 3D image, got an array of shape {array.shape}")
    if array.ndim == 3 and array.shape[-1] in {3, 4}:
        raise ValueError(
            f"`{name}` must be a gray image, got a colour image of shape {array.shape}: "
            "pass one of its channels"
        )
    if diameter_ndim is not None and diameter_ndim != array.ndim:
        raise ValueError(
            f"`{name}` must have as many axes as `diameter` has values ({diameter_ndim}), "
            f"got an array of shape {array.shape}"
        )
    return np.ascontiguousarray(_computable(name, array))


def _computable(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype.kind in "fb":
        if array.dtype.itemsize < 4:
            array = array.astype(np.float64 if array.dtype.kind == "b" else np.float32)
        # A NaN anywhere becomes the extremum.
        if not (np.isfinite(array.min()) and np.isfinite(array.max())):
            bad = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
            raise ValueError(f"`{name}` must have finite pixels, got {array[bad]} at {bad}")
    elif array.dtype.itemsize == 8:
        if array.min() < WIDEST.min or array.max() > WIDEST.max:
            raise ValueError(
                f"`{name}` must have pixels that fit 32 bits, got {array.dtype} "
                f"from {array.min()} to {array.max()}"
            )
        array = array.astype(np.int32)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


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
