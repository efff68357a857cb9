"""The optimal set of links among candidates that the engine leaves open: ties, large components.

The cost of a set of links is the sum of their squared distances, plus the squared range for each
source without a link. So what counts is a pair's gain: squared distance less squared range.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.backends import cpu
from spotgpu.backends.blocks import TRIED, Blocks
from spotgpu.backends.matching import solve_sparse
from spotgpu.backends.pairs import Floats, Ints, Mask, Pairs, compact, numbered
from spotgpu.linking._lap import solve_dense
from spotgpu.linking._limits import Limits, alone, narrowed

__all__ = ["Problem", "optimum", "solved"]

#: Components of more sources and targets than this, together, get the sparse solver.
DENSE = 800
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
    null_cost : float or ndarray of float64, shape (pairs,)
        Cost of a source without a link: the squared range. By pair, where ranges differ.
    limits : Limits
        What a component may be.
    """

    pairs: Pairs
    source_point: Ints
    target_point: Ints
    positions: Floats
    null_cost: float | Floats
    limits: Limits = Limits()

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
        null_cost = self.null_cost
        return self._replace(
            null_cost=null_cost if isinstance(null_cost, float) else null_cost[chosen],
            pairs=Pairs(source, target, pairs.cost),
            source_point=self.source_point[sources],
            target_point=self.target_point[targets],
        )


def optimum(problem: Problem) -> Mask:
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
    pairs, null_cost = problem.pairs, problem.null_cost
    n_sources, n_targets = len(problem.source_point), len(problem.target_point)
    if problem.limits.drop:
        return alone(pairs, n_sources, n_targets)
    if problem.limits.small and len(pairs.cost):
        return solved(problem)
    if not isinstance(null_cost, float):
        pairs, null_cost = pairs._replace(cost=problem.gain), 0.0
    match, open_ = cpu.assign(*pairs, n_sources, n_targets, null_cost)
    chosen: Mask = match[pairs.target] == pairs.source
    left = np.flatnonzero(open_)
    if len(left):
        chosen[left] = solved(problem.at(left))
    return chosen


def solved(problem: Problem) -> Mask:
    """Choose the pairs to link of components that `spotgpu.backends.cpu.assign` leaves open.

    Parameters
    ----------
    problem : Problem
        Whole components.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for those that are linked, at most one of each source and of each target.
    """
    if problem.limits.sources is not None:
        return _within_limits(problem)
    source, target, cost = problem.pairs
    of_source, of_target = cpu.components(
        source, target, len(problem.source_point), len(problem.target_point)
    )
    names, of_target = compact(of_target, len(of_target))
    of_source = of_target[of_source]
    label = of_target[target]
    at = problem.positions
    row, n_rows = numbered(of_source, len(names), at[:, problem.source_point])
    column, n_columns = numbered(of_target, len(names), at[:, problem.target_point])
    row, column = row[source], column[target]
    longer, shorter = np.maximum(n_rows, n_columns), np.minimum(n_rows, n_columns)
    chosen = np.zeros(len(target), np.bool_)
    gain = problem.gain
    if not isinstance(problem.null_cost, float):
        cost = gain
    here = np.flatnonzero(shorter[label] == 1)
    order = here[np.lexsort((row[here] + column[here], cost[here], label[here]))]
    nearest = order[np.diff(label[order], prepend=-1) != 0]
    # A pair by itself is linked, as by the engine, even if it is just beyond the range.
    chosen[nearest] = (gain[nearest] <= 0) | (longer[label[nearest]] == 1)
    longer[shorter == 1] = 0
    for n in np.unique(longer[(longer > 0) & (longer <= TRIED)]).tolist():
        here = np.flatnonzero(longer[label] == n)
        cell = row[here] * n + column[here]
        chosen[here] = Blocks.of(gain[here], label[here], cell, longer == n, n).first()
    alone = longer > TRIED
    if alone.any():
        here = np.flatnonzero(alone[label])
        size = np.where(alone, (n_rows, n_columns), 0)
        chosen[here] = _alone(row[here], column[here], gain[here], label[here], size)
    return chosen


def _within_limits(problem: Problem) -> Mask:
    """Solve components that are cut to size first."""
    pairs, limits = problem.pairs, problem.limits
    n_sources, n_targets = len(problem.source_point), len(problem.target_point)
    null_cost = np.broadcast_to(problem.null_cost, pairs.cost.shape)
    kept, null_cost = narrowed(pairs, n_sources, n_targets, null_cost, limits)
    chosen = np.zeros(len(pairs.cost), np.bool_)
    chosen[kept] = solved(problem._replace(null_cost=null_cost, limits=Limits()).at(kept))
    return chosen


def _alone(row: Ints, column: Ints, gain: Floats, label: Ints, size: Ints) -> Mask:
    """Solve components of `size` rows and columns one by one."""
    chosen = np.zeros(len(row), np.bool_)
    sparse = size.sum(axis=0) > DENSE
    for i in np.flatnonzero(sparse).tolist():
        here = np.flatnonzero((label == i) & (gain <= 0))
        shape = int(size[0, i]), int(size[1, i])
        chosen[here] = solve_sparse(row[here], column[here], gain[here], shape)
    size = np.where(sparse, 0, size)
    # Runs of components whose blocks fit in one piece of memory.
    run = np.cumsum(size[0] * size[1]) // CELLS
    of_run = run[label]
    for r in np.unique(run[size[0] > 0]):
        here = np.flatnonzero((of_run == r) & (size[0, label] > 0))
        part = np.where(run == r, size, 0)
        chosen[here] = _one_by_one(row[here], column[here], gain[here], label[here], part)
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
