"""Following particles by their Kalman filters, from frame to frame."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints, Pairs
from spotgpu.linking._assign import best_links
from spotgpu.linking._between import pairs_between
from spotgpu.linking._costs import costs
from spotgpu.linking._kalman import Filters, Noise
from spotgpu.linking._lap_rules import LapRules
from spotgpu.linking._links import GAP, LINK, Links
from spotgpu.linking._problem import Problem
from spotgpu.linking._table import Spots

__all__ = ["Search", "followed"]


class Search(NamedTuple):
    """How particles are followed.

    Attributes
    ----------
    radius, initial_radius : float
        How far spots may be from predictions, and from the first spot of a particle.
    max_missed : int
        Frames that a particle may be missing for.
    cumulative : bool
        Whether these count in all, not in a row.
    rules : LapRules
        How to count.
    weights : mapping or None
        Penalties.
    """

    radius: float
    initial_radius: float
    max_missed: int
    cumulative: bool
    rules: LapRules
    weights: Mapping[str, float] | None


def followed(
    read: Spots, positions: Floats, search: Search, noise: Noise, engine: ModuleType
) -> Links:
    """Link the spots, frame by frame.

    Parameters
    ----------
    read : Spots
        All spots.
    positions : ndarray of float64, shape (ndim, N)
        Their positions, scaled such that the radii are the same along all axes.
    search : Search
        How to follow particles.
    noise : Noise
        Of the filters.
    engine : module
        Backend that computes it.

    Returns
    -------
    Links
        Links and gaps.
    """
    follower = _Follower(read, positions, search, noise, engine)
    for _, part, elapsed in read.by_frame():
        # Particles are given up after so many empty frames.
        for _ in range(min(elapsed - 1, search.max_missed + 1)):
            follower.step(np.arange(0))
        follower.step(np.arange(part.start, part.stop))
    best = Pairs.joined(follower.found)
    kind = np.where(read.frame[best.target] - read.frame[best.source] > 1, GAP, LINK)
    return Links(*best, kind.astype(np.int8))


class _Follower:
    """The particles that are followed, and the links found."""

    def __init__(
        self, read: Spots, positions: Floats, search: Search, noise: Noise, engine: ModuleType
    ) -> None:
        self._table, self._positions = read.table, positions
        self._search, self._noise, self._engine = search, noise, engine
        self.found: list[Pairs] = []
        none = np.empty((0, len(positions)))
        self._filters = Filters.from_two(none, none, noise)
        self._last = np.empty(0, np.int64)  # the last spot of each particle
        self._missed = np.empty(0, np.int64)
        self._orphans = np.empty(0, np.int64)  # spots of the frame before without a particle

    def step(self, rows: Ints) -> None:
        """Go on to a frame, whose spots are `rows`."""
        search, filters = self._search, self._filters
        filters.predict()
        at = self._positions[:, rows]
        source, target = self._linked(filters.position.T, self._last, rows, search.radius)
        filters.update(source, at[:, target].T)
        self._last[source] = rows[target]
        seen = np.zeros(len(self._last), np.bool_)
        seen[source] = True
        self._missed[~seen] += 1
        if not search.cumulative:
            self._missed[seen] = 0
        stay = np.flatnonzero(self._missed <= search.max_missed)
        free = np.delete(rows, target)
        first = self._positions[:, self._orphans]
        source, target = self._linked(first, self._orphans, free, search.initial_radius)
        begun = free[target]
        fresh = Filters.from_two(first[:, source].T, self._positions[:, begun].T, self._noise)
        self._filters = filters.at(stay).joined(fresh)
        self._last = np.concatenate([self._last[stay], begun])
        self._missed = np.concatenate([self._missed[stay], np.zeros(len(begun), np.int64)])
        self._orphans = np.delete(free, target)

    def _linked(self, where: Floats, last: Ints, rows: Ints, radius: float) -> tuple[Ints, Ints]:
        """Link places, which are those of particles last seen as `last`, to spots."""
        if where.shape[1] == 0 or len(rows) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        rules = self._search.rules
        at = np.concatenate([where, self._positions[:, rows]], axis=1)
        n = where.shape[1]
        pairs = pairs_between(at, n, radius, n, self._engine, "search_radius")
        spots = Pairs(last[pairs.source], rows[pairs.target], pairs.cost)
        cost = costs(self._table, spots, penalties=self._search.weights)
        if rules.gate == "cost":
            keep = np.flatnonzero(cost < radius * radius)
            pairs, cost, spots = pairs.at(keep), cost[keep], spots.at(keep)
        if len(cost) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        gain = cost - rules.alternative_cost_factor * cost.max()
        points = np.arange(n), np.arange(n, at.shape[1])
        problem = Problem(pairs._replace(cost=gain), *points, at, 0.0)
        best = np.flatnonzero(best_links(problem, self._engine))
        self.found.append(Pairs(spots.source[best], spots.target[best], cost[best]))
        return pairs.source[best], pairs.target[best]
