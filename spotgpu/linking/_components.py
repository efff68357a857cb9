"""Splits the linking problem into parts that do not touch each other."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from spotgpu.linking._candidates import Floats, Ints, Pairs, expanded

__all__ = ["compact", "components", "numbered"]


def compact(values: Ints, n: int) -> tuple[Ints, Ints]:
    """Return the distinct values, ascending, and the index of each value among them.

    Parameters
    ----------
    values : ndarray of int64
        From 0 to `n` - 1.
    n : int
        For a table; small tables are faster than sorting.

    Returns
    -------
    tuple of ndarray of int64
        As of ``np.unique(values, return_inverse=True)``.
    """
    there = np.zeros(n, np.bool_)
    there[values] = True
    distinct = np.flatnonzero(there)
    index = np.empty(n, np.int64)
    index[distinct] = np.arange(len(distinct))
    return distinct, index[values]


def components(pairs: Pairs, n_sources: int, n_targets: int) -> tuple[Ints, Ints, int]:
    """Find the connected components of the graph whose edges are `pairs`.

    Parameters
    ----------
    pairs : Pairs
        In the order of their targets; each source and each target is in one at least.
    n_sources, n_targets : int
        How many there are.

    Returns
    -------
    tuple
        Component of each source, of each target, and the number of components.
    """
    n = n_targets + n_sources
    start = np.full(n + 1, len(pairs.target), np.int32)
    start[: n_targets + 1] = np.searchsorted(pairs.target, np.arange(n_targets + 1))
    end = (pairs.source + n_targets).astype(np.int32)
    graph = csr_array((np.ones(len(end)), end, start), shape=(n, n))
    count, labels = connected_components(graph, directed=False)
    label: Ints = labels.astype(np.int64)
    return label[n_targets:], label[:n_targets], int(count)


def numbered(label: Ints, count: int, positions: Floats | None = None) -> tuple[Ints, Ints]:
    """Number the nodes of each component from 0.

    Parameters
    ----------
    label : ndarray of int64, shape (N,)
        Component of each node.
    count : int
        Number of components.
    positions : ndarray of float64, shape (ndim, N), optional
        Number them in this order; by default as they come.

    Returns
    -------
    tuple of ndarray of int64
        The number of each node, and how many each component has.
    """
    if positions is None:
        order = np.argsort(label, kind="stable")
    else:
        order = np.lexsort((*positions[::-1], label))
    size = np.bincount(label, minlength=count)
    number = np.empty_like(label)
    number[order] = expanded(np.zeros_like(size), size)
    return number, size
