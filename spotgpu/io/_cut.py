"""Which frames of a movie are decoded together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spotgpu.io._blocks import BlockFrames
from spotgpu.io._movie import Movie

__all__ = ["Part", "frames_per_chunk", "parts"]

#: Bytes of frames that one thread decodes at a time, where a chunk does not ask for more.
AT_ONCE = 4 * 2**20


@dataclass(frozen=True)
class Part:
    """Frames that one thread decodes in one go."""

    #: As the reader counts them.
    numbers: list[int]
    #: What is in memory for them.
    size: int


def frames_per_chunk(movie: Movie) -> int:
    """Return how many frames are decoded together where one is asked for.

    Parameters
    ----------
    movie : Movie
        Made by `open`.

    Returns
    -------
    int
        Of Zarr and other lazy arrays the length of a chunk along time; else 1.
    """
    return movie._reader.chunk if isinstance(movie._reader, BlockFrames) else 1


def parts(movie: Movie, start: int, stop: int, most_bytes: int) -> Iterator[Part]:
    """Yield the parts of a movie, in order.

    A part of a lazy array is made of whole chunks along time, as far as they are among the frames:
    no chunk is in two parts unless the frames go back to it, or it has more than 256 MB.

    Parameters
    ----------
    movie : Movie
        With a length.
    start, stop : int
        The first frame, and the one after the last.
    most_bytes : int
        Bytes that a part should not exceed; one of a single chunk may.

    Yields
    ------
    Part
        Not empty.
    """
    reader = movie._reader
    frame_bytes = max(1, math.prod(movie.frame_shape) * movie.dtype.itemsize)
    many = max(1, min(AT_ONCE, most_bytes) // frame_bytes)
    wanted = (int(t) for t in movie._chosen[start:stop])
    if isinstance(reader, BlockFrames):
        for run in _runs(wanted, reader.chunk, max(1, many // reader.chunk)):
            yield Part(run, (run[-1] - run[0] + 1) * frame_bytes)
        return
    for run in _groups(wanted, many):
        yield Part(run, len(run) * frame_bytes)


def _groups(wanted: Iterable[int], many: int) -> Iterator[list[int]]:
    group: list[int] = []
    for t in wanted:
        if len(group) == many:
            yield group
            group = []
        group.append(t)
    if group:
        yield group


def _runs(wanted: Iterable[int], chunk: int, chunks: int) -> Iterator[list[int]]:
    """Yield ascending frames of a few chunks that follow each other without a gap."""
    run: list[int] = []
    for t in wanted:
        if run:
            goes_on = run[-1] < t and t // chunk <= run[-1] // chunk + 1
            if not goes_on or t // chunk >= run[0] // chunk + chunks:
                yield run
                run = []
        run.append(t)
    if run:
        yield run
