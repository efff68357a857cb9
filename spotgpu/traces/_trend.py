"""The slow part of a periodic signal, by filters as wide as a few periods.

The algorithms and numbers are those of the package seasonal 0.3.1
(https://github.com/welch/seasonal). All windows are odd.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from spotgpu.traces._theil_sen import theil_sen

__all__ = ["TRENDS", "median_trend"]

Values = npt.NDArray[np.float64]


def mean_trend(values: Values, window: int) -> Values:
    """Return running means, with straight ends.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Samples, finite.
    window : int
        Odd, from 3 to n.

    Returns
    -------
    ndarray of float64, shape (n,)
        Trend.
    """
    half = window // 2
    sums = np.concatenate([[0.0], np.cumsum(values)])
    filtered = values.copy()
    filtered[half:-half] = (sums[window:] - sums[:-window]) / window
    return _with_straight_ends(filtered, window)


def median_trend(values: Values, window: int) -> Values:
    """Return running medians, with straight ends.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Samples, finite.
    window : int
        Odd, from 3 to n.

    Returns
    -------
    ndarray of float64, shape (n,)
        Trend.
    """
    half = window // 2
    filtered = values.copy()
    filtered[half:-half] = _medians(values, window)
    return _with_straight_ends(filtered, window)


def line_trend(values: Values, window: int) -> Values:
    """Return a line through the running medians, or a constant if its slope may be 0.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Samples, finite.
    window : int
        Odd, from 3 to n - 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        Trend. It has the Theil-Sen slope of the running medians where the windows are whole, and
        the median of `values` in the middle.
    """
    slope, low, high = theil_sen(_medians(values, window))
    centred = np.arange(len(values)) - (len(values) - 1) / 2
    return np.median(values) + (0.0 if low <= 0 <= high else slope) * centred


def spline_trend(values: Values, window: int) -> Values:
    """Return a cubic spline fitted by least squares, with straight ends.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Samples, finite, at least 5.
    window : int
        Odd, from 3 to n. There is a knot for each two windows, and one more.

    Returns
    -------
    ndarray of float64, shape (n,)
        Trend.
    """
    from scipy.interpolate import LSQUnivariateSpline

    n = len(values)
    pieces = n // (2 * window) + 1
    # One place is left out at the end, so knots are not even: the numbers of seasonal.
    knots = np.linspace(0, n - 1, pieces + 3)[1:-2]
    samples = np.arange(n)
    return _with_straight_ends(LSQUnivariateSpline(samples, values, knots)(samples), window)


#: Trend by kind.
TRENDS: dict[str, Callable[[Values, int], Values]] = {
    "mean": mean_trend,
    "median": median_trend,
    "line": line_trend,
    "spline": spline_trend,
}


def _medians(values: Values, window: int) -> Values:
    """Return the medians of the windows that are whole."""
    half = window // 2
    return median_filter(values, window)[half : len(values) - half]


def _with_straight_ends(values: Values, window: int) -> Values:
    """Return `values` with lines for half a window at each end.

    A line has the slope of the whole window there, and starts beside what stays.
    """
    half = window // 2
    result = values.copy()
    left, right = theil_sen(values[:window]).slope, theil_sen(values[-window:]).slope
    result[:half] = np.arange(-half, 0) * left + values[half]
    result[-half:] = np.arange(1, half + 1) * right + values[-half - 1]
    return result
