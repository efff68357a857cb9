"""Pairs of two sets of points, for trackers that go frame by frame."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.linking._chunks import gridded

__all__ = ["pairs_between"]


def pairs_between(at: Floats, n_sources: int, reach: float, most: int, engine: ModuleType) -> Pairs:
    """Find the pairs of a source and a target that are near each other.

    Parameters
    ----------
    at : ndarray of float64, shape (ndim, N)
        The sources, then the targets; some of both.
    n_sources : int
        How many are sources.
    reach : float
        Points nearer to each other than this are pairs.
    most : int
        Sources of a target: the nearest.
    engine : module
        Backend that computes them.

    Returns
    -------
    Pairs
        Numbers of sources and of targets, each from 0, by target, then source.
    """
    frame = np.zeros(at.shape[1], np.int64)
    frame[n_sources:] = 1
    grid = gridded(engine, np.ascontiguousarray(at), frame, reach)
    targets = np.arange(n_sources, len(frame), like=grid.order)
    near = engine.candidates(grid, targets, -1, most)
    query, source, cost = (engine.get(column) for column in near[1:])
    order = engine.get(grid.order)
    source, target = order[source], order[n_sources:][query] - n_sources
    by_target = np.argsort(target * n_sources + source)
    return Pairs(source[by_target], target[by_target], cost[by_target])
