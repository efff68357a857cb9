"""Objects and their overlaps, from label images or from a table of spots with their shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import number
from spotgpu.linking._balls import ball_overlaps
from spotgpu.linking._label_movie import label_overlaps
from spotgpu.linking._measures import LONGEST, Overlapping
from spotgpu.linking._polygons import polygon_overlaps, read_polygons
from spotgpu.tables import position_columns, require_columns, with_ids

__all__ = ["object_overlaps"]


def object_overlaps(
    objects: Any,
    *,
    scale_factor: float,
    shape_column: str | None,
    pos_columns: Sequence[str] | None,
    t_column: str,
    memory: int = 0,
    bridge: bool = False,
    least: float = 0.0,
) -> tuple[pd.DataFrame, Overlapping]:
    """Return a table of objects and the pairs of them that overlap.

    Parameters
    ----------
    objects : DataFrame or iterable of array_like of int
        Spots or label images, as `link_overlap` takes them.
    scale_factor : float
        As in `link_overlap`.
    shape_column : str or None
        As in `link_overlap`.
    pos_columns : sequence of str or None
        As in `link_overlap`.
    t_column : str
        As in `link_overlap`.
    memory : int
        Objects overlap with those of as many more frames than the one before.
    bridge : bool
        Whether the frame before is the last that has objects.
    least : float
        Pairs whose IoU is not above this may be left out.

    Returns
    -------
    DataFrame
        With `t_column` and ``id``; the row numbers are its index.
    Overlapping
        Pairs of its rows, sorted by target, then source.

    Raises
    ------
    TypeError, ValueError
        As in `link_overlap`.
    SpotgpuError
        If polygons are given and shapely is not installed.
    """
    scale_factor = number("scale_factor", scale_factor, above=0)
    if not isinstance(objects, pd.DataFrame):
        for name, value in (("shape_column", shape_column), ("pos_columns", pos_columns)):
            if value is not None:
                raise ValueError(f"`{name}` must be None for label images, got {value!r}")
        if scale_factor != 1:
            raise ValueError(f"`scale_factor` must be 1 for label images, got {scale_factor:g}")
        frames = _frames(objects)
        return label_overlaps(frames, memory=memory, bridge=bridge, t_column=t_column)
    if shape_column is None:
        shape_column = "polygon" if "polygon" in objects else "radius"
    columns = position_columns("objects", objects, pos_columns)
    require_columns("objects", objects, [t_column, shape_column])
    spots = with_ids(objects.reset_index(drop=True), t_column)
    shapes = _Shapes(spots, columns, shape_column, scale_factor, least)
    frame = spots[t_column].to_numpy(np.int64)
    furthest = int(frame.max() - frame.min()) if len(frame) else 0
    gaps = range(1, min(memory, furthest) + 2)
    return spots, Overlapping.joined(shapes.pairs(*_steps(frame, gap, bridge)) for gap in gaps)


def _frames(objects: Any) -> Iterator[Any]:
    """Return the frames one by one."""
    try:
        if isinstance(objects, (str, bytes)):
            raise TypeError
        return iter(objects)
    except TypeError:
        raise TypeError(
            "`objects` must be a pandas DataFrame or a sequence of label images, "
            f"got {type(objects).__name__}"
        ) from None


def _steps(frame: Ints, gap: int, bridge: bool) -> tuple[Ints, Ints]:
    """Number the frames, once as sources, whose number is that of the frame of their targets."""
    frames, step = np.unique(frame, return_inverse=True)
    if bridge:
        return step + 1, step
    later = np.searchsorted(frames, frame + gap)
    there = frames.take(later, mode="clip") == frame + gap
    return np.where(there, later, -1), step


class _Shapes:
    """Shapes of the spots of a table: polygons where the column has arrays, else circles, balls."""

    def __init__(
        self, spots: pd.DataFrame, columns: list[str], shape: str, scale: float, least: float
    ) -> None:
        values = [_lengths(spots, column, "finite positions") for column in columns]
        self.positions = np.column_stack(values)
        self.least = least
        self.polygons = None
        if len(columns) not in {2, 3}:
            raise ValueError(f"`pos_columns` must be two or three columns, got {columns!r}")
        if not is_numeric_dtype(spots[shape]):
            if len(columns) != 2:
                raise ValueError(
                    "`pos_columns` must be the two of the plane of the polygons, "
                    f"got {', '.join(columns)}"
                )
            self.polygons = read_polygons(spots[shape], self.positions, scale)
        else:
            self.radius = scale * _lengths(spots, shape, "positive radii", above=0)

    def pairs(self, source_step: Ints, target_step: Ints) -> Overlapping:
        """Return the spots that overlap, of the steps given."""
        if self.polygons is None:
            return ball_overlaps(self.positions, self.radius, source_step, target_step)
        return polygon_overlaps(self.polygons, source_step, target_step, self.least)


def _lengths(spots: pd.DataFrame, column: str, wanted: str, above: float = -LONGEST) -> Floats:
    """Return a column of real numbers in bounds."""
    dtype = spots[column].dtype
    if not is_numeric_dtype(dtype) or is_bool_dtype(dtype) or is_complex_dtype(dtype):
        raise TypeError(f"`objects` must have {wanted} in column {column}, got {dtype}")
    values = spots[column].to_numpy(np.float64, na_value=np.nan)
    bad = ~((values > above) & (values < LONGEST))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"`objects` must have {wanted} in column {column}, "
            f"got {values[row]} in row {row} (counted from 0)"
        )
    return values
