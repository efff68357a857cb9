"""Trackpy's linking functions, with the row labels of the spots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spotgpu import linking
from spotgpu.linking import SubnetOversizeError as SubnetOversizeException
from spotgpu.linking import link_df_iter, link_iter
from spotgpu.pipeline import find_link, find_link_iter

__all__ = [
    "SubnetOversizeException",
    "find_link",
    "find_link_iter",
    "link",
    "link_df",
    "link_df_iter",
    "link_iter",
    "link_partial",
    "reconnect_traj_patch",
]


def link(
    f: pd.DataFrame,
    search_range: Any,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    **kwargs: Any,
) -> pd.DataFrame:
    """Link spots as `spotgpu.link` does, keeping the labels of the rows.

    Parameters
    ----------
    f : DataFrame
        The spots.
    search_range : float or tuple of float
        As in `spotgpu.link`.
    pos_columns : sequence of str, optional
        As in `spotgpu.link`.
    t_column : str
        The column of the frame numbers.
    **kwargs
        The options of `spotgpu.link`, which has all of trackpy's.

    Returns
    -------
    DataFrame
        As `spotgpu.link`, with the labels of `f`.

    Raises
    ------
    TypeError, ValueError
        As `spotgpu.link`.
    """
    linked = linking.link(f, search_range, pos_columns, t_column, **kwargs)
    linked.index = f.index[np.argsort(f[t_column].to_numpy(), kind="stable")]
    return linked


link_df = link


def link_partial(
    f: pd.DataFrame,
    search_range: Any,
    link_range: tuple[int | None, int | None],
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    **kwargs: Any,
) -> pd.DataFrame:
    """Link frames as `spotgpu.linking.link_partial` does, keeping the labels of the rows.

    Parameters
    ----------
    f : DataFrame
        As in `spotgpu.linking.link_partial`.
    search_range : float or tuple of float
        As in `spotgpu.link`.
    link_range : tuple of int
        As in `spotgpu.linking.link_partial`.
    pos_columns : sequence of str, optional
        As in `spotgpu.link`.
    t_column : str
        The column of the frame numbers.
    **kwargs
        The options of `spotgpu.link`.

    Returns
    -------
    DataFrame
        As `spotgpu.linking.link_partial`, with the labels of `f`.

    Raises
    ------
    TypeError, ValueError
        As `spotgpu.linking.link_partial`.
    """
    linked = linking.link_partial(f, search_range, link_range, pos_columns, t_column, **kwargs)
    linked.index = f.index[np.argsort(f[t_column].to_numpy(), kind="stable")]
    return linked


def reconnect_traj_patch(
    f: pd.DataFrame,
    link_range: tuple[int, int],
    old_particle_column: str,
    t_column: str = "frame",
) -> None:
    """Join trajectories as `spotgpu.linking.reconnect_traj_patch` does, in place.

    Parameters
    ----------
    f : DataFrame
        As in `spotgpu.linking.reconnect_traj_patch`; its column ``particle`` is changed.
    link_range : tuple of int
        As in `spotgpu.linking.reconnect_traj_patch`.
    old_particle_column : str
        As in `spotgpu.linking.reconnect_traj_patch`.
    t_column : str
        The column of the frame numbers.

    Raises
    ------
    TypeError, ValueError
        As `spotgpu.linking.reconnect_traj_patch`.
    """
    joined = linking.reconnect_traj_patch(f, link_range, old_particle_column, t_column)
    f["particle"] = joined["particle"]
