"""`trace_table`: traces at fixed positions as a table, without their background."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import io
from spotgpu.pipeline._calibration import Calibration
from spotgpu.traces._coordinates import pixels_of
from spotgpu.traces._means import fixed_means
from spotgpu.traces._opened import opened
from spotgpu.traces._windows import ring_of, window_of

__all__ = ["Wanted", "rows_of", "trace_table"]


@dataclass(frozen=True)
class Wanted:
    """What is measured at each position, as the caller named it."""

    size: Any = 5
    window: str | None = None
    background: Any = None
    order: str = "xy"
    device: str = "cpu"

    def windows(self, shape: tuple[int, ...]) -> list[Any]:
        """Return the windows: one, or two with that of the background.

        Parameters
        ----------
        shape : tuple of int
            Of a frame.

        Returns
        -------
        list of ndarray or None
            As `spotgpu.traces._windows.window_of` returns them.
        """
        windows: list[Any] = [window_of(self.window, self.size, shape, self.order)]
        if self.background is not None:
            windows.append(ring_of(self.background, shape))
        return windows


def trace_table(
    video: Any,
    positions: Any,
    size: Any = 5,
    window: str | None = None,
    *,
    background: Any = None,
    order: str = "xy",
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """Return intensity over time at fixed positions, as a table of frames by positions.

    Parameters
    ----------
    video : path, array, sequence or iterable of frames, or Movie
        As in `extract_traces`.
    positions : array_like, shape (N, ndim), or DataFrame
        As in `extract_traces`. A table may have a column ``id``, which names the traces.
    size : number or sequence of number
        As in `extract_traces`.
    window : {'rect', 'disc', 'pixel'}, optional
        As in `extract_traces`.
    background : pair of number, optional
        Inner and outer radius of a ring (in a volume: a shell) around each position, in pixels.
        The mean of its pixels in the same frame is subtracted; those outside the image are left
        out.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.
    axes : str, optional
        As in `extract_traces`.
    channel : int or str, optional
        As in `extract_traces`.
    device : {'cpu', 'cuda', 'auto'}
        As in `extract_traces`.

    Returns
    -------
    DataFrame
        Indexed by ``frame``; a column for each position, bearing its ``id``, or its number from
        0. ``attrs`` has pixel size and frame interval where the source knows them.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or an ``id`` is there twice.
    SpotgpuError
        If a file cannot be read, or there is no such device.

    Examples
    --------
    >>> video = np.full((3, 9, 9), 10)
    >>> video[1:, 4, 4] += 90
    >>> trace_table(video, [(4, 4)], size=3, background=(2, 4))[0].tolist()
    [0.0, 10.0, 10.0]
    """
    wanted = Wanted(size, window, background, order, device)
    with opened(video, axes, channel) as (source, movie):
        names, rows = rows_of(source, movie, positions, wanted)
        with closing(rows):  # type: ignore[type-var]
            parts = list(rows)
        attrs = Calibration.of(len(movie.frame_shape), None, None, movie).attrs()
    numbers = np.concatenate([numbers for numbers, _ in parts])
    values = np.concatenate([means for _, means in parts])
    table = pd.DataFrame(values, pd.Index(numbers, name="frame"), names)
    table.attrs.update(attrs)
    return table


def rows_of(
    video: Any, movie: io.Movie, positions: Any, wanted: Wanted
) -> tuple[pd.Index, Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[Any]]]]:
    """Return the names of the traces, and what yields them some frames after the other.

    Parameters
    ----------
    video : object
        What the caller passed.
    movie : Movie
        The same, opened.
    positions : array_like or DataFrame
        As in `trace_table`.
    wanted : Wanted
        What is measured.

    Returns
    -------
    Index
        One name a trace.
    iterator of tuple of ndarray of int64, shape (B,), and ndarray, shape (B, N)
        Numbers of frames, and the traces there.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    pixels, _ = pixels_of(positions, movie.frame_shape, wanted.order, "positions")
    windows = wanted.windows(movie.frame_shape)
    names = _names(positions, len(pixels))
    means = fixed_means(video, movie, pixels, windows, wanted.device)
    return names, ((numbers, _without_background(*found)) for numbers, found in means)


def _without_background(
    means: npt.NDArray[Any], background: npt.NDArray[Any] | None = None
) -> npt.NDArray[Any]:
    return means if background is None else means - background


def _names(positions: Any, n: int) -> pd.Index:
    if not isinstance(positions, pd.DataFrame):
        return pd.RangeIndex(n)
    moving = [column for column in ("frame", "particle") if column in positions]
    if moving:
        raise ValueError(
            f"`positions` must be fixed, got a table with {' and '.join(moving)}: "
            "traces along trajectories are made of `tracks`"
        )
    if "id" not in positions:
        return pd.RangeIndex(n)
    names = pd.Index(positions["id"]).rename(None)
    if names.hasnans or not names.is_unique:
        raise ValueError("`positions` must have an id once, got some twice, or without")
    return names
