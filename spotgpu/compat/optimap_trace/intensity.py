"""Traces and their range with optimap's habits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import traces as room
from spotgpu.compat.optimap_trace.plots import is_for_plots, show_traces

__all__ = ["extract_traces", "normalize"]

#: Options that optimap does not have.
FOR_TRACES = ("order", "axes", "channel", "device")


def extract_traces(
    video: Any,
    coords: Any,
    size: Any = 5,
    show: bool = False,
    window: str | None = None,
    **kwargs: Any,
) -> npt.NDArray[Any] | None:
    """Extract traces as `spotgpu.traces.extract_traces`, with None for no position.

    Parameters
    ----------
    video : array_like, shape (T, Y, X)
        Or anything else that `spotgpu.open` takes.
    coords : array_like, shape (N, 2) or (2,)
        Positions (column, row) in pixels.
    size : int
        Side or diameter of the window, in pixels.
    show : bool
        Whether to plot the traces.
    window : {'rect', 'disc', 'pixel'}, optional
        Default: what `set_default_trace_window` says.
    **kwargs
        For `show_traces`; without `show` and ``ax`` they do nothing. `spotgpu.traces` has more for
        `extract_traces` itself: ``order``, ``axes``, ``channel`` and ``device``.

    Returns
    -------
    ndarray, shape (T, N), or (T,) of one position, or None
        Traces; None for no position.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    if hasattr(coords, "__len__") and len(coords) == 0:
        return None
    shown = {name: value for name, value in kwargs.items() if name not in FOR_TRACES}
    options = {name: value for name, value in kwargs.items() if name in FOR_TRACES}
    if unknown := [name for name in shown if not is_for_plots(name)]:
        raise TypeError(f"`kwargs` must be options of show_traces, got {', '.join(unknown)}")
    traces = room.extract_traces(video, coords, size, window=window, **options)
    if show or "ax" in shown:
        show_traces(traces, **shown)
    return traces


def normalize(
    array: npt.ArrayLike,
    ymin: float = 0,
    ymax: float | None = None,
    vmin: Any = None,
    vmax: Any = None,
    dtype: npt.DTypeLike = np.float32,
    clip: bool = True,
) -> npt.NDArray[Any]:
    """Bring traces to a range and a type with optimap's numbers.

    ``(array - vmin) / (vmax - vmin + eps) * (ymax - ymin) + ymin``, in the floating point type of
    the array, which `eps` belongs to, or float32. Integers are rounded towards 0.

    Parameters
    ----------
    array : array_like, shape (T,) or (T, ...)
        Traces along the first axis.
    ymin, ymax : float
        What `vmin` and `vmax` become. `ymax` is by default 1, or the largest value of an integer
        `dtype`.
    vmin, vmax : float or array_like, optional
        Default: the least and the largest value of each trace.
    dtype : dtype
        Of the result.
    clip : bool
        Set values outside `vmin` and `vmax`, where one is given, to `ymin` and `ymax`.

    Returns
    -------
    ndarray of `dtype`, shape of `array`
        Normalized traces.
    """
    kind = np.dtype(dtype)
    values = np.asarray(array)
    if values.dtype.kind not in "fc":
        values = values.astype(np.float32)
    if ymax is None:
        ymax = np.iinfo(kind).max if kind.kind in "iu" else 1.0
    low = np.nanmin(values, axis=0) if vmin is None else vmin
    high = np.nanmax(values, axis=0) if vmax is None else vmax
    eps = np.finfo(values.dtype).eps
    result = (values - low) / (high - low + eps) * (ymax - ymin) + ymin
    if clip and (vmin is not None or vmax is not None):
        result = np.clip(result, ymin, ymax)
    return result.astype(kind, copy=False)
