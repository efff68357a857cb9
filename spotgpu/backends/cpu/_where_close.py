"""Mirror of the `where_close` kernels: which of two close spots to drop."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled, for_loops

__all__ = ["where_close"]

#: Spots exactly one separation apart are not close, however the distance is rounded.
CLOSE = 1 - 1e-7


def where_close(
    frame: npt.NDArray[np.int64],
    positions: npt.NDArray[np.float64],
    separation: Sequence[float],
    mass: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Return which spots have a better one of their frame closer than the separation.

    Of every pair of a frame with ``sum(((p - q) / separation)^2) <= (1 - 1e-7)^2`` the one of
    lower mass is marked; at equal mass the one with the smaller ``sum(p / separation)``; at equal
    sums the one that comes first. All pairs are judged at once: a spot that is itself marked still
    marks others.

    Parameters
    ----------
    frame : ndarray of int64, shape (N,)
        Ascending.
    positions : ndarray of float64, shape (N, ndim)
        In image order, in pixels.
    separation : sequence of float
        Per axis, > 0, in pixels.
    mass : ndarray of float64, shape (N,)
        The brighter of two spots stays.

    Returns
    -------
    ndarray of bool, shape (N,)
        True for the spots to drop.
    """
    marked = np.zeros(len(positions), bool)
    if len(positions) < 2:
        return marked
    scaled = positions / np.asarray(separation, np.float64)
    loops = compiled()
    if loops is not None:
        cuts = np.flatnonzero(np.diff(frame)) + 1
        parts = (np.split(a, cuts, axis=-1) for a in (for_loops(scaled.T), mass, marked))
        for points, masses, marks in zip(*parts, strict=True):
            loops.where_close(for_loops(points), for_loops(masses), CLOSE**2, marks)
        return marked
    first, second = _neighbours(frame, scaled)
    distance2 = np.zeros(len(first))
    total = np.zeros(len(positions))
    for axis in range(scaled.shape[1]):
        distance2 += (scaled[first, axis] - scaled[second, axis]) ** 2
        total += scaled[:, axis]
    close = distance2 <= CLOSE**2
    first, second = first[close], second[close]
    lower, higher = np.minimum(first, second), np.maximum(first, second)
    by_mass, by_total = mass[lower] - mass[higher], total[lower] - total[higher]
    drop_higher = (by_mass > 0) | ((by_mass == 0) & (by_total > 0))
    marked[np.where(drop_higher, higher, lower)] = True
    return marked


def _neighbours(
    frame: npt.NDArray[np.int64], points: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], ...]:
    """Return each pair once of points in one cell of a frame or adjacent ones, of side >= 1."""
    n, ndim = points.shape
    corner = points.min(axis=0)
    extent = points.max(axis=0) - corner + 1
    # No more cells than a few a point.
    frames = int(frame[-1] - frame[0]) + 1
    side = max(1.0, float(extent.prod() * frames / (8 * n)) ** (1 / ndim))
    cells = ((points - corner) / side).astype(np.intp) + 1
    shape = cells.max(axis=0) + 2
    pitch = [math.prod(shape[axis + 1 :].tolist()) for axis in range(ndim)]
    key = sum(cells[:, axis] * pitch[axis] for axis in range(ndim))
    size = pitch[0] * int(shape[0])
    if frames > 1:
        key += (frame - frame[0]) * size
    order = np.argsort(key)
    key = key[order]
    start = np.zeros(frames * size + 1, np.intp)
    np.cumsum(np.bincount(key, minlength=len(start) - 1), out=start[1:])
    # The rest of a point's own cell and the next one; then three in each row of cells further on.
    low, high = [np.arange(1, n + 1)], [start[key + 2]]
    for lead in itertools.product((-1, 0, 1), repeat=ndim - 1):
        if lead > (0,) * (ndim - 1):
            row = key + sum(k * p for k, p in zip(lead, pitch, strict=False))
            low.append(start[row - 1])
            high.append(start[row + 2])
    first_of, past = np.concatenate(low), np.concatenate(high)
    many = past - first_of
    point = np.repeat(np.tile(np.arange(n), len(low)), many)
    other = np.arange(len(point)) + np.repeat(first_of - np.cumsum(many) + many, many)
    return order[point], order[other]
