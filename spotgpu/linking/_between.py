"""Pairs of two sets of points, for trackers that go frame by frame."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from spotgpu.backends import cpu
from spotgpu.backends.compiled import compiled
from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.linking._chunks import gridded
from spotgpu.linking._crowd import MOST, crowd, refuse_crowd

__all__ = ["pairs_between"]

#: Points that stay in a cache, so that loops need not sort them; and distances that they compute:
#: where there are more, trees may be faster.
POINTS, PAIRS = 200_000, 2_000_000


def pairs_between(
    at: Floats, n_sources: int, reach: float, most: int, engine: ModuleType, name: str
) -> Pairs:
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
    name : str
        The argument that `reach` came in by, for messages.

    Returns
    -------
    Pairs
        Numbers of sources and of targets, each from 0, by target, then source.

    Raises
    ------
    ValueError
        If there are too many pairs.
    """
    at = np.ascontiguousarray(at)
    small = engine is cpu and at.shape[1] <= POINTS
    loops = compiled(at.shape[1]) if small else None
    if loops is not None:
        *columns, crowded = loops.between(at, n_sources, reach, most, min(PAIRS, MOST))
        if not crowded:
            return Pairs(*columns)
    frame = np.zeros(at.shape[1], np.int64)
    frame[n_sources:] = 1
    grid = gridded(engine, at, frame, reach)
    targets = np.arange(n_sources, len(frame), like=grid.order)
    if n_sources * (len(frame) - n_sources) > MOST and most * len(targets) > MOST:
        refuse_crowd(grid, crowd(grid, targets, -1, engine), name)
    near = engine.candidates(grid, targets, -1, most)
    query, source, cost = (engine.get(column) for column in near[1:])
    order = engine.get(grid.order)
    source, target = order[source], order[n_sources:][query] - n_sources
    by_target = np.argsort(target * n_sources + source)
    return Pairs(source[by_target], target[by_target], cost[by_target])
