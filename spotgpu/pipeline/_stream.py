"""Frames in, spots out, in order: in this process or in others."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sized
from multiprocessing import current_process
from typing import Any

from spotgpu.checks import integer
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._cluster import on_cluster
from spotgpu.pipeline._decoded import ahead, one_by_one
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._on_devices import on_devices
from spotgpu.pipeline._shared_frames import slots_that_fit
from spotgpu.pipeline._workers import from_file, through_memory

__all__ = ["checked_processes", "length", "locate_frames"]

#: Seconds until a new worker has imported what it needs.
START_UP = 2.0
#: Seconds for which "auto" watches the first frames, and how many frames at most.
WATCH, WATCH_FRAMES = 0.3, 8
#: Seconds of work in one task, and frames at most.
TASK, TASK_FRAMES = 0.2, 32


def checked_processes(processes: object) -> int | None:
    """Return the number of processes asked for, or None for "auto".

    Parameters
    ----------
    processes : int or 'auto'
        As in `batch`.

    Returns
    -------
    int or None
        At least 1.

    Raises
    ------
    TypeError
        If it is neither an integer nor "auto".
    """
    if isinstance(processes, str) and processes == "auto":
        return None
    if isinstance(processes, str):
        raise TypeError(f"`processes` must be an integer or 'auto', got {processes!r}")
    return max(integer("processes", processes), 1)


def length(movie: Iterable[Any]) -> int | None:
    """Return the number of frames, or None if only going through them can tell.

    Parameters
    ----------
    movie : iterable of frames
        An opened movie.

    Returns
    -------
    int or None
        Number of frames.
    """
    if not isinstance(movie, Sized):
        return None
    try:
        return len(movie)
    except TypeError:
        return None


def locate_frames(
    movie: Any,
    frames: FrameLocator,
    processes: int | None,
    *,
    start: int = 0,
    clock: Clock,
    client: Any = None,
    device: str = "cpu",
) -> Generator[Found]:
    """Yield the number and the spots of each frame.

    On a cluster the first frame is only looked at here. On a CUDA device there are no workers;
    threads decode frames ahead of it. On the CPU the first frame is always located here: what is
    wrong with the options shows at once, and the time it takes sets the size of the workers' tasks.
    With `processes` None up to eight frames are (0.3 s); then workers take the rest if, starting
    them included (2 s), they would be done in three quarters of the time. Without workers, a thread
    decodes ahead.

    Parameters
    ----------
    movie : Movie
        Opened; of a stream every frame is taken once.
    frames : FrameLocator
        New.
    processes : int or None
        Number of worker processes, 1 for none, None to choose.
    start : int
        Frames at the beginning that are left out.
    clock : Clock
        Gets the seconds of ``decode`` and ``compute``.
    client : distributed.Client, optional
        A cluster whose workers find the spots, instead of processes here.
    device : {'cpu', 'cuda', 'auto'}
        Where the workers of the cluster compute; `frames` does on the CPU.

    Yields
    ------
    Found
        In the movie's order.
    """
    if client is not None:
        yield from on_cluster(client, device, movie, frames, start, length(movie), clock)
        return
    on_cpu = frames.locator.device == "cpu"
    if not on_cpu and processes not in {None, 1}:
        raise ValueError(f"`processes` must be 'auto' or 1 where a GPU computes, got {processes}")
    total = length(movie)
    file_backed = getattr(movie, "file_backed", False) and frames.whole(movie)
    rest = one_by_one(movie, frames, start, total)
    if not on_cpu:
        with ahead(movie if file_backed else rest, start, clock) as images:
            yield from on_devices(images, frames, None if total is None else total - start)
        return
    watched, seconds = start, 0.0
    most = start + (1 if processes else WATCH_FRAMES)
    while processes != 1 and watched < most and seconds < WATCH:
        begin = time.perf_counter()
        with clock.measured("decode"):
            image = next(rest, None)
        if image is None:
            return
        number = frame_number(image, watched)
        with clock.measured("compute"):
            rows = frames.rows(image, number)
        seconds += time.perf_counter() - begin
        watched += 1
        yield number, rows
    left = None if total is None else total - watched
    workers, task = _plan(left, seconds / max(watched - start, 1), processes)
    if workers > 1 and file_backed:
        yield from from_file(movie, frames, watched, workers, task, clock)
    elif workers > 1 and (slots := _slots(frames, workers, task, processes)):
        task = min(task, max(1, slots // (2 * workers)))
        slots = min(2 * workers, slots // task)
        yield from through_memory(rest, frames, watched, workers, task, slots, clock)
    else:
        with ahead(movie if file_backed else rest, watched, clock, threads=1) as images:
            for k, image in images:
                number = frame_number(image, k)
                with clock.measured("compute"):
                    rows = frames.rows(image, number)
                yield number, rows


def _plan(left: int | None, seconds: float, processes: int | None) -> tuple[int, int]:
    """Return the number of workers and of frames in a task."""
    if processes is None:
        processes = _worth(seconds, left)
    if left is not None:
        processes = min(processes, left)
    by_time = int(TASK / max(seconds, 1e-6))
    # Four tasks a worker let them end at about the same time.
    by_share = TASK_FRAMES if left is None else left // (4 * max(processes, 1))
    return processes, max(1, min(by_time, by_share, TASK_FRAMES))


def _worth(seconds: float, left: int | None) -> int:
    from loky import cpu_count

    # A daemon may not have children; what made it has the cores at work already.
    if left is None or current_process().daemon:
        return 1
    workers = max(min(int(cpu_count()), left), 1)
    alone = seconds * left
    return workers if START_UP + alone / workers < 0.75 * alone else 1


def _slots(frames: FrameLocator, workers: int, task: int, asked: int | None) -> int:
    """Return how many frames may lie in shared memory, or 0 to do without it."""
    fitting = slots_that_fit(frames.frame_bytes, 2 * workers * task)
    # One frame a worker is the least that lets all of them work.
    if fitting >= workers:
        return fitting
    if asked is None:
        return 0
    raise SpotgpuError(
        f"shared memory has no room for {workers} frames of {frames.frame_bytes / 2**20:.0f} MB: "
        "use processes=1, or a file that the workers read themselves"
    )
