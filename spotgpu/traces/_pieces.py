"""A movie in pieces of some frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu import io
from spotgpu.pipeline._frames import frame_number

__all__ = ["Piece", "pieces_of"]


class Piece(NamedTuple):
    """Frames side by side: their numbers, (B,), and their pixels, (B, Z, Y, X), C-contiguous."""

    numbers: npt.NDArray[np.int64]
    frames: npt.NDArray[Any]


def pieces_of(video: Any, movie: io.Movie, n_bytes: int, in_memory: int) -> Iterator[Piece]:
    """Yield the frames of a movie; those of an array in memory are not copied if C-contiguous.

    Parameters
    ----------
    video : object
        What the caller passed.
    movie : Movie
        The same, opened.
    n_bytes : int
        Size of a piece, about; one frame at least.
    in_memory : int
        The same, of arrays that are not copied.

    Yields
    ------
    Piece
        In order.
    """
    shape = (1, *movie.frame_shape)[-3:]
    there = isinstance(video, np.ndarray) and video.shape == movie.shape
    most = in_memory if there and video.flags.c_contiguous else n_bytes
    each = max(1, most // max(1, math.prod(shape) * movie.dtype.itemsize))
    if there:
        for first in range(0, len(video), each):
            frames = np.ascontiguousarray(video[first : first + each])
            numbers = np.arange(first, first + len(frames))
            yield Piece(numbers, frames.reshape(len(frames), *shape))
        return
    waiting: list[npt.NDArray[Any]] = []
    numbers_waiting: list[int] = []
    with io.read_ahead(movie) as ahead:
        for k, frame in enumerate(ahead):
            waiting.append(frame)
            numbers_waiting.append(frame_number(frame, k))
            if len(waiting) == each:
                yield _piece(waiting, numbers_waiting, shape)
    if waiting:
        yield _piece(waiting, numbers_waiting, shape)


def _piece(frames: list[npt.NDArray[Any]], numbers: list[int], shape: tuple[int, ...]) -> Piece:
    """Make a piece of what waits, and forget that."""
    joined = frames[0][None] if len(frames) == 1 else np.stack(frames)
    pixels = np.ascontiguousarray(joined).reshape(len(frames), *shape)
    piece = Piece(np.array(numbers, np.int64), pixels)
    frames.clear()
    numbers.clear()
    return piece
