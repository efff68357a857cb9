"""Linking frame by frame, where spots that are missed are searched for again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spotgpu.backends.pairs import Floats, Ints, Pairs
from spotgpu.linking._particles import Particles
from spotgpu.linking._problem import Problem, optimum
from spotgpu.linking._rules import RIM
from spotgpu.linking._stepwise import Stepwise

__all__ = ["Search", "Searching"]

#: What looks for spots: ``search(places, most, present)`` returns positions, shape (M, ndim).
Search = Callable[[Floats, int, Floats], Floats]


class Searching(Stepwise):
    """A linker that asks for more spots where there are fewer than particles.

    Particles and spots that are connected by candidates are a component. Where a component has
    more particles than spots, it is joined with others whose particles are less than twice the
    range from its own; if there are still too few spots, they are searched for, and those that the
    best links use are added to the frame [1]_.

    References
    ----------
    .. [1] C. van der Wel and D. J. Kraft, "Automated tracking of colloidal clusters with
       sub-pixel accuracy and precision", J. Phys.: Condens. Matter 29, 044001 (2017),
       https://doi.org/10.1088/1361-648X/29/4/044001
    """

    _search: Search

    def find(self, positions: Floats, t: Any, search: Search) -> tuple[Floats, Ints]:
        """Link the spots of the next frame, and those found again.

        Parameters
        ----------
        positions : ndarray of float64, shape (N, ndim)
            Of the spots.
        t : float
            Time of the frame.
        search : callable
            ``search(places, most, present)`` looks for `most` spots near places, shape (K, ndim),
            beside those present, shape (M, ndim).

        Returns
        -------
        positions : ndarray of float64, shape (N + A, ndim)
            With those found again, last.
        particle : ndarray of int64, shape (N + A,)
            The particle that each is.
        """
        self._search = search
        number = self.step(positions, t)
        return self.positions[: len(number)], number

    def _links(
        self, known: Particles, gap: Ints, positions: Floats, t: Any
    ) -> tuple[Ints, Ints, Floats]:
        where, at = self._places(known, positions, t)
        n = len(where)
        pairs = self._candidates(at, n, gap)
        of_source, of_target, short = self._components(pairs, at, n)
        enough = np.flatnonzero(~np.isin(of_target[pairs.target], list(short)))
        parts = [self._solved(pairs.at(enough), at, n, gap)]
        for label, missing in short.items():
            sources = np.flatnonzero(of_source == label)
            more = self._search(where[sources], missing, positions)
            first = len(positions)
            mapped = np.concatenate([at[:, n:], self._options.mapped(more).T], axis=1)
            both = np.concatenate([at[:, :n], mapped], axis=1)
            here = pairs.at(np.flatnonzero(of_target[pairs.target] == label))
            found = self._near_to(sources, both, n, first, gap)
            joined = Pairs.joined([here, found])
            joined = joined.at(np.lexsort((joined.source, joined.target)))
            chosen = self._solved(joined, both, n, gap)
            claimed = np.unique(chosen.target[chosen.target >= first])
            place = np.full(both.shape[1], -1)
            place[:first] = np.arange(first)
            place[claimed] = first + np.arange(len(claimed))
            parts.append(chosen._replace(target=place[chosen.target]))
            positions = np.concatenate([positions, more[claimed - first]])
            at = np.concatenate([at, both[:, n + claimed]], axis=1)
        links = Pairs.joined(parts)
        return links.source, links.target, positions

    def _components(self, pairs: Pairs, at: Floats, n: int) -> tuple[Ints, Ints, dict[int, int]]:
        """Return the component of each particle and spot, and how many spots some lack."""
        total = at.shape[1]
        edges = [pairs.source], [n + pairs.target]
        label, short = _labelled(edges, n, total)
        lost = np.flatnonzero(short[label[:n]] > 0)
        if len(lost):
            tree = cKDTree(at[:, :n].T)
            reach = 2 * float(self._options.rules.ranges[0]) + RIM
            _, near = tree.query(
                at[:, lost].T,
                k=range(1, min(self._options.rules.most, n) + 1),
                distance_upper_bound=reach,
            )
            row, nth = np.nonzero(near < n)
            edges[0].append(lost[row])
            edges[1].append(near[row, nth])
            label, short = _labelled(edges, n, total)
        names, first = np.unique(label[:n], return_index=True)
        order = names[np.argsort(first)]
        return label[:n], label[n:], {int(i): int(short[i]) for i in order if short[i] > 0}

    def _near_to(self, sources: Ints, at: Floats, n: int, first: int, gap: Ints) -> Pairs:
        """Return the pairs of some particles and the spots from the `first` on."""
        targets = np.arange(first, at.shape[1] - n)
        shifts = at[:, n + targets][:, :, None] - at[:, sources][:, None]
        cost = (shifts**2).sum(axis=0)
        reach = self._options.rules.ranges[gap[sources] - 1] + RIM
        row, column = np.nonzero(cost < reach**2)
        return Pairs(sources[column], targets[row], cost[row, column])

    def _solved(self, pairs: Pairs, at: Floats, n: int, gap: Ints) -> Pairs:
        """Return the best of some pairs."""
        points = np.arange(n), np.arange(n, at.shape[1])
        rules = self._options.rules
        problem = Problem(pairs, *points, at, self._null_cost(pairs, gap), rules.limits)
        every = np.arange(len(pairs.cost))
        return pairs.at(np.flatnonzero(optimum(problem.at(every))))


def _labelled(edges: tuple[list[Ints], list[Ints]], n: int, total: int) -> tuple[Ints, Ints]:
    """Return the component of each node, and how many more sources than targets each has."""
    row, column = (np.concatenate(ends) for ends in edges)
    graph = coo_array((np.ones(len(row), np.int8), (row, column)), shape=(total, total))
    count, label = connected_components(graph, directed=False)
    label = label.astype(np.int64)
    short = np.bincount(label[:n], minlength=count) - np.bincount(label[n:], minlength=count)
    return label, short
