"""The mean squared displacement of all particles together."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends import on
from spotgpu.motion._columns import checked_lags
from spotgpu.motion._lag_tables import column_names, lag_table, n_lags, read_tracks
from spotgpu.motion._means import Members, ensemble_sums, track_means

__all__ = ["EnsembleMeans", "emsd"]

Array = npt.NDArray[np.float64]


def emsd(
    traj: pd.DataFrame,
    mpp: float | Sequence[float],
    fps: float,
    max_lagtime: int = 100,
    detail: bool = False,
    pos_columns: Sequence[str] | None = None,
    *,
    device: str = "cpu",
) -> pd.Series | pd.DataFrame:
    """Measure the mean squared displacement of all particles together at each lag.

    The mean over the particles of what `msd` gives for each, weighted with its ``N``.

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
    detail : bool
        Return all columns of `msd`.
    pos_columns : sequence of str, optional
        Position columns. Default: x, y and, if the table has it, z.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; 'auto' is a GPU if there is one.

    Returns
    -------
    Series or DataFrame
        ``msd`` in µm², indexed by the lag in seconds (``lagt``). With `detail` a table indexed by
        the lag in frames (``frame``, as in trackpy), with the columns of `msd`; ``N`` is the sum
        over the particles. NaN where no pair of frames has this lag.

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, or a particle is twice in a frame.
    SpotgpuError
        If `device` is 'cuda' and there is none, or it has too little memory.
    """
    means = EnsembleMeans(
        mpp, fps, max_lagtime, detail=detail, pos_columns=pos_columns, device=device
    )
    means.add(traj)
    return means.result()


class EnsembleMeans:
    """`emsd` of trajectories that come in several tables. Memory: that of one table.

    Parameters
    ----------
    mpp : float or sequence of float
        As for `emsd`.
    fps : float
        As for `emsd`.
    max_lagtime : int
        As for `emsd`.
    detail : bool
        As for `emsd`.
    pos_columns : sequence of str, optional
        As for `emsd`.
    device : {'cpu', 'cuda', 'auto'}
        As for `emsd`.
    """

    def __init__(
        self,
        mpp: float | Sequence[float],
        fps: float,
        max_lagtime: int = 100,
        *,
        detail: bool = False,
        pos_columns: Sequence[str] | None = None,
        device: str = "cpu",
    ) -> None:
        self._units, self._given_columns = (mpp, fps), pos_columns
        self._most, self._detail = checked_lags(max_lagtime), detail
        self._backend = on(device)
        self._totals: Array | None = None
        self._columns: list[str] = []
        self._rate = 1.0
        self._attrs: dict[Any, Any] = {}

    def add(self, traj: pd.DataFrame) -> None:
        """Take trajectories.

        Parameters
        ----------
        traj : DataFrame
            As for `emsd`: whole trajectories, of particles that were in no table before.

        Raises
        ------
        TypeError, ValueError, SpotgpuError
            As `emsd`.
        """
        tracks, names, self._rate = read_tracks(traj, *self._units, self._given_columns)
        self._columns = [*(column_names(names) if self._detail else []), "msd", "N"]
        if self._totals is None:
            self._attrs = deepcopy(traj.attrs)
            self._totals = np.zeros((len(self._columns), 0))
        lags = n_lags(tracks, self._most)
        more = max(lags - self._totals.shape[1], 0)
        totals = self._totals = np.pad(self._totals, ((0, 0), (0, more)))

        def bring(means: Any, pairs: Any, members: Members) -> Array:
            return ensemble_sums(self._backend, tracks, means, pairs, members)

        for _, runs in track_means(tracks, lags, self._detail, self._backend, bring):
            # One after the other, so that it does not matter where a part ends.
            for run in range(runs.shape[1]):
                totals[:, : runs.shape[2]] += runs[:, run]

    def result(self) -> pd.Series | pd.DataFrame:
        """Return the means over all trajectories so far.

        Returns
        -------
        Series or DataFrame
            As of `emsd`.

        Raises
        ------
        ValueError
            If no table was added.
        """
        if self._totals is None:
            raise ValueError("`traj` must be added first, got none")
        values = self._totals.copy()
        measured = values[-1] > 0
        values[:-1, measured] /= values[-1, measured]
        values[:-1, ~measured] = np.nan
        if self._detail:
            return lag_table(values, self._columns, self._rate, self._attrs, "frame", True)
        lags = np.arange(1, values.shape[1] + 1)
        result = pd.Series(values[0], pd.Index(lags / self._rate, name="lagt"), name="msd")
        result.attrs = deepcopy(self._attrs)
        return result
