"""Histograms of spots and tracks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spotgpu.checks import integer, number
from spotgpu.plot._axes import ACCENT, DATA, LOOKS, checked_axes
from spotgpu.tables import position_columns, require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["length_histogram", "mass_histogram", "subpx_bias"]

#: Bins where the caller leaves their number to us: the least and the most.
FEW, MANY_BINS = 20, 100


def mass_histogram(
    f: pd.DataFrame, ax: Any = None, bins: Any = None, minmass: float | None = None
) -> Axes:
    """Show how bright the spots are.

    Noise and spots make two peaks; `minmass` of `locate` belongs into the valley between them.

    Parameters
    ----------
    f : DataFrame
        Spots: ``mass``. Those of NaN are left out.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    bins : int or sequence of float, optional
        Number of bins, or their edges. Default: 20 to 100, by the rule of Freedman and Diaconis.
    minmass : float, optional
        Draw a line here, with the number of spots above.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the histogram.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the column is missing.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> mass_histogram(spotgpu.locate(image, 11), minmass=300)  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    masses = require_columns("f", f, ["mass"])["mass"].to_numpy(float)
    masses = masses[np.isfinite(masses)]
    counts, edges = np.histogram(masses, _bins(masses) if bins is None else bins)
    ax.stairs(counts, edges, fill=True, color=DATA)
    ax.set_xlabel("mass (grey levels)")
    ax.set_ylabel("spots")
    if minmass is not None:
        limit = number("minmass", minmass)
        above = int(np.count_nonzero(masses > limit))
        text = f"minmass = {limit:g}: {above:,} of {len(masses):,} spots above"
        ax.axvline(limit, color=ACCENT, linestyle="--", label=text)
        _legend_above(ax, counts)
    return ax


def _legend_above(ax: Axes, counts: Any) -> None:
    """Draw the legend above the bars, with room for it."""
    ax.set_ylim(0, 1.2 * max(1, counts.max()))
    ax.legend(loc="upper right", framealpha=1.0, edgecolor="none")


def _bins(values: Any) -> int:
    if len(values) < 2:
        return FEW
    span, spread = np.ptp(values), np.subtract(*np.percentile(values, [75, 25]))
    if not spread:
        return FEW
    return int(np.clip(span * np.cbrt(len(values)) / (2 * spread), FEW, MANY_BINS))


def subpx_bias(
    f: pd.DataFrame, pos_columns: Sequence[str] | None = None, ax: Any = None, bins: int = 20
) -> Axes:
    """Show where in the pixels the positions are.

    Without bias they are everywhere alike: the lines stay in the grey band, which is where 95 % of
    the bins of as many even positions are. A dip in the middle means that the diameter is too
    small, or that noise was taken for spots. `spotgpu.evaluate.subpixel_bias` puts it in a number.

    Parameters
    ----------
    f : DataFrame
        Spots or trajectories: positions in px. Those of NaN are left out.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    bins : int
        Number of bins in a pixel.

    Returns
    -------
    matplotlib.axes.Axes
        One line for each axis of the positions.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> subpx_bias(spots)  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    require_columns("f", f, [])
    n_bins = integer("bins", bins, at_least=2)
    columns = position_columns("f", f, pos_columns)
    edges = np.linspace(0, 1, n_bins + 1)
    least = 0
    for column, (colour, line) in zip(columns, cycle(LOOKS), strict=False):
        values = f[column].to_numpy(float)
        values = values[np.isfinite(values)] % 1.0
        counts = np.histogram(values, edges)[0] * (n_bins / max(1, len(values)))
        ax.stairs(counts, edges, label=column, color=colour, linestyle=line, lw=1.8, baseline=None)
        least = min(least or len(values), len(values))
    if least:
        band = 1.96 * np.sqrt((n_bins - 1) / least)
        ax.axhspan(1 - band, 1 + band, color="0.85", zorder=0, label="even, 95 %")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, max(1.5, ax.get_ylim()[1]))
    ax.set_xlabel("fractional part of the position (px); 0 is a pixel's centre")
    ax.set_ylabel("positions, relative to even")
    ax.legend()
    return ax


def length_histogram(tracks: Any, ax: Any = None, bins: Any = None) -> Axes:
    """Show how long the tracks are.

    Parameters
    ----------
    tracks : DataFrame or ndarray of int
        Trajectories: ``particle``. A track is as long as it has rows. Or the lengths themselves.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    bins : int or sequence of float, optional
        Number of bins, or their edges. Default: bins of whole numbers, at most 100.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the histogram and a line at the median.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If the column is missing.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> length_histogram(tracks)  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    if isinstance(tracks, np.ndarray):
        lengths = tracks
    else:
        particles = require_columns("tracks", tracks, ["particle"])["particle"]
        lengths = np.unique(particles.to_numpy(), return_counts=True)[1]
    if bins is None:
        longest = int(lengths.max(initial=1))
        step = -(-longest // MANY_BINS)
        bins = np.arange(0, longest + step, step) + 0.5
    counts, edges = np.histogram(lengths, bins)
    ax.stairs(counts, edges, fill=True, color=DATA)
    if len(lengths):
        middle = float(np.median(lengths))
        ax.axvline(middle, color=ACCENT, linestyle="--", label=f"median {middle:g}")
        _legend_above(ax, counts)
    ax.set_xlabel("length of the track (spots)")
    ax.set_ylabel("tracks")
    return ax
