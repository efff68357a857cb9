"""Locating in worker processes: which frames go where, and how it ends."""

from __future__ import annotations

import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count, islice
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._shared_frames import FrameSlots, Slot

__all__ = ["Found", "from_file", "through_memory"]

#: A frame's number and its spots.
Found: TypeAlias = "tuple[int, npt.NDArray[np.float64]]"

#: The parallelism is in the processes.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Seconds for which idle workers wait for the next call.
IDLE = 10


class _Future(Protocol):
    def result(self) -> list[Found]: ...


def from_file(
    movie: Sequence[Any], frames: FrameLocator, start: int, processes: int, chunk: int
) -> Iterator[Found]:
    """Yield the spots of a movie's frames in order; the workers read the file themselves.

    Parameters
    ----------
    movie : sequence of frames
        Can be pickled, and opens its file again where it is unpickled.
    frames : FrameLocator
        Has seen the first frame.
    start : int
        Index of the first frame to take.
    processes : int
        Number of workers.
    chunk : int
        Frames a task.

    Yields
    ------
    tuple
        Frame number and rows.
    """
    job = pickle.dumps((frames, movie))

    def tasks(submit: Callable[..., _Future]) -> Iterator[_Future]:
        for first in range(start, len(movie), chunk):
            yield submit(_read_and_locate, job, first, min(first + chunk, len(movie)))

    with _executor(processes) as submit:
        yield from _in_order(tasks(submit), in_flight=2 * processes)


def through_memory(
    rest: Iterator[Any], frames: FrameLocator, start: int, processes: int, chunk: int, slots: int
) -> Iterator[Found]:
    """Yield the spots of frames in order; they reach the workers through shared memory.

    Parameters
    ----------
    rest : iterator of frames
        Those that are left.
    frames : FrameLocator
        Has seen the first frame.
    start : int
        Index of the next frame.
    processes : int
        Number of workers.
    chunk : int
        Frames a task.
    slots : int
        Tasks that are under way at once.

    Yields
    ------
    tuple
        Frame number and rows.
    """
    if frames.shape is None or frames.dtype is None:
        raise RuntimeError("no frame was seen yet")
    job = pickle.dumps((frames, None))
    numbered = zip(count(start), rest)

    def tasks(submit: Callable[..., _Future], block: FrameSlots) -> Iterator[_Future]:
        for task in count():
            images = [(frame_number(image, k), image) for k, image in islice(numbered, chunk)]
            if not images:
                return
            pixels = [frames.pixels(image, number) for number, image in images]
            slot = block.write(task % slots, pixels)
            yield submit(_locate_shared, job, [number for number, _ in images], slot)

    # The workers are gone before the memory is.
    with (
        FrameSlots(slots, chunk, frames.shape, frames.dtype) as block,
        _executor(processes) as submit,
    ):
        yield from _in_order(tasks(submit, block), in_flight=slots)


def _in_order(tasks: Iterator[_Future], in_flight: int) -> Iterator[Found]:
    # A slot is written again only when its task's result was taken: `in_flight` tasks before.
    pending: deque[_Future] = deque()
    while True:
        pending.extend(islice(tasks, in_flight - len(pending)))
        if not pending:
            return
        yield from pending.popleft().result()


@contextmanager
def _executor(processes: int) -> Iterator[Callable[..., _Future]]:
    from loky import get_reusable_executor
    from loky.process_executor import BrokenProcessPool

    executor = get_reusable_executor(processes, timeout=IDLE, env=ONE_THREAD)

    def submit(*task: Any) -> _Future:
        with _interrupts_for_the_parent():
            future: _Future = executor.submit(*task)
        return future

    finished = False
    try:
        yield submit
        finished = True
    except BrokenProcessPool as error:
        raise SpotgpuError(
            "a worker process died, probably for lack of memory: use fewer `processes`"
        ) from error
    finally:
        # Left alone after a run that ended well: the next call finds them warm.
        if not finished:
            executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def _interrupts_for_the_parent() -> Iterator[None]:
    # Processes that are started meanwhile inherit the mask, so that Ctrl-C ends the parent alone,
    # which then ends them without a traceback from each.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@lru_cache(maxsize=1)
def _opened(job: bytes) -> tuple[FrameLocator, Any]:
    # The bytes come from the parent process.
    opened: tuple[FrameLocator, Any] = pickle.loads(job)  # noqa: S301
    return opened


def _read_and_locate(job: bytes, start: int, stop: int) -> list[Found]:
    frames, movie = _opened(job)
    found = []
    for k in range(start, stop):
        image = movie[k]
        number = frame_number(image, k)
        found.append((number, frames.rows(image, number)))
    return found


def _locate_shared(job: bytes, numbers: list[int], slot: Slot) -> list[Found]:
    frames, _ = _opened(job)
    return [
        (number, frames.rows(image, number))
        for number, image in zip(numbers, slot.read(), strict=True)
    ]
