"""`extract_traces`: intensity over time at fixed positions."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.pipeline._stream import length
from spotgpu.traces._coordinates import pixels_of
from spotgpu.traces._means import fixed_means, type_of
from spotgpu.traces._opened import opened
from spotgpu.traces._windows import window_of

__all__ = ["extract_traces"]


def extract_traces(
    video: Any,
    coords: Any,
    size: Any = 5,
    show: bool = False,
    window: str | None = None,
    *,
    order: str = "xy",
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
    **kwargs: Any,
) -> npt.NDArray[Any]:
    """Extract intensity over time at one position or several.

    The movie is gone through once, whatever the number of positions.

    Parameters
    ----------
    video : path, array, sequence or iterable of frames, or Movie
        Anything that `spotgpu.open` takes, of frames (Y, X) or (Z, Y, X).
    coords : array_like, shape (N, ndim) or (ndim,), or DataFrame
        Positions in pixels: (x, y), or (x, y, z), see `spotgpu.traces`; or a table with these
        columns.
    size : number or sequence of number
        Side of a rectangle or diameter of a disc, in pixels; one, or one for each axis in `order`.
        Sides are integers; of an even one, one pixel more is before the position than behind it.
        0 and 1: the pixel itself.
    show : bool
        Whether to plot the traces.
    window : {'rect', 'disc', 'pixel'}, optional
        Which pixels are averaged: a rectangle (in a volume a cuboid), a disc (a ball; with one
        size for each axis an ellipse or ellipsoid), or only the pixel itself. Default: what
        `set_default_trace_window` has set, 'rect' at first.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.
    axes : str, optional
        As in `spotgpu.open`. An array of three axes is TYX by default.
    channel : int or str, optional
        As in `spotgpu.open`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; the numbers are the same.
    **kwargs
        For `spotgpu.traces.show_traces`, where the traces are shown: with `show`, or `ax`. An error
        otherwise.

    Returns
    -------
    ndarray, shape (T, N), or (T,) of one position
        Means over the pixels of the window that are inside the image, NaN if one of them is. Of
        integers they are float64, with numpy's bits if those have up to 32 bits. Of floats they are
        in the movie's type, and added up in float64. Pixels that are not averaged keep their type.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names the position that is outside or not finite.
    SpotgpuError
        If a file cannot be read, or there is no such device.

    Examples
    --------
    >>> video = np.arange(2 * 6 * 8).reshape(2, 6, 8)
    >>> extract_traces(video, (5, 1), size=3)
    array([13., 61.])
    >>> extract_traces(video, [(5, 1), (0, 0)], window="pixel")
    array([[13,  0],
           [61, 48]])
    """
    shown = show or "ax" in kwargs
    if kwargs and not shown:
        raise TypeError(f"`show` must be True, or `ax` given, for {', '.join(kwargs)}")
    with opened(video, axes, channel) as (source, movie):
        pixels, single = pixels_of(coords, movie.frame_shape, order)
        runs = window_of(window, size, movie.frame_shape, order)
        total = length(movie)
        kind = type_of(movie, runs)
        traces = np.empty((total or 0, len(pixels)), kind)
        parts = []
        with closing(fixed_means(source, movie, pixels, [runs], device)) as found:  # type: ignore[type-var]
            done = 0
            for numbers, (means,) in found:
                if total is None:
                    parts.append(means)
                elif len(means) == total:
                    traces = means.astype(kind, copy=False)
                else:
                    traces[done : done + len(numbers)] = means
                done += len(numbers)
        if parts:
            traces = np.concatenate(parts)
    if single:
        traces = traces[:, 0]
    if shown:
        from spotgpu.traces._show import show_traces

        show_traces(traces, **kwargs)
    return traces
