"""Trajectories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.plot._axes import (
    COLOURS,
    MANY,
    checked_axes,
    flat,
    pixel_size,
    rows_down,
    show_image,
    style,
)
from spotgpu.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_traj"]

#: Colours that a colour map tells apart.
LEVELS = 256


def plot_traj(
    traj: pd.DataFrame,
    colorby: str = "particle",
    mpp: Any = None,
    label: bool = False,
    superimpose: Any = None,
    cmap: Any = None,
    ax: Any = None,
    t_column: str | None = None,
    pos_columns: Sequence[str] | None = None,
    plot_style: Mapping[str, Any] | None = None,
    *,
    vmin: float | None = None,
    vmax: float | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw the path of each particle.

    A path goes on over frames in which the particle was not seen; one of a single spot has no
    line. Of positions in 3D two are
    shown, as if looked at along the third axis.

    Parameters
    ----------
    traj : DataFrame
        Trajectories: ``particle``, ``frame`` and the positions in px, in any order of rows.
    colorby : str
        Column by which paths are coloured. By ``particle``, neighbours in number differ; by a
        column of numbers, like ``frame``, each step has the colour of its first spot; by a column
        of texts or bools it has one of few colours, named in a legend.
    mpp : float or sequence of float, optional
        Pixel size in µm, for all axes or for ([z,] y, x). Default: the axes are in px.
    label : bool
        Write the particle's number beside the start of its path.
    superimpose : array_like, shape ([Z,] Y, X), optional
        Image below the paths; of a volume the brightest voxel along the axis that is not shown.
    cmap : str or matplotlib.colors.Colormap, optional
        Colour map. Default viridis for numbers, and six colours in turn for particles.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    t_column : str, optional
        Column of the frame. Default ``frame``.
    pos_columns : sequence of str, optional
        Columns of the horizontal and the vertical position. Default ``["x", "y"]``.
    plot_style : dict, optional
        Options of ``Axes.plot`` (``linewidth``, ``color``, ``marker``, ...); those for markers
        not where `colorby` is a column of numbers.
    vmin, vmax : float, optional
        Grey levels of `superimpose` shown black and white. Default: its least and largest.
    colorbar : bool
        Draw a colour bar where numbers are shown by colour.

    Returns
    -------
    matplotlib.axes.Axes
        With y pointing down, as in images, and the same scale on both axes.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, `traj` is empty, or the image has the wrong number of axes.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> plot_traj(tracks, superimpose=frames[0], mpp=0.16)  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    columns = ["x", "y"] if pos_columns is None else list(pos_columns)
    if len(columns) != 2 or columns[0] == columns[1]:
        raise ValueError(f"`pos_columns` must be two columns, got {pos_columns!r}")
    time = "frame" if t_column is None else t_column
    require_columns("traj", traj, {"particle": 0, time: 0, **dict.fromkeys(columns), colorby: 0})
    if traj.empty:
        raise ValueError("`traj` must have at least one row, got none")
    size, unit = pixel_size(mpp, columns)
    paths = _paths(traj, time, columns, size)
    if superimpose is not None:
        pixels = flat("superimpose", superimpose, columns, colour="z" not in traj.columns)
        show_image(ax, pixels, size, {"vmin": vmin, "vmax": vmax})
    if colorby == "particle":
        _by_particle(ax, paths, cmap, plot_style)
    elif _is_number(values := traj[colorby]):
        _by_number(ax, paths, values, cmap, plot_style, colorbar)
    else:
        _by_kind(ax, paths, values, plot_style)
    if label:
        _write_numbers(ax, paths)
    ax.update_datalim(paths.points[np.isfinite(paths.points).all(axis=1)])
    ax.set_aspect("equal")
    ax.autoscale_view()
    rows_down(ax)
    ax.set_xlabel(f"{columns[0]} ({unit})")
    ax.set_ylabel(f"{columns[1]} ({unit})")
    return ax


class Paths(NamedTuple):
    """Spots sorted by particle and time."""

    #: Shape (n, 2).
    points: npt.NDArray[np.float64]
    #: Where each row is in the table given.
    order: npt.NDArray[np.int64]
    #: First row of each path, and its particle.
    starts: npt.NDArray[np.int64]
    labels: npt.NDArray[Any]


def _paths(traj: pd.DataFrame, time: str, columns: list[str], size: Sequence[float]) -> Paths:
    particle = traj["particle"].to_numpy()
    order = np.lexsort((traj[time].to_numpy(), particle))
    particle = particle[order]
    starts = np.flatnonzero(np.r_[True, particle[1:] != particle[:-1]])
    points = traj[columns].to_numpy(float)[order] * size
    return Paths(points, order, starts, particle[starts])


def _plot(ax: Axes, line: npt.NDArray[np.float64], given: Any, color: Any, **defaults: Any) -> None:
    """Draw one interrupted line."""
    from matplotlib.lines import Line2D

    defaults |= {"color": color, "linewidth": 1.0, "rasterized": len(line) > MANY}
    ax.plot(*line.T, **style("plot_style", given, Line2D, **defaults))


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _by_particle(ax: Axes, paths: Paths, cmap: Any, given: Any) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    n = len(paths.starts)
    if cmap is None:
        colours: Any = ListedColormap(COLOURS)
        colour = np.arange(n) % len(COLOURS)
    else:
        colours = colormaps.get_cmap(cmap)
        colour = np.arange(n) * colours.N // n
    lengths = np.diff(paths.starts, append=len(paths.points))
    lines, shown = _interrupted(paths, np.repeat(colour, lengths).astype(float))
    for line, color in zip(lines, colours(shown.astype(int)), strict=True):
        _plot(ax, line, given, color)


def _by_number(
    ax: Axes, paths: Paths, values: pd.Series, cmap: Any, given: Any, colorbar: bool
) -> None:
    """Draw all steps of one colour as one line that is interrupted where others come between."""
    from matplotlib import colormaps
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize
    from matplotlib.lines import Line2D

    numbers = values.to_numpy(float, na_value=np.nan)[paths.order]
    known = numbers[np.isfinite(numbers)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    span = (high - low) or 1.0
    levels = np.floor((numbers - low) / span * LEVELS).clip(max=LEVELS - 1)
    lines, level = _interrupted(paths, levels)
    colours = colormaps.get_cmap("viridis" if cmap is None else cmap)
    shown = low + (level + 0.5) * span / LEVELS
    many = sum(map(len, lines)) > MANY
    options = style("plot_style", given, Line2D, linewidth=1.0, rasterized=many)
    if unknown := [name for name in options if not hasattr(LineCollection, f"set_{name}")]:
        raise ValueError(
            f"`plot_style` must have no {', '.join(unknown)} where `colorby` is a column of numbers"
        )
    drawn = LineCollection(
        lines,
        array=np.ma.masked_invalid(shown),
        cmap=colours.with_extremes(bad="0.5"),
        norm=Normalize(low, high),
        **options,
    )
    ax.add_collection(drawn)
    if colorbar:
        # As high as the axes are drawn, also where their scale makes them narrower.
        beside = ax.inset_axes((1.03, 0.0, 0.04, 1.0))
        ax.figure.colorbar(drawn, cax=beside, label=str(values.name))


def _write_numbers(ax: Axes, paths: Paths) -> None:
    from matplotlib.patheffects import withStroke

    outline = [withStroke(linewidth=2, foreground="white")]
    for start, particle in zip(paths.points[paths.starts], paths.labels, strict=True):
        ax.annotate(
            f"{particle}",
            start,
            xytext=(2, 2),
            textcoords="offset points",
            fontsize="small",
            annotation_clip=True,
            path_effects=outline,
        )


def _by_kind(ax: Axes, paths: Paths, values: pd.Series, given: Any) -> None:
    codes, kinds = pd.factorize(values, sort=True, use_na_sentinel=True)
    if len(kinds) > len(COLOURS):
        raise ValueError(
            f"`colorby` must be a column of numbers or of at most {len(COLOURS)} different "
            f"values, got {values.name!r} with {len(kinds)}"
        )
    lines, level = _interrupted(paths, codes[paths.order].astype(float))
    for line, kind in zip(lines, level.astype(int), strict=True):
        colour = COLOURS[kind] if kind >= 0 else "0.5"
        name = str(kinds[kind]) if kind >= 0 else "none"
        _plot(ax, line, given, colour, label=name)
    if lines:
        ax.legend(title=str(values.name), loc="upper right")


def _interrupted(
    paths: Paths, levels: npt.NDArray[np.float64]
) -> tuple[list[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """Return one line for each level of the steps, with NaN between its pieces, and the levels.

    A line for each piece would cost a Python object for each.
    """
    if len(levels) == len(paths.starts):
        return [], np.empty(0)
    first = np.delete(np.arange(len(levels)), np.r_[paths.starts[1:] - 1, len(levels) - 1])
    order = np.argsort(levels[first], kind="stable")
    first = first[order]
    level, begins = np.unique(levels[first], return_index=True)
    # Steps that follow each other share a point; others start with NaN and a point of their own.
    new = np.diff(first, prepend=-2) != 1
    new[begins] = True
    place = np.cumsum(1 + 2 * new) - 1
    points = np.full((place[-1] + 1, 2), np.nan)
    points[place] = paths.points[first + 1]
    points[place[new] - 1] = paths.points[first[new]]
    return np.split(points, (place - 2)[begins[1:]]), level
