"""The pixels of a window, as runs of a row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import choice, integer, number, per_axis
from spotgpu.traces._coordinates import ORDERS
from spotgpu.traces._default_window import WINDOWS, get_default_trace_window

__all__ = ["Runs", "ring_of", "window_of"]

#: As `spotgpu.backends.cpu.window_mean` takes a window.
Runs = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

#: More than any side of a frame: what is larger is as this.
FAR = 1e9


def window_of(window: str | None, size: Any, shape: tuple[int, ...], order: str) -> Runs | None:
    """Return the window that the caller names.

    Parameters
    ----------
    window : {'rect', 'disc', 'pixel'}, optional
        As in `spotgpu.traces.extract_traces`.
    size : number or sequence of number
        As in `spotgpu.traces.extract_traces`.
    shape : tuple of int
        Of a frame; what is farther from any pixel than its other end is left out.
    order : {'xy', 'yx'}
        Of the axes in `size`.

    Returns
    -------
    ndarray of int32, shape (R, 4), or None
        Runs; None for the pixel itself.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    window = choice("window", get_default_trace_window() if window is None else window, WINDOWS)
    choice("order", order, ORDERS)

    def side(name: str, value: object) -> float:
        if window == "rect":
            return integer(name, value, at_least=0)
        return number(name, value, at_least=0)

    sides = per_axis("size", size, len(shape), side)[:: 1 if order == "yx" else -1]
    if window == "pixel" or all(s in {0, 1} for s in sides):
        return None
    if window == "rect":
        # One pixel more before the centre than behind it, if the side is even.
        ranges = [
            _near(-(int(s) // 2), int(s) - int(s) // 2, n)
            for s, n in zip((max(s, 1) for s in sides), shape, strict=True)
        ]
        rows = _grid(ranges[:-1])
        return _runs(
            rows, np.full(len(rows), ranges[-1][0]), np.full(len(rows), ranges[-1][-1] + 1)
        )
    sides = tuple(min(max(s, 1), FAR) for s in sides)
    # (2 d / s)^2 summed is at most 1, multiplied by the squares of all s: exact for integers up
    # to some hundreds.
    whole = math.prod(s**2 for s in sides)
    ranges = [_around(s / 2, n) for s, n in zip(sides, shape, strict=True)]
    squares = [(2 * d) ** 2 * (whole / s**2) for d, s in zip(ranges, sides, strict=True)]
    rows = _grid(ranges[:-1])
    half = _half(_summed(squares[:-1]), squares[-1], whole)
    return _runs(rows, 1 - half, half)


def ring_of(background: Any, shape: tuple[int, ...]) -> Runs:
    """Return the ring, or shell, around a position whose mean is the background.

    Parameters
    ----------
    background : pair of number
        Inner and outer radius in pixels: pixels farther away than the first, up to the second.
    shape : tuple of int
        Of a frame; what is farther from any pixel than its other end is left out.

    Returns
    -------
    ndarray of int32, shape (R, 4)
        Runs.

    Raises
    ------
    TypeError, ValueError
        If they are not two numbers, or can have no pixel between them.
    """
    radii = () if isinstance(background, str) or np.ndim(background) != 1 else tuple(background)
    if len(radii) != 2:
        raise ValueError(f"`background` must be two radii (inner, outer), got {background!r}")
    inner, outer = (min(number("background", radius, at_least=0), FAR) for radius in radii)
    ranges = [_around(outer, n) for n in shape]
    squares = [d**2 for d in ranges]
    rows, above = _grid(ranges[:-1]), _summed(squares[:-1])
    hole, half = (_half(above, squares[-1], radius**2) for radius in (inner, outer))
    open_ = hole > 0
    ring = _runs(
        np.concatenate([rows, rows[open_]]),
        np.concatenate([1 - half, hole[open_]]),
        np.concatenate([np.where(open_, 1 - hole, half), half[open_]]),
    )
    if not len(ring):
        raise ValueError(
            "`background` must be two radii (inner, outer) with pixels between them in frames of "
            f"shape {shape}, got {background!r}"
        )
    return ring


def _near(first: int, end: int, n: int) -> Offsets:
    """Return the offsets from `first` to before `end` that lead from one of n pixels to another."""
    return np.arange(max(first, 1 - n), min(end, n))


def _around(radius: float, n: int) -> Offsets:
    """Return the same up to a distance."""
    return _near(-math.floor(radius), math.floor(radius) + 1, n)


def _grid(axes: list[Offsets]) -> Offsets:
    """Return the offsets of the rows in a box, (R, ndim - 1), ascending."""
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def _summed(squares: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return the sum of squares of each row of such a box, (R,)."""
    return np.sum(np.meshgrid(*squares, indexing="ij"), axis=0).ravel()


def _half(above: npt.NDArray[Any], across: npt.NDArray[Any], most: float) -> Offsets:
    """Return how many pixels of each row, from the middle on, have squares of up to `most`."""
    outwards = across[len(across) // 2 :]
    return np.array([np.count_nonzero(row + outwards <= most) for row in above], np.int64)


def _runs(rows: Offsets, first: Offsets, end: Offsets) -> Runs:
    """Return runs of rows, ascending, without those that are empty."""
    z = np.zeros((len(rows), 2 - rows.shape[1]), np.int64)
    runs = np.column_stack([z, rows, first, end])[first < end]
    return runs[np.lexsort(runs.T[2::-1])].astype(np.int32)
