"""A way to link spots: how far, over how many frames, at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.linking._candidates import Ends, pairs_within
from spotgpu.linking._costs import Cost, costs, features_of
from spotgpu.linking._links import GAP, LINK, MERGE, SPLIT
from spotgpu.linking._movie import Movie
from spotgpu.linking._table import Spots

__all__ = ["EVENTS", "Event", "events_of", "weights_of"]

#: What may have a distance, and penalties, of its own; and the kind of edge that it makes.
EVENTS = {"linking": LINK, "gap_closing": GAP, "splitting": SPLIT, "merging": MERGE}


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
            In the order of the targets' frames, those of a target together.
        """
        limit = self.distance * self.distance
        reach = float(np.nextafter(self.distance, np.inf)) if closed else self.distance
        for near in pairs_within(self.movie, reach, self.max_gap, ends, engine, self.name):
            cost = self.cost(near)
            if cost is near.cost and not closed:
                yield near
                continue
            within = np.isfinite(cost)
            if closed:
                within &= near.cost <= limit
            if gate == "cost":
                within &= cost <= limit if closed else cost < limit
            yield near._replace(cost=cost).at(np.flatnonzero(within))


def events_of(
    read: Spots,
    distances: Mapping[str, Any],
    max_frame_gap: int,
    penalties: Mapping[str, Any] | None,
    cost: Cost | None = None,
) -> dict[str, Event]:
    """Return the ways to link spots that the user asks for.

    Parameters
    ----------
    read : Spots
        All spots.
    distances : mapping of str to float or tuple of float, or None
        For some of `EVENTS`; None for those that are not to be.
    max_frame_gap : int
        Of gaps.
    penalties : mapping, optional
        As for `link_lap`.
    cost : callable, optional
        As for `link_lap`.

    Returns
    -------
    dict of str to Event
        By the names of `EVENTS`.

    Raises
    ------
    TypeError, ValueError
        If a distance or a penalty cannot be.
    """
    weights = weights_of(penalties, read.table)
    return {
        name: _event(read, name, distance, max_frame_gap, weights[name], cost)
        for name, distance in distances.items()
        if distance is not None or name == "linking"
    }


def weights_of(
    penalties: Mapping[str, Any] | None, table: pd.DataFrame
) -> dict[str, Mapping[str, float] | None]:
    """Return the penalties of each event.

    Parameters
    ----------
    penalties : mapping, optional
        Of features to weights, or of events to such mappings.
    table : DataFrame
        Spots.

    Returns
    -------
    dict of str to mapping or None
        By the names of `EVENTS`.

    Raises
    ------
    TypeError, ValueError
        If they cannot be.
    """
    if isinstance(penalties, Mapping) and any(isinstance(w, Mapping) for w in penalties.values()):
        unknown = set(penalties) - set(EVENTS)
        if unknown:
            raise ValueError(
                f"`penalties` must be for {', '.join(EVENTS)}, got {', '.join(map(str, unknown))}"
            )
        weights = {event: penalties.get(event) for event in EVENTS}
    else:
        weights = dict.fromkeys(EVENTS, penalties)
    for weight in weights.values():
        features_of("penalties", table, weight)
    return weights


def _event(
    read: Spots,
    name: str,
    distance: Any,
    max_frame_gap: int,
    weights: Mapping[str, float] | None,
    cost: Cost | None,
) -> Event:
    """Return one way to link the spots."""
    argument = f"{name}_distance"
    positions, length = read.scaled(argument, distance)
    movie = Movie.of(positions, read.frame, max_frame_gap - 1)

    def cost_of(pairs: Pairs) -> Floats:
        return costs(read.table, pairs, penalties=weights, cost=cost)

    return Event(argument, movie, length, max_frame_gap if name == "gap_closing" else 1, cost_of)
