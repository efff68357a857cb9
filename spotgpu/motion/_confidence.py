"""The confidence interval of a diffusion coefficient."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import stats

from spotgpu.motion._displacements import Products

__all__ = ["interval"]

Array = npt.NDArray[np.float64]

#: From this number of tracks on their scatter is used to widen the interval.
ENOUGH_TRACKS = 10


def interval(
    found: Products, weights: Array, step: float, confidence: float
) -> tuple[float, float]:
    """Return the steps s for which ``|step - s|`` is within the quantile of its standard error.

    The variance is that of Brownian motion of step s whose mean square displacement is the one
    seen: a polynomial of second degree, so that the limits solve a quadratic equation.

    Parameters
    ----------
    found : Products
        Of all tracks.
    weights : ndarray of float64, shape (ndim, P)
        Of the products in the step.
    step : float
        The estimate.
    confidence : float
        Probability of the interval.

    Returns
    -------
    tuple of float
        Lower and upper limit.

    Raises
    ------
    ValueError
        If there is no upper limit.
    """
    halves = found.means[0] / 2
    ndim = len(halves)

    def variance(s: float) -> float:
        parts = [
            w @ found.covariance(s, half - s) @ w for w, half in zip(weights, halves, strict=True)
        ]
        return float(sum(parts)) / ndim**2

    unit = float(halves.mean())
    at = [variance(0.0), variance(unit), variance(2 * unit)]
    square = (at[2] - 2 * at[1] + at[0]) / 2
    v0, v1, v2 = at[0], (at[1] - at[0] - square) / unit, square / unit**2
    likely = variance(min(max(step, 0.0), 2 * unit))
    wider = max(1.0, _scatter(found, weights) / likely)
    z2 = float(stats.norm.ppf((1 + confidence) / 2)) ** 2 * wider
    a, b, c = 1 - z2 * v2, step + z2 * v1 / 2, step**2 - z2 * v0
    if a <= 0:
        raise ValueError(
            f"`tracks` must have more displacements to bound D with confidence {confidence:g}, "
            f"got {found.totals[0]}"
        )
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


def _scatter(found: Products, weights: Array) -> float:
    """Return the variance of the mean step from the scatter of the tracks, 0 for a few tracks."""
    n = found.n_tracks
    if n < ENOUGH_TRACKS:
        return 0.0
    return found.scatter(weights / found.totals.clip(1) / len(weights)) * n / (n - 1)
