"""Locating on the workers of a Dask cluster."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._tasks import Done, locate_images, read_and_locate

__all__ = ["on_cluster"]

#: Seconds of work in one task, and frames at most.
TASK, TASK_FRAMES = 1.0, 64
#: Tasks that wait for each thread of the cluster, besides the one that it is at.
WAITING = 2


def on_cluster(
    client: Any,
    movie: Any,
    rest: Iterator[Any],
    frames: FrameLocator,
    start: int,
    seconds: float,
    clock: Clock,
) -> Iterator[Found]:
    """Yield the spots of frames in order, found by the workers of a cluster.

    A movie in files is read by the workers, which must see it under the same path; others are sent
    to them. What a lost worker was at is given to another one.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    movie : Movie
        Opened.
    rest : iterator of frames
        Those that are left.
    frames : FrameLocator
        Has seen the first frame.
    start : int
        Index of the next frame.
    seconds : float
        What a frame takes here.
    clock : Clock
        Gets the workers' seconds.

    Yields
    ------
    Found
        Frame number and rows.

    Raises
    ------
    SpotgpuError
        If the workers die again and again, or the cluster goes.
    """
    chunk = max(1, min(int(TASK / max(seconds, 1e-6)), TASK_FRAMES))
    if getattr(movie, "file_backed", False):
        tasks = _by_place(client, movie, frames, start, chunk)
    else:
        tasks = _by_image(client, rest, frames, start, chunk)
    pending: deque[Any] = deque()
    try:
        while True:
            threads = sum(client.nthreads().values()) or 1
            pending.extend(islice(tasks, (1 + WAITING) * threads - len(pending)))
            if not pending:
                return
            found, spent = _result(pending[0])
            pending.popleft()
            clock.spent(spent)
            yield from found
    finally:
        client.cancel(list(pending))


def _result(future: Any) -> Done:
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        done: Done = future.result()
    except KilledWorker as error:
        raise SpotgpuError(
            "workers of the cluster died again and again over the same frames, probably for lack "
            f"of memory: {error}"
        ) from error
    except CancelledError as error:
        raise SpotgpuError(f"the cluster has gone: {error}") from error
    return done


def _by_place(
    client: Any, movie: Any, frames: FrameLocator, start: int, chunk: int
) -> Iterator[Any]:
    # A task of its own: sent once to each worker, and there again if a worker is lost.
    job = client.submit(bytes, pickle.dumps((frames, movie)), pure=False)
    for first in range(start, len(movie), chunk):
        stop = min(first + chunk, len(movie))
        yield client.submit(read_and_locate, job, first, stop, pure=False)


def _by_image(
    client: Any, rest: Iterator[Any], frames: FrameLocator, start: int, chunk: int
) -> Iterator[Any]:
    job = client.submit(bytes, pickle.dumps((frames, None)), pure=False)
    numbered = zip(count(start), rest)
    while images := [(frame_number(image, k), image) for k, image in islice(numbered, chunk)]:
        numbers = [number for number, _ in images]
        pixels = [frames.pixels(image, number) for number, image in images]
        yield client.submit(locate_images, job, numbers, pixels, pure=False)
