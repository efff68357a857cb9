"""What a run shows while it works."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TextIO

__all__ = ["Advance", "Bars", "JsonLines", "Lines", "Progress", "Silent", "for_terminal", "shares"]

#: Called once for each step done.
Advance = Callable[[], None]
#: Seconds.
MINUTE = 60.0


class Progress(Protocol):
    """Shows stages of work and how far they are."""

    def stage(
        self, name: str, total: int | None = None, clock: Mapping[str, float] | None = None
    ) -> AbstractContextManager[Advance]:
        """Show a stage while a block runs.

        Parameters
        ----------
        name : str
            Name of the stage.
        total : int, optional
            Number of steps, if known.
        clock : mapping of str to float, optional
            Seconds by kind of work until now; it grows.

        Returns
        -------
        context manager
            Its value is to be called for each step done.
        """
        ...

    def note(self, text: str) -> None:
        """Show a sentence that should not wait until the end.

        Parameters
        ----------
        text : str
            The sentence.
        """
        ...


def shares(clock: Mapping[str, float] | None) -> str:
    """Return where the time goes.

    Parameters
    ----------
    clock : mapping of str to float or None
        Seconds by kind of work.

    Returns
    -------
    str
        "compute 83 %, decode 12 %, link 5 %", or nothing.
    """
    whole = sum((clock or {}).values())
    if clock is None or whole <= 0:
        return ""
    ordered = sorted(clock.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {seconds / whole:.0%}" for name, seconds in ordered)


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(
        self,
        name: str,  # noqa: ARG002
        total: int | None = None,  # noqa: ARG002
        clock: Mapping[str, float] | None = None,  # noqa: ARG002
    ) -> Iterator[Advance]:
        """Do nothing.

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
        yield lambda: None

    def note(self, text: str) -> None:
        """Do nothing.

        Parameters
        ----------
        text : str
            A sentence.
        """


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
    def stage(
        self, name: str, total: int | None = None, clock: Mapping[str, float] | None = None
    ) -> Iterator[Advance]:
        """Write the name of the stage, the steps done and the time taken, when it is over.

        A stage of more than a minute is written of once a minute, with what is left.

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
        start, steps, last = time.perf_counter(), 0, time.perf_counter()
        of_total = "" if total is None else f"/{total}"

        def advance() -> None:
            nonlocal steps, last
            steps += 1
            now = time.perf_counter()
            if now - last >= MINUTE:
                last = now
                rate = steps / (now - start)
                left = "" if total is None else f", {(total - steps) / rate / MINUTE:.1f} min left"
                self._print(f"{name} {steps}{of_total}, {rate:.3g} a second{left}{_where(clock)}")

        yield advance
        done = f" {steps}{of_total}" if steps else ""
        where = _where(clock) if steps else ""
        self._print(f"{name}{done} ({time.perf_counter() - start:.2f} s{where})")

    def note(self, text: str) -> None:
        """Write a warning.

        Parameters
        ----------
        text : str
            The sentence.
        """
        self._print(f"warning: {text}")

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _where(clock: Mapping[str, float] | None) -> str:
    told = shares(clock)
    return f"; {told}" if told else ""


class JsonLines:
    """Writes one JSON object a line: for programs that watch.

    Each has ``time`` (seconds since 1970), ``event`` ("begin", "progress", "end", "note") and,
    but for a note's ``text``, ``stage``, ``done``, ``total``, ``seconds``, ``rate`` (steps a
    second), ``seconds_left`` and ``work_s`` (seconds by kind of work).

    Parameters
    ----------
    stream : text file
        Where to.
    every : float
        Seconds between two lines about a stage.
    """

    def __init__(self, stream: TextIO, every: float = 5.0) -> None:
        self._stream, self._every = stream, every

    @contextmanager
    def stage(
        self, name: str, total: int | None = None, clock: Mapping[str, float] | None = None
    ) -> Iterator[Advance]:
        """Write when a stage begins, every few seconds, and when it ends.

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
        start, steps = time.perf_counter(), 0
        last = start

        def tell(event: str) -> None:
            seconds = time.perf_counter() - start
            rate = steps / seconds if seconds > 0 else 0.0
            left = (total - steps) / rate if total is not None and rate > 0 else None
            self._print(
                event=event,
                stage=name,
                done=steps,
                total=total,
                seconds=round(seconds, 3),
                rate=round(rate, 3),
                seconds_left=None if left is None else round(left, 1),
                work_s={kind: round(spent, 3) for kind, spent in (clock or {}).items()},
            )

        def advance() -> None:
            nonlocal steps, last
            steps += 1
            now = time.perf_counter()
            if now - last >= self._every:
                last = now
                tell("progress")

        tell("begin")
        yield advance
        tell("end")

    def note(self, text: str) -> None:
        """Write a warning.

        Parameters
        ----------
        text : str
            The sentence.
        """
        self._print(event="note", text=text)

    def _print(self, **told: object) -> None:
        line = json.dumps({"time": round(time.time(), 3), **told}, ensure_ascii=False)
        print(line, file=self._stream, flush=True)


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
