"""Loops of components and small assignments, compiled by numba."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop, group

__all__ = ["assign", "components"]


@compiled_loop
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled_loop
def _unite(parent, one, other):  # type: ignore[no-untyped-def]
    a, b = _root(parent, one), _root(parent, other)
    parent[max(a, b)] = min(a, b)


@compiled_loop
def components(source, target, n_sources, n_targets):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.components`."""
    parent = np.arange(n_targets + n_sources)
    for p in range(len(source)):
        _unite(parent, target[p], n_targets + source[p])
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
        _unite(parent, target[p], n_targets + source[p])
    rest = rest[:left]
    label = np.empty(left, np.int64)
    for i in range(left):
        label[i] = _root(parent, target[rest[i]])
    return rest, label
