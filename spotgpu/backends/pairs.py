"""Pairs of points, and runs of numbers: what the mirrors and the rooms above both handle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Ints", "Mask", "Pairs", "compact", "expanded", "nearest", "numbered"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def expanded(first: Ints, count: Ints) -> Ints:
    """Return runs of integers, one after the other.

    Parameters
    ----------
    first, count : ndarray of int64
        Where each run starts, and how long it is.

    Returns
    -------
    ndarray of int64
        ``first[0], first[0] + 1, ..., first[1], first[1] + 1, ...``.
    """
    result = np.repeat(first - count.cumsum() + count, count)
    result += np.arange(len(result))
    return result


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


class Pairs(NamedTuple):
    """Pairs of points: indices of the sources and the targets, and their squared distances."""

    source: Ints
    target: Ints
    cost: Floats

    def at(self, chosen: npt.NDArray[np.generic]) -> Pairs:
        """Return some of the pairs.

        Parameters
        ----------
        chosen : ndarray of bool or int64
            Mask or indices.

        Returns
        -------
        Pairs
            Those, in the order of the indices.
        """
        return Pairs(self.source[chosen], self.target[chosen], self.cost[chosen])

    @classmethod
    def joined(cls, parts: Iterable[Pairs]) -> Pairs:
        """Return the pairs of several parts.

        Parameters
        ----------
        parts : iterable of Pairs
            Parts.

        Returns
        -------
        Pairs
            In the order of the parts; none if there are none.
        """
        none = np.empty(0, np.int64)
        every = [cls(none, none, np.empty(0)), *parts]
        if len(every) == 2:
            return every[1]
        return cls(*(np.concatenate(columns) for columns in zip(*every, strict=True)))


def nearest(pairs: Pairs, most: int, positions: Floats) -> Pairs:
    """Return the pairs whose source is among the `most` nearest of its target.

    Parameters
    ----------
    pairs : Pairs
        In the order of their targets.
    most : int
        Sources of a target.
    positions : ndarray of float64, shape (ndim, N)
        By source; of sources at the same distance, the first in the order of axes is nearer, and
        of sources at the same place the one whose pair comes first.

    Returns
    -------
    Pairs
        In the order of their targets.
    """
    if not np.any(pairs.target[most:] == pairs.target[:-most]):
        return pairs
    start = np.flatnonzero(np.diff(pairs.target, prepend=-1))
    count = np.diff(start, append=len(pairs.target))
    crowded = count > most
    here = np.flatnonzero(np.repeat(crowded, count))
    source, target, cost = pairs.at(here)
    order = np.lexsort((*positions[::-1, source], cost, target))
    rank = expanded(np.zeros(np.count_nonzero(crowded), np.int64), count[crowded])
    keep = np.ones(len(pairs.target), np.bool_)
    keep[here[order[rank >= most]]] = False
    return pairs.at(keep)


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
