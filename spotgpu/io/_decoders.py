"""Threads that decode parts of a movie, with a reader for each."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from time import perf_counter
from typing import Any

import numpy.typing as npt

from spotgpu.io._blocks import BlockFrames
from spotgpu.io._cut import Part
from spotgpu.io._files import FileFrames
from spotgpu.io._sequence import Reader
from spotgpu.io._zarr import ZarrFrames

__all__ = ["Decoders", "Task"]


@dataclass
class Task:
    """A part at a thread: its frames as they come, and in `future` the error that ended them."""

    part: Part
    frames: deque[npt.NDArray[Any]] = field(default_factory=deque)
    seconds: float = 0.0
    future: Future[None] = field(default_factory=Future)


def _again(reader: Reader, each: int) -> Reader:
    """Return what reads the same frames, with a file and a block of its own."""
    if isinstance(reader, ZarrFrames):
        return reader.another(each)
    # What a file says, such as its table of pages, goes along and is not read again.
    if isinstance(reader, (BlockFrames, FileFrames)):
        return copy(reader)
    return pickle.loads(pickle.dumps(reader, pickle.HIGHEST_PROTOCOL))  # noqa: S301 (our own)


class Decoders:
    """Threads, with a reader for each; they start when there is something to decode.

    Parameters
    ----------
    reader : Reader
        Reads the frames; stays as it is.
    threads : int
        How many.
    each : int
        Threads that each may take in turn, for the chunks of a part.
    """

    def __init__(self, reader: Reader, threads: int, each: int) -> None:
        self._readers = [_again(reader, each) for _ in range(threads)]
        self._free: SimpleQueue[Reader] = SimpleQueue()
        for one in self._readers:
            self._free.put(one)
        self._stopped = Event()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="spotgpu-read")

    def take(self, part: Part) -> Task:
        """Have a part decoded when its turn comes.

        Parameters
        ----------
        part : Part
            Which frames.

        Returns
        -------
        Task
            It is done when its ``future`` is.
        """
        task = Task(part)
        task.future = self._threads.submit(self._decode, task)
        return task

    def _decode(self, task: Task) -> None:
        reader = self._free.get()
        begun = perf_counter()
        try:
            for frame in _together(reader, task.part.numbers):
                task.frames.append(frame)
                if self._stopped.is_set():
                    return
        finally:
            task.seconds = perf_counter() - begun
            self._free.put(reader)

    def close(self) -> None:
        """Leave what was not begun, wait for what is being decoded, and close the files."""
        self._stopped.set()
        self._threads.shutdown(cancel_futures=True)
        for reader in self._readers:
            reader.close()


def _together(reader: Reader, numbers: list[int]) -> Iterator[npt.NDArray[Any]]:
    if isinstance(reader, BlockFrames):
        return reader.together(numbers)
    return (reader.frame(t) for t in numbers)
