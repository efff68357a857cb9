"""The frames of a movie, for those who compute in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from spotgpu import io
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._frames import FrameLocator, reading

__all__ = ["ahead", "one_by_one"]


def one_by_one(
    movie: io.Movie, frames: FrameLocator, start: int, total: int | None
) -> Iterator[Any]:
    """Yield frames as they are asked for; those of a stream that are left out are looked at.

    Parameters
    ----------
    movie : Movie
        Opened.
    frames : FrameLocator
        New.
    start : int
        Frames at the beginning that are left out.
    total : int or None
        Number of frames; None of a stream.

    Yields
    ------
    ndarray
        Each frame.
    """
    if total is None:
        yield from _of_a_stream(movie, frames, start)
        return
    for k in range(start, total):
        yield frames.image(movie, k)


def _of_a_stream(movie: io.Movie, frames: FrameLocator, start: int) -> Iterator[Any]:
    images = iter(movie)
    for k in count():
        with reading(k):
            image = next(images, None)
        if image is None:
            return
        if k < start:
            frames.pixels(image, k)
        else:
            yield image


@contextmanager
def ahead(
    source: Iterable[Any], start: int, clock: Clock, threads: int | None = None
) -> Iterator[Iterator[tuple[int, Any]]]:
    """Yield an iterator of frames and their places; those of a movie are decoded ahead.

    Parameters
    ----------
    source : Movie, or iterator of frames
        A movie, or what is left of one.
    start : int
        The first place.
    clock : Clock
        Gets the seconds of ``decode``.
    threads : int, optional
        How many decode; default: one for each processor.

    Yields
    ------
    iterator of tuple of int and frame
        In order. Threads end with the context.
    """
    if not isinstance(source, io.Movie):
        yield _read(iter(source), start, clock)
        return
    with io.read_ahead(source, start, threads=threads) as decoded:
        yield _decoded(decoded, start, clock)


def _read(images: Iterator[Any], start: int, clock: Clock) -> Iterator[tuple[int, Any]]:
    k = start
    while True:
        with clock.measured("decode"):
            image = next(images, None)
        if image is None:
            return
        yield k, image
        k += 1


def _decoded(images: io.ReadAhead, start: int, clock: Clock) -> Iterator[tuple[int, Any]]:
    before = 0.0
    for k, image in enumerate(images, start):
        clock.spent({"decode": images.seconds - before})
        before = images.seconds
        yield k, image
