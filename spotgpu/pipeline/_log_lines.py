"""Progress as lines of text, for people and for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from spotgpu.pipeline._progress import Advance, shares

__all__ = ["JsonLines", "Lines"]

#: Seconds.
MINUTE = 60.0


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
        pace, of_total = _Pace(), "" if total is None else f"/{total}"

        def advance() -> None:
            pace.steps += 1
            if pace.since >= MINUTE:
                rate, left = pace.rate(), ""
                if total is not None:
                    left = f", {(total - pace.steps) / rate / MINUTE:.1f} min left"
                done = f"{name} {pace.steps}{of_total}"
                self._print(f"{done}, {rate:.3g} a second{left}{_where(clock)}")

        yield advance
        done = f" {pace.steps}{of_total}" if pace.steps else ""
        where = _where(clock) if pace.steps else ""
        self._print(f"{name}{done} ({pace.seconds:.2f} s{where})")

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
        pace = _Pace()

        def tell(event: str) -> None:
            seconds = pace.seconds
            # In the end, of the whole stage.
            rate = pace.rate() if event == "progress" else pace.steps / max(seconds, 1e-9)
            left = (total - pace.steps) / rate if total is not None and rate > 0 else None
            self._print(
                event=event,
                stage=name,
                done=pace.steps,
                total=total,
                seconds=round(seconds, 3),
                rate=round(rate, 3),
                seconds_left=None if left is None else round(left, 1),
                work_s={kind: round(spent, 3) for kind, spent in (clock or {}).items()},
            )

        def advance() -> None:
            pace.steps += 1
            if pace.since >= self._every:
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


class _Pace:
    """Steps, and how fast they come: lately, as those kept by an earlier run come at once."""

    def __init__(self) -> None:
        self.steps = self._told = 0
        self._start = self._last = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start

    @property
    def since(self) -> float:
        return time.perf_counter() - self._last

    def rate(self) -> float:
        """Return the steps a second since it was last asked for."""
        now, steps = time.perf_counter(), self.steps
        rate = (steps - self._told) / (now - self._last) if now > self._last else 0.0
        self._last, self._told = now, steps
        return rate


def _where(clock: Mapping[str, float] | None) -> str:
    told = shares(clock)
    return f"; {told}" if told else ""
