"""Keeping the tracks that are long enough, or of small enough particles."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import integer, number
from spotgpu.motion._columns import particle_codes, real_numbers
from spotgpu.tables import require_columns

__all__ = ["filter_clusters", "filter_stubs"]


def filter_stubs(tracks: pd.DataFrame, threshold: int = 100) -> pd.DataFrame:
    """Keep the tracks of at least `threshold` positions.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories: ``particle`` and ``frame``.
    threshold : int
        Fewest rows that a track may have; frames in which the particle was not seen do not count.

    Returns
    -------
    DataFrame
        The rows that are left, in their order, with a new index.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column or a particle is missing, or `threshold` is negative.
    """
    require_columns("tracks", tracks, ["particle", "frame"])
    threshold = integer("threshold", threshold, at_least=0)
    codes, _, counts = particle_codes("tracks", tracks["particle"])
    return _rows(tracks, codes, counts >= threshold)


def filter_clusters(
    tracks: pd.DataFrame, quantile: float = 0.8, threshold: float | None = None
) -> pd.DataFrame:
    """Keep the tracks whose mean ``size`` is below a threshold.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories: ``particle``, ``frame`` and ``size``, the spots' radius of gyration.
    quantile : float
        The threshold is this quantile of ``size`` over all rows.
    threshold : float, optional
        The threshold itself, in pixels; `quantile` is not used then.

    Returns
    -------
    DataFrame
        The rows that are left, in their order, with a new index. A track all of whose sizes are
        NaN is left out.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column or a particle is missing, or `quantile` is not within 0 and 1.
    """
    require_columns("tracks", tracks, ["particle", "frame", "size"])
    quantile = number("quantile", quantile, at_least=0, at_most=1)
    size = real_numbers("tracks", tracks, "size")
    if threshold is None:
        threshold = float(pd.Series(size).quantile(quantile))
    else:
        threshold = number("threshold", threshold)
    codes, labels, _ = particle_codes("tracks", tracks["particle"])
    measured = ~np.isnan(size)
    sums = np.bincount(codes, np.where(measured, size, 0), minlength=len(labels))
    counts = np.bincount(codes, measured, minlength=len(labels))
    means = np.divide(sums, counts, out=np.full(len(labels), np.nan), where=counts > 0)
    return _rows(tracks, codes, means < threshold)


def _rows(
    table: pd.DataFrame, codes: npt.NDArray[np.int64], keep: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the rows of the tracks to `keep`."""
    if keep.all():
        result = table.reset_index(drop=True)
    elif not table.columns.is_unique:
        result = table[keep[codes]].reset_index(drop=True)
    else:
        rows = np.flatnonzero(keep[codes])
        result = pd.DataFrame(_taken(table, rows), pd.RangeIndex(len(rows)), copy=False)
        result.columns = table.columns
    result.attrs = deepcopy(table.attrs)
    return result


def _taken(table: pd.DataFrame, rows: npt.NDArray[np.int64]) -> dict[Any, Any]:
    """Return the columns at some rows; twice as fast as `table.take`, which joins the columns.

    Columns of a type lie in one array: a large one needs fewer pages than several.
    """
    taken: dict[Any, Any] = {}
    plain: dict[np.dtype[Any], list[Any]] = {}
    for name in table.columns:
        dtype = table[name].dtype
        if isinstance(dtype, np.dtype):
            plain.setdefault(dtype, []).append(name)
        else:
            taken[name] = table[name].array.take(rows)
    for dtype, names in plain.items():
        block = np.empty((len(names), len(rows)), dtype)
        for name, column in zip(names, block, strict=True):
            taken[name] = table[name].to_numpy().take(rows, mode="clip", out=column)
    return {name: taken[name] for name in table.columns}
