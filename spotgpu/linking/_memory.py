"""Links with memory: remembered particles compete with those of the frame before.

Which particles are remembered depends on the links of the frames before, which suggests a loop
over frames. Here all frames of a chunk are linked at once without memory; then the particles lost
are remembered, the components that this touches are solved again, and so on until nothing changes.
The result is that of the loop: the links of a frame depend on earlier frames only, so, by
induction, a state in which no frame wants to change has the loop's links in every frame.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from spotgpu.backends import cpu
from spotgpu.backends.cells import Candidates, Grid
from spotgpu.backends.pairs import Floats, Ints, Pairs, expanded, nearest
from spotgpu.linking._chunks import POINTS, chunks, gridded, linked, matched
from spotgpu.linking._crowd import MOST, crowd, refuse_crowd
from spotgpu.linking._found import Found
from spotgpu.linking._movie import Movie
from spotgpu.linking._problem import Problem, optimum
from spotgpu.linking._rules import RIM, Rules

__all__ = ["previous_points_remembered"]

#: Flags of a chunk, one for each point and gap.
FLAGS = 1 << 26


def previous_points_remembered(movie: Movie, rules: Rules, engine: ModuleType) -> Ints:
    """Return the point that comes before each in its track, -1 for the first of a track.

    Parameters
    ----------
    movie : Movie
        All points.
    rules : Rules
        Limits; `memory` is 1 at least.
    engine : module
        Backend that computes the links without memory.

    Returns
    -------
    ndarray of int64, shape (N,)
        Indices of points.
    """
    n = len(movie.frame)
    previous = np.full(n, -1)
    lost = rules.memory + 2  # instead of the gap to the next point of the track
    gap = np.full(n, lost)
    for begin, end in chunks(movie, min(POINTS, FLAGS // lost)):
        base = max(begin - rules.memory - 1, 0)
        older = np.arange(movie.start[base], movie.start[begin - 1])
        rows = np.arange(movie.start[begin - 1], movie.start[end])
        rows = np.concatenate([older[gap[older] == lost], rows])
        if movie.start[begin] == movie.start[end]:
            continue
        positions, frame = movie.positions[:, rows], movie.frame[rows] - base
        chunk = _Chunk(positions, frame, begin - base, rules, engine)
        chunk.settle()
        rows = rows[chunk.order]
        gap[rows] = chunk.gap
        linked_to = np.flatnonzero(chunk.previous >= 0)
        previous[rows[linked_to]] = rows[chunk.previous[linked_to]]
    return previous


def _nearer(near: Candidates, reach: float, engine: ModuleType) -> Candidates:
    """Return the candidates that are nearer than `reach`; arrays of the backend."""
    within = near.cost < reach * reach
    query, source, cost = engine.select(within, near.query, near.source, near.cost)
    start = np.searchsorted(engine.get(query), np.arange(len(near.start)))
    return Candidates(engine.put(start), query, source, cost)


class _Chunk:
    """Consecutive frames, and how they are linked so far.

    A *source* is a point together with a gap: the point can be linked to the frame so many frames
    on, if it was not linked to one before. It is numbered ``point * (memory + 1) + gap - 1``.

    Parameters
    ----------
    positions : ndarray of float64, shape (ndim, N)
        Of the points of the frames, and of those before that may be remembered.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0.
    begin : int
        First frame that is to be linked to earlier ones.
    rules : Rules
        Limits.
    engine : module
        Backend that computes the links without memory.

    Attributes
    ----------
    order : ndarray of int64, shape (N,)
        Which of the points passed in each point is here; indices are those here.
    previous : ndarray of int64, shape (N,)
        The point before each in its track, or -1.
    gap : ndarray of int64, shape (N,)
        Frames until the next point of the track; memory + 2 without one.
    """

    def __init__(
        self, positions: Floats, frame: Ints, begin: int, rules: Rules, engine: ModuleType
    ) -> None:
        n = len(frame)
        self._frame, self._rules, self._begin, self._end = frame, rules, begin, int(frame[-1]) + 1
        self._gaps, self._reach = rules.memory + 1, rules.ranges + RIM
        self._link_adjacent(gridded(engine, positions, frame, rules.reach), engine)
        self.gap = np.full(n, self._gaps + 1)
        # Until all is settled, points of several later frames may claim the same earlier one.
        self._claimed = np.zeros((n, self._gaps), np.bool_)
        sources = self.previous[self.previous >= 0]
        self.gap[sources] = 1
        self._claimed[sources, 0] = True
        self._found = Found(n)
        self._asked = np.zeros((n, self._gaps), np.bool_)
        self._source_seen = np.zeros(n * self._gaps, np.bool_)
        self._target_seen = np.zeros(n, np.bool_)

    def _link_adjacent(self, grid: Grid, engine: ModuleType) -> None:
        """Link without memory, by the grid on the engine; keep the grid, and the candidates."""
        n, first = len(self._frame), int(np.searchsorted(self._frame, self._begin))
        targets = np.arange(first, n, like=grid.order)
        near = engine.candidates(grid, targets, -1, self._rules.most)
        if not self._rules.constant:
            near = _nearer(near, float(self._reach[0]), engine)
        match, left = matched(engine, near, n, self._rules)
        start, query, source, cost = (engine.get(column) for column in near)
        self._pairs = Pairs(source, first + query, cost)
        self._first = np.concatenate([np.zeros(first, np.int64), start])
        self._grid = grid = Grid(grid.cells, *(engine.get(column) for column in grid[1:]))
        self.order = grid.order
        self.previous = np.full(n, -1)
        self.previous[first:] = engine.get(match)
        points = np.arange(n)
        chosen = linked(left, points, points[first:], grid.positions, self._rules)
        self.previous[first + chosen.target] = chosen.source

    def settle(self) -> None:
        """Link with memory: gap by gap, then until nothing changes."""
        none = np.empty(0, np.int64)
        point, gap = none, none
        most = 1
        while most < self._gaps:
            before, most = most, min(most + max(1, most // 2), self._gaps)
            lost = np.flatnonzero(self.gap > before)
            more, gaps = self._sources(lost, before, np.minimum(self.gap[lost], most))
            point, gap = np.concatenate([point, more]), np.concatenate([gap, gaps])
            point, gap = self._pass(point, gap, most)
        window = self._end
        while len(point):
            target = self._frame[point] + gap
            now = target < target.min() + window
            changed = self._pass(point[now], gap[now], most)
            # Where a change brings about many others, later frames had better wait for earlier.
            window = max(window // 2, 1) if len(changed[0]) > np.count_nonzero(now) else 2 * window
            point, gap = self._united((point[~now], gap[~now]), changed)

    def _united(self, *parts: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
        """Return the sources of several parts, each once."""
        key = np.concatenate([point * self._gaps + gap - 1 for point, gap in parts])
        point, nth = np.divmod(np.unique(key), self._gaps)
        return point, nth + 1

    def _near(self, point: Ints, gap: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the candidates of sources: which source, the target, and the squared distance."""
        total = crowd(self._grid, point, gap, cpu) if len(point) * len(self._frame) > MOST else 0
        refuse_crowd(self._grid, total, "search_range")
        _, query, target, cost = cpu.candidates(self._grid, point, gap, len(self._frame))
        if self._rules.constant:
            return query, target, cost
        reach = self._reach[gap - 1][query]
        near = cost < reach * reach
        return query[near], target[near], cost[near]

    def _sources(self, point: Ints, above: int | Ints, most: Ints) -> tuple[Ints, Ints]:
        """Return points with the gaps in a range, where they end in a frame to be linked."""
        count = np.maximum(most - above, 0)
        gap = expanded(np.broadcast_to(np.asarray(above) + 1, count.shape), count)
        point = np.repeat(point, count)
        frame = self._frame[point] + gap
        here = (frame >= self._begin) & (frame < self._end)
        return point[here], gap[here]

    def _pass(self, point: Ints, gap: Ints, most: int) -> tuple[Ints, Ints]:
        """Take in sources that came or went; return those of up to `most` that do so now."""
        came = gap <= self.gap[point]
        query, target, cost = self._near(point, gap)
        new = (came & ~self._asked[point, gap - 1])[query]
        at = query[new]
        self._found.add(point[at], gap[at], target[new], cost[new])
        self._asked[point[came], gap[came] - 1] = True
        self._claimed[point[~came], gap[~came] - 1] = False

        targets, pairs = self._touched(np.unique(target))
        sources, source = np.unique(pairs.source, return_inverse=True)
        self.previous[targets] = -1
        owner, nth = np.divmod(sources, self._gaps)
        self._claimed[owner, nth] = False
        if len(source):
            chosen = self._solve(owner, nth, pairs._replace(source=source))
            self.previous[chosen.target] = owner[chosen.source]
            self._claimed[owner[chosen.source], nth[chosen.source]] = True
        return self._changed(np.unique(np.concatenate([owner, point[~came]])), most)

    def _solve(self, owner: Ints, nth: Ints, pairs: Pairs) -> Pairs:
        pairs = pairs.at(np.argsort(pairs.target, kind="stable"))
        positions, rules = self._grid.positions, self._rules
        pairs = nearest(pairs, rules.most, positions[:, owner])
        targets, target = np.unique(pairs.target, return_inverse=True)
        null_cost: float | Floats = rules.null_cost
        if not rules.constant:
            null_cost = (rules.ranges**2)[nth[pairs.source]]
        problem = Problem(
            pairs._replace(target=target), owner, targets, positions, null_cost, rules.limits
        )
        return pairs.at(optimum(problem))

    def _touched(self, targets: Ints) -> tuple[Ints, Pairs]:
        """Return all targets in the components of some, and all candidates of these."""
        parts = []
        nodes = [np.empty(0, np.int64)]
        frontier = targets
        reached = [targets]
        self._target_seen[targets] = True
        while len(frontier):
            pairs = self._candidates(frontier)
            parts.append(pairs)
            sources = np.unique(pairs.source[~self._source_seen[pairs.source]])
            self._source_seen[sources] = True
            nodes.append(sources)
            point, nth = np.divmod(sources, self._gaps)
            _, target, _ = self._near(point, nth + 1)
            frontier = np.unique(target[~self._target_seen[target]])
            self._target_seen[frontier] = True
            reached.append(frontier)
        self._source_seen[np.concatenate(nodes)] = False
        targets = np.concatenate(reached)
        self._target_seen[targets] = False
        return targets, Pairs.joined(parts)

    def _candidates(self, targets: Ints) -> Pairs:
        first = self._first[targets]
        adjacent = self._pairs.at(expanded(first, self._first[targets + 1] - first))
        found, at = self._found, self._found.of(targets)
        at = at[found.gap[at] <= self.gap[found.point[at]]]
        source = found.point[at] * self._gaps + found.gap[at] - 1
        return Pairs(
            np.concatenate([adjacent.source * self._gaps, source]),
            np.concatenate([adjacent.target, found.target[at]]),
            np.concatenate([adjacent.cost, found.cost[at]]),
        )

    def _changed(self, points: Ints, most: int) -> tuple[Ints, Ints]:
        """Take down the gaps of points whose links changed; return the sources that this moves."""
        claimed = self._claimed[points]
        new = np.where(claimed.any(axis=1), claimed.argmax(axis=1) + 1, self._gaps + 1)
        old = self.gap[points]
        self.gap[points] = new
        longer = np.minimum(np.maximum(old, new), most)
        return self._sources(points, np.minimum(old, new), longer)
