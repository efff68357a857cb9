"""`normalize`: traces brought to a range and a type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import number

__all__ = ["normalize"]

#: Values that are worked on at a time.
BLOCK = 1 << 16


def normalize(
    array: npt.ArrayLike,
    ymin: float = 0,
    ymax: float | None = None,
    vmin: Any = None,
    vmax: Any = None,
    dtype: npt.DTypeLike = np.float32,
    clip: bool = True,
) -> npt.NDArray[Any]:
    """Bring traces to a range, each by its own least and largest value, and to a type.

    ``(array - vmin) / (vmax - vmin) * (ymax - ymin) + ymin``, computed in float64; integers are
    rounded to the nearest. NaN stays NaN. A trace that is constant, or nowhere above a given
    `vmin`, becomes `ymin`; one that is nowhere below a given `vmax` becomes `ymax`.

    Parameters
    ----------
    array : array_like of real numbers, shape (T,) or (T, ...)
        Traces along the first axis: of a movie, one for each pixel.
    ymin, ymax : float
        What `vmin` and `vmax` become. `ymax` is by default 1, or the largest value of an integer
        `dtype`.
    vmin, vmax : float or array_like, shape (...), optional
        One for all traces or one for each. Default: the least and the largest value of each.
    dtype : dtype
        Of the result: integers or floating point numbers.
    clip : bool
        Set values outside `vmin` and `vmax` to `ymin` and `ymax`.

    Returns
    -------
    ndarray of `dtype`, shape of `array`
        Normalized traces.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If `array` is empty, or infinite where a limit is not given, a given `vmin` is not below a
        given `vmax`, or the result does not fit into `dtype`.

    Examples
    --------
    >>> normalize([[1, 20], [2, 60], [3, 40]]).tolist()
    [[0.0, 0.0], [0.5, 1.0], [1.0, 0.5]]
    >>> normalize([1, 2, 3], dtype="uint8").tolist()
    [0, 128, 255]
    """
    kind = np.dtype(dtype)
    if kind.kind not in "iuf":
        raise TypeError(f"`dtype` must be an integer or a floating point type, got {kind}")
    values = _values(array)
    ymin = number("ymin", ymin)
    ymax = _largest(kind) if ymax is None else number("ymax", ymax)
    low, high = _limit("vmin", vmin, values), _limit("vmax", vmax, values)
    if vmin is not None and vmax is not None and (low >= high).any():
        raise ValueError(f"`vmin` must be below `vmax`, got {vmin!r} and {vmax!r}")
    if np.isinf(low).any() or np.isinf(high).any():
        raise ValueError(
            "`array` must be finite or NaN where `vmin` or `vmax` is not given, got infinite values"
        )
    flat = low >= high
    with np.errstate(over="ignore"):
        span, height = np.where(flat, 1, high - low), np.subtract(ymax, ymin)
    for name, range_ in (("array", span), ("ymax", height)):
        if np.isinf(range_).any():
            raise ValueError(f"`{name}` must have a range that float64 can hold, got a wider one")
    # What traces without a range become.
    alone = float(vmin is None and vmax is not None)
    result = np.empty(values.shape, kind)
    step = max(1, BLOCK // max(values[0].size, 1))
    for start in range(0, len(values), step):
        part = values[start : start + step].astype(np.float64)
        # What overflows is outside of a limit that was given.
        with np.errstate(over="ignore"):
            part -= low
            part /= span
        if flat.any():
            part[np.broadcast_to(flat, part.shape) & ~np.isnan(part)] = alone
        with np.errstate(over="ignore"):
            part *= height
            part += ymin
        if clip:
            np.clip(part, min(ymin, ymax), max(ymin, ymax), out=part)
        result[start : start + step] = _converted(part, kind)
    return result


def _values(array: npt.ArrayLike) -> npt.NDArray[Any]:
    given = np.asarray(array)
    if given.dtype.kind not in "buif":
        raise TypeError(f"`array` must be an array of real numbers, got {given.dtype}")
    if given.ndim == 0 or given.size == 0:
        raise ValueError(f"`array` must have at least one value, got shape {given.shape}")
    return given


def _largest(kind: np.dtype[Any]) -> float:
    """Return the largest float64 that is a value of an integer type; 1 for others."""
    if kind.kind == "f":
        return 1.0
    largest = np.iinfo(kind).max
    return float(largest) if int(float(largest)) == largest else np.nextafter(float(largest), 0)


def _limit(name: str, given: Any, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return one limit for all traces, or one for each."""
    if given is None:
        # Of nothing but NaN: NaN.
        reduce = np.fmin.reduce if name == "vmin" else np.fmax.reduce
        return np.asarray(reduce(values, axis=0), np.float64)
    limit = np.asarray(given)
    if limit.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must be a number or one for each trace, got {given!r}")
    if limit.shape not in {(), values.shape[1:]} or not np.isfinite(limit).all():
        raise ValueError(
            f"`{name}` must be a finite number or one for each trace, of shape "
            f"{values.shape[1:]}, got {given!r}"
        )
    return limit.astype(np.float64)


def _converted(values: npt.NDArray[np.float64], kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Return `values` as `kind`."""
    if kind.kind in "iu":
        if np.isnan(values).any():
            raise ValueError(f"`dtype` must be a floating point type for NaN, got {kind}")
        np.rint(values, out=values)
    least = np.iinfo(kind).min if kind.kind in "iu" else -float(np.finfo(kind).max)
    most = _largest(kind) if kind.kind in "iu" else float(np.finfo(kind).max)
    if (values < least).any() or (values > most).any():
        raise ValueError(
            f"`dtype` must hold the results, {np.nanmin(values):g} to {np.nanmax(values):g}, "
            f"got {kind}"
        )
    return values.astype(kind)
