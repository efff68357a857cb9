"""Trackpy's switches for what it prints. Nothing is printed here, so there is nothing to switch."""

from __future__ import annotations

__all__ = ["handle_logging", "ignore_logging", "quiet"]


def quiet(suppress: bool = True) -> None:
    """Accept the call.

    Parameters
    ----------
    suppress : bool
        Without effect.
    """


def handle_logging() -> None:
    """Accept the call."""


def ignore_logging() -> None:
    """Accept the call."""
