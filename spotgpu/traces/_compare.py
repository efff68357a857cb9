"""Traces of several videos at the same positions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.checks import choice
from spotgpu.io import Movie
from spotgpu.traces._clicks import Clicks
from spotgpu.traces._coordinates import ORDERS, pixels_of
from spotgpu.traces._extract import extract_traces
from spotgpu.traces._figure import clickable_figure, new_figure, show_figure, wait_until_closed
from spotgpu.traces._opened import opened
from spotgpu.traces._select import draw_reference, reference_of, warn_open
from spotgpu.traces._show import one_for_each, set_limits, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["compare_traces"]


def compare_traces(
    videos: Sequence[Any],
    coords: Any = None,
    labels: Sequence[str] | None = None,
    colors: Sequence[Any] | None = None,
    size: Any = 5,
    ref_frame: int = 0,
    fps: float | None = None,
    x: npt.ArrayLike | None = None,
    *,
    window: str | None = None,
    order: str = "xy",
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
) -> list[Axes]:
    """Plot the traces of several videos at the same positions, in a figure of pyplot.

    Without `coords`, a window opens with a frame of the first video: the traces are those at the
    last position that was clicked on, and closing the window ends it.

    Parameters
    ----------
    videos : sequence of path, array, sequence of frames or Movie
        What `spotgpu.open` takes, but not iterators. They may differ in length: a line ends with
        its video.
    coords : array_like, shape (N, ndim) or (ndim,), or DataFrame, optional
        Positions in pixels, see `spotgpu.traces`.
    labels : sequence of str, optional
        Names of the videos in a legend. Default: no legend.
    colors : sequence of color, optional
        Of the videos. Default: matplotlib's in turn.
    size : number or sequence of number
        Of the window that is averaged, see `extract_traces`.
    ref_frame : int
        Number of the frame shown if there are no `coords`.
    fps : float, optional
        Frames per second: the horizontal axis shows seconds. Not together with `x`.
    x : array_like, shape (T,), optional
        What the horizontal axis shows, for the longest video. Default: the number of the frame.
    window : {'rect', 'disc', 'pixel'}, optional
        As in `extract_traces`.
    order : {'xy', 'yx'}
        Of the components of a position.
    axes : str, optional
        As in `extract_traces`.
    channel : int or str, optional
        As in `extract_traces`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.

    Returns
    -------
    list of matplotlib.axes.Axes
        Axes of the traces, one for each position, which is its title; one where positions are
        clicked on.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    SpotgpuError
        If a video cannot be read, matplotlib is not installed, or has no window to click on.

    Examples
    --------
    >>> compare_traces([raw, filtered], [(10, 20), (30, 40)], fps=500)  # doctest: +SKIP
    """
    choice("order", order, ORDERS)
    several = _several(videos)
    opening = {"axes": axes, "channel": channel}
    options = {"size": size, "window": window, "order": order, "device": device}
    at, label = time_axis(max(_length(video, **opening) for video in several), x, fps)
    names = one_for_each("labels", labels, len(several))
    colours = one_for_each("colors", colors, len(several))
    compared = _Compared(several, names, colours, at, label, options, opening)
    if coords is None:
        figure, ax = _clickable(compared, ref_frame, order)
        if not wait_until_closed(figure):
            warn_open("the axes that are returned go on changing with the clicks")
        return [ax]
    with opened(several[0], axes, channel) as (_, first):
        pixels, _ = pixels_of(coords, first.frame_shape, order)
    if len(pixels) == 0:
        raise ValueError(
            "`coords` must have at least one position; None opens a window to click on"
        )
    return _plotted(compared, pixels if order == "yx" else pixels[:, ::-1])


class _Compared(NamedTuple):
    """Videos, how their lines look, and how traces are extracted."""

    videos: Sequence[Any]
    names: Sequence[str | None]
    colours: Sequence[Any]
    at: npt.NDArray[Any]
    label: str
    options: Mapping[str, Any]
    opening: Mapping[str, Any]

    def traces(self, positions: Any) -> list[npt.NDArray[Any]]:
        """Return an array (T, N) for each video."""
        options = {**self.options, **self.opening}
        return [extract_traces(video, positions, **options) for video in self.videos]

    def draw(self, ax: Axes, traces: Iterable[npt.NDArray[Any]], title: str) -> None:
        """Draw one trace of each video."""
        for trace, colour, name in zip(traces, self.colours, self.names, strict=True):
            ax.plot(self.at[: len(trace)], trace, color=colour, label=name)
        set_limits(ax, self.at)
        ax.set_title(title, fontsize="medium")
        ax.set_ylabel("Intensity")


def _plotted(compared: _Compared, positions: npt.NDArray[np.int64]) -> list[Axes]:
    """Draw a row of axes for each position."""
    traces = compared.traces(positions)
    n = len(positions)
    with new_figure(figsize=(5, max(2.5 * n, 3))) as figure:
        rows: list[Axes] = figure.subplots(n, sharex=True, squeeze=False)[:, 0].tolist()
        for number, ax in enumerate(rows):
            title = f"({', '.join(map(str, positions[number].tolist()))})"
            compared.draw(ax, [several[:, number] for several in traces], title)
        rows[-1].set_xlabel(compared.label)
        if named := [name for name in compared.names if name is not None]:
            figure.legend(rows[0].lines, named, loc="outside upper center", ncols=len(named))
    show_figure()
    return rows


def _clickable(compared: _Compared, ref_frame: int, order: str) -> tuple[Figure, Axes]:
    """Return axes that show the traces where the first video is clicked on, and their figure."""
    frame, _ = reference_of("videos[0]", compared.videos[0], ref_frame, **compared.opening)
    extract_traces(frame[None], [], **compared.options)
    with clickable_figure(figsize=(11, 5)) as figure:
        left, right = figure.subplots(1, 2)
        draw_reference(left, frame)

    def draw() -> None:
        right.clear()
        right.set_xlabel(compared.label)
        for position in clicks.positions:
            traces = [trace[:, 0] for trace in compared.traces([position])]
            compared.draw(right, traces, str(position))
            if any(name is not None for name in compared.names):
                right.legend(loc="upper right")

    clicks = Clicks(left, frame.shape, order=order, single=True, changed=draw)
    draw()
    return figure, right


def _several(videos: Sequence[Any]) -> Sequence[Any]:
    """Return `videos` if there are some, and not just one."""
    one = isinstance(videos, (str, os.PathLike, Movie)) or getattr(videos, "ndim", 4) < 4
    if one or not hasattr(videos, "__len__"):
        raise TypeError(f"`videos` must be a list of videos, got {type(videos).__name__}")
    if len(videos) == 0:
        raise ValueError("`videos` must have at least one video, got none")
    return videos


def _length(video: Any, **opening: Any) -> int:
    """Return the number of frames."""
    with opened(video, **opening) as (_, movie):
        return len(movie)
