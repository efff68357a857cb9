"""`assign`: the best set of links, where spots may also stay without one."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends import on
from spotgpu.backends.pairs import Floats, Mask, Pairs
from spotgpu.checks import integer
from spotgpu.linking._problem import Problem, solved

__all__ = ["assign", "best_links"]


def assign(
    pairs: Pairs,
    n_sources: int,
    n_targets: int,
    *,
    end_cost: npt.ArrayLike,
    start_cost: npt.ArrayLike = 0.0,
    link_cost: npt.ArrayLike = 0.0,
    device: str = "cpu",
) -> Mask:
    r"""Choose the links that make the cost of all that is done least.

    .. math:: \sum_{\mathrm{links}\ (i, j)} (c_{ij} + l_{ij}) + \sum_{i\ \mathrm{without}} e_i
        + \sum_{j\ \mathrm{without}} s_j

    over all sets of pairs in which each source and each target occurs once at most. This is the
    rectangular assignment problem with ways out. The square one of Jaqaman et al. [1]_ has the
    same solution: its block at the lower right, filled with b where the upper left one has a pair,
    adds b for each link; so `link_cost` is b.

    Parameters
    ----------
    pairs : Pairs
        ``source`` and ``target``, numbers from 0, and ``cost``. A pair occurs once.
    n_sources, n_targets : int
        How many there are.
    end_cost : float or array_like of float, shape (n_sources,)
        Of a source without a link.
    start_cost : float or array_like of float, shape (n_targets,)
        Of a target without a link.
    link_cost : float or array_like of float, shape (pairs,)
        What each link costs beside ``cost``.
    device : {'cpu', 'cuda', 'auto'}
        Where components of few spots are solved; the result is the same.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for the links.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or shape, a number of a source or a target is out of
        range, or a cost is NaN.

    Notes
    -----
    Sources and targets that pairs connect, directly or not, are a component; each is solved alone
    and exactly. Components of at most 5 x 5 are solved together, by trying all assignments; larger
    ones as dense blocks of at most 800 rows and columns together; those beyond by a
    sparse solver, whose memory grows with the number of pairs.

    Of sets that cost the same, the one is chosen that gives the first source the first target,
    then the second source, and so on, links before none. This is guaranteed in components of at
    most 5 x 5; in larger ones the solver decides, the same way on every run.

    References
    ----------
    .. [1] K. Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse sequences",
       Nat. Methods 5, 695 (2008), https://doi.org/10.1038/nmeth.1237

    Examples
    --------
    >>> pairs = Pairs(np.array([0, 1]), np.array([0, 0]), np.array([4.0, 1.0]))
    >>> assign(pairs, 2, 1, end_cost=9).tolist()
    [False, True]
    """
    sources = integer("n_sources", n_sources, at_least=0)
    targets = integer("n_targets", n_targets, at_least=0)
    _check_pairs(pairs, sources, targets)
    gain = np.array(pairs.cost, np.float64)
    for name, value, n, of, sign in (
        ("end_cost", end_cost, sources, pairs.source, -1),
        ("start_cost", start_cost, targets, pairs.target, -1),
        ("link_cost", link_cost, len(gain), slice(None), 1),
    ):
        gain += sign * _each(name, value, n)[of]
    if np.isnan(gain).any():
        raise ValueError("costs must be numbers, got NaN")
    order = np.lexsort((pairs.source, pairs.target))
    chosen = np.zeros(len(gain), np.bool_)
    kept = Pairs(pairs.source[order], pairs.target[order], gain[order])
    places = np.arange(max(sources, targets, 1), dtype=np.float64)[None]
    problem = Problem(kept, np.arange(sources), np.arange(targets), places, 0.0)
    chosen[order] = best_links(problem, on(device))
    return chosen


def _check_pairs(pairs: Pairs, n_sources: int, n_targets: int) -> None:
    """Check that pairs are of numbers in range, and each is there once."""
    for name, end, n in (("source", pairs.source, n_sources), ("target", pairs.target, n_targets)):
        if not isinstance(end, np.ndarray) or end.dtype.kind not in "iu":
            raise TypeError(f"`pairs` must have an array of integers as {name}, got {end!r}")
        if end.shape != pairs.source.shape or end.shape != np.shape(pairs.cost):
            raise ValueError(f"`pairs` must have columns of one length, got {name}: {end.shape}")
        bad = (end < 0) | (end >= n)
        if bad.any():
            raise ValueError(f"`pairs` must have a {name} from 0 to {n - 1}, got {end[bad][0]}")
    key = np.sort(pairs.target.astype(np.int64) * max(n_sources, 1) + pairs.source)
    twice = key[1:][key[1:] == key[:-1]]
    if len(twice):
        target, source = divmod(int(twice[0]), max(n_sources, 1))
        raise ValueError(f"`pairs` must have each pair once, got {source} and {target} twice")


def _each(name: str, value: Any, n: int) -> Floats:
    """Return a cost for each source, target or pair."""
    array = np.asarray(value, np.float64)
    if name != "link_cost" and np.isinf(array).any():
        raise ValueError(f"`{name}` must be finite, got {array[np.isinf(array)].flat[0]}")
    if array.shape not in {(), (n,)}:
        raise ValueError(f"`{name}` must be one number or {n}, got shape {array.shape}")
    return np.broadcast_to(array, n)


def best_links(problem: Problem, engine: ModuleType) -> Mask:
    """Choose the links whose gains sum up to the least.

    Parameters
    ----------
    problem : Problem
        Pairs in the order of targets; their ``cost`` is what the link costs less what its ends
        cost without it. Those that gain nothing by this are not linked. The null cost is 0.
    engine : module
        Backend that solves what is small.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for the links.
    """
    pairs = problem.pairs
    chosen = np.zeros(len(pairs.cost), np.bool_)
    worth = pairs.cost <= 0
    if not worth.all():
        there = np.flatnonzero(worth)
        if len(there):
            chosen[there] = best_links(problem._replace(pairs=pairs.at(there)), engine)
        return chosen
    shape = len(problem.source_point), len(problem.target_point)
    match, open_ = engine.assign(*(engine.put(column) for column in pairs), *shape, 0.0)
    chosen = engine.get(match)[pairs.target] == pairs.source
    left = np.flatnonzero(engine.get(open_))
    if len(left):
        chosen[left] = solved(problem.at(left))
    return chosen
