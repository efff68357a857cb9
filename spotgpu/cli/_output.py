"""What commands print, and where."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spotgpu.pipeline import Progress

__all__ = ["count", "progress", "say", "warn"]


def say(text: str = "") -> None:
    """Print a line of the result."""
    print(text, flush=True)


def warn(text: str) -> None:
    """Print a warning, one line."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


def count(number: int, noun: str) -> str:
    """Return "1 track", "2 tracks"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def progress() -> Progress:
    """Return bars for a terminal, lines for a pipe or file."""
    from spotgpu.pipeline import Bars, Lines

    stream: Any = sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)
