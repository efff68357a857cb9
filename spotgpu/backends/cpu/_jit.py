"""Loops of the grid and of candidates, compiled by numba: the same results, in less time.

Imported through `_loops` by `spotgpu.backends.compiled` only, where numba is installed and there
is enough to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = [
    "candidates",
    "compiled_loop",
    "crowd",
    "group",
    "keep_nearest",
]


def compiled_loop(function: Callable[..., Any]) -> Any:
    """Compile a function, for all runs to come if there is a place to keep that."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder that may be written to
        return numba.njit(nogil=True)(function)


@compiled_loop
def group(key, n_keys):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.group`."""
    start = np.zeros(n_keys + 1, np.int64)
    for k in key:
        start[k + 1] += 1
    for k in range(n_keys):
        start[k + 1] += start[k]
    place = start[:-1].copy()
    order = np.empty(len(key), np.int64)
    for i, k in enumerate(key):
        order[place[k]] = i
        place[k] += 1
    return order, start


@compiled_loop
def _before(positions, i, j):  # type: ignore[no-untyped-def]
    """Return whether one point is before another, by the first axis, then the next, then place."""
    for axis in range(positions.shape[0]):
        if positions[axis, i] != positions[axis, j]:
            return positions[axis, i] < positions[axis, j]
    return i < j


@compiled_loop
def keep_nearest(positions, source, cost, n, most):  # type: ignore[no-untyped-def]
    """Keep the `most` nearest of `n` neighbours, in their order."""
    for excess in range(n, most, -1):
        worst = 0
        for i in range(1, excess):
            if cost[i] > cost[worst] or (
                cost[i] == cost[worst] and _before(positions, source[worst], source[i])
            ):
                worst = i
        for i in range(worst, excess - 1):
            source[i], cost[i] = source[i + 1], cost[i + 1]


@compiled_loop
def crowd(key, start, offsets, points, hop):  # type: ignore[no-untyped-def]
    """Return the largest number of points in the cells around one."""
    largest = 0
    for q in range(len(points)):
        cell, n = key[points[q]] + hop[q], 0
        for offset in offsets:
            n += start[cell + offset + 3] - start[cell + offset]
        largest = max(largest, n)
    return largest


@compiled_loop
def _near(positions, start, offsets, limit, origin, cell, found, costs, room):  # type: ignore[no-untyped-def]
    """Write the neighbours of a point, as far as there is room; return how many there are."""
    n = 0
    for offset in offsets:
        for i in range(start[cell + offset], start[cell + offset + 3]):
            cost = 0.0
            for axis in range(positions.shape[0]):
                delta = positions[axis, i] - positions[axis, origin]
                cost += delta * delta
            if cost < limit:
                if n < room:
                    found[n], costs[n] = i, cost
                n += 1
    return n


@compiled_loop
def candidates(positions, key, start, offsets, limit, points, hop, most):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.candidates`, with `hop` cells to the frame of each neighbour."""
    n_points = len(points)
    begin = np.zeros(n_points + 1, np.int64)
    none, no_cost, largest = np.empty(0, np.int64), np.empty(0), 0
    for q in range(n_points):
        o = points[q]
        n = _near(positions, start, offsets, limit, o, key[o] + hop[q], none, no_cost, 0)
        largest = max(largest, n)
        begin[q + 1] = begin[q] + min(n, most)
    total = begin[n_points]
    query, found = np.empty(total, np.int64), np.empty(total, np.int64)
    costs = np.empty(total)
    near, near_cost = np.empty(largest, np.int64), np.empty(largest)
    for q in range(n_points):
        o = points[q]
        n = _near(positions, start, offsets, limit, o, key[o] + hop[q], near, near_cost, largest)
        if n > most:
            keep_nearest(positions, near, near_cost, n, most)
        first = begin[q]
        for i in range(begin[q + 1] - first):
            query[first + i], found[first + i], costs[first + i] = q, near[i], near_cost[i]
    return begin, query, found, costs
