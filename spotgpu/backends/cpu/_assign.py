"""Mirror of the `assign` kernels: the optimal links, where few points compete and one set is best.

The cost of a set of links is the sum of their squared distances, plus a constant for each source
without a link. So what counts is a pair's gain: squared distance less that constant.
"""

from __future__ import annotations

import numpy as np

from spotgpu.backends.blocks import TRIED, Blocks
from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._components import components
from spotgpu.backends.pairs import Floats, Ints, Mask, Pairs, compact, numbered

__all__ = ["assign"]

#: Stars of at most so many rays are solved here: a warp has so many lanes.
RAYS = 32


def assign(
    source: Ints, target: Ints, cost: Floats, n_sources: int, n_targets: int, null_cost: float
) -> tuple[Ints, Mask]:
    """Link pairs such that the cost is least, component by component.

    Solved are components of one pair (which is linked, whatever it costs), of one source or one
    target and at most 32 pairs, and of at most 5 sources and 5 targets; not those in which several
    sets of links cost the same.

    Parameters
    ----------
    source, target : ndarray of int64, shape (P,)
        Candidates, in the order of their targets.
    cost : ndarray of float64, shape (P,)
        Squared distance of each.
    n_sources, n_targets : int
        How many there are.
    null_cost : float
        Cost of a source without a link.

    Returns
    -------
    match : ndarray of int64, shape (n_targets,)
        The source that each target is linked to; -1 for none, or none yet.
    open : ndarray of bool, shape (P,)
        True for the pairs of components that are not solved.

    Notes
    -----
    A link of cost c has the gain ``min(c - null_cost, 0)``; pairs with ``c > null_cost`` are not
    linked. Gains are summed in the order of sources, from 0, with 0 for a source without a link.
    Sets that have the same sum and not the same pairs are a tie.
    """
    loops = compiled(len(source))
    if loops is not None:
        return loops.assign(
            source, target, cost, n_sources, n_targets, float(null_cost), RAYS, TRIED
        )
    pairs = Pairs(source, target, cost)
    of_source = np.bincount(source, minlength=n_sources)[source]
    of_target = np.bincount(target, minlength=n_targets)[target]
    chosen: Mask = (of_source == 1) & (of_target == 1)
    open_ = np.zeros(len(chosen), np.bool_)
    left = np.flatnonzero(~chosen)
    for node, size, others in ((source, of_source, of_target), (target, of_target, of_source)):
        ends = left[others[left] == 1]
        star = np.bincount(node[ends], minlength=max(n_sources, n_targets))[node[left]]
        whole = star == size[left]
        rays = left[whole]
        chosen[rays], tied = _shortest(node[rays], cost[rays], null_cost)
        open_[rays] = tied | (size[rays] > RAYS)
        left = left[~whole]
    if len(left):
        chosen[left], open_[left] = _by_component(pairs.at(left), n_sources, n_targets, null_cost)
    chosen &= ~open_
    match = np.full(n_targets, -1)
    match[target[chosen]] = source[chosen]
    return match, open_


def _shortest(centre: Ints, cost: Floats, null_cost: float) -> tuple[Mask, Mask]:
    """Choose the shortest ray of each star; return too which rays are of stars with a tie."""
    least = np.full(int(centre.max(initial=-1)) + 1, null_cost)
    np.minimum.at(least, centre, cost)
    shortest: Mask = cost == least[centre]
    tied: Mask = (np.bincount(centre[shortest], minlength=len(least)) > 1)[centre]
    return shortest, tied


def _by_component(
    pairs: Pairs, n_sources: int, n_targets: int, null_cost: float
) -> tuple[Mask, Mask]:
    """Return which pairs are linked, and which are of components that are not solved."""
    sources, source = compact(pairs.source, n_sources)
    targets, target = compact(pairs.target, n_targets)
    of_source, of_target = components(source, target, len(sources), len(targets))
    names, of_target = compact(of_target, len(targets))
    of_source = of_target[of_source]
    row, n_rows = numbered(of_source, len(names))
    column, n_columns = numbered(of_target, len(names))
    label = of_target[target]
    longer = np.maximum(n_rows, n_columns)
    side = longer[label]
    chosen = np.zeros(len(target), np.bool_)
    open_ = side > TRIED
    gain = pairs.cost - null_cost
    for n in range(2, min(TRIED, int(longer.max())) + 1):
        here = np.flatnonzero(side == n)
        cell = row[source[here]] * n + column[target[here]]
        part = Blocks.of(gain[here], label[here], cell, longer == n, n)
        chosen[here], open_[here] = part.tried()
    return chosen, open_
