"""Errors that are not the caller's mistake."""

from __future__ import annotations

__all__ = ["SpotgpuError"]


class SpotgpuError(Exception):
    """The environment failed: a file is corrupt, a disk full, a device or a library absent.

    The message says what happened and what to do. A caller's mistake is a `TypeError` or a
    `ValueError` instead.
    """
