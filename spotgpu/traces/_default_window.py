"""The window that is taken where none is named."""

from __future__ import annotations

from spotgpu.checks import choice

__all__ = ["WINDOWS", "get_default_trace_window", "set_default_trace_window"]

WINDOWS = ("rect", "disc", "pixel")


class _Default:
    """What was set in this process."""

    window = "rect"


def set_default_trace_window(window: str) -> None:
    """Set the window that functions of this room take where none is named, in this process.

    Parameters
    ----------
    window : {'rect', 'disc', 'pixel'}
        As in `extract_traces`.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    _Default.window = choice("window", window, WINDOWS)


def get_default_trace_window() -> str:
    """Return the window that functions of this room take where none is named.

    Returns
    -------
    {'rect', 'disc', 'pixel'}
        What was set, or 'rect'.
    """
    return _Default.window
