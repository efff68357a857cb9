"""Movies in gray or in colour, opened."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import io
from spotgpu.pipeline._stream import length

__all__ = ["Source", "opened"]

#: Bytes of frames that threads decode ahead.
AHEAD = 64 * 2**20


@dataclass(frozen=True)
class Source:
    """Frames as the source has them."""

    #: One, or one a colour.
    movies: tuple[io.Movie, ...]
    #: Of a frame: ([Z,] Y, X) or ([Z,] Y, X, 3).
    shape: tuple[int, ...]
    #: Whether a single movie has the colours where others have depth, one after the other.
    colour_first: bool
    #: Which frames these are, as the movies count them; None: all that come.
    numbers: Sequence[int] | None
    #: Whether the movies were opened here.
    ours: bool
    #: Of movies without a length, every which frame is taken.
    step: int = 1
    #: All frames, where they lie in memory one after the other.
    array: npt.NDArray[Any] | None = None

    @property
    def colour(self) -> bool:
        """Whether frames are in colour.

        Returns
        -------
        bool
            Then their last axis has red, green and blue.
        """
        return self.colour_first or len(self.movies) > 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the pixels.

        Returns
        -------
        dtype
            As the source has them.
        """
        return self.movies[0].dtype

    def every(self, step: int) -> Source:
        """Return every k-th frame.

        Parameters
        ----------
        step : int
            k.

        Returns
        -------
        Source
            The first frame is the first.
        """
        numbers = None if self.numbers is None else self.numbers[::step]
        return replace(self, numbers=numbers, step=step)

    def picked(self, numbers: Sequence[int]) -> Source:
        """Return some of the frames.

        Parameters
        ----------
        numbers : sequence of int
            Which ones, as the movies count them.

        Returns
        -------
        Source
            Of the same movies.
        """
        return replace(self, numbers=numbers)

    def in_memory(self) -> npt.NDArray[Any] | None:
        """Return the frames as a view of an array, where that is what they are.

        Returns
        -------
        ndarray, shape (T, ...)
            C-contiguous; or None.
        """
        numbers = self.numbers
        if self.array is None or not isinstance(numbers, range) or numbers.step != 1:
            return None
        return self.array[numbers.start : numbers.stop]

    def frames(self) -> Generator[tuple[int, npt.NDArray[Any]]]:
        """Yield number and pixels of each frame; files are decoded ahead by threads.

        Yields
        ------
        tuple of int and ndarray
            The number is that in the source, from 0.
        """
        if self.numbers is None:
            numbered = enumerate(iter(self.movies[0]))
            for number, frame in islice(numbered, 0, None, self.step):
                yield number, self._whole([frame])
            return
        numbers = self.numbers
        key: Any = (
            slice(numbers.start, numbers.stop, numbers.step)
            if isinstance(numbers, range)
            else list(numbers)
        )
        with ExitStack() as stack:
            channels = [
                stack.enter_context(io.read_ahead(movie[key], most_bytes=AHEAD // len(self.movies)))
                for movie in self.movies
            ]
            for number, frames in zip(numbers, zip(*channels, strict=True), strict=True):
                yield number, self._whole(frames)

    def _whole(self, frames: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return a frame out of those of the movies."""
        if self.colour_first:
            return np.moveaxis(frames[0].reshape(3, *self.shape[:-1]), 0, -1)
        return np.stack(frames, axis=-1) if self.colour else frames[0]

    def close(self) -> None:
        """Close the movies, if they were opened here."""
        if self.ours:
            for movie in self.movies:
                movie.close()


def opened(source: Any, axes: str | None = None, channel: int | str | None = None) -> Source:
    """Open a movie in gray or in colour.

    Parameters
    ----------
    source : object
        Anything that `spotgpu.io.open` takes; images of three colours, too.
    axes : str, optional
        As of `spotgpu.io.open`.
    channel : int or str, optional
        One of several channels or colours.

    Returns
    -------
    Source
        All frames.

    Raises
    ------
    TypeError, ValueError, FileNotFoundError, SpotgpuError
        As `spotgpu.io.open`; if pixels have another number of colours than one or three.
    """
    if not hasattr(source, "__getitem__") and isinstance(source, Iterable):
        return _of_stream(source, axes, channel)
    if axes is None and isinstance(source, np.ndarray) and source.ndim == 3:
        # Frames of three columns: one image in colour would be no movie.
        axes = "TYX"
    try:
        movie = io.open(source, axes=axes, channel=channel)
    except io.ColourError as error:
        if error.samples != 3:
            raise
        made = _in_colour(source, axes)
    else:
        ours = not isinstance(source, io.Movie)
        made = Source((movie,), movie.frame_shape, False, _all(movie), ours)
    plain = isinstance(source, np.ndarray) and source.flags.c_contiguous
    if plain and source.shape[1:] == made.shape and axes in {None, "TYX"}:
        return replace(made, array=source)
    return made


def _in_colour(source: Any, axes: str | None) -> Source:
    """Open a movie of three colours: once, unless there is depth, too."""
    try:
        movie = io.open(source, axes=axes, channel=io.Colours())
    except io.ColourError:
        movies = tuple(io.open(source, axes=axes, channel=k) for k in range(3))
        return Source(movies, (*movies[0].frame_shape, 3), False, _all(movies[0]), True)
    return Source((movie,), (*movie.frame_shape[1:], 3), True, _all(movie), True)


def _of_stream(source: Iterable[Any], axes: str | None, channel: int | str | None) -> Source:
    """Open images that come one after the other; the first one tells whether they have colours."""
    images = iter(source)
    try:
        first = next(images)
    except StopIteration:
        images = iter(())
    else:
        images = _rejoined(first, images)
        shape = np.shape(first)
        known = {"YXS": 3, "ZYXS": 4}.get("YXS" if axes is None else axes.upper())
        if channel is None and len(shape) == known and shape[-1] == 3:
            movie = io.open(_planes(images, shape), axes="ZYX")
            return Source((movie,), shape, True, None, True)
    movie = io.open(images, axes=axes, channel=channel)
    return Source((movie,), movie.frame_shape, False, None, True)


def _planes(images: Iterator[Any], shape: tuple[int, ...]) -> Iterator[npt.NDArray[Any]]:
    """Yield the planes of each image, colour by colour."""
    for number, image in enumerate(images):
        pixels = np.asanyarray(image)
        if pixels.shape != shape:
            raise ValueError(
                f"`source` must have frames of one shape and type, got {pixels.shape} in frame "
                f"{number} after {shape}"
            )
        yield np.moveaxis(pixels, -1, 0).reshape(-1, *shape[-3:-1])


def _rejoined(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


def _all(movie: io.Movie) -> range | None:
    # None: what is gone through once.
    count = length(movie)
    return None if count is None else range(count)
