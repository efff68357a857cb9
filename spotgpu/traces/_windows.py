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
    sides = tuple(max(s, 1) for s in sides)
    if window == "rect":
        # One pixel more before the centre than behind it, if the side is even.
        box = _grid([(-(int(s) // 2), int(s) - int(s) // 2) for s in sides], shape)
        return _runs(box)
    box = _grid([(-math.floor(s / 2), math.floor(s / 2) + 1) for s in sides], shape)
    # (2 d / s)^2 summed is at most 1, multiplied by the squares of all s: exact for integers up
    # to some hundreds.
    whole = math.prod(s**2 for s in sides)
    squares = sum((2 * d) ** 2 * (whole / s**2) for d, s in zip(box.T, sides, strict=True))
    return _runs(box[squares <= whole])


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
    inner, outer = (number("background", radius, at_least=0) for radius in radii)
    reach = math.floor(outer)
    box = _grid([(-reach, reach + 1)] * len(shape), shape)
    squares = (box**2).sum(axis=1)
    ring = box[(squares > inner**2) & (squares <= outer**2)]
    if not len(ring):
        raise ValueError(
            "`background` must be two radii (inner, outer) with pixels between them in frames of "
            f"shape {shape}, got {background!r}"
        )
    return _runs(ring)


def _grid(ranges: list[tuple[int, int]], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return all offsets in a box, (P, ndim), ascending."""
    sides = [
        np.arange(max(first, 1 - n), min(end, n))
        for (first, end), n in zip(ranges, shape, strict=True)
    ]
    axes = np.meshgrid(*sides, indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1)


def _runs(offsets: npt.NDArray[np.int64]) -> Runs:
    """Return ascending offsets as runs side by side in a row."""
    z = np.zeros((len(offsets), 3 - offsets.shape[1]), np.int64)
    places = np.concatenate([z, offsets], axis=1)
    follows = (np.diff(places, axis=0) == (0, 0, 1)).all(axis=1)
    first = np.flatnonzero(np.append(True, ~follows))
    last = np.append(first[1:], len(places)) - 1
    return np.column_stack([places[first], places[last, 2] + 1]).astype(np.int32)
