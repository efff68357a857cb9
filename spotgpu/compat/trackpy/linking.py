"""Trackpy's `link`, with the row labels of the spots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spotgpu import linking

__all__ = ["link", "link_df"]

#: Keywords of trackpy that choose how it solves, not what.
_WITHOUT_EFFECT = {"link_strategy", "neighbor_strategy"}


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
        ``memory``. ``link_strategy`` and ``neighbor_strategy`` have no effect: every strategy that
        solves the whole problem finds the same links.

    Returns
    -------
    DataFrame
        As `spotgpu.link`, with the labels of `f`.

    Raises
    ------
    TypeError, ValueError
        As `spotgpu.link`.
    """
    if kwargs.get("link_strategy") in {"drop", "nonrecursive"}:
        raise ValueError(
            "`link_strategy` must be one that finds the best links, "
            f"got {kwargs['link_strategy']!r}"
        )
    options = {name: value for name, value in kwargs.items() if name not in _WITHOUT_EFFECT}
    linked = linking.link(f, search_range, pos_columns, t_column, **options)
    linked.index = f.index[np.argsort(f[t_column].to_numpy(), kind="stable")]
    return linked


link_df = link
