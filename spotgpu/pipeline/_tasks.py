"""What a worker does: some frames of a movie."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, TypeAlias

from spotgpu import io
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._decoded import ahead
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._job import Job
from spotgpu.pipeline._on_devices import on_devices

__all__ = ["Done", "aligned", "in_order", "locate_images", "read_and_locate"]

#: What was found, and the seconds that it took by kind of work.
Done: TypeAlias = "tuple[list[Found], dict[str, float]]"

#: The last job of this thread that came as bytes: they come with every task.
_last = threading.local()
#: A device computes for one thread at a time: all of its memory is counted on.
_device = threading.Lock()
#: The first device that a process sees: workers that share a machine see another one first each.
OWN_DEVICE = 0


class _Future(Protocol):
    def result(self) -> Done: ...


def aligned(start: int, stop: int, many: int, movie: Any) -> Iterator[tuple[int, int]]:
    """Yield which frames are a task, so that what is decoded together stays together.

    Parameters
    ----------
    start, stop : int
        The first frame, and the one after the last.
    many : int
        Frames of a task; more where a chunk has more.
    movie : Movie
        Whose frames they are.

    Yields
    ------
    tuple of int
        The first frame of a task, and the one after its last.
    """
    chunk = io.frames_per_chunk(movie)
    many = -(-many // chunk) * chunk
    while start < stop:
        end = min(start - start % many + many, stop)
        yield start, end
        start = end


def in_order(tasks: Iterator[_Future], in_flight: int, clock: Clock) -> Iterator[Found]:
    """Yield what tasks find, in their order.

    Parameters
    ----------
    tasks : iterator of Future
        Submits a task when it is asked for one.
    in_flight : int
        Tasks that are under way at once: the result of one is taken before another is submitted.
    clock : Clock
        Gets their seconds.

    Yields
    ------
    Found
        Frame number and rows.
    """
    pending: deque[_Future] = deque()
    while True:
        pending.extend(islice(tasks, in_flight - len(pending)))
        if not pending:
            return
        found, seconds = pending.popleft().result()
        clock.spent(seconds)
        yield from found


def read_and_locate(job: Job | bytes, start: int, stop: int) -> Done:
    """Read frames and find their spots.

    Parameters
    ----------
    job : Job or bytes
        Or what it is made of.
    start, stop : int
        Which frames.

    Returns
    -------
    Done
        Of these frames.
    """
    frames, movie = _job(job).opened()
    clock = Clock()
    if frames.locator.device != "cpu":
        whole = frames.whole(movie)
        source = movie[:stop] if whole else _one_by_one(movie, frames, start, stop)
        with ahead(source, start, Clock()) as images:
            return _on_device(frames, images, stop - start, clock)
    found: list[Found] = []
    for k in range(start, stop):
        with clock.measured("decode"):
            image = frames.image(movie, k)
        number = frame_number(image, k)
        with clock.measured("compute"):
            found.append((number, frames.rows(image, number)))
    return found, dict(clock)


def locate_images(job: Job | bytes, numbers: list[int], images: Iterable[Any]) -> Done:
    """Find the spots of frames that are in memory.

    Parameters
    ----------
    job : Job or bytes
        Or what it is made of; without a movie.
    numbers : list of int
        Of the frames.
    images : iterable of array_like
        The frames.

    Returns
    -------
    Done
        Of these frames.
    """
    frames, _ = _job(job).opened()
    clock = Clock()
    numbered = zip(numbers, images, strict=True)
    if frames.locator.device != "cpu":
        return _on_device(frames, numbered, len(numbers), clock)
    with clock.measured("compute"):
        found = [(number, frames.rows(image, number)) for number, image in numbered]
    return found, dict(clock)


def _on_device(
    frames: FrameLocator, images: Iterable[tuple[int, Any]], count: int, clock: Clock
) -> Done:
    with _device:
        begin = time.perf_counter()
        found = list(on_devices(_awaited(iter(images), clock), frames, count, [OWN_DEVICE]))
        seconds = time.perf_counter() - begin
    clock.spent({"compute": seconds - clock["decode"]})
    return found, dict(clock)


def _awaited(images: Iterator[tuple[int, Any]], clock: Clock) -> Iterator[tuple[int, Any]]:
    # Frames that were decoded before they were needed cost the device no time.
    while True:
        with clock.measured("decode"):
            image = next(images, None)
        if image is None:
            return
        yield image


def _one_by_one(movie: Any, frames: FrameLocator, start: int, stop: int) -> Iterator[Any]:
    for k in range(start, stop):
        yield frames.image(movie, k)


def _job(job: Job | bytes) -> Job:
    if isinstance(job, Job):
        return job
    last: Job | None = getattr(_last, "job", None)
    if last is None or last.content != job:
        last = _last.job = Job(job)
    return last
