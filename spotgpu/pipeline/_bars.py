"""Progress as bars on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from spotgpu.pipeline._progress import Advance, shares

__all__ = ["Bars"]


class Bars:
    """Draws a progress bar for each stage on a terminal.

    Parameters
    ----------
    stream : text file
        The terminal.
    transient : bool
        Whether a bar goes away when its stage is over.
    """

    def __init__(self, stream: TextIO, *, transient: bool = False) -> None:
        self._stream = stream
        self._transient = transient
        self._bars: Any = None

    @contextmanager
    def stage(
        self, name: str, total: int | None = None, clock: Mapping[str, float] | None = None
    ) -> Iterator[Advance]:
        """Draw a bar until the stage is over.

        Parameters
        ----------
        name : str
            Name of the stage.
        total : int, optional
            Number of steps, if known.
        clock : mapping of str to float, optional
            Seconds by kind of work until now; it grows.

        Yields
        ------
        callable
            To be called for each step done.
        """
        from rich import progress
        from rich.console import Console
        from rich.text import Text

        class Rate(progress.ProgressColumn):
            def render(self, task: progress.Task) -> Text:
                speed = task.finished_speed or task.speed
                return Text(f"{speed:.3g}/s" if speed else "", style="progress.data.speed")

        class Where(progress.ProgressColumn):
            def render(self, task: progress.Task) -> Text:  # noqa: ARG002
                return Text(shares(clock), style="dim")

        columns = [
            progress.TextColumn("{task.description:<10}"),
            progress.BarColumn(bar_width=24),
            progress.MofNCompleteColumn(),
            Rate(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
            *([] if total is None else [Where()]),
        ]
        console = Console(file=self._stream)
        with progress.Progress(*columns, console=console, transient=self._transient) as bars:
            # A stage without steps is one step that ends with it.
            task = bars.add_task(name, total=total)
            self._bars = bars
            try:
                yield lambda: bars.advance(task)
            finally:
                self._bars = None
            done = bars.tasks[0].completed or 1
            bars.update(task, completed=done, total=done)

    def note(self, text: str) -> None:
        """Write a warning above the bar.

        Parameters
        ----------
        text : str
            The sentence.
        """
        if self._bars is None:
            print(f"warning: {text}", file=self._stream, flush=True)
        else:
            self._bars.console.print(f"warning: {text}", markup=False, highlight=False)
