"""Traces and positions, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import number
from spotgpu.plot._axes import MANY, flat, rows_down, show_image
from spotgpu.traces._figure import drawn_on
from spotgpu.traces._points import points_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["one_for_each", "set_limits", "show_positions", "show_trace", "show_traces", "time_axis"]


def show_traces(
    traces: npt.ArrayLike,
    x: npt.ArrayLike | None = None,
    fps: float | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    """Plot traces over time.

    Parameters
    ----------
    traces : array_like of real numbers, shape (T,) or (T, N)
        One trace, or one a column.
    x : array_like, shape (T,), optional
        What the horizontal axis shows, without a label. Default: the number of the frame.
    fps : float, optional
        Frames per second: the horizontal axis shows seconds. Not together with `x`.
    colors : sequence of color, length N, optional
        Default: matplotlib's in turn.
    labels : sequence of str, length N, optional
        Names in a legend. Default: no legend.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure of pyplot, which is shown.
    **kwargs
        For ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If shapes or lengths do not fit, or `x` and `fps` are given.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> show_traces(traces, fps=500, labels=["left", "right"])  # doctest: +SKIP
    """
    values = np.asarray(traces)
    if values.dtype.kind not in "buif":
        raise TypeError(f"`traces` must be an array of real numbers, got {values.dtype}")
    if values.ndim not in {1, 2} or len(values) == 0:
        raise ValueError(f"`traces` must be of shape (T,) or (T, N), got {values.shape}")
    values = values.reshape(len(values), -1)
    n = values.shape[1]
    at, label = time_axis(len(values), x, fps)
    colours, names = one_for_each("colors", colors, n), one_for_each("labels", labels, n)
    with drawn_on(ax) as ax:
        for trace, colour, name in zip(values.T, colours, names, strict=True):
            ax.plot(at, trace, **({"color": colour, "label": name} | kwargs))
        set_limits(ax, at)
        ax.set_xlabel(label)
        ax.set_ylabel("Intensity")
        if labels is not None and n:
            # The best place is looked for among all points, with a warning where this takes long.
            ax.legend(loc="best" if values.size < MANY else "upper right")
    return ax


def show_trace(*args: Any, **kwargs: Any) -> Axes:
    """Plot traces over time: another name of `show_traces`.

    Parameters
    ----------
    *args, **kwargs
        For `show_traces`.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.
    """
    return show_traces(*args, **kwargs)


def show_positions(
    positions: Any,
    image: npt.ArrayLike | None = None,
    size: Any = None,
    color: Any = None,
    cmap: Any = "gray",
    vmin: float | None = None,
    vmax: float | None = None,
    ax: Any = None,
    *,
    order: str = "xy",
    **kwargs: Any,
) -> Axes:
    """Draw positions, and an image below them.

    Parameters
    ----------
    positions : array_like, shape (N, 2) or (2,), or DataFrame
        Positions in pixels, see `spotgpu.traces`.
    image : array_like, shape (Y, X) or (Y, X, 3 or 4), optional
        Grey levels or colours.
    size : float or array_like, shape (N,), optional
        Area of the marks in points squared, as ``s`` of ``Axes.scatter``.
    color : color or sequence of color, length N, optional
        Default: matplotlib's in turn, so that a position and its trace in `show_traces` have the
        same.
    cmap : str or matplotlib.colors.Colormap
        Of the image.
    vmin, vmax : float, optional
        Grey levels shown with the first and the last colour of `cmap`. Default: the least and the
        largest.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure of pyplot, which is shown.
    order : {'xy', 'yx'}
        Of the components of a position.
    **kwargs
        For ``Axes.scatter``.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on, in pixels, y pointing down.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If shapes or lengths do not fit, or a position is not finite.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> show_positions(positions, video[0])  # doctest: +SKIP
    """
    points = points_of("positions", positions, order)
    n = len(points)
    if size is not None and np.shape(size) not in {(), (n,)}:
        raise ValueError(f"`size` must be a number or {n}, one for each position, got {size!r}")
    pixels = None if image is None else flat("image", image, ("x", "y"), colour=True)
    with drawn_on(ax) as ax:
        if pixels is not None:
            show_image(ax, pixels, (1, 1), {"cmap": cmap, "vmin": vmin, "vmax": vmax})
        look = {"s": size} if "c" in kwargs else {"s": size, "color": _colours(color, n)}
        ax.scatter(points[:, 0], points[:, 1], **(look | kwargs))
        ax.set_aspect("equal")
        rows_down(ax)
        ax.set_xlabel("x (px)")
        ax.set_ylabel("y (px)")
    return ax


def _colours(color: Any, n: int) -> Any:
    """Return one colour, or one for each of `n` positions."""
    from matplotlib.colors import is_color_like

    if color is None:
        return [f"C{i}" for i in range(n)]
    if is_color_like(color):
        return color
    if isinstance(color, str) or not hasattr(color, "__len__"):
        raise TypeError(f"`color` must be a color or a sequence of colors, got {color!r}")
    if len(color) != n:
        raise ValueError(f"`color` must be {n}, one for each position, got {len(color)}")
    return color


def time_axis(
    length: int, x: npt.ArrayLike | None, fps: float | None
) -> tuple[npt.NDArray[Any], str]:
    """Return the times of frames, and the label of their axis.

    Parameters
    ----------
    length : int
        Number of frames.
    x : array_like, shape (length,), optional
        As in `show_traces`.
    fps : float, optional
        As in `show_traces`.

    Returns
    -------
    ndarray, shape (length,)
        Where frames are on the axis.
    str
        Label of the axis; empty with `x`.

    Raises
    ------
    TypeError, ValueError
        If `x` or `fps` is wrong, or both are given.
    """
    if x is None:
        frames = np.arange(length)
        if fps is None:
            return frames, "Frame"
        return frames / number("fps", fps, above=0), "Time [s]"
    if fps is not None:
        raise ValueError("`fps` must not be given together with `x`")
    at = np.asarray(x)
    if at.shape != (length,):
        raise ValueError(f"`x` must have one value for each of {length} frames, got {at.shape}")
    return at, ""


def set_limits(ax: Axes, at: npt.NDArray[Any]) -> None:
    """Let the horizontal axis go from the first to the last frame.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Of traces.
    at : ndarray, shape (T,)
        Where frames are. If the first and the last are at one place, the limits stay.
    """
    if at[0] != at[-1]:
        ax.set_xlim(at[0], at[-1])


def one_for_each(name: str, given: Sequence[Any] | None, n: int) -> Sequence[Any]:
    """Return `n` values.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    given : sequence or None
        What the caller passed.
    n : int
        Number of traces.

    Returns
    -------
    sequence
        `given`, or None `n` times.

    Raises
    ------
    TypeError
        If it is a text or has no length.
    ValueError
        If there are not `n`.
    """
    if given is None:
        return [None] * n
    if isinstance(given, str) or not hasattr(given, "__len__"):
        raise TypeError(f"`{name}` must be a sequence, one for each trace, got {given!r}")
    if len(given) != n:
        raise ValueError(f"`{name}` must be {n}, one for each trace, got {len(given)}")
    return given
