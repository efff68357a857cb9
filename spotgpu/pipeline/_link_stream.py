"""Linking of spots as they come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu import linking
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found

__all__ = ["Linked", "linked"]


class Linked(NamedTuple):
    """A frame's number, its spots, and the particle that each of them is."""

    number: int
    rows: npt.NDArray[np.float64]
    particle: npt.NDArray[np.int64]


def linked(
    found: Iterable[Found], ndim: int, search_range: Any, memory: int, clock: Clock
) -> Iterator[Linked]:
    """Link the spots of frames that come one after the other, with the links of `link`.

    What is kept is what a particle may still be linked to: the spots of ``memory + 1`` frames.
    It is done on the host, where it takes a small part of the time, beside a device that finds.

    Parameters
    ----------
    found : iterable of Found
        Frames in ascending order; a number that is left out is an empty frame.
    ndim : int
        Axes of the frames; the first columns of the rows are the positions.
    search_range : float or tuple of float
        As in `link`.
    memory : int
        As in `link`.
    clock : Clock
        Gets the seconds.

    Yields
    ------
    Linked
        Each frame.

    Raises
    ------
    ValueError
        If the numbers do not ascend.
    """
    waiting: deque[Found | None] = deque()
    begun = 0.0

    def positions() -> Iterator[npt.NDArray[np.float64]]:
        nonlocal begun
        before: int | None = None
        for number, rows in found:
            begun = time.perf_counter()
            if before is not None and number <= before:
                raise ValueError(
                    "`source` must have frames in ascending order of their `frame_no`, "
                    f"got {number} after {before}"
                )
            # After more empty frames than that nothing is remembered.
            empty = 0 if before is None else min(number - before - 1, memory + 1)
            for _ in range(empty):
                waiting.append(None)
                yield np.empty((0, ndim))
            before = number
            waiting.append((number, rows))
            yield rows[:, :ndim]

    for _, particle in linking.link_iter(positions(), search_range, memory=memory):
        clock.spent({"link": time.perf_counter() - begun})
        begun = time.perf_counter()
        frame = waiting.popleft()
        if frame is not None:
            yield Linked(*frame, particle)
