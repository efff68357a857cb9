"""A way to link spots: how far, over how many frames, at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.linking._candidates import Ends, pairs_within
from spotgpu.linking._chunks import Movie

__all__ = ["Event"]


class Event(NamedTuple):
    """One way to link spots.

    Attributes
    ----------
    name : str
        The argument that sets its distance.
    movie : Movie
        The points, scaled such that the distance is the same along all axes.
    distance : float
        Largest distance.
    max_gap : int
        Largest difference of frames.
    cost : callable
        Returns the cost of some pairs, infinite for those that cannot be.
    """

    name: str
    movie: Movie
    distance: float
    max_gap: int
    cost: Callable[[Pairs], Floats]

    def pairs(self, ends: Ends, gate: str, engine: ModuleType, *, closed: bool) -> Iterable[Pairs]:
        """Return what can be linked, with its cost.

        Parameters
        ----------
        ends : Ends
            Which points may be sources, and targets.
        gate : str
            As in `LapRules`.
        engine : module
            Backend that finds them.
        closed : bool
            Whether pairs at exactly the distance count.

        Yields
        ------
        Pairs
            By target, then source.
        """
        limit = self.distance * self.distance
        reach = float(np.nextafter(self.distance, np.inf)) if closed else self.distance
        for near in pairs_within(self.movie, reach, self.max_gap, ends, engine, self.name):
            cost = self.cost(near)
            within = np.isfinite(cost)
            if closed:
                within &= near.cost <= limit
            if gate == "cost":
                within &= cost <= limit if closed else cost < limit
            yield near._replace(cost=cost).at(np.flatnonzero(within))
