"""Trackpy's `locate`, with its row numbers, and `batch`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spotgpu import detect
from spotgpu.checks import integer, number
from spotgpu.pipeline import batch

__all__ = ["batch", "locate"]


def locate(
    raw_image: Any,
    diameter: Any,
    minmass: float | None = None,
    maxsize: float | None = None,
    separation: Any = None,
    noise_size: Any = 1,
    smoothing_size: Any = None,
    threshold: float | None = None,
    invert: bool = False,
    percentile: float = 64,
    topn: int | None = None,
    *args: Any,
    **kwargs: Any,
) -> pd.DataFrame:
    """Find spots as `spotgpu.locate` does, with trackpy's row numbers.

    Trackpy numbers the spots before it filters them by mass and size, so these numbers have gaps,
    and `topn` orders them by mass.

    Parameters
    ----------
    raw_image : array_like, shape ([Z,] Y, X)
        As in `spotgpu.locate`.
    diameter : odd int or tuple of odd int
        As there.
    minmass, maxsize : float, optional
        As there.
    separation, noise_size, smoothing_size : number or tuple of number, optional
        As there.
    threshold : float, optional
        As there.
    invert : bool
        As there.
    percentile : float
        As there.
    topn : int, optional
        As there.
    *args, **kwargs
        Its other arguments.

    Returns
    -------
    DataFrame
        As `spotgpu.locate`, with another index.

    Raises
    ------
    TypeError, ValueError
        As `spotgpu.locate`.
    """
    # Everything is checked there, and most of the rows are filtered here.
    everything = detect.locate(
        raw_image,
        diameter,
        0 if minmass is None else min(0, number("minmass", minmass)),
        None,
        separation,
        noise_size,
        smoothing_size,
        threshold,
        invert,
        percentile,
        None,
        *args,
        **kwargs,
    )
    keep = everything["mass"].to_numpy() > (minmass or 0)
    if maxsize is not None:
        if "size" not in everything:
            raise ValueError(
                f"`maxsize` must be None where spots have no single size, got {maxsize!r}"
            )
        keep &= everything["size"].to_numpy() < number("maxsize", maxsize, above=0)
    spots = everything[keep]
    if topn is None or len(spots) <= integer("topn", topn, at_least=1):
        return spots
    return spots.iloc[np.argsort(spots["mass"].to_numpy())[-topn:]]
