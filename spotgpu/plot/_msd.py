"""Mean squared displacements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.plot._axes import ACCENT, DATA, MANY, checked_axes
from spotgpu.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_msd"]

Array = npt.NDArray[np.float64]


def plot_msd(
    imsd: pd.DataFrame | None = None,
    emsd: pd.Series | pd.DataFrame | None = None,
    fit: Any = None,
    ax: Any = None,
    *,
    length_unit: str = "µm",
    time_unit: str = "s",
) -> Axes:
    r"""Show mean squared displacements against the lag, on logarithmic axes.

    The line of the fit is :math:`2 n (D t + \sigma^2)` in :math:`n` dimensions. Values that are 0
    or less have no place on logarithmic axes; if there are no others, the axes are linear.

    Parameters
    ----------
    imsd : DataFrame, optional
        One column a particle, indexed by lag, as from `spotgpu.imsd`.
    emsd : Series or DataFrame, optional
        That of the ensemble, as from `spotgpu.emsd`, also with ``detail=True``.
    fit : object, optional
        Anything with the attributes ``D``, ``sigma`` and ``ndim``, and ``ci_low`` and ``ci_high``
        if there are such, as from `spotgpu.fit_diffusion`.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.
    length_unit, time_unit : str
        Units of the input.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with what was given.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If none of `imsd` and `emsd` is given, or a column is missing.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> plot_msd(imsd, emsd, fit=spotgpu.fit_diffusion(tracks, 0.16, 10))  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    if imsd is None and emsd is None:
        raise ValueError("`imsd` or `emsd` must be given, got neither")
    values: list[Array] = []
    lags: list[Array] = []
    if imsd is not None:
        table = require_columns("imsd", imsd, [])
        lags.append(table.index.to_numpy(float))
        values.append(table.to_numpy(float))
        _draw_each(ax, lags[-1], values[-1])
    if emsd is not None:
        ensemble = _ensemble(emsd)
        lags.append(ensemble.index.to_numpy(float))
        values.append(ensemble.to_numpy(float))
        ax.plot(lags[-1], values[-1], "o", color="k", markersize=4, label="ensemble", zorder=3)
    if any((v > 0).any() for v in values):
        ax.set_xscale("log", nonpositive="mask")
        ax.set_yscale("log", nonpositive="mask")
    every = np.concatenate(lags)
    if fit is not None and len(every):
        _draw_fit(ax, fit, every[every > 0], f"{length_unit}²/{time_unit}")
    ax.autoscale_view()
    ax.set_xlabel(f"lag time ({time_unit})")
    ax.set_ylabel(f"MSD ({length_unit}²)")
    if ax.get_legend_handles_labels()[0]:
        legend = ax.legend(loc="upper left")
        for handle in legend.legend_handles:
            handle.set_alpha(1.0)
    return ax


def _ensemble(emsd: Any) -> pd.Series:
    if isinstance(emsd, pd.Series):
        return emsd
    table = require_columns("emsd", emsd, ["msd"])
    return table.set_index("lagt")["msd"] if "lagt" in table.columns else table["msd"]


def _draw_each(ax: Axes, lags: Array, values: Array) -> None:
    """Draw a curve for each particle: fainter the more there are."""
    from matplotlib.collections import LineCollection

    lines = np.empty((values.shape[1], len(lags), 2))
    lines[:, :, 0] = lags
    lines[:, :, 1] = values.T
    # Without gaps a line joins what is known.
    curves = [line[np.isfinite(line[:, 1])] for line in lines]
    curves = [line for line in curves if len(line)]
    if not curves:
        return
    alpha = min(0.8, max(0.05, 4 / math.sqrt(10 * len(curves))))
    ax.add_collection(
        LineCollection(
            curves,
            color=DATA,
            linewidth=0.7,
            alpha=alpha,
            label=f"{len(curves):,} particles",
            rasterized=values.size > MANY,
        )
    )


def _draw_fit(ax: Axes, fit: Any, lags: Array, unit: str) -> None:
    missing = [name for name in ("D", "sigma", "ndim") if not hasattr(fit, name)]
    if missing:
        raise TypeError(
            f"`fit` must have the attributes D, sigma and ndim, got {type(fit).__name__} without "
            f"{', '.join(missing)}"
        )
    grid = np.geomspace(lags.min(), lags.max(), 100)
    curve = 2 * fit.ndim * (fit.D * grid + fit.sigma**2)
    text = f"D = {_rounded(fit)} {unit}"
    ax.plot(grid, curve, color=ACCENT, linestyle="--", linewidth=1.8, label=text, zorder=4)


def _rounded(fit: Any) -> str:
    """Return D, with its interval and as many digits as this leaves sense to."""
    low, high = getattr(fit, "ci_low", math.nan), getattr(fit, "ci_high", math.nan)
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return f"{fit.D:.3g}"
    digits = int(np.clip(1 - math.floor(math.log10(high - low)), 0, 12))
    return f"{fit.D:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
