"""How the values of options are read."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["NumberOrName", "PerAxis", "Workers", "channel", "per_axis", "workers"]


class PerAxis:
    """One number, or one for each axis in image order."""


class NumberOrName:
    """Of a channel."""


class Workers:
    """A number of processes, or "auto"."""


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def per_axis(text: str) -> Any:
    """Return the number in "11", or the tuple of those in "7,11,11".

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    number or tuple of numbers
        Its value.

    Raises
    ------
    BadParameter
        If it is something else.
    """
    try:
        values = tuple(_number(part) for part in str(text).split(","))
    except ValueError:
        raise typer.BadParameter(
            f"must be a number, or one for each axis such as 7,11,11, got {text!r}"
        ) from None
    return values[0] if len(values) == 1 else values


def workers(text: str) -> Any:
    """Return the number in "4", or "auto".

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    int or str
        Its value.

    Raises
    ------
    BadParameter
        If it is something else.
    """
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) < 1:
        raise typer.BadParameter(f"must be an integer >= 1 or auto, got {text!r}")
    return int(text)


def channel(text: str) -> int | str:
    """Return the number in "1", or the name.

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    int or str
        Its value.
    """
    return int(text) if text.isdecimal() else text
