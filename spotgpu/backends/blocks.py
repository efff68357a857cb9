"""Small assignment problems as square blocks, solved by trying all assignments."""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints, Mask

__all__ = ["TRIED", "Assignments", "Blocks", "assignments", "assignments_by_side"]

#: Rows and columns of a block, at most.
TRIED = 5


class Blocks(NamedTuple):
    """Components as square blocks of n x n cells; cells without a pair have no gain.

    Attributes
    ----------
    block, cell : ndarray of int64, shape (pairs,)
        Where each pair lies.
    gain : ndarray of float64, shape (n * n, blocks)
        Squared distance less the cost of no link, 0 at most.
    pairs : ndarray of int64, shape (blocks,)
        Bits of the cells that have a pair that may be linked.
    n : int
        Side of the blocks.
    """

    block: Ints
    cell: Ints
    gain: Floats
    pairs: Ints
    n: int

    @classmethod
    def of(cls, gain: Floats, label: Ints, cell: Ints, of_size: Mask, n: int) -> Blocks:
        """Lay out pairs by their component and cell, for the components `of_size`.

        Parameters
        ----------
        gain : ndarray of float64, shape (pairs,)
            Squared distance less the cost of no link.
        label, cell : ndarray of int64, shape (pairs,)
            Component of each pair, and its cell there.
        of_size : ndarray of bool, shape (components,)
            Components that the pairs are of.
        n : int
            Side of their blocks.

        Returns
        -------
        Blocks
            One a component.
        """
        block = (np.cumsum(of_size) - 1)[label]
        dense = np.zeros((n * n, np.count_nonzero(of_size)))
        dense[cell, block] = np.minimum(gain, 0)
        there = np.zeros(dense.shape, np.bool_)
        there[cell, block] = gain <= 0
        return cls(block, cell, dense, (1 << np.arange(n * n)) @ there, n)

    def tried(self) -> tuple[Mask, Mask]:
        """Return the best pairs, where one set is best.

        Returns
        -------
        tuple of ndarray of bool, shape (pairs,)
            Pairs that are linked, and pairs of blocks in which another set is as good.
        """
        total = self._totals()
        best = total.argmin(axis=0)
        # Assignments that differ in cells without a pair only are the same.
        used = assignments(self.n).bits
        linked = used[best] & self.pairs
        same = total == total[best, np.arange(len(best))]
        twice = np.flatnonzero(np.count_nonzero(same, axis=0) > 1)
        tied = np.zeros(len(best), np.bool_)
        others = used[:, None] & self.pairs[twice]
        tied[twice] = (same[:, twice] & (others != linked[twice])).any(axis=0)
        return self._have(linked), tied[self.block]

    def first(self) -> Mask:
        """Return the best pairs; where there is a choice, the first in the order of rows.

        Returns
        -------
        ndarray of bool, shape (pairs,)
            Pairs that are linked: the first row has the first column that a best set allows it,
            or none if there is no such set, then the second row, and so on.
        """
        total = self._totals()
        ways = assignments(self.n)
        there = self.pairs >> np.arange(self.n**2)[:, None] & 1
        rank = ways.weight @ there
        rank[total > total.min(axis=0)] = -1
        return self._have(ways.bits[rank.argmax(axis=0)] & self.pairs)

    def _totals(self) -> Floats:
        """Return the sum of the gains of each assignment, (assignments, blocks)."""
        first, *others = assignments(self.n).cells
        total = self.gain[first]
        for cells in others:
            total += self.gain[cells]
        return total

    def _have(self, linked: Ints) -> Mask:
        """Return which pairs are among the cells whose bits are set, block by block."""
        have: Mask = (linked[self.block] >> self.cell & 1) > 0
        return have


class Assignments(NamedTuple):
    """All ways to assign n rows to n columns.

    Attributes
    ----------
    cells : ndarray of int64, shape (n, n!)
        Cell of each row, in the order of columns.
    bits : ndarray of int64, shape (n!,)
        The same cells as bits.
    weight : ndarray of int64, shape (n!, n * n)
        Their sum is largest where the first row has the first column, then the second row, ...
    """

    cells: Ints
    bits: Ints
    weight: Ints


@lru_cache
def assignments(n: int) -> Assignments:
    """Return all ways to assign n rows to n columns.

    Parameters
    ----------
    n : int
        Rows, and columns.

    Returns
    -------
    Assignments
        In the order of itertools.permutations.
    """
    ways = np.array(list(permutations(range(n))))
    cells = (np.arange(n) * n + ways).T
    weight = np.zeros((ways.shape[0], n * n), np.int64)
    rows, columns = np.divmod(cells, n)
    weight[np.arange(len(ways)), cells] = (n + 1) ** (n - 1 - rows) * (n - columns)
    return Assignments(cells, (1 << cells).sum(axis=0), weight)


@lru_cache
def assignments_by_side(n: int) -> Ints:
    """Return all ways to assign n rows to n columns, those of smaller blocks first.

    Parameters
    ----------
    n : int
        Rows, and columns.

    Returns
    -------
    ndarray of int64, shape (n!, n)
        Cell of each row. In the first k! ways, row i has column i from k on.
    """
    ways = sorted(permutations(range(n)), key=lambda way: way[::-1], reverse=True)
    cells: Ints = np.arange(n) * n + np.array(ways)
    return cells
