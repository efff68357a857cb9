"""Positions and traces chosen by clicks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import choice, integer
from spotgpu.plot._axes import rows_down, show_image
from spotgpu.traces._clicks import Clicks
from spotgpu.traces._coordinates import ORDERS
from spotgpu.traces._extract import extract_traces
from spotgpu.traces._figure import clickable_figure, wait_until_closed
from spotgpu.traces._opened import opened
from spotgpu.traces._show import show_traces, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_reference", "reference_of", "select_positions", "select_traces", "warn_open"]


def select_positions(
    image: npt.ArrayLike, as_integers: bool = True, *, order: str = "xy"
) -> list[tuple[float, float]]:
    """Open a window with an image, and return the positions that are clicked on.

    A click with the left button adds a position, or removes it if it is there already. One with
    the right button removes the nearest. Closing the window ends it. Clicks do not count while the
    toolbar's zoom or pan is on.

    Parameters
    ----------
    image : array_like, shape (Y, X), (Y, X, 3 or 4) or (T, Y, X)
        Grey levels, colours, or a movie, of which the first frame is shown.
    as_integers : bool
        Return pixels; otherwise the places in them.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.

    Returns
    -------
    list of tuple
        Positions in the order of the clicks. In a notebook (ipympl), where nothing can wait for the
        window, a warning says so, and the list goes on changing with the clicks.

    Raises
    ------
    TypeError, ValueError
        If `image` is no image.
    SpotgpuError
        If matplotlib is not installed, or has no window to click on.

    Examples
    --------
    >>> positions = select_positions(video[0])  # doctest: +SKIP
    """
    choice("order", order, ORDERS)
    pixels = _image(image)
    with clickable_figure() as figure:
        ax = figure.add_subplot()
        draw_reference(ax, pixels)
        clicks = Clicks(ax, pixels.shape[:2], order=order, whole=as_integers)
    if not wait_until_closed(figure):
        warn_open("the list that is returned goes on changing with the clicks")
    return clicks.positions


def select_traces(
    video: Any,
    size: Any = 5,
    ref_frame: int = 0,
    x: npt.ArrayLike | None = None,
    fps: float | None = None,
    *,
    window: str | None = None,
    order: str = "xy",
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
) -> tuple[npt.NDArray[Any], list[tuple[float, float]]]:
    """Open a window with a frame of a video, and return the traces where it is clicked on.

    The traces are drawn beside the frame, in the colours of the positions. Clicks work as in
    `select_positions`. Each new position takes one pass over the video.

    Parameters
    ----------
    video : path, array, sequence of frames or Movie
        Anything that `spotgpu.open` takes, of frames (Y, X), but not an iterator.
    size : number or sequence of number
        Of the window that is averaged, see `extract_traces`.
    ref_frame : int
        Number of the frame shown; negative numbers count from the end.
    x : array_like, shape (T,), optional
        As in `show_traces`.
    fps : float, optional
        As in `show_traces`.
    window : {'rect', 'disc', 'pixel'}, optional
        As in `extract_traces`.
    order : {'xy', 'yx'}
        Of the components of a position, see `spotgpu.traces`.
    axes : str, optional
        As in `extract_traces`.
    channel : int or str, optional
        As in `extract_traces`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.

    Returns
    -------
    traces : ndarray, shape (T, N)
        As from `extract_traces`.
    positions : list of tuple of int
        Pixels in the order of the clicks. In a notebook (ipympl), where nothing can wait for the
        window, a warning says so, the list goes on changing with the clicks, and `traces` has no
        column: ``extract_traces(video, positions)`` makes them afterwards.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    SpotgpuError
        If the video cannot be read, matplotlib is not installed, or has no window to click on.

    Examples
    --------
    >>> traces, positions = select_traces(video, fps=500)  # doctest: +SKIP
    """
    choice("order", order, ORDERS)
    options: dict[str, Any] = {"size": size, "window": window, "order": order, "device": device}
    frame, length = reference_of("video", video, ref_frame, axes, channel)
    time_axis(length, x, fps)
    # Wrong options are refused before a window opens, by a movie of one frame.
    extract_traces(frame[None], [], **options)
    with clickable_figure(figsize=(11, 5)) as figure:
        left, right = figure.subplots(1, 2)
        draw_reference(left, frame)
        show_traces(np.empty((length, 0)), x, fps, ax=right)
    seen: dict[tuple[float, float], npt.NDArray[Any]] = {}

    def traces() -> npt.NDArray[Any]:
        if new := [position for position in clicks.positions if position not in seen]:
            found = extract_traces(video, new, axes=axes, channel=channel, **options)
            seen.update(zip(new, found.T, strict=True))
        columns = [seen[position] for position in clicks.positions]
        return np.stack(columns, axis=1) if columns else np.empty((length, 0))

    def draw() -> None:
        right.clear()
        show_traces(traces(), x, fps, ax=right)

    clicks = Clicks(left, frame.shape, order=order, changed=draw)
    if not wait_until_closed(figure):
        warn_open(
            "`positions` goes on changing with the clicks; make the traces afterwards, by "
            "`extract_traces(video, positions)`"
        )
    return traces(), clicks.positions


def reference_of(
    name: str,
    video: Any,
    number: int,
    axes: str | None = None,
    channel: int | str | None = None,
) -> tuple[npt.NDArray[Any], int]:
    """Return a frame of a video to click on, and the number of frames.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    video : path, array, sequence of frames or Movie
        Anything that `spotgpu.open` takes, but not an iterator.
    number : int
        Of the frame.
    axes : str, optional
        As in `extract_traces`.
    channel : int or str, optional
        As in `extract_traces`.

    Returns
    -------
    ndarray, shape (Y, X)
        The frame.
    int
        Number of frames.

    Raises
    ------
    TypeError, ValueError
        If it is an iterator or has volumes, or has no such frame.
    """
    with opened(video, axes, channel) as (_, movie):
        if len(movie.frame_shape) != 2:
            raise ValueError(
                f"`{name}` must have frames (Y, X) to click on, got {movie.frame_shape}"
            )
        length = len(movie)
        chosen = integer("ref_frame", number, at_least=-length, at_most=length - 1)
        return np.asarray(movie[chosen]), length


def draw_reference(ax: Axes, image: npt.NDArray[Any]) -> None:
    """Draw an image to click on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where.
    image : ndarray, shape (Y, X) or (Y, X, 3 or 4)
        Image.
    """
    show_image(ax, image, (1, 1), None)
    ax.set_aspect("equal")
    rows_down(ax)
    ax.set_xlabel("x (px)")
    ax.set_ylabel("y (px)")
    ax.set_title("left click adds, right click removes, closing ends", fontsize="medium")


def warn_open(what: str) -> None:
    """Warn that the window is still open.

    Parameters
    ----------
    what : str
        What follows for the caller.
    """
    import matplotlib

    warnings.warn(
        f"matplotlib's backend {matplotlib.get_backend()!r} cannot wait for the window: {what}",
        UserWarning,
        stacklevel=3,
    )


def _image(image: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return what is shown of an image, an image in colour or a movie."""
    pixels = np.asarray(image)
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"`image` must be an array of real numbers, got {type(image).__name__} of "
            f"{pixels.dtype}"
        )
    if pixels.ndim not in {2, 3} or pixels.size == 0:
        raise ValueError(
            f"`image` must be of shape (Y, X), (Y, X, 3 or 4) or (T, Y, X), got {pixels.shape}"
        )
    return pixels[0] if pixels.ndim == 3 and pixels.shape[2] not in {3, 4} else pixels
