"""Limits of the components that are solved: adaptive search, which cuts them to size."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spotgpu.backends import cpu
from spotgpu.backends.pairs import Floats, Ints, Mask, Pairs

__all__ = ["Limits", "SubnetOversizeError", "alone", "narrowed"]


class SubnetOversizeError(ValueError):
    """More particles compete for the same spots than the caller allows."""


class Limits(NamedTuple):
    """What a component may be.

    Attributes
    ----------
    sources : int or None
        Its sources, at most; None for any number.
    targets : int or None
        The targets of each of its sources, at most, where several sources compete.
    range : float
        The search range that components begin with.
    stop, step : float
        Components beyond the limits are searched again with a range `step` times as wide, until
        the range is `stop` or less.
    refuse : bool
        Whether a component that then still has too many sources is an error.
    drop : bool
        Whether only pairs without competition are linked.
    small : bool
        Whether components that are as small as the engine solves may be beyond the limits.
    """

    sources: int | None = None
    targets: int | None = None
    range: float = np.inf
    stop: float = np.inf
    step: float = 1.0
    refuse: bool = False
    drop: bool = False
    small: bool = False


def alone(pairs: Pairs, n_sources: int, n_targets: int) -> Mask:
    """Return which pairs have a source and a target that are in no other pair.

    Parameters
    ----------
    pairs : Pairs
        Candidates.
    n_sources, n_targets : int
        How many there are.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for those.
    """
    of_source = np.bincount(pairs.source, minlength=n_sources)[pairs.source]
    of_target = np.bincount(pairs.target, minlength=n_targets)[pairs.target]
    one_each: Mask = (of_source == 1) & (of_target == 1)
    return one_each


def narrowed(
    pairs: Pairs, n_sources: int, n_targets: int, null_cost: Floats, limits: Limits
) -> tuple[Ints, Floats]:
    """Take the farthest pairs out of components until they are within limits.

    All components that are beyond the limits are searched with the same range, one step after the
    other; what falls apart by this are components of their own.

    Parameters
    ----------
    pairs : Pairs
        Candidates, in the order of their targets.
    n_sources, n_targets : int
        How many there are.
    null_cost : ndarray of float64, shape (pairs,)
        Cost of a source without a link.
    limits : Limits
        With a limit of sources.

    Returns
    -------
    kept : ndarray of int64
        Indices of the pairs that are left, ascending.
    null_cost : ndarray of float64, shape (pairs,)
        The squared range of their component, where that is less.

    Raises
    ------
    SubnetOversizeError
        If a component has too many sources still, and that is to be refused.
    """
    null_cost = null_cost.copy()
    distance = np.sqrt(pairs.cost)
    left, kept = np.arange(len(distance)), []
    reach = limits.range
    while True:
        size, beyond = _sizes(pairs.at(left), n_sources, n_targets, limits)
        kept.append(left[~beyond])
        left = left[beyond]
        if len(left) == 0:
            break
        if reach <= limits.stop:
            if limits.refuse and size.max() > (limits.sources or 0):
                raise SubnetOversizeError(
                    f"`search_range` must let at most {limits.sources} particles compete, got "
                    f"{size.max()} that do at {reach:g}; make it smaller, or `max_subnet_size` "
                    "larger or None"
                )
            kept.append(left)
            break
        reach *= limits.step
        left = left[distance[left] <= reach]
        null_cost[left] = np.minimum(null_cost[left], reach * reach)
    return np.sort(np.concatenate(kept)), null_cost


def _sizes(pairs: Pairs, n_sources: int, n_targets: int, limits: Limits) -> tuple[Ints, Mask]:
    """Return the number of sources of each pair's component, and which are beyond the limits."""
    of_source, of_target = cpu.components(pairs.source, pairs.target, n_sources, n_targets)
    label = of_target[pairs.target]
    there = np.unique(pairs.source)
    size = np.bincount(of_source[there], minlength=n_targets)
    beyond = size > (limits.sources or 0)
    if limits.targets is not None:
        fan = np.bincount(pairs.source, minlength=n_sources)
        wide = there[fan[there] > limits.targets]
        many = np.zeros(len(size), np.bool_)
        many[of_source[wide]] = True
        beyond |= many & (size > 1)
    return size[label], beyond[label]
