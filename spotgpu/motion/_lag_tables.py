"""What the functions of the MSD share: tracks in micrometres in, tables by lag out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.motion._columns import checked_lags, checked_units
from spotgpu.motion._tracks import SortedTracks, read_rows, sort_rows
from spotgpu.tables import position_columns, require_columns

__all__ = ["column_names", "lag_table", "n_lags", "read_tracks"]

Array = npt.NDArray[np.float64]


def read_tracks(
    traj: pd.DataFrame,
    mpp: object,
    fps: object,
    pos_columns: Sequence[str] | None,
    one_track: bool = False,
) -> tuple[SortedTracks, list[str], float]:
    """Check a table of trajectories, and sort it.

    Parameters
    ----------
    traj : DataFrame
        As for `msd`.
    mpp : float or sequence of float
        As for `msd`.
    fps : float
        As for `msd`.
    pos_columns : sequence of str, optional
        As for `msd`.
    one_track : bool
        As for `read_rows`.

    Returns
    -------
    SortedTracks
        In µm.
    list of str
        The position columns in the order of output.
    float
        Frames per second.
    """
    require_columns("traj", traj, ["frame"])
    columns = position_columns("traj", traj, pos_columns)
    scale, rate = checked_units(mpp, fps, columns)
    rows = read_rows("traj", traj, columns, one_track)
    for axis, size in enumerate(scale):
        rows.positions[axis] = rows.positions[axis] * size
    if pos_columns is None:
        # Tables are in trackpy's order, x first.
        columns.reverse()
        rows.positions.reverse()
    return sort_rows("traj", rows), columns, rate


def n_lags(tracks: SortedTracks, max_lagtime: object) -> int:
    """Return how many lags there are.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    max_lagtime : int
        The most that are asked for.

    Returns
    -------
    int
        Not more than the longest span allows.
    """
    return min(checked_lags(max_lagtime), int(tracks.spans.max(initial=1)) - 1)


def column_names(columns: Sequence[str]) -> list[str]:
    """Return the names of the mean displacements and of the mean squares.

    Parameters
    ----------
    columns : sequence of str
        The position columns.

    Returns
    -------
    list of str
        ``<x>`` and so on, then ``<x^2>``.
    """
    return [f"<{c}>" for c in columns] + [f"<{c}^2>" for c in columns]


def lag_table(
    values: Array,
    columns: list[str],
    rate: float,
    attrs: Mapping[Any, Any],
    name: str,
    weights: bool,
) -> pd.DataFrame:
    """Return the rows of `values` as columns, with the lag as index and as last column.

    Parameters
    ----------
    values : ndarray of float64, shape (columns, lags)
        The last row is ``N``.
    columns : list of str
        Their names.
    rate : float
        Frames per second.
    attrs : mapping
        Of the table.
    name : str
        Of the index.
    weights : bool
        Keep ``N``.

    Returns
    -------
    DataFrame
        With ``lagt``, in seconds.
    """
    lags = np.arange(1, values.shape[1] + 1)
    result = pd.DataFrame(values.T, pd.Index(lags, name=name), columns)
    if not weights:
        del result["N"]
    result["lagt"] = lags / rate
    result.attrs = deepcopy(dict(attrs))
    return result
