"""Trackpy's filters of trajectories, which label the rows by frame."""

from __future__ import annotations

import pandas as pd

from spotgpu import motion

__all__ = ["filter_clusters", "filter_stubs"]


def filter_stubs(tracks: pd.DataFrame, threshold: int = 100) -> pd.DataFrame:
    """Keep the trajectories of at least `threshold` points.

    Parameters
    ----------
    tracks : DataFrame
        As in `spotgpu.filter_stubs`.
    threshold : int
        Least number of points.

    Returns
    -------
    DataFrame
        As `spotgpu.filter_stubs`, labelled by frame.
    """
    return motion.filter_stubs(tracks, threshold).set_index("frame", drop=False)


def filter_clusters(
    tracks: pd.DataFrame, quantile: float = 0.8, threshold: float | None = None
) -> pd.DataFrame:
    """Keep the trajectories whose mean size is small.

    Parameters
    ----------
    tracks : DataFrame
        As in `spotgpu.filter_clusters`.
    quantile : float
        Of the sizes; the mean must be below it.
    threshold : float, optional
        In place of the quantile, in pixels.

    Returns
    -------
    DataFrame
        As `spotgpu.filter_clusters`, labelled by frame.
    """
    return motion.filter_clusters(tracks, quantile, threshold).set_index("frame", drop=False)
