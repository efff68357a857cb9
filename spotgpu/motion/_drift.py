"""The motion that all particles share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pandas as pd

from spotgpu.checks import integer
from spotgpu.motion._tracks import sort_tracks, whole_numbers
from spotgpu.tables import position_columns, require_columns

__all__ = ["compute_drift", "subtract_drift"]


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
    columns = position_columns("traj", traj, pos_columns)
    smoothing = integer("smoothing", smoothing, at_least=0)
    tracks = sort_tracks("traj", traj, columns)
    follows = np.diff(tracks.frames) == 1
    follows[tracks.starts[1:-1] - 1] = False
    first = int(tracks.frames.min(initial=0))
    frames = tracks.frames[1:][follows] - first
    counts = np.bincount(frames)
    seen = np.flatnonzero(counts)
    means = [
        np.bincount(frames, np.diff(x)[follows])[seen] / counts[seen] for x in tracks.positions
    ]
    index = pd.Index(seen + first, name="frame")
    steps = pd.DataFrame(dict(zip(columns, means, strict=True)), index)
    if smoothing:
        steps = steps.rolling(smoothing, min_periods=0).mean()
    drift = steps.cumsum()
    drift.attrs = deepcopy(traj.attrs)
    return drift


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

    Warns
    -----
    UserWarning
        If positions stay as they are because `drift` lacks their frame, although it has an
        earlier one.

    Raises
    ------
    TypeError
        If `traj` or `drift` is of the wrong type.
    ValueError
        If a column is missing or `drift` has a frame twice.
    """
    require_columns("traj", traj, ["frame"])
    if drift is None:
        drift = compute_drift(traj)
    require_columns("drift", drift, [])
    require_columns("traj", traj, drift.columns)
    if not drift.index.is_unique:
        raise ValueError("`drift` must have a frame once, got some twice")
    frames = whole_numbers("traj", traj["frame"])
    rows = drift.index.get_indexer(pd.Index(frames))
    _warn_of_gaps(drift, frames[rows < 0])
    result = traj if inplace else traj.reset_index(drop=True)
    for column in drift.columns:
        shift = np.append(drift[column].fillna(0).to_numpy(np.float64), 0.0)
        result[column] = traj[column].to_numpy(np.float64) - shift[rows]
    result.attrs = deepcopy(traj.attrs)
    return result


def _warn_of_gaps(drift: pd.DataFrame, without: np.ndarray) -> None:
    late = np.unique(without[without > drift.index.min()]) if len(drift) else without[:0]
    if len(late):
        warnings.warn(
            f"`drift` has no value for {len(late)} frame(s) (the first is {late[0]}): "
            "positions there stay as they are",
            UserWarning,
            stacklevel=3,
        )
