"""What a run shows while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

__all__ = ["Advance", "Progress", "Silent", "for_terminal", "shares"]

#: Called once for each step done.
Advance = Callable[[], None]


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
    from spotgpu.pipeline._bars import Bars

    stream = sys.stderr if stream is None else stream
    # Standard error is None in a program without a console.
    if stream is not None and stream.isatty():
        return Bars(stream, transient=True)
    return Silent()
