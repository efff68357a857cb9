"""Plots with optimap's habits."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spotgpu import traces as room
from spotgpu.traces._figure import drawn_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["compare_traces", "is_for_plots", "show_positions", "show_trace", "show_traces"]


def show_traces(
    traces: npt.ArrayLike | None,
    x: npt.ArrayLike | None = None,
    fps: float | None = None,
    colors: Sequence[Any] | None = None,
    labels: Sequence[str] | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    """Plot traces as `spotgpu.traces.show_traces`; None is no trace.

    Parameters
    ----------
    traces : array_like, shape (T,) or (T, N), or None
        Traces.
    x : array_like, shape (T,), optional
        Horizontal axis.
    fps : float, optional
        Frames per second.
    colors, labels : sequence, optional
        One for each trace, or more; of a text, its letters.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure, which is shown.
    **kwargs
        For ``Axes.plot``.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    if traces is None:
        traces = np.empty((1 if x is None else len(np.asarray(x)), 0))
    n = np.shape(traces)[1] if np.ndim(traces) == 2 else 1
    return room.show_traces(traces, x, fps, _first(colors, n), _first(labels, n), ax, **kwargs)


def _first(given: Any, n: int) -> Any:
    """Return the first `n` of the colours or names that there are, None if there are none."""
    return None if given is None or len(given) == 0 else list(given)[:n]


def is_for_plots(name: str) -> bool:
    """Tell whether an argument is one of `show_traces`.

    Parameters
    ----------
    name : str
        Of the argument.

    Returns
    -------
    bool
        Also of what ``Axes.plot`` takes.
    """
    from matplotlib.lines import Line2D

    own = ("x", "fps", "colors", "labels", "ax", "scalex", "scaley")
    return name in own or hasattr(Line2D, f"set_{name}")


def show_trace(*args: Any, **kwargs: Any) -> Axes:
    """Plot traces: another name of `show_traces`.

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
    image: Any = None,
    size: Any = None,
    color: Any = None,
    cmap: Any = "gray",
    vmin: float | None = None,
    vmax: float | None = None,
    ax: Any = None,
    **kwargs: Any,
) -> Axes:
    """Draw positions as `spotgpu.traces.show_positions`, without axes if there is an image.

    Parameters
    ----------
    positions : array_like, shape (N, 2)
        Positions (column, row) in pixels. The image may come first, as it once did.
    image : array_like, shape (Y, X), optional
        Image below them.
    size : float or array_like, shape (N,), optional
        Area of the marks in points squared.
    color : color or sequence of color, optional
        One for all or one for each.
    cmap : str or matplotlib.colors.Colormap
        Of the image.
    vmin, vmax : float, optional
        Grey levels shown with the first and the last colour.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure, which is shown.
    **kwargs
        For ``Axes.scatter``.

    Returns
    -------
    matplotlib.axes.Axes
        What was drawn on.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    if isinstance(image, np.ndarray) and image.ndim == 2 and image.shape[1] == 2:
        image, positions = positions, image
        warnings.warn("`positions` comes before `image`", DeprecationWarning, stacklevel=2)
    with drawn_on(ax) as ax:
        room.show_positions(positions, image, size, color, cmap, vmin, vmax, ax, **kwargs)
        if image is not None:
            ax.axis("off")
    return ax


def compare_traces(
    videos: Sequence[Any],
    coords: Any = None,
    labels: Sequence[str] | None = None,
    colors: Sequence[Any] | None = None,
    size: Any = 5,
    ref_frame: int = 0,
    fps: float | None = None,
    x: npt.ArrayLike | None = None,
) -> None:
    """Plot traces of several videos as `spotgpu.traces.compare_traces`, and return nothing.

    Parameters
    ----------
    videos : sequence of array_like, shape (T, Y, X)
        Videos.
    coords : array_like, shape (N, 2) or (2,), optional
        Positions (column, row) in pixels. Default: those clicked on.
    labels, colors : sequence, optional
        One for each video, or more; of a text, its letters.
    size : int
        Side or diameter of the window, in pixels.
    ref_frame : int
        Number of the frame to click on.
    fps : float, optional
        Frames per second.
    x : array_like, optional
        Horizontal axis.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    n = len(videos)
    room.compare_traces(
        videos, coords, _first(labels, n), _first(colors, n), size, ref_frame, fps, x
    )
