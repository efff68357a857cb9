"""What a worker does: some frames of a movie."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterable
from typing import Any, TypeAlias

from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number

__all__ = ["Done", "locate_images", "read_and_locate"]

#: What was found, and the seconds that it took by kind of work.
Done: TypeAlias = "tuple[list[Found], dict[str, float]]"

#: The last job of this thread: its movie stays open, and a reader has one reader.
_opened = threading.local()


def read_and_locate(job: bytes, start: int, stop: int) -> Done:
    """Read frames and find their spots.

    Parameters
    ----------
    job : bytes
        A `FrameLocator` and a movie, pickled.
    start, stop : int
        Which frames.

    Returns
    -------
    Done
        Of these frames.
    """
    frames, movie = _job(job)
    clock, found = Clock(), []
    for k in range(start, stop):
        with clock.measured("decode"):
            image = frames.image(movie, k)
        number = frame_number(image, k)
        with clock.measured("compute"):
            found.append((number, frames.rows(image, number)))
    return found, dict(clock)


def locate_images(job: bytes, numbers: list[int], images: Iterable[Any]) -> Done:
    """Find the spots of frames that are in memory.

    Parameters
    ----------
    job : bytes
        A `FrameLocator` and None, pickled.
    numbers : list of int
        Of the frames.
    images : iterable of array_like
        The frames.

    Returns
    -------
    Done
        Of these frames.
    """
    frames, _ = _job(job)
    clock = Clock()
    with clock.measured("compute"):
        found = [
            (number, frames.rows(image, number))
            for number, image in zip(numbers, images, strict=True)
        ]
    return found, dict(clock)


def _job(job: bytes) -> tuple[FrameLocator, Any]:
    if getattr(_opened, "job", None) != job:
        # The bytes come from the process that gives out the tasks.
        _opened.content = pickle.loads(job)  # noqa: S301
        _opened.job = job
    content: tuple[FrameLocator, Any] = _opened.content
    return content
