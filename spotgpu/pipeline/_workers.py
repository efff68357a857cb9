"""Locating in worker processes: which frames go where, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from typing import Any

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._job import Job
from spotgpu.pipeline._shared_frames import FrameSlots, Slot
from spotgpu.pipeline._tasks import Done, aligned, in_order, locate_images, read_and_locate

__all__ = [
    "WorkerDiedError",
    "end_workers",
    "executor",
    "from_file",
    "interruptible",
    "through_memory",
]

#: The parallelism is in the processes.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Seconds for which idle workers wait for the next call.
IDLE = 10
#: Seconds between their looks whether their parent is there.
WATCH = 1.0

#: The one whose workers are warm.
_pools: list[Any] = []


class WorkerDiedError(SpotgpuError):
    """A worker process ended, and those beside it with it."""


def from_file(
    movie: Sequence[Any],
    frames: FrameLocator,
    start: int,
    processes: int,
    chunk: int,
    clock: Clock,
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
    clock : Clock
        Gets the workers' seconds.

    Yields
    ------
    Found
        Frame number and rows.
    """
    job = Job.packed(frames, movie)

    def tasks(submit: Callable[..., Any]) -> Iterator[Any]:
        for first, stop in aligned(start, len(movie), chunk, movie):
            yield submit(read_and_locate, job, first, stop)

    with executor(processes) as submit:
        yield from in_order(tasks(submit), 2 * processes, clock)


def through_memory(
    rest: Iterator[Any],
    frames: FrameLocator,
    start: int,
    processes: int,
    chunk: int,
    slots: int,
    clock: Clock,
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
    clock : Clock
        Gets the seconds.

    Yields
    ------
    Found
        Frame number and rows.
    """
    if frames.shape is None or frames.dtype is None:
        raise RuntimeError("no frame was seen yet")
    job = Job.packed(frames, None)
    numbered = zip(count(start), rest)

    def tasks(submit: Callable[..., Any], block: FrameSlots) -> Iterator[Any]:
        for task in count():
            with clock.measured("decode"):
                images = [(frame_number(image, k), image) for k, image in islice(numbered, chunk)]
            if not images:
                return
            pixels = [frames.pixels(image, number) for number, image in images]
            slot = block.write(task % slots, pixels)
            yield submit(_locate_shared, job, [number for number, _ in images], slot)

    # The workers are gone before the memory is.
    with (
        FrameSlots(slots, chunk, frames.shape, frames.dtype) as block,
        executor(processes) as submit,
    ):
        # A place is written again only when its task's result was taken: `slots` tasks before.
        yield from in_order(tasks(submit, block), slots, clock)


@contextmanager
def executor(processes: int) -> Iterator[Callable[..., Any]]:
    """Yield what gives work to worker processes, which end at once if the block fails.

    Parameters
    ----------
    processes : int
        How many.

    Yields
    ------
    callable
        ``submit(function, *arguments)`` returns a `concurrent.futures.Future`.

    Raises
    ------
    WorkerDiedError
        If a result is asked for that a process took with it.
    """
    from loky import get_reusable_executor
    from loky.process_executor import BrokenProcessPool

    with _signals_for_the_parent():
        pool = get_reusable_executor(
            processes,
            timeout=IDLE,
            env=ONE_THREAD,
            initializer=_end_with_parent,
            initargs=(os.getpid(),),
        )
    _pools[:] = [pool]

    def submit(*task: Any) -> Any:
        with _signals_for_the_parent():
            return pool.submit(*task)

    finished = False
    try:
        yield submit
        finished = True
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            "a worker process died, probably for lack of memory: use fewer `processes`"
        ) from error
    finally:
        # Left alone after a run that ended well: the next call finds them warm.
        if not finished:
            end_workers()


def _end_with_parent(parent: int) -> None:
    """Let this worker end when its parent is killed: else it would wait for it for good."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_workers() -> None:
    """End idle workers at once; when Python exits, it would wait for them for seconds."""
    while _pools:
        _pools.pop().shutdown(wait=True, kill_workers=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """End idle workers where Ctrl-C or a signal ends the block, so that Python exits soon."""
    try:
        yield
    except BaseException as error:
        interrupt = _interrupt(error)
        if interrupt is None:
            raise
        end_workers()
        if interrupt is error:
            raise
        for text in getattr(error, "__notes__", ()):
            interrupt.add_note(text)
        raise interrupt from None


def _interrupt(error: BaseException | None) -> BaseException | None:
    """Return what ended the block from outside, also where numba made a SystemError of it."""
    while isinstance(error, SystemError):
        error = error.__cause__ or error.__context__
    return None if isinstance(error, Exception) else error


@contextmanager
def _signals_for_the_parent() -> Iterator[None]:
    # Processes that are started meanwhile inherit the mask, so that Ctrl-C, or a terminal that
    # closes, ends the parent alone, which then ends them without a traceback from each.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _locate_shared(job: bytes, numbers: list[int], slot: Slot) -> Done:
    return locate_images(job, numbers, slot.read())
