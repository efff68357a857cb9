"""The median slope of all pairs of samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

__all__ = ["Slope", "theil_sen"]

#: Two-sided, of the confidence interval.
CONFIDENCE = 0.95


class Slope(NamedTuple):
    """A slope per sample, and the limits of its 95 % confidence interval."""

    slope: float
    low: float
    high: float


def theil_sen(values: npt.NDArray[np.float64]) -> Slope:
    """Return the Theil-Sen slope of evenly spaced samples.

    Equivalent to::

        scipy.stats.theilslopes(values)[[0, 2, 3]]

    with a sixth of its memory: slopes go by the distance of the samples, not through square
    matrices.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least 2, finite.

    Returns
    -------
    Slope
        The median of ``(values[j] - values[i]) / (j - i)`` over all ``i < j``, and Sen's interval,
        P. K. Sen, J. Am. Stat. Assoc. 63, 1379 (1968), equation 2.6,
        doi:10.1080/01621459.1968.10480934.
    """
    n = len(values)
    count = n * (n - 1) // 2
    slopes = np.empty(count)
    start = 0
    for k in range(1, n):
        slopes[start : start + n - k] = (values[k:] - values[:-k]) / k
        start += n - k
    repeats = np.unique(values, return_counts=True)[1]
    variance = (_spread(n) - _spread(repeats).sum()) / 18
    reach = ndtri(0.5 + CONFIDENCE / 2) * np.sqrt(variance)
    low = max(round((count - reach) / 2) - 1, 0)
    high = min(round((count + reach) / 2), count - 1)
    middle = [(count - 1) // 2, count // 2]
    slopes.partition([low, high, *middle])
    return Slope(float(slopes[middle].mean()), float(slopes[low]), float(slopes[high]))


def _spread(n: npt.NDArray[np.int64] | int) -> npt.NDArray[np.float64]:
    size = np.asarray(n, np.float64)
    return size * (size - 1) * (2 * size + 5)
