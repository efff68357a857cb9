"""`dff`: change of intensity relative to a baseline."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import choice, integer, number

__all__ = ["dff"]

BASELINES = ("percentile", "first", "running")

Traces = TypeVar("Traces", pd.DataFrame, pd.Series, npt.NDArray[Any])


def dff(
    traces: Traces,
    baseline: str = "percentile",
    *,
    percentile: float = 10,
    frames: int | None = None,
) -> Traces:
    """Return the change of intensity relative to a baseline: (F - F0) / F0.

    Parameters
    ----------
    traces : DataFrame, Series or ndarray, shape (T, N) or (T,)
        Intensities F, without background; a trace is a column. NaN counts as not measured.
    baseline : {'percentile', 'first', 'running'}
        What F0 is: a percentile of the whole trace; the mean of its first frames; a percentile of
        the frames around each frame.
    percentile : float
        From 0 to 100, with linear interpolation.
    frames : int, optional
        With 'first', how many frames; with 'running', how many around each, odd, fewer at both
        ends. Must be given there, and only there.

    Returns
    -------
    DataFrame, Series or ndarray
        As `traces`, of float64, with its ``attrs``. NaN where F0 is not positive.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.

    Examples
    --------
    >>> dff(np.array([10.0, 10.0, 15.0, 10.0]), "first", frames=2)
    array([0. , 0. , 0.5, 0. ])
    """
    choice("baseline", baseline, BASELINES)
    share = number("percentile", percentile, at_least=0, at_most=100) / 100
    n = _frames(baseline, frames)
    table = _table(traces)
    f0: Any
    if baseline == "first":
        f0 = table.head(n).mean()
    elif baseline == "running":
        f0 = table.rolling(n, center=True, min_periods=1).quantile(share)
    else:
        f0 = table.quantile(share)
    f0 = f0.to_numpy(np.float64)
    values = table.to_numpy(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(f0 > 0, (values - f0) / f0, np.nan)
    if isinstance(traces, np.ndarray):
        return change.reshape(traces.shape)
    result: Any
    if isinstance(traces, pd.DataFrame):
        result = pd.DataFrame(change, traces.index, traces.columns)
    else:
        result = pd.Series(change[:, 0], traces.index, name=traces.name)
    result.attrs = deepcopy(traces.attrs)
    return result


def _frames(baseline: str, frames: int | None) -> int:
    """Return the number of frames that a baseline takes; 1 if it takes none."""
    if baseline == "percentile":
        if frames is not None:
            raise ValueError(f"`frames` must be None with baseline='percentile', got {frames!r}")
        return 1
    if frames is None:
        raise ValueError(f"`frames` must be given with baseline={baseline!r}, got None")
    n = integer("frames", frames, at_least=1)
    if baseline == "running" and n % 2 == 0:
        raise ValueError(f"`frames` must be odd with baseline='running', got {n}")
    return n


def _table(traces: Any) -> pd.DataFrame:
    """Return traces as a table of numbers, without their names."""
    if not isinstance(traces, (pd.DataFrame, pd.Series, np.ndarray)):
        raise TypeError(
            f"`traces` must be a DataFrame, a Series or an array, got {type(traces).__name__}"
        )
    values = np.asarray(traces)
    if values.ndim not in {1, 2}:
        raise ValueError(f"`traces` must have the shape (T, N) or (T,), got {values.shape}")
    if values.dtype.kind not in "iuf":
        raise TypeError(f"`traces` must be numbers, got {values.dtype}")
    columns = values if values.ndim == 2 else values[:, None]
    return pd.DataFrame(columns.astype(np.float64))
