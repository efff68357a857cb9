"""Checks of arguments: each returns the value in its plain type or raises, naming the argument.

Every message reads "`name` must be X, got Y".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

__all__ = ["choice", "integer", "long_axes", "number", "per_axis"]

T = TypeVar("T")


def _bounds(above: float | None, at_least: float | None, at_most: float | None) -> str:
    parts = []
    if above is not None:
        parts.append(f"> {above:g}")
    if at_least is not None:
        parts.append(f">= {at_least:g}")
    if at_most is not None:
        parts.append(f"<= {at_most:g}")
    return " " + " and ".join(parts) if parts else ""


def _inside(
    value: float, above: float | None, at_least: float | None, at_most: float | None
) -> bool:
    return (
        (above is None or value > above)
        and (at_least is None or value >= at_least)
        and (at_most is None or value <= at_most)
    )


def number(
    name: str,
    value: object,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> float:
    """Return `value` as a float.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the caller passed.
    above, at_least, at_most : float, optional
        Bounds: exclusive lower, inclusive lower, inclusive upper.

    Returns
    -------
    float
        The same number.

    Raises
    ------
    TypeError
        If `value` is not a real number (a bool is not).
    ValueError
        If it is NaN, infinite or out of bounds.
    """
    wanted = f"a finite number{_bounds(above, at_least, at_most)}"
    if isinstance(value, (bool, str, bytes)):
        raise TypeError(f"`{name}` must be {wanted}, got {value!r}")
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(f"`{name}` must be {wanted}, got {value!r}") from None
    if not math.isfinite(result) or not _inside(result, above, at_least, at_most):
        raise ValueError(f"`{name}` must be {wanted}, got {value!r}")
    return result


def integer(
    name: str, value: object, *, at_least: int | None = None, at_most: int | None = None
) -> int:
    """Return `value` as an int.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the caller passed; a float with an integral value (``11.0``) counts.
    at_least, at_most : int, optional
        Inclusive bounds.

    Returns
    -------
    int
        The same number.

    Raises
    ------
    TypeError
        If `value` is not an integer (a bool is not).
    ValueError
        If it is out of bounds.
    """
    wanted = f"an integer{_bounds(None, at_least, at_most)}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        if isinstance(value, bool):
            raise TypeError
        result = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"`{name}` must be {wanted}, got {value!r}") from None
    if not _inside(result, None, at_least, at_most):
        raise ValueError(f"`{name}` must be {wanted}, got {value!r}")
    return result


def choice(name: str, value: T, options: Collection[T]) -> T:
    """Return `value` if it is one of `options`.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the caller passed.
    options : collection
        The values allowed.

    Returns
    -------
    object
        `value` itself.

    Raises
    ------
    ValueError
        If it is not among `options`.
    """
    if value not in options:
        allowed = ", ".join(repr(option) for option in options)
        raise ValueError(f"`{name}` must be one of {allowed}, got {value!r}")
    return value


def per_axis(
    name: str, value: object, ndim: int, check: Callable[[str, object], T]
) -> tuple[T, ...]:
    """Return one checked value per axis.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : scalar or iterable
        One value for all axes, or one for each in image order ([z,] y, x).
    ndim : int
        Number of axes.
    check : callable
        ``check(name, item)`` returns the item in its plain type or raises.

    Returns
    -------
    tuple
        `ndim` items.

    Raises
    ------
    ValueError
        If there are not `ndim` items; and whatever `check` raises.
    """
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        items: list[Any] = list(value)
        if len(items) != ndim:
            raise ValueError(
                f"`{name}` must be one value or {ndim}, one for each axis in image order, "
                f"got {value!r}"
            )
    else:
        items = [value] * ndim
    return tuple(check(name, item) for item in items)


def long_axes(value: Any, shape: tuple[int, ...]) -> Any:
    """Return what is given for each axis of an image, for those longer than 1: others have no say.

    Parameters
    ----------
    value : object
        One value, or one for each axis, or for each axis longer than 1, in image order.
    shape : tuple of int
        Of the image.

    Returns
    -------
    object
        A tuple without the entries of axes of length 1, if there is an entry for each axis;
        `value` itself otherwise. Nothing else is checked.
    """
    if 1 not in shape or isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        return value
    items = tuple(value)
    if len(items) != len(shape):
        return items
    return tuple(item for item, side in zip(items, shape, strict=True) if side > 1)
