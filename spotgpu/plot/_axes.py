"""What all figures share: axes, colours, images under the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import number
from spotgpu.errors import SpotgpuError
from spotgpu.tables import POSITION_COLUMNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ACCENT",
    "COLOURS",
    "DATA",
    "LOOKS",
    "MANY",
    "NO_MATPLOTLIB",
    "checked_axes",
    "flat",
    "pixel_size",
    "rows_down",
    "show_image",
    "style",
]

#: Okabe and Ito's colours, which all kinds of sight tell apart, but those that are hard to see on
#: a black or a white ground.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#D55E00", "#CC79A7", "#0072B2")
#: Colour of data, and of what is to be seen on them.
DATA, ACCENT = "#0072B2", "#D55E00"
#: Colours and dashes of lines that a legend names.
LOOKS = tuple(zip((DATA, ACCENT, "#009E73", "#CC79A7"), ("-", "--", ":", "-."), strict=True))
#: Vertices from which on a figure in a vector format holds the data as an image.
MANY = 50_000
NO_MATPLOTLIB = 'Figures need matplotlib: pip install "spotgpu[plot]" brings it'


def checked_axes(ax: Any) -> Axes:
    """Return the Axes to draw on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        The caller's; None: pyplot's current ones.

    Returns
    -------
    matplotlib.axes.Axes
        Pyplot is not touched if `ax` is given.

    Raises
    ------
    SpotgpuError
        If matplotlib is not installed.
    TypeError
        If `ax` is something else.
    """
    try:
        import matplotlib.axes
    except ModuleNotFoundError as error:
        raise SpotgpuError(NO_MATPLOTLIB) from error
    if ax is None:
        from matplotlib import pyplot as plt

        return plt.gca()
    if not isinstance(ax, matplotlib.axes.Axes):
        raise TypeError(f"`ax` must be matplotlib Axes, got {type(ax).__name__}")
    return ax


def style(
    name: str, given: Mapping[str, Any] | None, artist: Any, **defaults: Any
) -> dict[str, Any]:
    """Return the defaults, overridden by what the caller gave.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    given : dict or None
        Properties of the artist; short names (``lw``) count.
    artist : type
        Class that knows the short names.
    **defaults
        By long name.

    Returns
    -------
    dict
        By long name.

    Raises
    ------
    TypeError
        If `given` is not a dict, or a property is in it by two names.
    """
    from matplotlib import cbook

    if given is not None and not isinstance(given, Mapping):
        raise TypeError(f"`{name}` must be a dict, got {type(given).__name__}")
    return defaults | cbook.normalize_kwargs(dict(given or {}), artist)


def pixel_size(mpp: Any, columns: Sequence[str]) -> tuple[tuple[float, ...], str]:
    """Return the size of a pixel along each column, and the unit that it gives.

    Parameters
    ----------
    mpp : float or sequence of float or None
        Micrometres per pixel. Several values are for the columns in image order, ([z,] y, x).
    columns : sequence of str
        Position columns.

    Returns
    -------
    tuple of float
        1 where `mpp` is None.
    str
        ``px`` or ``µm``.

    Raises
    ------
    TypeError, ValueError
        If a size is not positive or there is not one for each column.
    """
    if mpp is None:
        return (1.0,) * len(columns), "px"
    if np.ndim(mpp) == 0:
        return (number("mpp", mpp, above=0),) * len(columns), "µm"
    sizes = [number("mpp", size, above=0) for size in mpp]
    axes = POSITION_COLUMNS[-len(sizes) :] if len(sizes) in (2, 3) else ()
    if set(columns) <= set(axes):
        return tuple(sizes[axes.index(column)] for column in columns), "µm"
    if len(sizes) == len(columns):
        return tuple(sizes), "µm"
    raise ValueError(
        f"`mpp` must be one value or one for each of {', '.join(columns)}, got {mpp!r}"
    )


def flat(name: str, image: Any, columns: Sequence[str], colour: bool) -> npt.NDArray[Any]:
    """Return an image of two axes, or three if it is in colour.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    image : array_like, shape ([Z,] Y, X) or (Y, X, 3 or 4)
        Image or volume.
    columns : sequence of str
        Position columns of the horizontal and the vertical axis.
    colour : bool
        Whether 3 or 4 values along the last of three axes are a colour.

    Returns
    -------
    array
        The maximum of a volume along the axis that is not in `columns`.

    Raises
    ------
    TypeError
        If it is a path, or not of numbers.
    ValueError
        If it has another number of axes.
    """
    pixels = np.asarray(image)
    if pixels.dtype.kind not in "buif":
        raise TypeError(
            f"`{name}` must be an array of real numbers, got {type(image).__name__} of "
            f"{pixels.dtype}"
        )
    if pixels.ndim == 2 or (colour and pixels.ndim == 3 and pixels.shape[2] in (3, 4)):
        return pixels
    if pixels.ndim != 3:
        raise ValueError(f"`{name}` must be of shape ([Z,] Y, X), got {pixels.shape}")
    hidden = [axis for axis, label in enumerate(POSITION_COLUMNS) if label not in columns]
    return pixels.max(axis=hidden[0] if len(hidden) == 1 else 0)


def show_image(
    ax: Axes,
    image: npt.NDArray[Any],
    size: Sequence[float],
    options: Mapping[str, Any] | None,
    name: str = "imshow_style",
) -> None:
    """Draw an image so that pixel ``i`` is at ``i`` times its size, and set the limits to it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where.
    image : array, shape (Y, X[, 3 or 4])
        Image.
    size : sequence of float
        Horizontal and vertical size of a pixel.
    options : dict or None
        Properties for `imshow`.
    name : str
        The argument's name that `options` came in by.
    """
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"`{name}` must be a dict, got {type(options).__name__}")
    width, height = image.shape[1] * size[0], image.shape[0] * size[1]
    left, bottom = -0.5 * size[0], -0.5 * size[1]
    extent = (left, left + width, bottom, bottom + height)
    defaults = {"origin": "lower", "interpolation": "nearest", "cmap": "gray", "extent": extent}
    ax.imshow(image, **(defaults | dict(options or {})))
    ax.set_xlim(*extent[:2])
    ax.set_ylim(*extent[2:])


def rows_down(ax: Axes) -> None:
    """Let the vertical axis point down, as in images.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Stays as it is if it does already.
    """
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
