"""The two steps of the LAP tracker: spots to segments, and segments to tracks."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import numpy as np

from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.linking._assign import best_links
from spotgpu.linking._candidates import Ends
from spotgpu.linking._event import EVENTS, Event
from spotgpu.linking._lap_rules import LapRules
from spotgpu.linking._links import GAP, LINK, MERGE, SPLIT, Links, Taken
from spotgpu.linking._movie import Movie
from spotgpu.linking._problem import Problem

__all__ = ["link_frames", "link_segments"]


def link_frames(event: Event, taken: Taken, rules: LapRules, engine: ModuleType) -> Links:
    """Link the spots of each frame to those of the next.

    Parameters
    ----------
    event : Event
        The way to link them.
    taken : Taken
        What takes no part.
    rules : LapRules
        How to count.
    engine : module
        Backend that computes it.

    Returns
    -------
    Links
        Of kind 'link'.
    """
    frame = event.movie.frame
    ends = Ends(
        ~taken.continued if taken.continued.any() else None,
        ~taken.begun if taken.begun.any() else None,
    )
    parts = []
    for pairs in event.pairs(ends, rules.gate, engine, closed=False):
        if len(pairs.cost) == 0:
            continue
        new = np.diff(frame[pairs.target], prepend=-1) != 0
        start, of_frame = np.flatnonzero(new), np.cumsum(new) - 1
        alternative = rules.alternative_cost_factor * np.maximum.reduceat(pairs.cost, start)
        # Both ends without a link cost `alternative`, and the lower right block is filled with it.
        gain = pairs.cost - alternative[of_frame]
        if rules.auxiliary_cost == "minimum":
            gain += (np.minimum.reduceat(pairs.cost, start) - alternative)[of_frame]
        first = np.diff(pairs.target, prepend=-1) != 0
        low = int(pairs.source.min())
        local = Pairs(pairs.source - low, np.cumsum(first) - 1, gain)
        sources = np.arange(low, int(pairs.source.max()) + 1)
        problem = Problem(local, sources, pairs.target[first], event.movie.positions, 0.0)
        parts.append(pairs.at(best_links(problem, engine)))
    return _as_links(parts, LINK)


def _as_links(parts: Iterable[Pairs], kind: int) -> Links:
    pairs = Pairs.joined(parts)
    return Links(*pairs, np.full(len(pairs.cost), kind, np.int8))


def link_segments(
    links: Links, events: dict[str, Event], taken: Taken, rules: LapRules, engine: ModuleType
) -> Links:
    """Link the ends of segments: over gaps, and where tracks split and merge, all at once.

    Parameters
    ----------
    links : Links
        All that there are; those of kind 'link' and 'gap' make the segments.
    events : dict of str to Event
        Some of 'gap_closing', 'splitting' and 'merging'.
    taken : Taken
        What takes no part.
    rules : LapRules
        How to count.
    engine : module
        Backend that computes it.

    Returns
    -------
    Links
        The new ones.
    """
    n = len(taken.begun)
    is_end, is_start = np.ones(n, np.bool_), np.ones(n, np.bool_)
    segments = np.flatnonzero(links.kind <= GAP)
    is_end[links.source[segments]] = False
    is_start[links.target[segments]] = False
    inside = ~is_end & ~is_start
    alone = is_end & is_start
    if not rules.singletons:
        is_end, is_start = is_end & ~alone, is_start & ~alone
    branch = inside if rules.branch_points == "interior" else np.ones(n, np.bool_)
    end, start = is_end & ~taken.continued, is_start & ~taken.begun
    ends = {
        "gap_closing": Ends(end, start),
        "merging": Ends(end, branch & ~taken.merged),
        "splitting": Ends(branch & ~taken.split, start),
    }
    parts = [_as_links([], GAP)]
    for name, event in events.items():
        found = event.pairs(ends[name], rules.gate, engine, closed=True)
        parts.append(_as_links(found, EVENTS[name]))
    possible = _new(Links.joined(parts), links, n)
    if len(possible.cost) == 0:
        return possible
    alternative = rules.segment_cost(possible.cost)
    movie = next(iter(events.values())).movie
    chosen = _chosen(possible, possible.cost - alternative, movie, engine)
    next_frame = movie.frame[chosen.target] - movie.frame[chosen.source] == 1
    chosen.kind[next_frame & (chosen.kind == GAP)] = LINK
    # Where any spot may be a branch point, one may turn out to have a single child or parent.
    every = Links.joined([links, chosen])
    children, parents = np.bincount(every.source)[chosen.source], np.bincount(every.target)
    single = (chosen.kind == SPLIT) & (children == 1)
    single |= (chosen.kind == MERGE) & (parents[chosen.target] == 1)
    chosen.kind[single] = LINK
    return chosen


def _new(possible: Links, links: Links, n: int) -> Links:
    """Return those that are possible and not there: as splits or merges that the user gave."""
    there = links.at(np.flatnonzero(links.kind > GAP))
    if len(there.kind) == 0:
        return possible
    twice = np.isin(possible.source * n + possible.target, there.source * n + there.target)
    return possible.at(np.flatnonzero(~twice))


def _chosen(possible: Links, gain: Floats, movie: Movie, engine: ModuleType) -> Links:
    """Return the best of the links that are possible."""
    n = len(movie.frame)
    # A spot inside of a segment is a node of its own as the one that a track splits from, and as
    # the one that a track merges into.
    sources, source = np.unique(possible.source + n * (possible.kind == SPLIT), return_inverse=True)
    targets, target = np.unique(possible.target + n * (possible.kind == MERGE), return_inverse=True)
    order = np.lexsort((source, target))
    places = np.vstack([movie.frame, movie.positions])
    pairs = Pairs(source[order], target[order], gain[order])
    problem = Problem(pairs, sources % n, targets % n, places, 0.0)
    best = np.sort(order[best_links(problem, engine)])
    key = possible.source[best] * n + possible.target[best]
    _, first = np.unique(key, return_index=True)
    best = best[np.sort(first)]
    return possible.at(best)
