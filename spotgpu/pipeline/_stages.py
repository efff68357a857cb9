"""The stages of a run: shown, and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._progress import Advance, Progress

__all__ = ["Stages"]


class Stages:
    """Shows stages, and keeps how long they took.

    Parameters
    ----------
    progress : Progress
        Where they show.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        #: Seconds by stage, and by kind of work.
        self.timings: dict[str, float] = {}
        self.clock = Clock()
        #: What was noted on the way.
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Show a sentence now, and keep it for the report.

        Parameters
        ----------
        text : str
            The sentence.
        """
        self.notes.append(text)
        self.progress.note(text)

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Show and time a block.

        Parameters
        ----------
        name : str
            Name of the stage.
        total : int, optional
            Number of steps, if known.

        Yields
        ------
        callable
            To be called for each step done.
        """
        start = time.perf_counter()
        with self.progress.stage(name, total, self.clock) as advance:
            yield advance
        self.timings[name] = round(time.perf_counter() - start, 4)
