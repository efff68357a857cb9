"""What a run shows while it works."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

__all__ = ["Advance", "Bars", "Lines", "Progress", "Silent", "for_terminal"]

#: Called once for each step done.
Advance = Callable[[], None]


class Progress(Protocol):
    """Shows stages of work and how far they are."""

    def stage(self, name: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a stage while a block runs.

        Parameters
        ----------
        name : str
            Name of the stage.
        total : int, optional
            Number of steps, if known.

        Returns
        -------
        context manager
            Its value is to be called for each step done.
        """
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:  # noqa: ARG002
        """Do nothing.

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
        yield lambda: None


class Lines:
    """Writes a plain line when a stage is done.

    Parameters
    ----------
    stream : text file
        Where to; a log, a pipe.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Write the name of the stage, the steps done and the time taken, when it is over.

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
        start, steps = time.perf_counter(), 0

        def advance() -> None:
            nonlocal steps
            steps += 1

        yield advance
        of_total = "" if total is None else f"/{total}"
        done = f" {steps}{of_total}" if steps else ""
        print(f"{name}{done} ({time.perf_counter() - start:.2f} s)", file=self._stream, flush=True)


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

    @contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Draw a bar until the stage is over.

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
        from rich import progress
        from rich.console import Console

        columns = [
            progress.TextColumn("{task.description:<10}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
            progress.TimeRemainingColumn(),
        ]
        console = Console(file=self._stream)
        with progress.Progress(*columns, console=console, transient=self._transient) as bars:
            # A stage without steps is one step that ends with it.
            task = bars.add_task(name, total=total)
            yield lambda: bars.advance(task)
            done = bars.tasks[0].completed or 1
            bars.update(task, completed=done, total=done)


def for_terminal(stream: TextIO | None = None) -> Progress:
    """Return bars if the stream is a terminal, silence if it is not.

    Parameters
    ----------
    stream : text file, optional
        Default: standard error.

    Returns
    -------
    Progress
        `Bars` that go away, or `Silent`.
    """
    stream = sys.stderr if stream is None else stream
    # Standard error is None in a program without a console.
    if stream is not None and stream.isatty():
        return Bars(stream, transient=True)
    return Silent()
