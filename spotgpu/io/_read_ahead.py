"""Frames in order, decoded ahead by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import numpy.typing as npt
from loky import cpu_count

from spotgpu.checks import integer
from spotgpu.io._blocks import BlockFrames
from spotgpu.io._cut import Part, parts
from spotgpu.io._decoders import Decoders, Task
from spotgpu.io._movie import Movie
from spotgpu.io._sequence import Reader
from spotgpu.io._stream import Stream

__all__ = ["ReadAhead", "read_ahead"]

#: Threads taken unless the caller says how many.
MOST_THREADS = 16
#: Lazy arrays that several threads may ask at the same time.
SAFE = {"zarr", "dask", "h5py", "spotgpu"}

Frames = Generator[npt.NDArray[Any], None, None]


class ReadAhead(Iterator[npt.NDArray[Any]]):
    """Frames in order, decoded ahead by threads; to be gone through once. Made by `read_ahead`.

    Threads start with the first frame, and end with the last one, with `close`, or when the object
    goes. As a context manager it closes itself.

    Parameters
    ----------
    frames : generator of ndarray
        The frames.
    clock : _Clock
        Where the frames' generator adds up the seconds.
    threads : int
        How many decode.
    """

    def __init__(self, frames: Frames, clock: _Clock, threads: int) -> None:
        self._frames = frames
        self._clock = clock
        self._threads = threads

    def __next__(self) -> npt.NDArray[Any]:
        begun = perf_counter()
        try:
            return next(self._frames)
        finally:
            self._clock.waiting += perf_counter() - begun

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads and close their files; waits for the frame or chunk that is decoded."""
        self._frames.close()

    @property
    def threads(self) -> int:
        """Threads that decode.

        Returns
        -------
        int
            0 if frames are read where they are asked for.
        """
        return self._threads

    @property
    def seconds(self) -> float:
        """Time that decoding took until now.

        Returns
        -------
        float
            In seconds, added up over the threads.
        """
        return self._clock.decoding

    @property
    def waited(self) -> float:
        """Time that who asked for frames waited for them until now.

        Returns
        -------
        float
            In seconds.
        """
        return self._clock.waiting


def read_ahead(
    movie: Movie,
    start: int = 0,
    stop: int | None = None,
    *,
    threads: int | None = None,
    most_bytes: int = 512 * 2**20,
) -> ReadAhead:
    """Return the frames of a movie in order, decoded ahead by threads.

    Each thread opens the files for itself. Lazy arrays are decoded by whole chunks along time,
    none of them twice. Frames of arrays in memory, of sequences, of streams and of array types
    that may not bear threads are read in turn, without threads.

    Parameters
    ----------
    movie : Movie
        Made by `open`.
    start : int
        The first frame.
    stop : int, optional
        The frame after the last; default: all that are there.
    threads : int, optional
        How many decode at the same time; default: as many as there are processors, at most 16.
    most_bytes : int
        Bytes of frames that are decoded, or being decoded, and not yet handed out, at most; if one
        chunk has more, that chunk. Compressed data and a chunk come on top, for each thread.

    Returns
    -------
    ReadAhead
        Iterator of frames of shape (Y, X) or (Z, Y, X), none of which is written to again. Those
        of a Zarr array are views of the chunks that they were decoded with: who keeps one keeps
        these in memory.

    Raises
    ------
    TypeError
        If an argument has the wrong type.
    ValueError
        If an argument is out of range, or the movie is closed.

    Notes
    -----
    If a frame cannot be read, its error is raised when its turn comes, after all frames before it.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import open, read_ahead
    >>> movie = open(np.zeros((5, 32, 48), np.uint8))
    >>> sum(frame.size for frame in read_ahead(movie, 1))
    6144
    """
    if not isinstance(movie, Movie):
        raise TypeError(f"`movie` must be a Movie, got {type(movie).__name__}: pass open(source)")
    if movie._closed:
        raise ValueError(f"the movie is closed: {movie.source}")
    start = integer("start", start, at_least=0)
    stop = None if stop is None else integer("stop", stop, at_least=start)
    most_bytes = integer("most_bytes", most_bytes, at_least=1)
    threads = (
        min(int(cpu_count()), MOST_THREADS)
        if threads is None
        else integer("threads", threads, at_least=1)
    )
    clock = _Clock()
    if isinstance(movie, Stream):
        return ReadAhead(_in_turn(islice(iter(movie), start, stop), clock), clock, 0)
    stop = len(movie) if stop is None else integer("stop", stop, at_most=len(movie))
    start = integer("start", start, at_most=stop)
    if not _bears_threads(movie._reader):
        return ReadAhead(_in_turn((movie[t] for t in range(start, stop)), clock), clock, 0)
    work = _Work(movie, start, stop, threads, most_bytes, clock)
    return ReadAhead(_decoded(work), clock, threads)


@dataclass
class _Clock:
    """Seconds until now."""

    decoding: float = 0.0
    waiting: float = 0.0


@dataclass(frozen=True)
class _Work:
    """What is asked for, in plain types."""

    movie: Movie
    start: int
    stop: int
    threads: int
    most_bytes: int
    clock: _Clock


def _bears_threads(reader: Reader) -> bool:
    if isinstance(reader, BlockFrames):
        return reader.module in SAFE
    return reader.file_backed


def _in_turn(frames: Iterator[npt.NDArray[Any]], clock: _Clock) -> Frames:
    while True:
        begun = perf_counter()
        try:
            frame = next(frames)
        except StopIteration:
            return
        finally:
            clock.decoding += perf_counter() - begun
        yield frame


def _decoded(work: _Work) -> Frames:
    most = max(1, work.most_bytes // (2 * work.threads))
    todo = parts(work.movie, work.start, work.stop, most)
    waiting = next(todo, None)
    if waiting is None:
        return
    # Where the memory is for few parts, several threads share one.
    together = max(1, min(work.threads, work.most_bytes // waiting.size))
    decoders = Decoders(work.movie._reader, together, work.threads // together)
    ahead: deque[Task] = deque()
    try:
        while waiting is not None or ahead:
            while waiting is not None and _fits(waiting, ahead, work):
                ahead.append(decoders.take(waiting))
                waiting = next(todo, None)
            task = ahead[0]
            wait([task.future])
            work.clock.decoding += task.seconds
            while task.frames:
                # Handed out and forgotten.
                yield task.frames.popleft()
            task.future.result()
            ahead.popleft()
    finally:
        decoders.close()


def _fits(part: Part, ahead: deque[Task], work: _Work) -> bool:
    """Tell whether one part more may be decoded: never more than are soon needed."""
    if not ahead:
        return True
    if len(ahead) > 2 * work.threads:
        return False
    return sum(task.part.size for task in ahead) + part.size <= work.most_bytes
