"""Polygons: which overlap, and by how much."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.errors import SpotgpuError
from spotgpu.linking._measures import LONGEST, Overlapping

__all__ = ["polygon_overlaps", "read_polygons"]

#: Pairs whose intersections are held at once.
_AT_ONCE = 1 << 16
#: By how much rounding may change a bound of an IoU.
_ROUNDING = 1e-9


def read_polygons(column: pd.Series[Any], centre: Floats, scale_factor: float) -> npt.NDArray[Any]:
    """Make polygons of their vertices.

    Parameters
    ----------
    column : Series of array_like of float, shape (vertices, 2)
        Vertices y, x of each polygon in order, in the frame of the positions; the first may be
        repeated as the last.
    centre : ndarray of float64, shape (spots, 2)
        The point y, x about which each polygon is scaled.
    scale_factor : float
        By how much.

    Returns
    -------
    ndarray of shapely.Polygon, shape (spots,)
        The polygons.

    Raises
    ------
    ValueError
        If one has less than three vertices, one that is not finite, or crosses itself.
    SpotgpuError
        If shapely is not installed.
    """
    try:
        import shapely
    except ModuleNotFoundError as error:
        raise SpotgpuError(
            'The overlap of polygons needs shapely: pip install "spotgpu[shapes]" brings it'
        ) from error
    name = column.name
    parts = [_vertices(polygon, name, row) for row, polygon in enumerate(column)]
    if not parts:
        return np.empty(0, object)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    points = np.concatenate(parts)
    bad = ~(np.abs(points) < LONGEST).all(axis=1)
    if bad.any():
        raise ValueError(
            f"`objects` must have finite vertices in column {name}, "
            f"got {points[bad][0].tolist()} in row {owner[bad][0]} (counted from 0)"
        )
    points = centre[owner] + scale_factor * (points - centre[owner])
    polygons = shapely.polygons(shapely.linearrings(points, indices=owner))
    valid = shapely.is_valid(polygons)
    if not valid.all():
        row = int(valid.argmin())
        raise ValueError(
            f"`objects` must have simple polygons in column {name}, got one with "
            f"{shapely.is_valid_reason(polygons[row])} (y x) in row {row} (counted from 0)"
        )
    return polygons


def _vertices(polygon: Any, name: Any, row: int) -> Floats:
    """Return the vertices of one polygon."""
    try:
        points = np.asarray(polygon, np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    closed = points.ndim == 2 and len(points) > 1 and bool((points[0] == points[-1]).all())
    if points.ndim != 2 or points.shape[1] != 2 or len(points) - closed < 3:
        raise ValueError(
            f"`objects` must have arrays of three vertices (y, x) or more in column {name}, "
            f"got {polygon!r} in row {row} (counted from 0)"
        )
    return points


def polygon_overlaps(
    polygons: npt.NDArray[Any], source_step: Ints, target_step: Ints, least: float
) -> Overlapping:
    """Find the polygons of successive frames that overlap.

    Parameters
    ----------
    polygons : ndarray of shapely.Polygon, shape (spots,)
        Valid ones.
    source_step, target_step : ndarray of int64, shape (spots,)
        A source and a target whose steps are equal may be a pair; -1: the spot is no source.
    least : float
        Pairs whose IoU cannot be above this are left out without intersecting them.

    Returns
    -------
    Overlapping
        Pairs of rows.
    """
    nothing = np.empty(0, np.int64), np.empty(0, np.int64), *(np.empty(0),) * 3
    if not len(polygons):
        return Overlapping(*nothing)
    import shapely

    area, box = shapely.area(polygons), shapely.bounds(polygons)
    # Steps are laid side by side; the margin is what rounding takes.
    apart = 2 * (box[:, 2].max() - box[:, 0].min())
    margin = np.spacing(np.abs(box).max() + apart * (len(polygons) + 1))

    def placed(step: Ints) -> Any:
        move = apart * step
        return shapely.box(
            box[:, 0] + move - margin, box[:, 1], box[:, 2] + move + margin, box[:, 3]
        )

    sources = np.flatnonzero(source_step >= 0)
    tree = shapely.STRtree(placed(source_step)[sources])
    target, source = tree.query(placed(target_step))
    source = sources[source]
    low, high = np.maximum(box[source], box[target]), np.minimum(box[source], box[target])
    bound = np.prod(np.maximum(high[:, 2:] - low[:, :2], 0), axis=1)
    bound = np.minimum(bound, np.minimum(area[source], area[target]))
    possible = bound * (1 + _ROUNDING) > least * (area[source] + area[target] - bound)
    source, target = source[possible], target[possible]
    overlap = np.empty(len(source))
    for start in range(0, len(source), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        shared = shapely.intersection(polygons[source[part]], polygons[target[part]])
        overlap[part] = shapely.area(shared)
    overlap = np.minimum(overlap, np.minimum(area[source], area[target]))
    pairs = Overlapping(source, target, overlap, area[source], area[target])
    return pairs.rows(overlap > 0)
