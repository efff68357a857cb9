"""The motion that all particles share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.checks import integer
from spotgpu.motion._columns import particle_codes
from spotgpu.motion._tracks import Rows, SortedTracks, read_rows, sort_rows
from spotgpu.tables import position_columns, require_columns

__all__ = ["DriftSteps", "compute_drift", "subtract_drift"]

#: Frames and, for each axis, mean displacements.
Steps = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]

#: Cells of a table for each row, up to which it is worth filling.
SPARSE = 4

#: Cells of a table at once: they stay in a core's cache.
CELLS = 1 << 16


def compute_drift(
    traj: pd.DataFrame, smoothing: int = 0, pos_columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Measure the drift of the whole ensemble.

    In each frame, the mean displacement since the frame before of the particles that are in both;
    then the running sum of these means.

    Parameters
    ----------
    traj : DataFrame
        Trajectories: ``particle``, ``frame`` and the positions, in any order of rows. Positions of
        NaN count as not seen.
    smoothing : int
        Replace each mean displacement by that of the last `smoothing` frames; 0 does not.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).

    Returns
    -------
    DataFrame
        The drift in the unit of the positions, one column for each of theirs, indexed by ``frame``
        and starting from the second frame; frames without a displacement are left out.

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, or a particle is twice in a frame.
    """
    drift = DriftSteps(smoothing, pos_columns)
    drift.add(traj)
    return drift.result()


class DriftSteps:
    """`compute_drift` of trajectories that come frame by frame. Memory: one table, and the result.

    Parameters
    ----------
    smoothing : int
        As for `compute_drift`.
    pos_columns : sequence of str, optional
        As for `compute_drift`.
    """

    def __init__(self, smoothing: int = 0, pos_columns: Sequence[str] | None = None) -> None:
        self._smoothing = integer("smoothing", smoothing, at_least=0)
        self._given_columns = pos_columns
        self._steps: list[pd.DataFrame] = []
        self._last: pd.DataFrame | None = None
        self._attrs: dict[Any, Any] = {}

    def add(self, traj: pd.DataFrame) -> None:
        """Take some frames.

        Parameters
        ----------
        traj : DataFrame
            As for `compute_drift`: all rows of these frames, which come after those before.

        Raises
        ------
        TypeError, ValueError
            As `compute_drift`.
        """
        columns = position_columns("traj", traj, self._given_columns)
        known = self._last
        if known is None:
            self._attrs = deepcopy(traj.attrs)
        else:
            needed = [*columns, "frame", "particle"]
            traj = pd.concat([known, traj[needed]], ignore_index=True)
        rows = read_rows("traj", traj, columns)
        found = _steps_in_order(rows)
        frames, means = _steps_sorted(sort_rows("traj", rows)) if found is None else found
        self._steps.append(pd.DataFrame(means.T, pd.Index(frames, name="frame"), columns))
        if len(traj):
            last = traj["frame"] == traj["frame"].max()
            self._last = traj.loc[last, [*columns, "frame", "particle"]]

    def result(self) -> pd.DataFrame:
        """Return the drift over all frames so far.

        Returns
        -------
        DataFrame
            As of `compute_drift`.

        Raises
        ------
        ValueError
            If no table was added.
        """
        if not self._steps:
            raise ValueError("`traj` must be added first, got none")
        steps = self._steps[0] if len(self._steps) == 1 else pd.concat(self._steps)
        if self._smoothing:
            steps = steps.rolling(self._smoothing, min_periods=0).mean()
        drift = steps.cumsum()
        drift.attrs = deepcopy(self._attrs)
        return drift


def _steps_in_order(rows: Rows) -> Steps | None:
    """Return what `_steps_sorted` does without sorting, None if that does not pay.

    If the frames ascend and most particles are in most of them, a dense table of a few frames by
    all particles is cheaper.
    """
    frames, n = rows.frames, len(rows.labels)
    if not len(frames) or not (frames[1:] >= frames[:-1]).all():
        return None
    first, length = int(frames[0]), int(frames[-1] - frames[0]) + 1
    if length == 1 or n * length > SPARSE * len(frames):
        return None
    counts = np.zeros(length, np.int64)
    sums = np.zeros((len(rows.positions), length))
    block = max(1, CELLS // n)
    edges = np.searchsorted(frames, first + np.arange(length + 1))
    for start in range(1, length, block):
        stop = min(start + block, length)
        part = slice(edges[start - 1], edges[stop])
        places = (frames[part] - (first + start - 1)) * n + rows.codes[part]
        for axis, values in enumerate(rows.positions):
            table = np.full((stop - start + 1, n), np.nan)
            table.reshape(-1)[places] = values[part]
            steps = table[1:] - table[:-1]
            gone = np.isnan(steps)
            steps[gone] = 0.0
            sums[axis, start:stop] = steps.sum(axis=1)
        counts[start:stop] = n - np.count_nonzero(gone, axis=1)
        if np.count_nonzero(np.isnan(table)) != table.size - len(places):
            return None  # a particle is twice in a frame: sorting tells which
    seen = np.flatnonzero(counts)
    return seen + first, sums[:, seen] / counts[seen]


def _steps_sorted(tracks: SortedTracks) -> Steps:
    """Return the frames that follow on one with the same particles, and the mean displacement."""
    follows = tracks.frames[1:] - tracks.frames[:-1] == 1
    follows[tracks.starts[1:-1] - 1] = False
    first = int(tracks.frames.min(initial=0))
    # What does not follow is counted in a place of its own, which is cheaper than leaving it out.
    frames = np.where(follows, tracks.frames[1:] - first + 1, 0)
    counts = np.bincount(frames)
    counts[:1] = 0
    seen = np.flatnonzero(counts)
    means = np.empty((len(tracks.positions), len(seen)))
    for mean, x in zip(means, tracks.positions, strict=True):
        mean[:] = np.bincount(frames, x[1:] - x[:-1])[seen] / counts[seen]
    return seen + first - 1, means


def subtract_drift(
    traj: pd.DataFrame, drift: pd.DataFrame | None = None, inplace: bool = False
) -> pd.DataFrame:
    """Subtract the drift from the positions.

    Parameters
    ----------
    traj : DataFrame
        Trajectories: ``frame`` and the columns of `drift`.
    drift : DataFrame, optional
        Drift by frame, like that of `compute_drift`, which is the default.
    inplace : bool
        Change `traj` itself; its index stays.

    Returns
    -------
    DataFrame
        `traj` with other positions, in the same order of rows, with a new index.

    Raises
    ------
    TypeError
        If `traj` or `drift` is of the wrong type.
    ValueError
        If a column is missing, or `drift` has a frame twice or other columns than positions.

    Warns
    -----
    UserWarning
        If positions stay as they are because `drift` lacks their frame, although it has an
        earlier one.
    """
    require_columns("traj", traj, ["frame"])
    if drift is None:
        drift = compute_drift(traj)
    require_columns("drift", drift, [])
    require_columns("traj", traj, drift.columns)
    if not drift.index.is_unique:
        raise ValueError("`drift` must have a frame once, got some twice")
    if {"frame", "particle"} & set(drift.columns):
        raise ValueError(
            "`drift` must have positions only, with the frames as its index, got the columns "
            f"{', '.join(map(str, drift.columns))}"
        )
    codes, frames, _ = particle_codes("traj", traj["frame"])
    rows = drift.index.get_indexer(frames)
    _warn_of_gaps(drift, frames[rows < 0])
    result = traj if inplace else traj.reset_index(drop=True)
    for column in drift.columns:
        shift = np.append(drift[column].fillna(0).to_numpy(np.float64), 0.0)[rows]
        result[column] = traj[column].to_numpy(np.float64) - shift[codes]
    result.attrs = deepcopy(traj.attrs)
    return result


def _warn_of_gaps(drift: pd.DataFrame, without: pd.Index) -> None:
    late = without[without > drift.index.min()] if len(drift) else without[:0]
    if len(late):
        warnings.warn(
            f"`drift` has no value for {len(late)} frame(s) (the first is {late[0]}): "
            "positions there stay as they are",
            UserWarning,
            stacklevel=3,
        )
