"""The optimal set of links among candidates: closed forms in bulk, solvers for what is left.

The cost of a set of links is the sum of their squared distances, plus the squared range for each
source without a link. So what counts is a pair's gain: squared distance less squared range.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.linking._candidates import Floats, Ints, Pairs
from spotgpu.linking._components import compact, components, numbered
from spotgpu.linking._lap import solve_dense, solve_sparse

__all__ = ["Mask", "Problem", "assign"]

Mask = npt.NDArray[np.bool_]

#: Components of at most so many sources and so many targets are solved by trying all assignments.
TRIED = 5
#: Components of more sources and targets than this, together, get the sparse solver.
DENSE = 2000
#: Cells of dense blocks that are laid out at a time.
CELLS = 1 << 20


class Problem(NamedTuple):
    """Candidates, and what decides between them.

    Attributes
    ----------
    pairs : Pairs
        In the order of their targets. Sources and targets are numbered from 0, each on their own.
    source_point, target_point : ndarray of int64
        The point that each source and each target is.
    positions : ndarray of float64, shape (ndim, points)
        Their order, by the first axis, then the next, breaks ties.
    null_cost : float
        Cost of a source without a link: the squared range.
    """

    pairs: Pairs
    source_point: Ints
    target_point: Ints
    positions: Floats
    null_cost: float

    @property
    def gain(self) -> Floats:
        """What each pair adds to the cost, less what its source adds without a link.

        Returns
        -------
        ndarray of float64, shape (pairs,)
            Squared distance less squared range.
        """
        return self.pairs.cost - self.null_cost

    def at(self, chosen: npt.NDArray[np.generic]) -> Problem:
        """Return the problem of some of the pairs, with its nodes numbered anew.

        Parameters
        ----------
        chosen : ndarray of bool or int64
            Mask or indices of pairs.

        Returns
        -------
        Problem
            Without the sources and targets that have no pair left.
        """
        pairs = self.pairs.at(chosen)
        sources, source = compact(pairs.source, len(self.source_point))
        targets, target = compact(pairs.target, len(self.target_point))
        return self._replace(
            pairs=Pairs(source, target, pairs.cost),
            source_point=self.source_point[sources],
            target_point=self.target_point[targets],
        )


def assign(problem: Problem) -> Mask:
    """Choose the pairs to link.

    Parameters
    ----------
    problem : Problem
        Candidates.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for those that are linked, at most one of each source and of each target.
    """
    source, target, _ = problem.pairs
    n_sources, n_targets = len(problem.source_point), len(problem.target_point)
    of_source = np.bincount(source, minlength=n_sources)[source]
    of_target = np.bincount(target, minlength=n_targets)[target]
    # Two points that have no other candidate are linked whatever it costs.
    chosen: Mask = (of_source == 1) & (of_target == 1)
    left = np.flatnonzero(~chosen)
    for node, others, point in (
        (source, of_target, problem.target_point[target]),
        (target, of_source, problem.source_point[source]),
    ):
        ends = left[others[left] == 1]
        star = np.bincount(node[ends], minlength=max(n_sources, n_targets))[node[left]]
        whole = star == (of_source if node is source else of_target)[left]
        rays = left[whole]
        chosen[rays[_shortest(node[rays], point[rays], problem, problem.pairs.cost[rays])]] = True
        left = left[~whole]
    if len(left):
        chosen[left] = _by_component(problem.at(left))
    return chosen


def _shortest(centre: Ints, point: Ints, problem: Problem, cost: Floats) -> Mask:
    """Choose the shortest ray of each star: pairs with the same `centre`."""
    least = np.full(int(centre.max(initial=-1)) + 1, problem.null_cost)
    np.minimum.at(least, centre, cost)
    shortest: Mask = cost == least[centre]
    tied = np.flatnonzero(shortest)
    if np.bincount(centre[tied]).max(initial=0) > 1:
        order = np.lexsort((*problem.positions[::-1, point[tied]], centre[tied]))
        again = np.diff(centre[tied][order], prepend=-1) == 0
        shortest[tied[order[again]]] = False
    return shortest


def _by_component(problem: Problem) -> Mask:
    source, target, _ = problem.pairs
    of_source, of_target, count = components(
        problem.pairs, len(problem.source_point), len(problem.target_point)
    )
    row, n_rows = numbered(of_source, count)
    column, n_columns = numbered(of_target, count)
    label = of_target[target]
    longer = np.maximum(n_rows, n_columns)
    side = longer[label]
    chosen = np.zeros(len(target), np.bool_)
    open_ = side > TRIED
    for n in range(2, min(TRIED, int(longer.max())) + 1):
        here = np.flatnonzero(side == n)
        cell = row[source[here]] * n + column[target[here]]
        part = _Blocks.of(problem.gain[here], label[here], cell, longer == n, n)
        chosen[here], tied = part.tried()
        open_[here[tied]] = True
    if open_.any():
        rest = np.flatnonzero(open_)
        chosen[rest] = _in_order(problem.at(rest), label[rest])
    return chosen


def _in_order(problem: Problem, label: Ints) -> Mask:
    """Solve components one by one, or again if tied, with their points in order of position."""
    source, target, _ = problem.pairs
    labels, label = np.unique(label, return_inverse=True)
    of_source = np.empty(len(problem.source_point), np.int64)
    of_source[source] = label
    of_target = np.empty(len(problem.target_point), np.int64)
    of_target[target] = label
    at = problem.positions
    row, n_rows = numbered(of_source, len(labels), at[:, problem.source_point])
    column, n_columns = numbered(of_target, len(labels), at[:, problem.target_point])
    row, column = row[source], column[target]
    longer = np.maximum(n_rows, n_columns)
    chosen = np.zeros(len(target), np.bool_)
    gain = problem.gain
    for n in np.unique(longer[longer <= TRIED]).tolist():
        here = np.flatnonzero(longer[label] == n)
        cell = row[here] * n + column[here]
        chosen[here] = _Blocks.of(gain[here], label[here], cell, longer == n, n).first()
    alone = longer > TRIED
    sparse = alone & (n_rows + n_columns > DENSE)
    for i in np.flatnonzero(sparse).tolist():
        here = np.flatnonzero((label == i) & (gain <= 0))
        shape = int(n_rows[i]), int(n_columns[i])
        chosen[here] = solve_sparse(row[here], column[here], gain[here], shape)
    n_rows, n_columns = np.where(alone & ~sparse, (n_rows, n_columns), 0)
    # Runs of components whose blocks fit in one piece of memory.
    run = np.cumsum(n_rows * n_columns) // CELLS
    of_run = run[label]
    for r in np.unique(run[n_rows > 0]):
        here = np.flatnonzero((of_run == r) & (n_rows[label] > 0))
        size = np.where(run == r, (n_rows, n_columns), 0)
        chosen[here] = _one_by_one(row[here], column[here], gain[here], label[here], size)
    return chosen


def _one_by_one(row: Ints, column: Ints, gain: Floats, label: Ints, size: Ints) -> Mask:
    """Solve components whose rows and columns are `size`, each as a dense block."""
    n_rows, n_columns = size
    area = n_rows * n_columns
    start, first = np.cumsum(area) - area, np.cumsum(n_rows) - n_rows
    cells = np.zeros(area.sum())
    cells[start[label] + row * n_columns[label] + column] = np.minimum(gain, 0)
    partner = np.full(n_rows.sum(), -1)
    there = np.flatnonzero(area)
    table = np.stack([start, area, first, n_rows, n_columns])[:, there]
    for begin, length, top, n, m in table.T.tolist():
        rows, columns = solve_dense(cells[begin : begin + length].reshape(n, m))
        partner[top + rows] = columns
    linked: Mask = (partner[first[label] + row] == column) & (gain <= 0)
    return linked


class _Blocks(NamedTuple):
    """Components as square blocks of n x n cells; cells without a pair have no gain.

    Attributes
    ----------
    block, cell : ndarray of int64, shape (pairs,)
        Where each pair lies.
    gain : ndarray of float64, shape (blocks, n * n)
        Squared distance less squared range, 0 at most.
    allowed : ndarray of bool, shape (pairs,)
        Pairs that an optimum may have.
    n : int
        Side of the blocks.
    """

    block: Ints
    cell: Ints
    gain: Floats
    allowed: Mask
    n: int

    @classmethod
    def of(cls, gain: Floats, label: Ints, cell: Ints, of_size: Mask, n: int) -> _Blocks:
        """Lay out pairs by their component and cell, for the components `of_size`."""
        block = (np.cumsum(of_size) - 1)[label]
        dense = np.zeros((np.count_nonzero(of_size), n * n))
        dense[block, cell] = np.minimum(gain, 0)
        return cls(block, cell, dense, gain <= 0, n)

    def tried(self) -> tuple[Mask, Mask]:
        """Return which pairs are best, and the pairs of blocks in which others are as good."""
        used, order = _assignments(self.n)
        total = self.gain @ used
        best = total.argmin(axis=1)
        at_best = np.arange(len(total)), best
        # Assignments that differ in cells without a pair only are the same.
        rank = (self._pairs() * order) @ used
        same = (total == total[at_best][:, None]) & (rank != rank[at_best][:, None])
        tied = np.zeros(len(total), np.bool_)
        tied[np.nonzero(same)[0]] = True
        return self._linked(used, best), tied[self.block]

    def first(self) -> Mask:
        """Return the best pairs; where there is a choice, the first in order."""
        used, order = _assignments(self.n)
        total = self.gain @ used
        rank = (self._pairs() * order) @ used
        rank[total > total.min(axis=1, keepdims=True)] = -1
        return self._linked(used, rank.argmax(axis=1))

    def _pairs(self) -> Floats:
        """Return 1 for the cells that have a pair."""
        pairs = (self.gain < 0).astype(float)
        at_range = self.allowed & (self.gain[self.block, self.cell] == 0)
        pairs[self.block[at_range], self.cell[at_range]] = 1
        return pairs

    def _linked(self, used: Floats, best: Ints) -> Mask:
        linked: Mask = (used[self.cell, best[self.block]] > 0) & self.allowed
        return linked


@lru_cache
def _assignments(n: int) -> tuple[Floats, Floats]:
    """Return all ways to assign n rows to n columns, and weights of cells that order them.

    The ways are the columns of an (n * n, n!) matrix of 0 and 1. The sum of the weights of the
    pairs is largest where the first row has the first column, then the second row, and so on.
    """
    ways = np.array(list(permutations(range(n))))
    used = np.zeros((n * n, len(ways)))
    cells = (np.arange(n) * n + ways).T
    used[cells, np.arange(len(ways))] = 1
    rows, columns = np.divmod(np.arange(n * n), n)
    return used, (n + 1.0) ** (n - 1 - rows) * (n - columns)
