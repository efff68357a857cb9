"""Arrays and sequences of images in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.io._layout import Facts, Layout
from spotgpu.io._stream import require_alike

__all__ = ["ArrayFrames", "SequenceFrames", "array_facts", "as_image", "picked"]


def array_facts(name: str, shape: tuple[int, ...], dtype: Any) -> Facts:
    """Return what an array without names for its axes is: TYX or TZYX.

    Parameters
    ----------
    name : str
        For messages.
    shape : tuple of int
        Of the array.
    dtype : dtype
        Of its elements.

    Returns
    -------
    Facts
        With S for a last axis of 3 or 4, and Q where nothing is known.
    """
    hint = ""
    if len(shape) == 2:
        axes, hint = "QX", "pass axes='YX' for a movie of one frame"
    elif shape and shape[-1] in {3, 4} and len(shape) > 2:
        axes = {3: "YXS", 4: "TYXS"}.get(len(shape), "Q" * len(shape))
    else:
        axes = {3: "TYX", 4: "TZYX"}.get(len(shape), "Q" * len(shape))
    return Facts(name, axes, shape, np.dtype(dtype), hint=hint, guessed=True)


def as_image(image: object, where: str) -> npt.NDArray[Any]:
    """Return an image as an array; one that bears a frame number keeps it.

    Parameters
    ----------
    image : array_like
        What the source gave.
    where : str
        The frame's number, for the message.

    Returns
    -------
    ndarray
        Its pixels.

    Raises
    ------
    TypeError
        If it is masked, or is not an image.
    """
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(
            f"`source` must not have masked pixels, got a masked array in {where}: "
            "pass its .filled(value)"
        )
    if isinstance(image, np.ndarray) and hasattr(image, "frame_no"):
        return image
    try:
        return np.asarray(image)
    except ValueError as error:
        raise TypeError(f"`source` must have images in it, got {error} in {where}") from None


class ArrayFrames:
    """Frames of an array in memory: views of it.

    Parameters
    ----------
    array : ndarray
        All frames.
    layout : Layout
        Of the array.
    """

    file_backed = False

    def __init__(self, array: npt.NDArray[Any], layout: Layout) -> None:
        self._array = array
        self._layout = layout

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.

        Returns
        -------
        ndarray
            A view of the array.
        """
        return self._array[self._layout.at(t)].transpose(self._layout.order)

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            A view of the array.
        """
        return self.frame(t)[where]

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored.

        Returns
        -------
        tuple of int
            Pixels.
        """
        return (1,) * len(self._layout.frame_shape)

    def close(self) -> None:
        """Nothing is open."""


class SequenceFrames:
    """Frames of a list, or of a reader that gives images by index, such as those of pims.

    Parameters
    ----------
    sequence : sequence of array_like
        The frames.
    layout : Layout
        Of one image; it has no time.
    shape : tuple of int
        Of the first image.
    dtype : dtype
        Of the first image.
    """

    file_backed = False

    def __init__(
        self, sequence: Any, layout: Layout, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._sequence = sequence
        self._shape = shape
        self._dtype = dtype
        self._frame_shape = layout.frame_shape
        self._pick = picker(layout)

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.

        Returns
        -------
        ndarray
            Of shape (Y, X) or (Z, Y, X).

        Raises
        ------
        ValueError
            If it is not like the first one.
        """
        image = as_image(self._sequence[t], f"frame {t}")
        require_alike(image, self._shape, self._dtype, f"frame {t}")
        return self._pick(image)

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame, all of which is asked for.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            A view of it.

        Raises
        ------
        ValueError
            If it is not like the first one.
        """
        return self.frame(t)[where]

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored.

        Returns
        -------
        tuple of int
            The whole frame.
        """
        return self._frame_shape

    def close(self) -> None:
        """Nothing of ours is open."""


class _Picker:
    """Takes the frame out of an image. Can be pickled."""

    def __init__(self, layout: Layout) -> None:
        self._selection = layout.selection
        self._order = layout.order
        self._whole = all(entry == slice(None) for entry in layout.selection) and layout.order == (
            tuple(range(len(layout.order)))
        )

    def __call__(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self._whole:
            return image
        return image[self._selection].transpose(self._order)


def picker(layout: Layout) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
    """Return what takes the frame out of an image.

    Parameters
    ----------
    layout : Layout
        Of one image.

    Returns
    -------
    callable
        Its result has the axes of a frame.
    """
    return _Picker(layout)


def picked(
    first: npt.NDArray[Any], rest: Iterator[object], layout: Layout
) -> Iterator[npt.NDArray[Any]]:
    """Yield the frames of a stream.

    Parameters
    ----------
    first : ndarray
        The first image.
    rest : iterator
        The others.
    layout : Layout
        Of one image.

    Yields
    ------
    ndarray
        Frames, not compared with the first.
    """
    pick = picker(layout)
    yield pick(first)
    for number, image in enumerate(rest, start=1):
        array = as_image(image, f"frame {number}")
        require_alike(array, first.shape, first.dtype, f"frame {number}")
        yield pick(array)
