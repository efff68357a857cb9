"""Which spots of two tables are near each other in the same frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import KDTree

from spotgpu.checks import number, per_axis
from spotgpu.tables import position_columns, require_columns

__all__ = ["Neighbours", "near", "shared_columns"]

Ints = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]


class Neighbours(NamedTuple):
    """Rows of the two tables that are near each other, and their distance over the largest."""

    found: Ints
    truth: Ints
    distance: Array


def shared_columns(
    found: Any, truth: Any, pos_columns: Sequence[str] | None, others: Sequence[str]
) -> list[str]:
    """Return the position columns of both tables.

    Parameters
    ----------
    found, truth : DataFrame
        What the caller passed.
    pos_columns : sequence of str or None
        The caller's choice; None: ([z,] y, x) as in `truth`.
    others : sequence of str
        Columns that both must have too.

    Returns
    -------
    list of str
        In image order.

    Raises
    ------
    TypeError
        If one is not a table.
    ValueError
        If a column is missing, or a position or frame is NaN or infinite.
    """
    require_columns("truth", truth, others)
    columns = position_columns("truth", truth, pos_columns)
    require_columns("found", found, [*others, *columns])
    for name, table in (("found", found), ("truth", truth)):
        if not np.isfinite(table[[*others, *columns]].to_numpy(float)).all():
            raise ValueError(f"`{name}` must have finite values, got NaN or infinity")
    return columns


def near(
    found: pd.DataFrame,
    truth: pd.DataFrame,
    max_distance: Any,
    columns: list[str],
    t_column: str,
) -> Neighbours:
    """Return all pairs of rows of one frame that are nearer than `max_distance`.

    Parameters
    ----------
    found, truth : DataFrame
        Spots.
    max_distance : float or sequence of float
        In the unit of the positions; several values are half-axes of an ellipse.
    columns : list of str
        Position columns.
    t_column : str
        Column of the frame.

    Returns
    -------
    Neighbours
        Sorted by row of `found`, then of `truth`. Distances are in units of `max_distance`, < 1.

    Raises
    ------
    TypeError, ValueError
        If `max_distance` is not positive, or there is not one for each column.
    """
    reach = per_axis("max_distance", max_distance, len(columns), partial(number, above=0))
    # One more axis keeps the frames further apart than the largest distance, which is 1 here.
    times = np.concatenate([table[t_column].to_numpy(float) for table in (found, truth)])
    codes = np.unique(times, return_inverse=True)[1]
    points = [table[columns].to_numpy(float) / reach for table in (found, truth)]
    points[0] = np.column_stack((3.0 * codes[: len(found)], points[0]))
    points[1] = np.column_stack((3.0 * codes[len(found) :], points[1]))
    if not (len(found) and len(truth)):
        nothing = np.empty(0, np.int64)
        return Neighbours(nothing, nothing, np.empty(0))
    pairs = KDTree(points[0]).sparse_distance_matrix(KDTree(points[1]), 1.0, output_type="ndarray")
    pairs = pairs[pairs["v"] < 1]
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    return Neighbours(pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), pairs["v"])
