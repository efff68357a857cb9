"""Spots of one frame, with the frame's number in every complaint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import io
from spotgpu.backends.compiled import PIXELS, compiled
from spotgpu.detect import Locator, memory_needed
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._picture import picture

__all__ = ["FrameLocator", "frame_number", "reading"]


@contextmanager
def reading(k: int) -> Iterator[None]:
    """Note which frame it was that a reader failed at; ours say it themselves.

    Parameters
    ----------
    k : int
        Its place, from 0.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, SpotgpuError):
            error.add_note(f"this happened when frame {k} of the source was read")
        raise


def frame_number(image: object, index: int) -> int:
    """Return the number that a frame bears (its ``frame_no``), or its place in the movie.

    Parameters
    ----------
    image : array_like
        A frame.
    index : int
        Its place, from 0.

    Returns
    -------
    int
        The number for the table.
    """
    number = getattr(image, "frame_no", None)
    return index if number is None else int(number)


class FrameLocator:
    """Finds the spots of frames that must all be alike. Can be pickled.

    Parameters
    ----------
    locator : Locator
        The detector with its options.
    most : int, optional
        Bytes that finding the spots of a frame may take; larger frames go in tiles. Default: what
        `frame_budget` says, in each process that finds spots.
    """

    def __init__(self, locator: Locator, most: int | None = None) -> None:
        self.locator = locator
        self._most = most
        self._points = 0
        self.shape: tuple[int, ...] | None = None
        self.dtype: np.dtype[Any] | None = None
        self._first: npt.NDArray[Any] | io.LazyFrame | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the image out: workers have no use for it."""
        return {**self.__dict__, "_first": None}

    @property
    def first(self) -> npt.NDArray[Any]:
        """The first frame; one must have been seen.

        Returns
        -------
        ndarray
            A copy; of one that does not fit the budget, what `picture` makes of it.
        """
        if self._first is None:
            raise RuntimeError("no frame was seen yet")
        if isinstance(self._first, io.LazyFrame):
            self._first = picture(self._first, self.most)
        return self._first

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the rows; one frame must have been seen.

        Returns
        -------
        list of str
            Without ``frame``.
        """
        if self.shape is None:
            raise RuntimeError("no frame was seen yet")
        return self.locator.columns(sum(length > 1 for length in self.shape))

    @property
    def frame_bytes(self) -> int:
        """Size of a frame; one must have been seen.

        Returns
        -------
        int
            In bytes.
        """
        if self.shape is None or self.dtype is None:
            raise RuntimeError("no frame was seen yet")
        return math.prod(self.shape) * self.dtype.itemsize

    def whole(self, movie: io.Movie) -> bool:
        """Tell whether the frames of a movie are worked on in one piece.

        Parameters
        ----------
        movie : Movie
            Opened.

        Returns
        -------
        bool
            Whether `image` returns arrays.
        """
        return memory_needed(movie.frame_shape, movie.dtype) <= self.most

    @property
    def most(self) -> int:
        """Bytes that finding the spots of a frame may take.

        Returns
        -------
        int
            What was given, or what this process may have.
        """
        return frame_budget(None, 1) if self._most is None else self._most

    def image(self, movie: io.Movie, k: int) -> Any:
        """Return a frame of a movie, to be given to the other methods.

        Parameters
        ----------
        movie : Movie
            Opened.
        k : int
            Which frame, from 0.

        Returns
        -------
        ndarray or LazyFrame
            The frame; one that does not fit the budget is not read yet.
        """
        with reading(k):
            return movie[k] if self.whole(movie) else movie.lazy(k)

    def expect(self, n_frames: int | None, *, elsewhere: bool = False) -> None:
        """Say how much there is to do, which tells whether compiled loops pay.

        Parameters
        ----------
        n_frames : int or None
            Frames to come; None if that is not known. One must have been seen.
        elsewhere : bool
            Whether other processes will do it all.
        """
        if n_frames is not None and self.shape is not None:
            self._points = n_frames * math.prod(self.shape) // PIXELS
            if not elsewhere:
                compiled(self._points)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of another process, which knows how much there is to do."""
        self.__dict__.update(state)
        compiled(self._points)

    def pixels(self, image: object, number: int) -> Any:
        """Return a frame as an array, unless it is one that is not read yet.

        Parameters
        ----------
        image : array_like
            The frame.
        number : int
            Its number, for the message.

        Returns
        -------
        ndarray or LazyFrame
            Its pixels.

        Raises
        ------
        ValueError
            If its shape or type is not that of the first frame.
        """
        lazy = isinstance(image, io.LazyFrame)
        array: Any = image if lazy else np.asarray(image)
        if self.shape is None:
            self.shape, self.dtype = array.shape, array.dtype
            self._first = array if lazy else array.copy()
        if (array.shape, array.dtype) != (self.shape, self.dtype):
            raise ValueError(
                "`frames` must have one shape and type, "
                f"got {array.shape} of {array.dtype} in frame {number} "
                f"after {self.shape} of {self.dtype}"
            )
        return array

    def rows(self, image: object, number: int) -> npt.NDArray[np.float64]:
        """Return the spots of a frame.

        Parameters
        ----------
        image : array_like
            The frame.
        number : int
            Its number, for the message.

        Returns
        -------
        ndarray of float64, shape (N, len(columns))
            One row a spot.

        Raises
        ------
        TypeError, ValueError
            As `locate`, with the frame's number.
        """
        array = self.pixels(image, number)
        with _numbered(number):
            return self.locator.array(array, most=self.most)

    def checked(self, image: object, number: int) -> npt.NDArray[Any]:
        """Return a frame as the engine takes it.

        Parameters
        ----------
        image : array_like
            The frame.
        number : int
            Its number, for the message.

        Returns
        -------
        ndarray, shape ([Z,] Y, X)
            As of `Locator.pixels`.

        Raises
        ------
        TypeError, ValueError
            As `locate`, with the frame's number.
        """
        array = self.pixels(image, number)
        with _numbered(number):
            return self.locator.pixels(array)


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    """Put the frame's number into a complaint."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"frame {number}: {error}") from error
    except ValueError as error:
        raise ValueError(f"frame {number}: {error}") from error
