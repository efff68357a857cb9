"""Frames in, spots out, in order: in this process or in others."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sized
from typing import Any

from spotgpu.checks import integer
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._cluster import on_cluster
from spotgpu.pipeline._decoded import ahead, one_by_one
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number
from spotgpu.pipeline._on_devices import on_devices
from spotgpu.pipeline._plan import Plan, planned
from spotgpu.pipeline._shared_frames import slots_that_fit
from spotgpu.pipeline._workers import from_file, through_memory

__all__ = ["checked_processes", "length", "locate_frames"]

#: Seconds for which "auto" watches the first frames, and how many frames at most.
WATCH, WATCH_FRAMES = 0.3, 8


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
    With `processes` None up to eight frames are (0.3 s); then processes take the rest if `planned`
    says that it pays. If not, a thread decodes ahead.

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
    work = _Work(movie, frames, start, clock)
    if not on_cpu:
        yield from work.on_device()
        return
    watched = 1 if processes else WATCH_FRAMES
    while processes != 1 and work.done < watched and work.seconds < WATCH:
        found = work.next_one()
        if found is None:
            return
        yield found
    plan = planned(work.left, work.seconds / max(work.done, 1), processes)
    if plan.workers == 1:
        yield from work.alone()
    else:
        yield from work.in_processes(plan, asked=processes is not None)


class _Work:
    """The frames that are left to do, and the ways to do them."""

    def __init__(self, movie: Any, frames: FrameLocator, start: int, clock: Clock) -> None:
        self._movie, self._frames, self._clock = movie, frames, clock
        self._total = length(movie)
        self._rest = one_by_one(movie, frames, start, self._total)
        self._place, self._shown = start, False
        # Whether others can read the frames, and whether these are read as a whole.
        self._in_files, self._whole = movie.file_backed, frames.whole(movie)
        #: Frames that were located by `next_one`, and the seconds that it took.
        self.done, self.seconds = 0, 0.0

    @property
    def left(self) -> int | None:
        return None if self._total is None else self._total - self._place

    def next_one(self) -> Found | None:
        """Locate a frame in this process."""
        begin = time.perf_counter()
        with self._clock.measured("decode"):
            image = next(self._rest, None)
        if image is None:
            return None
        self.seconds += time.perf_counter() - begin
        self._show(image)
        begin = time.perf_counter()
        found = self._located(self._place, image)
        self.seconds += time.perf_counter() - begin
        self._place, self.done = self._place + 1, self.done + 1
        return found

    def on_device(self) -> Iterator[Found]:
        """Go through batches on the device; what is too large for that, frame by frame."""
        if not self._whole:
            yield from self.alone()
            return
        with ahead(self._decodable, self._place, self._clock) as images:
            yield from on_devices(images, self._frames, self.left, clock=self._clock)

    def alone(self) -> Iterator[Found]:
        """Go on in this process; a thread decodes ahead."""
        with ahead(self._decodable, self._place, self._clock, threads=1) as images:
            for k, image in images:
                self._show(image)
                yield self._located(k, image)

    def in_processes(self, plan: Plan, *, asked: bool) -> Iterator[Found]:
        """Go on in processes, which read the files themselves or get frames through memory."""
        workers, task = plan.workers, plan.task
        if self._in_files:
            yield from from_file(self._movie, self._frames, self._place, workers, task, self._clock)
            return
        slots = _slots(self._frames, workers, task, asked) if self._whole else 0
        if slots == 0:
            yield from self.alone()
            return
        task = min(task, max(1, slots // (2 * workers)))
        places = min(2 * workers, slots // task)
        yield from through_memory(
            self._rest, self._frames, self._place, workers, task, places, self._clock
        )

    @property
    def _decodable(self) -> Any:
        return self._movie if self._in_files and self._whole else self._rest

    def _show(self, image: Any) -> None:
        """Let the detector see a first frame, and know how much there is to do."""
        if not self._shown:
            self._shown = True
            self._frames.pixels(image, frame_number(image, self._place))
            self._frames.expect(self.left)

    def _located(self, k: int, image: Any) -> Found:
        number = frame_number(image, k)
        with self._clock.measured("compute"):
            return number, self._frames.rows(image, number)


def _slots(frames: FrameLocator, workers: int, task: int, asked: bool) -> int:
    """Return how many frames may lie in shared memory, or 0 to do without it."""
    fitting = slots_that_fit(frames.frame_bytes, 2 * workers * task)
    # One frame a worker is the least that lets all of them work.
    if fitting >= workers:
        return fitting
    if not asked:
        return 0
    raise SpotgpuError(
        f"shared memory has no room for {workers} frames of {frames.frame_bytes / 2**20:.0f} MB: "
        "use processes=1, or a file that the workers read themselves"
    )
