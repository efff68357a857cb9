"""A sequence of images, as Python and numpy understand it; and who reads them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["ImageSequence", "Reader"]


class Reader(Protocol):
    """What reads the frames of a source. One that is backed by files can be pickled."""

    file_backed: bool

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
        """

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame, of which no more is read than need be.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part, one slice per axis of the frame, with start and stop within it.

        Returns
        -------
        ndarray
            ``frame(t)[where]``.
        """

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored.

        Returns
        -------
        tuple of int
            One per axis of the frame, in pixels.
        """

    def close(self) -> None:
        """Let go of the file; the next frame opens it again."""


class ImageSequence(Sequence[npt.NDArray[Any]]):
    """A sequence whose elements are arrays: they are equal if all of their pixels are."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Number of images and shape of an image.

        Returns
        -------
        tuple of int
            The number comes first.
        """

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels.

        Returns
        -------
        dtype
            The same for all images.
        """

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return all frames as one array: all of it in memory."""
        if copy is False:
            raise ValueError("a movie is read into a new array: `copy` must not be False")
        array = np.empty(self.shape, dtype or self.dtype)
        for i, frame in enumerate(self):
            array[i] = frame
        return array

    def __contains__(self, value: object) -> bool:
        # Sequence's own would compare arrays for truth.
        return any(np.array_equal(frame, value) for frame in self)  # type: ignore[arg-type]

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the number of the first frame that equals an image.

        Parameters
        ----------
        value : array_like
            The image.
        start, stop : int, optional
            Where to look.

        Returns
        -------
        int
            The frame's number.

        Raises
        ------
        ValueError
            If there is none.
        """
        for i in range(*slice(start, stop).indices(len(self))):
            if np.array_equal(self[i], value):
                return i
        raise ValueError(f"the image is not in {self!r}")

    def count(self, value: Any) -> int:
        """Return how many frames equal an image.

        Parameters
        ----------
        value : array_like
            The image.

        Returns
        -------
        int
            Number of frames.
        """
        return sum(np.array_equal(frame, value) for frame in self)
