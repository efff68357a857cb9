"""`detrend_timeseries`: traces without their slow changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.checks import choice, number
from spotgpu.traces._period import odd_window, period_of
from spotgpu.traces._trend import TRENDS

__all__ = ["detrend_timeseries"]


def detrend_timeseries(
    data: npt.ArrayLike,
    kind: str | None = "spline",
    period: float | None = None,
    ptimes: float = 2,
    retain_baseline: bool = True,
    return_trend_data: bool = False,
) -> npt.NDArray[np.float64]:
    """Subtract the slow changes of a trace, such as bleaching, and keep what is periodic.

    The algorithms and numbers are those of the package seasonal 0.3.1. The trend is smooth over
    windows of ``w = int(period * ptimes) // 2 * 2 - 1`` samples. In the half window at each end, it
    is a line with the Theil-Sen slope of the last window. That slope takes memory in the square of
    its samples, 0.4 GB for 10,000: those of a window, or with 'line' the whole trace.

    Parameters
    ----------
    data : array_like of real numbers, shape (T,) or (T, N)
        Evenly spaced samples without NaN: one trace, or one a column, each detrended by itself.
        Computed in float64.
    kind : {'spline', 'mean', 'median', 'line', None}
        - 'spline': a cubic spline with a knot each two windows, fitted by least squares.
        - 'mean', 'median': that of the window around each sample.
        - 'line': a line with the Theil-Sen slope of the running medians; a constant, the median, if
          the 95 % confidence interval of the slope contains 0.
        - None: the mean of the trace.
    period : float, optional
        Period of the signal in samples. Default: that of the highest peaks of its periodogram
        between 4 and ``min(T / 3, 512)`` samples, for each column; the longest of these if none
        has a power above 1e-8 in the squared unit of `data`.
    ptimes : float
        Periods in a window.
    retain_baseline : bool
        Add the mean of the trend again.
    return_trend_data : bool
        Return the trend rather than what is left without it.

    Returns
    -------
    ndarray of float64, shape of `data`
        ``data - trend``, ``data - trend + mean(trend)`` or ``trend``.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If `data` is empty, too short or not finite, if a window has less than 3 samples or more
        than there are, or if `kind` is unknown.

    Examples
    --------
    >>> time = np.arange(300)
    >>> trace = np.sin(2 * np.pi * time / 25) - time / 100
    >>> trend = detrend_timeseries(trace, "mean", return_trend_data=True)
    >>> bool(abs(trend + time / 100).max() < 0.05)
    True
    """
    choice("kind", kind, (*TRENDS, None))
    if period is not None:
        period = number("period", period, above=0)
    ptimes = number("ptimes", ptimes, above=0)
    values = _samples(data)
    columns = values.reshape(len(values), -1).T
    trends = [_trend(column, kind, period, ptimes) for column in columns]
    trend = np.array(trends).reshape(columns.shape).T.reshape(values.shape)
    if return_trend_data:
        return trend
    return values - trend + (trend.mean(axis=0) if retain_baseline else 0)


def _samples(data: npt.ArrayLike) -> npt.NDArray[np.float64]:
    given = np.asarray(data)
    if given.dtype.kind not in "buif":
        raise TypeError(f"`data` must be an array of real numbers, got {given.dtype}")
    if given.ndim not in {1, 2} or len(given) == 0:
        raise ValueError(f"`data` must be of shape (T,) or (T, N), got {given.shape}")
    values = given.astype(np.float64)
    if not (finite := np.isfinite(values)).all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        at = f"sample {first[0]}" + (f" of column {first[1]}" if len(first) == 2 else "")
        raise ValueError(f"`data` must be finite, got {values[first]:g} at {at}")
    return values


def _trend(
    values: npt.NDArray[np.float64], kind: str | None, period: float | None, ptimes: float
) -> npt.NDArray[np.float64]:
    """Return the trend of one trace."""
    n = len(values)
    if kind is None:
        return np.full(n, values.mean())
    least = 6 if period is None else 5
    if n < least:
        how = "" if period else " where `period` is not given"
        raise ValueError(f"`data` must have at least {least} samples{how}, got {n}")
    used = period_of(values) if period is None else period
    window = odd_window(used, ptimes)
    longest = n - 1 if kind == "line" else n
    if not 3 <= window <= longest:
        found = "" if period else ", which was found,"
        raise ValueError(
            f"`period` times `ptimes` must be a window of 3 to {longest} samples for kind "
            f"{kind!r}, got period {used:g}{found} times {ptimes:g}, a window of {window}"
        )
    return TRENDS[kind](values, window)
