"""Axes of GEFF graphs, and the sizes and times that they tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.checks import number
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["axes_told", "pixel_sizes", "scales_told"]

#: Micrometres in GEFF's units of length, which are OME-Zarr's; pixels are none.
MICROMETRES = {
    "meter": 1e6,
    "centimeter": 1e4,
    "millimeter": 1e3,
    "micrometer": 1.0,
    "nanometer": 1e-3,
    "angstrom": 1e-4,
    "picometer": 1e-6,
    "inch": 25400.0,
}
#: Seconds in GEFF's units of time; frames are none.
SECONDS = {
    "day": 86400.0,
    "hour": 3600.0,
    "minute": 60.0,
    "second": 1.0,
    "millisecond": 1e-3,
    "microsecond": 1e-6,
    "nanosecond": 1e-9,
}


def pixel_sizes(told: Any, columns: Sequence[str]) -> list[float | None]:
    """Return the size of a pixel along each column.

    Parameters
    ----------
    told : float or sequence of float or None
        In micrometres: one for all axes or one for each in image order, ([z,] y, x).
    columns : sequence of str
        Position columns.

    Returns
    -------
    list of float or None
        None where it is not known.

    Raises
    ------
    TypeError, ValueError
        If a size is not positive, or there is not one for each column.
    """
    if told is None:
        return [None] * len(columns)
    if np.ndim(told) == 0:
        return [number("pixel_size_um", told, above=0)] * len(columns)
    sizes = [None if size is None else number("pixel_size_um", size, above=0) for size in told]
    axes = POSITION_COLUMNS[-len(sizes) :] if len(sizes) in (2, 3) else ()
    if set(columns) <= set(axes):
        return [sizes[axes.index(column)] for column in columns]
    if len(sizes) == len(columns):
        return sizes
    raise ValueError(
        f"`pixel_size_um` must be one value or one for each of {', '.join(columns)}, got {told!r}"
    )


def axes_told(
    time: tuple[str, str],
    columns: Sequence[str],
    spots: pd.DataFrame,
    sizes: Iterable[float | None],
    interval: float | None,
) -> list[dict[str, Any]]:
    """Return the metadata of the axes: time, then space.

    Parameters
    ----------
    time : tuple of str
        Name of the axis of time, and the column that it is in `spots`.
    columns : sequence of str
        Position columns, in pixels.
    spots : DataFrame
        Spots.
    sizes : iterable of float or None
        Size of a pixel along each column, in µm.
    interval : float or None
        Time between frames, in s.

    Returns
    -------
    list of dict
        Arguments of ``geff_spec.Axis``.
    """
    name, column = time
    scale = {} if interval is None else {"scale": interval, "scaled_unit": "second"}
    axes = [{"name": name, "type": "time", "unit": "frame", **scale, **_range(spots[column])}]
    for column, size in zip(columns, sizes, strict=True):
        scale = {} if size is None else {"scale": size, "scaled_unit": "micrometer"}
        space = {"name": column, "type": "space", "unit": "pixel"}
        axes.append({**space, **scale, **_range(spots[column])})
    return axes


def _range(column: pd.Series[Any]) -> dict[str, float]:
    """Return the range of what is finite: JSON has no other numbers."""
    values = column.to_numpy(np.float64)
    values = values[np.isfinite(values)]
    return {"min": float(values.min()), "max": float(values.max())} if len(values) else {}


def scales_told(axes: Iterable[Any]) -> dict[str, Any]:
    """Return what axes say of pixels and frames.

    Parameters
    ----------
    axes : iterable of geff_spec.Axis
        Of a graph.

    Returns
    -------
    dict
        ``pixel_size_um``, one value for each axis of space in image order, if all are known, and
        ``frame_interval_s``, if that is. Where the values of an axis are in units of length or
        time already, that is the size of the unit.
    """
    found: dict[str, Any] = {}
    sizes = {axis.name: _scale(axis, MICROMETRES) for axis in axes if axis.type == "space"}
    names = [name for name in POSITION_COLUMNS if name in sizes]
    names = names if len(names) == len(sizes) else list(sizes)
    if sizes and None not in sizes.values():
        found["pixel_size_um"] = [sizes[name] for name in names]
    intervals = [_scale(axis, SECONDS) for axis in axes if axis.type == "time"]
    if intervals and intervals[0] is not None:
        found["frame_interval_s"] = intervals[0]
    return found


def _scale(axis: Any, units: Mapping[str, float]) -> float | None:
    """Return what one is on an axis, in µm or s."""
    scale, unit = (axis.scale, axis.scaled_unit) if axis.scale is not None else (1.0, axis.unit)
    if unit not in units or not 0 < scale < np.inf:
        return None
    return float(scale * units[unit])
