"""The period of a signal that has a trend."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.traces._trend import median_trend

__all__ = ["odd_window", "period_of"]

#: Periods outside are not looked for, in samples.
SHORTEST, LONGEST = 4, 512
#: Peaks from this part of the highest on count.
HIGH = 0.9


def odd_window(period: float, times: float) -> int:
    """Return the length of a window of some periods.

    Parameters
    ----------
    period : float
        In samples.
    times : float
        Periods in a window.

    Returns
    -------
    int
        One less than the largest even number in ``period * times``.
    """
    return int(period * times) // 2 * 2 - 1


def period_of(values: npt.NDArray[np.float64]) -> int:
    """Return the period of a signal, in samples.

    That is the mean of the highest peaks of Welch's periodogram of what a wide running median
    leaves over, weighted by their power: the algorithm and numbers of the package seasonal 0.3.1.
    P. D. Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), doi:10.1109/TAU.1967.1161901.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least 6, finite.

    Returns
    -------
    int
        From 4 to 512, or the longest that is looked for, ``min(n // 3, 512)``, where no power is
        above 1e-8, in the square of the unit of `values`.
    """
    # Half a second, which those who look for no period need not wait.
    from scipy.signal import welch

    n = len(values)
    longest = min(n // 3, LONGEST)
    rest = values - median_trend(values, odd_window(longest, 2))
    segment = min(2 * longest, n // 2)
    frequencies, power = welch(rest, scaling="spectrum", nperseg=segment)
    # The first frequency is 0. Periods descend; of those that round to the same, the highest power.
    periods = np.rint(1 / frequencies[1:]).astype(int)
    starts = np.flatnonzero(np.diff(periods, prepend=0))
    periods, power = periods[starts], np.maximum.reduceat(power[1:], starts)
    # A whole segment is a trend rather than a period.
    power[periods == segment] = 0
    first = np.count_nonzero(periods >= longest) - 1
    looked_at = slice(first, np.count_nonzero(periods >= SHORTEST))
    periods, power = periods[looked_at], power[looked_at]
    if np.allclose(power, 0, rtol=0, atol=1e-8):
        return longest
    high = power >= HIGH * power.max()
    return round(np.average(periods[high], weights=power[high]))
