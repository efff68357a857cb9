"""What commands print, and where."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu.pipeline import Progress

__all__ = ["count", "notes_told", "progress", "say", "warn"]


def say(text: str = "") -> None:
    """Print a line of the result.

    Parameters
    ----------
    text : str
        The line.
    """
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a warning, one line.

    Parameters
    ----------
    text : str
        The warning.
    """
    print(f"warning: {text}", file=sys.stderr, flush=True)


@contextmanager
def notes_told() -> Iterator[None]:
    """Print the notes of an error that leaves the block, one line each."""
    try:
        yield
    except BaseException as error:
        for text in getattr(error, "__notes__", ()):
            print(f"note: {text}", file=sys.stderr, flush=True)
        raise


def count(number: int, noun: str) -> str:
    """Return a number of things in words.

    Parameters
    ----------
    number : int
        How many.
    noun : str
        Singular.

    Returns
    -------
    str
        "1 track", "2 tracks".
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def progress(log_json: bool = False) -> Progress:
    """Return what shows the progress on standard error.

    Parameters
    ----------
    log_json : bool
        Whether a program reads it.

    Returns
    -------
    Progress
        Bars for a terminal, lines for a pipe or file.
    """
    from spotgpu.pipeline import Bars, JsonLines, Lines

    stream: Any = sys.stderr
    if log_json:
        return JsonLines(stream)
    return Bars(stream) if stream.isatty() else Lines(stream)
