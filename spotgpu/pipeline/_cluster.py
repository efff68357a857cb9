"""Locating on the workers of a Dask cluster."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._connection import Connection
from spotgpu.pipeline._decoded import one_by_one
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._job import Job
from spotgpu.pipeline._task_size import TaskSize
from spotgpu.pipeline._tasks import locate_images, read_and_locate

__all__ = ["on_cluster"]


def on_cluster(
    client: Any,
    device: str,
    movie: Any,
    frames: FrameLocator,
    start: int,
    total: int | None,
    clock: Clock,
) -> Iterator[Found]:
    """Yield the spots of frames in order, found by the workers of a cluster.

    A movie in files is read by the workers, which must see it under the same path; the frames of
    others are sent to them. What a lost worker was at is given to another one.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    device : {'cpu', 'cuda', 'auto'}
        Where the workers compute.
    movie : Movie
        Opened.
    frames : FrameLocator
        New; computes on the CPU.
    start : int
        Frames at the beginning that are left out.
    total : int or None
        Number of frames, if it is known.
    clock : Clock
        Gets the workers' seconds.

    Yields
    ------
    Found
        Frame number and rows.

    Raises
    ------
    SpotgpuError
        If the workers die again and again, none is left, the cluster goes, or the movie is not
        what they see.
    """
    rest = one_by_one(movie, frames, start, total)
    first = next(rest, None)
    if first is None:
        return
    frames.pixels(first, frame_number(first, start))
    cluster = Connection(client)
    left = None if total is None else total - start
    frames.expect(left, elsewhere=True)
    if movie.file_backed:
        size = TaskSize(left)
        tasks = _by_place(cluster, size, movie, frames, device, start)
    else:
        size = TaskSize(left, frames.frame_bytes)
        tasks = _by_image(cluster, size, chain([first], rest), frames, device, start, clock)
    pending: deque[Any] = deque()
    try:
        while True:
            most = size.under_way(cluster.threads())
            pending.extend(islice(tasks, max(0, most - len(pending))))
            if not pending:
                return
            found, spent = cluster.result(pending.popleft())
            size.took(len(found), sum(spent.values()))
            clock.spent(spent)
            yield from found
    finally:
        cluster.release()


def _by_place(
    cluster: Connection, size: TaskSize, movie: Any, frames: FrameLocator, device: str, start: int
) -> Iterator[Any]:
    # A task of its own: sent once to each worker, and there again if a worker is lost.
    job = cluster.submit(Job, Job.packed(frames, movie, device, elsewhere=True))
    while count := size.next(cluster.threads()):
        yield cluster.submit(read_and_locate, job, start, start + count)
        start += count


def _by_image(
    cluster: Connection,
    size: TaskSize,
    rest: Iterator[Any],
    frames: FrameLocator,
    device: str,
    start: int,
    clock: Clock,
) -> Iterator[Any]:
    job = cluster.submit(Job, Job.packed(frames, None, device, elsewhere=True))
    numbered = zip(itertools.count(start), rest)
    while True:
        taken = islice(numbered, size.next(cluster.threads()))
        with clock.measured("decode"):
            images = [(frame_number(image, k), image) for k, image in taken]
        if not images:
            return
        numbers = [number for number, _ in images]
        pixels = [frames.pixels(image, number) for number, image in images]
        yield cluster.submit(locate_images, job, numbers, pixels)
