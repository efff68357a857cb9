"""Mean squared displacements: of one track, of each track."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends import on
from spotgpu.checks import choice
from spotgpu.motion._lag_tables import column_names, lag_table, n_lags, read_tracks
from spotgpu.motion._means import Members, ensemble_sums, track_means

__all__ = ["imsd", "msd"]

Array = npt.NDArray[np.float64]


def msd(
    traj: pd.DataFrame,
    mpp: float | Sequence[float],
    fps: float,
    max_lagtime: int = 100,
    detail: bool = False,
    pos_columns: Sequence[str] | None = None,
    *,
    device: str = "cpu",
) -> pd.DataFrame:
    """Measure the mean and the mean squared displacement of one particle at each lag.

    With the average over all pairs of frames t, t + m in which the particle was seen::

        <x>   = mean(x[t + m] - x[t])
        <x^2> = mean((x[t + m] - x[t])^2)
        msd   = <x^2> + <y^2> [+ <z^2>]

    Parameters
    ----------
    traj : DataFrame
        One track: ``frame`` and the positions in pixels, in any order of rows; ``particle``, if it
        is there, must be one only. Positions of NaN count as not seen.
    mpp : float or sequence of float
        Pixel size in µm; several values are for `pos_columns`, by default ([z,] y, x).
    fps : float
        Frames per second.
    max_lagtime : int
        Largest lag in frames; not more than the track's span allows.
    detail : bool
        Add the column ``N``.
    pos_columns : sequence of str, optional
        Position columns. Default: x, y and, if the table has it, z.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; 'auto' is a GPU if there is one.

    Returns
    -------
    DataFrame
        Indexed by the lag in frames (``lagt``): ``<x>`` ... (µm), ``<x^2>`` ... and ``msd`` (µm²),
        NaN where no pair of frames has this lag; ``N``, how many independent measurements the
        value is worth: equation B4 of [1]_, times the share of frames in which the particle was
        seen, 0 where `msd` is NaN and scaled so that the sum over the lags stays the same;
        ``lagt``, the lag in seconds.

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, or there are several particles or
        several rows of one frame.
    SpotgpuError
        If `device` is 'cuda' and there is none, or it has too little memory.

    References
    ----------
    .. [1] H. Qian, M. P. Sheetz and E. L. Elson, Biophys. J. 60, 910 (1991),
       https://doi.org/10.1016/S0006-3495(91)82125-7
    """
    backend = on(device)
    tracks, names, rate = read_tracks(traj, mpp, fps, pos_columns, one_track=True)
    lags = n_lags(tracks, max_lagtime)
    columns = [*column_names(names), "msd", "N"]
    values = np.full((len(columns), lags), np.nan)

    def bring(means: Any, pairs: Any, members: Members) -> tuple[Array, Array]:
        return backend.get(means), ensemble_sums(backend, tracks, means, pairs, members)

    for _, (means, runs) in track_means(tracks, lags, True, backend, bring):
        values[:-1], values[-1] = means[:, 0], runs[-1, 0]
    return lag_table(values, columns, rate, traj.attrs, "lagt", detail)


def imsd(
    traj: pd.DataFrame,
    mpp: float | Sequence[float],
    fps: float,
    max_lagtime: int = 100,
    statistic: str = "msd",
    pos_columns: Sequence[str] | None = None,
    *,
    device: str = "cpu",
) -> pd.DataFrame:
    """Measure the mean squared displacement of each particle at each lag.

    Parameters
    ----------
    traj : DataFrame
        Trajectories: ``particle``, ``frame`` and the positions in pixels, in any order of rows.
        Positions of NaN count as not seen.
    mpp : float or sequence of float
        Pixel size in µm; several values are for `pos_columns`, by default ([z,] y, x).
    fps : float
        Frames per second.
    max_lagtime : int
        Largest lag in frames.
    statistic : {'msd', '<x>', '<x^2>', ...}
        Which of the columns of `msd`.
    pos_columns : sequence of str, optional
        Position columns. Default: x, y and, if the table has it, z.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; 'auto' is a GPU if there is one.

    Returns
    -------
    DataFrame
        One column a particle (those seen in one frame only have none), indexed by ``lag time [s]``;
        in µm², or µm for ``<x>``. NaN where no pair of frames has this lag.

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, or a particle is twice in a frame.
    SpotgpuError
        If `device` is 'cuda' and there is none, or it has too little memory.
    """
    backend = on(device)
    tracks, names, rate = read_tracks(traj, mpp, fps, pos_columns)
    allowed = [*column_names(names), "msd"]
    choice("statistic", statistic, [allowed[-1], *allowed[:-1]])
    lags = n_lags(tracks, max_lagtime)
    values = np.full((len(tracks.labels), lags), np.nan)
    detail = statistic != "msd"
    column = allowed.index(statistic) if detail else 0

    def bring(means: Any, _pairs: Any, _members: Members) -> Array:
        return backend.get(means[column])

    for members, found in track_means(tracks, lags, detail, backend, bring):
        values[members, : found.shape[1]] = found
    measured = tracks.spans > 1
    labels = tracks.labels
    if not measured.all():
        values, labels = values[measured], labels[measured]
    index = pd.Index(np.arange(1, lags + 1) / rate, name="lag time [s]")
    # One row of the array a particle is how pandas keeps a table of one column a particle.
    result = pd.DataFrame(values.T, index, labels, copy=False)
    result.attrs = deepcopy(traj.attrs)
    return result
