"""Pairs of two sets of points, compiled by numba: for trackers that go frame by frame."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop, group, keep_nearest

__all__ = ["between", "cells_of", "laid_out", "rows_around"]

#: Cells a source, at most.
CELLS = 8


@compiled_loop
def laid_out(at, reach, most_cells):  # type: ignore[no-untyped-def]
    """Return where cells begin, their side, and how many there are along each axis, with a rim."""
    ndim = at.shape[0]
    low, side = np.empty(ndim), reach * (1 + 1e-6)
    extent = np.empty(ndim)
    for axis in range(ndim):
        low[axis] = at[axis].min()
        extent[axis] = at[axis].max() - low[axis]
    shape = np.empty(ndim, np.int64)
    while True:
        total = 1.0
        for axis in range(ndim):
            total *= np.floor(extent[axis] / side) + 3
        if total <= most_cells:
            break
        side *= 1.2
    for axis in range(ndim):
        shape[axis] = int(extent[axis] / side) + 3
    return low, side, shape


@compiled_loop
def cells_of(at, low, side, shape):  # type: ignore[no-untyped-def]
    """Return the cell of each point."""
    ndim, n = at.shape
    cell = np.zeros(n, np.int64)
    for axis in range(ndim):
        for i in range(n):
            cell[i] = cell[i] * shape[axis] + int((at[axis, i] - low[axis]) / side) + 1
    return cell


@compiled_loop
def rows_around(shape):  # type: ignore[no-untyped-def]
    """Return where the runs of three cells around a cell begin, from that cell on."""
    ndim = len(shape)
    offsets = np.zeros(3 ** (ndim - 1), np.int64)
    for k in range(len(offsets)):
        rest, step = k, shape[ndim - 1]
        for axis in range(ndim - 2, -1, -1):
            offsets[k] += (rest % 3 - 1) * step
            rest //= 3
            step *= shape[axis]
        offsets[k] -= 1
    return offsets


@compiled_loop
def _near(at, order, start, offsets, limit, target, cell, found, costs):  # type: ignore[no-untyped-def]
    """Write the sources near a target, ascending; return how many."""
    n = 0
    for offset in offsets:
        for k in range(start[cell + offset], start[cell + offset + 3]):
            source, cost = order[k], 0.0
            for axis in range(at.shape[0]):
                delta = at[axis, source] - at[axis, target]
                cost += delta * delta
            if cost < limit:
                place = n
                while place > 0 and found[place - 1] > source:
                    found[place], costs[place] = found[place - 1], costs[place - 1]
                    place -= 1
                found[place], costs[place] = source, cost
                n += 1
    return n


@compiled_loop
def between(at, n_sources, reach, most, at_most):  # type: ignore[no-untyped-def]
    """Return the pairs of the first points, sources, and the others, targets, within reach.

    By target, then source; of the sources of a target, the `most` nearest. The last of what is
    returned says whether there are more than `at_most` points in the cells around all targets;
    then there are no pairs.
    """
    n_targets, limit = at.shape[1] - n_sources, reach * reach
    low, side, shape = laid_out(at, reach, CELLS * n_sources + 64.0 * 3.0 ** at.shape[0])
    cell, offsets = cells_of(at, low, side, shape), rows_around(shape)
    order, start = group(cell[:n_sources], np.prod(shape))
    around, room, largest = 0, 0, 0
    for j in range(n_targets):
        n = 0
        for offset in offsets:
            c = cell[n_sources + j] + offset
            n += start[c + 3] - start[c]
        around, room, largest = around + n, room + min(n, most), max(largest, n)
    if around > at_most:
        room, n_targets = 0, 0
    source, target = np.empty(room, np.int64), np.empty(room, np.int64)
    costs, total = np.empty(room), 0
    near, near_cost = np.empty(largest, np.int64), np.empty(largest)
    for j in range(n_targets):
        i = n_sources + j
        n = _near(at, order, start, offsets, limit, i, cell[i], near, near_cost)
        if n > most:
            keep_nearest(at, near, near_cost, n, most)
            n = most
        for k in range(n):
            source[total], target[total], costs[total] = near[k], j, near_cost[k]
            total += 1
    return source[:total].copy(), target[:total].copy(), costs[:total].copy(), around > at_most
