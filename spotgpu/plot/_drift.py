"""Drift."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import pandas as pd

from spotgpu.plot._axes import LOOKS, MANY, checked_axes, pixel_size
from spotgpu.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_drift"]


def plot_drift(drift: pd.DataFrame, mpp: Any = None, ax: Any = None) -> Axes:
    """Show the motion that all particles share.

    Parameters
    ----------
    drift : DataFrame
        Drift in px by frame, one column for each axis, as from `spotgpu.compute_drift`.
    mpp : float or sequence of float, optional
        Pixel size in µm, for all axes or for ([z,] y, x). Default: the drift is in px.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.

    Returns
    -------
    matplotlib.axes.Axes
        One line for each column.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If `mpp` does not fit.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> plot_drift(spotgpu.compute_drift(tracks), mpp=0.16)  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    require_columns("drift", drift, [])
    columns = [str(column) for column in drift.columns]
    sizes, unit = pixel_size(mpp, columns)
    for column, size, (colour, line) in zip(drift.columns, sizes, cycle(LOOKS), strict=False):
        values = drift[column].to_numpy(float) * size
        ax.plot(drift.index, values, color=colour, linestyle=line, label=str(column))
    ax.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    ax.set_xlabel(str(drift.index.name or "frame"))
    ax.set_ylabel(f"drift ({unit})")
    if columns:
        # The best place is looked for among all points, with a warning where this takes long.
        ax.legend(loc="best" if len(drift) < MANY else "upper left")
    return ax
