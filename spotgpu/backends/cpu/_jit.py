"""Loops of the mirrors, compiled by numba: the same results, in less time.

Imported by `spotgpu.backends.compiled` only, where numba is installed and there is enough to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = [
    "assign",
    "candidates",
    "compiled_loop",
    "components",
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


@compiled_loop
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled_loop
def components(source, target, n_sources, n_targets):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.components`."""
    parent = np.arange(n_targets + n_sources)
    for p in range(len(source)):
        a, b = _root(parent, target[p]), _root(parent, n_targets + source[p])
        if a != b:
            parent[max(a, b)] = min(a, b)
    for node in range(len(parent)):
        parent[node] = _root(parent, node)
    return parent[n_targets:].copy(), parent[:n_targets].copy()


@compiled_loop
def _best_set(gain, pairs, n, total, scratch):  # type: ignore[no-untyped-def]
    """Return the best set of pairs of a block of n x n cells, and whether another is as good.

    Sets are bits of cells. All ways to give each row a column are tried, row by row; `pairs` are
    the cells that have one.
    """
    chosen, used, at = scratch
    best, best_set, tie, begun = 0.0, 0, False, False
    total[0], chosen[0], used[0], at[0] = 0.0, 0, 0, 0
    depth = 0
    while depth >= 0:
        if depth == n:
            if not begun or total[depth] < best:
                best, best_set, tie, begun = total[depth], chosen[depth], False, True
            elif total[depth] == best and chosen[depth] != best_set:
                tie = True
            depth -= 1
            continue
        column = at[depth]
        if column == n:
            depth -= 1
            continue
        at[depth] += 1
        if used[depth] >> column & 1:
            continue
        cell = depth * n + column
        total[depth + 1] = total[depth] + gain[cell]
        chosen[depth + 1] = chosen[depth] | (pairs & (1 << cell))
        used[depth + 1] = used[depth] | (1 << column)
        depth += 1
        at[depth] = 0
    return best_set, tie


@compiled_loop
def _distinct(node, pairs, names):  # type: ignore[no-untyped-def]
    """Write the distinct nodes of some pairs, ascending; return how many, or one more than fit."""
    n = 0
    for p in pairs:
        value, place = node[p], n
        while place > 0 and names[place - 1] > value:
            place -= 1
        if place > 0 and names[place - 1] == value:
            continue
        if n == len(names):
            return n + 1
        for i in range(n, place, -1):
            names[i] = names[i - 1]
        names[place] = value
        n += 1
    return n


@compiled_loop
def _shortest(source, target, cost, pairs, null_cost, rays, match):  # type: ignore[no-untyped-def]
    """Link the shortest ray of a star; return False if that is left open."""
    least, shortest = null_cost, 0
    for p in pairs:
        least = min(least, cost[p])
    for p in pairs:
        shortest += cost[p] == least
    if shortest > 1 or len(pairs) > rays:
        return False
    for p in pairs:
        if cost[p] == least:
            match[target[p]] = source[p]
    return True


@compiled_loop
def _in_block(source, target, cost, pairs, null_cost, rows, columns, n, cell, gain):  # type: ignore[no-untyped-def]
    """Write the gains of a small component into a block, and the cell of each pair.

    Return the bits of the cells that have a pair that may be linked.
    """
    gain[: n * n] = 0.0
    there = 0
    for i in range(len(pairs)):
        p = pairs[i]
        cell[i] = n * np.searchsorted(rows, source[p]) + np.searchsorted(columns, target[p])
        value = cost[p] - null_cost
        if value <= 0:
            gain[cell[i]] = value
            there |= 1 << cell[i]
    return there


@compiled_loop
def assign(source, target, cost, n_sources, n_targets, null_cost, rays, side):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.assign`, for blocks of at most `side` rows and columns."""
    match = np.full(n_targets, -1, np.int64)
    open_ = np.zeros(len(source), np.bool_)
    rest, label = _contested(source, target, n_sources, n_targets, match)
    order, start = group(label, n_targets)
    rows, columns = np.empty(side, np.int64), np.empty(side, np.int64)
    cell, gain = np.empty(side * side, np.int64), np.empty(side * side)
    scratch, total = np.empty((3, side + 1), np.int64), np.empty(side + 1)
    for k in range(n_targets):
        if start[k] == start[k + 1]:
            continue
        pairs = rest[order[start[k] : start[k + 1]]]
        n_rows, n_columns = _distinct(source, pairs, rows), _distinct(target, pairs, columns)
        n = max(n_rows, n_columns)
        solved = False
        if min(n_rows, n_columns) == 1:
            solved = _shortest(source, target, cost, pairs, null_cost, rays, match)
        elif n <= side:
            there = _in_block(
                source,
                target,
                cost,
                pairs,
                null_cost,
                rows[:n_rows],
                columns[:n_columns],
                n,
                cell,
                gain,
            )
            best, tie = _best_set(gain, there, n, total, scratch)
            solved = not tie
            for i in range(len(pairs)):
                if solved and best >> cell[i] & 1:
                    match[target[pairs[i]]] = source[pairs[i]]
        if not solved:
            open_[pairs] = True
    return match, open_


@compiled_loop
def _contested(source, target, n_sources, n_targets, match):  # type: ignore[no-untyped-def]
    """Link pairs that are alone; return the others, and the component of each."""
    n = len(source)
    of_source, of_target = np.zeros(n_sources, np.int64), np.zeros(n_targets, np.int64)
    for p in range(n):
        of_source[source[p]] += 1
        of_target[target[p]] += 1
    parent = np.arange(n_targets + n_sources)
    rest = np.empty(n, np.int64)
    left = 0
    for p in range(n):
        if of_source[source[p]] == 1 and of_target[target[p]] == 1:
            match[target[p]] = source[p]
            continue
        rest[left] = p
        left += 1
        a, b = _root(parent, target[p]), _root(parent, n_targets + source[p])
        if a != b:
            parent[max(a, b)] = min(a, b)
    rest = rest[:left]
    label = np.empty(left, np.int64)
    for i in range(left):
        label[i] = _root(parent, target[rest[i]])
    return rest, label
