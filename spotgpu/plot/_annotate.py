"""Spots on the image that they were found in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree

from spotgpu.checks import number
from spotgpu.plot._axes import MANY, checked_axes, flat, rows_down, show_image, style
from spotgpu.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["annotate"]

#: Diameter of the circles in points: the largest, and the smallest where spots are dense.
LARGEST, SMALLEST = 15.0, 3.0


def annotate(
    centroids: pd.DataFrame,
    image: Any,
    circle_size: float | None = None,
    color: Any = None,
    invert: bool = False,
    ax: Any = None,
    split_category: str | None = None,
    split_thresh: Any = None,
    imshow_style: Mapping[str, Any] | None = None,
    plot_style: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw circles around spots on their image.

    Parameters
    ----------
    centroids : DataFrame
        Spots: ``x`` and ``y`` in px.
    image : array_like, shape ([Z,] Y, X) or (Y, X, 3 or 4)
        Image; of a volume the brightest voxel along z is shown. An image of three axes whose last
        has 3 or 4 values is in colour, unless `centroids` has z.
    circle_size : float, optional
        Area of the circles in points², for old scripts: use
        ``plot_style={"markersize": diameter}``.
    color : color or list of color, optional
        One, or one more than there are thresholds. Default red.
    invert : bool
        Show the negative of the image.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    split_category : str, optional
        Column by which spots are coloured.
    split_thresh : float or sequence of float, optional
        Ascending thresholds: a spot at or above one has the next colour, NaN the last.
    imshow_style : dict, optional
        Options of ``Axes.imshow``.
    plot_style : dict, optional
        Options of ``Axes.plot``. By default the circles are 15 points wide, or smaller where the
        spots are so dense that they would overlap.

    Returns
    -------
    matplotlib.axes.Axes
        With y pointing down, as in the image.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, the image is neither 2D nor 3D, or colours and thresholds do not
        match.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> annotate(spotgpu.locate(image, 11), image, plot_style={"markersize": 8})  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    from matplotlib.lines import Line2D

    wanted = ["x", "y"] if split_category is None else ["x", "y", split_category]
    table = require_columns("centroids", centroids, wanted)
    colours, groups = _groups(table, color, split_category, split_thresh)
    pixels = flat("image", image, ("x", "y"), colour="z" not in table.columns)
    show_image(ax, _negative(pixels) if invert else pixels, (1.0, 1.0), imshow_style)
    points = table[["x", "y"]].to_numpy(float)
    size = _diameter(ax, points)
    if circle_size is not None:
        if plot_style is not None and not {"ms", "markersize"}.isdisjoint(plot_style):
            raise ValueError("`circle_size` must not be given beside plot_style's markersize")
        size = number("circle_size", circle_size, above=0) ** 0.5
    options = style(
        "plot_style",
        plot_style,
        Line2D,
        marker="o",
        linestyle="none",
        markersize=size,
        markerfacecolor="none",
        markeredgewidth=2.0 if size > 10 else 1.0,
        rasterized=len(points) > MANY,
    )
    for colour, group in zip(colours, groups, strict=True):
        ax.plot(*points[group].T, **({"markeredgecolor": colour} | options))
    rows_down(ax)
    ax.set_xlabel("x (px)")
    ax.set_ylabel("y (px)")
    return ax


def _groups(
    table: pd.DataFrame, color: Any, category: str | None, thresholds: Any
) -> tuple[list[Any], list[npt.NDArray[np.bool_]]]:
    """Return the colours, and which rows have which."""
    single = color is None or isinstance(color, str) or _is_rgb(color)
    colours: list[Any] = [color] if single else list(color)
    if category is None:
        if len(colours) != 1:
            raise ValueError(
                f"`color` must be one colour unless `split_category` is given, got {color!r}"
            )
        return [colours[0] or "r"], [np.ones(len(table), np.bool_)]
    limits: Sequence[Any] = [thresholds] if np.ndim(thresholds) == 0 else list(thresholds)
    edges = [number("split_thresh", limit) for limit in limits]
    if any(low >= high for low, high in pairwise(edges)):
        raise ValueError(f"`split_thresh` must ascend, got {thresholds!r}")
    if len(colours) != len(edges) + 1:
        raise ValueError(
            f"`color` must be {len(edges) + 1} colours, one more than `split_thresh`, got {color!r}"
        )
    group = np.searchsorted(edges, table[category].to_numpy(float), side="right")
    return colours, [group == g for g in range(len(colours))]


def _is_rgb(color: Any) -> bool:
    return isinstance(color, tuple) and all(isinstance(part, (int, float)) for part in color)


def _negative(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the negative that `locate` works on when inverting."""
    negative: npt.NDArray[Any] = 1 - image if image.dtype.kind == "f" else np.invert(image)
    if image.ndim == 3:
        negative[..., 3:] = image[..., 3:]  # opacity
    return negative


def _diameter(ax: Axes, points: npt.NDArray[np.float64]) -> float:
    """Return a diameter in points at which circles around most spots do not overlap."""
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2:
        return LARGEST
    distances, _ = KDTree(points).query(points, k=[2])
    spacing = float(np.median(distances))
    box = ax.get_window_extent()
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    scale = min(box.width / abs(right - left), box.height / abs(top - bottom)) * 72 / ax.figure.dpi
    return float(np.clip(spacing * scale, SMALLEST, LARGEST))
