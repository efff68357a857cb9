"""Locating on CUDA devices: batches of frames go up, tables come down."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy.typing as npt

from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._frames import FrameLocator, frame_number

__all__ = ["on_devices"]


def on_devices(
    images: Iterable[tuple[int, Any]],
    frames: FrameLocator,
    left: int | None,
    devices: list[int] | None = None,
    clock: Clock | None = None,
) -> Iterator[Found]:
    """Yield the spots of frames in order, located on CUDA devices.

    Parameters
    ----------
    images : iterable of tuple of int and frame
        Places in the movie, and the frames.
    frames : FrameLocator
        New.
    left : int or None
        Number of these frames, if it is known.
    devices : list of int, optional
        Numbers of the devices. Default: all that run the kernels.
    clock : Clock, optional
        Gets the seconds of ``upload`` (into pinned memory) and of ``compute`` (waiting for the
        devices).

    Yields
    ------
    Found
        Frame number and rows.
    """
    from spotgpu.backends.cuda.slots import in_order, slots

    clock = Clock() if clock is None else clock
    numbered = (
        (number, frames.checked(image, number))
        for number, image in ((frame_number(image, k), image) for k, image in images)
    )
    first = next(numbered, None)
    if first is None:
        return
    rest = chain([first], numbered)
    pixels = first[1]
    dealt = slots(pixels.shape, pixels.dtype, left, devices)
    if not dealt:
        # One frame at a time, in tiles if need be.
        for number, image in rest:
            yield number, frames.locator.array(image)
        return

    def fill(host: npt.NDArray[Any]) -> list[int]:
        numbers = []
        # `host` comes first: when it is full, no frame has been taken from `rest`.
        for place, (number, image) in zip(host, rest, strict=False):
            with clock.measured("upload"):
                place[...] = image
            numbers.append(number)
        return numbers

    yield from _waited_for(in_order(dealt, fill, frames.locator.arrays), clock)


def _waited_for(found: Iterator[Found], clock: Clock) -> Iterator[Found]:
    """Count the time for results that was not spent on what is counted already."""
    while True:
        begin, counted = time.perf_counter(), sum(clock.values())
        item = next(found, None)
        waited = time.perf_counter() - begin - (sum(clock.values()) - counted)
        clock.spent({"compute": max(waited, 0.0)})
        if item is None:
            return
        yield item
