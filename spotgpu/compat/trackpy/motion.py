"""Trackpy's functions of motion: x and y only, and its row labels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spotgpu import motion
from spotgpu.motion import characterize, compute_drift

__all__ = ["characterize", "compute_drift", "emsd", "imsd", "msd", "subtract_drift"]

_XY = ("x", "y")


def msd(
    traj: pd.DataFrame,
    mpp: float,
    fps: float,
    max_lagtime: int = 100,
    detail: bool = False,
    pos_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the mean squared displacement of one particle.

    Parameters
    ----------
    traj : DataFrame
        As in `spotgpu.msd`.
    mpp, fps : float
        As there.
    max_lagtime : int
        As there.
    detail : bool
        As there.
    pos_columns : sequence of str, optional
        Default x and y.

    Returns
    -------
    DataFrame
        As `spotgpu.msd`.
    """
    return motion.msd(traj, mpp, fps, max_lagtime, detail, pos_columns or _XY)


def imsd(
    traj: pd.DataFrame,
    mpp: float,
    fps: float,
    max_lagtime: int = 100,
    statistic: str = "msd",
    pos_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the mean squared displacement of each particle.

    Parameters
    ----------
    traj : DataFrame
        As in `spotgpu.imsd`.
    mpp, fps : float
        As there.
    max_lagtime : int
        As there.
    statistic : str
        As there.
    pos_columns : sequence of str, optional
        Default x and y.

    Returns
    -------
    DataFrame
        As `spotgpu.imsd`.
    """
    return motion.imsd(traj, mpp, fps, max_lagtime, statistic, pos_columns or _XY)


def emsd(
    traj: pd.DataFrame,
    mpp: float,
    fps: float,
    max_lagtime: int = 100,
    detail: bool = False,
    pos_columns: Sequence[str] | None = None,
) -> pd.Series | pd.DataFrame:
    """Return the mean squared displacement of the ensemble.

    Parameters
    ----------
    traj : DataFrame
        As in `spotgpu.emsd`.
    mpp, fps : float
        As there.
    max_lagtime : int
        As there.
    detail : bool
        As there.
    pos_columns : sequence of str, optional
        Default x and y.

    Returns
    -------
    Series or DataFrame
        As `spotgpu.emsd`.
    """
    return motion.emsd(traj, mpp, fps, max_lagtime, detail, pos_columns or _XY)


def subtract_drift(traj: pd.DataFrame, drift: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the trajectories without the drift, sorted and labelled by frame and particle.

    Parameters
    ----------
    traj : DataFrame
        As in `spotgpu.subtract_drift`.
    drift : DataFrame, optional
        As in `spotgpu.subtract_drift`.

    Returns
    -------
    DataFrame
        As `spotgpu.subtract_drift`, with another index.
    """
    labels = [name for name in ("frame", "particle") if name in traj]
    still = motion.subtract_drift(traj, drift).set_index(labels, drop=False)
    return still.sort_index(level="frame")
