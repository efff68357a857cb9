"""Both steps of `link_lap` against all sets of links, in plain Python, on small movies.

What is written here anew: what may be linked, what a link costs, what no link costs, and what the
sum of it all is. Each step's links must be a set that has the least sum; where one set alone has
it, that set.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import floor, isfinite, isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.linking import link_lap

EVENTS = ("gap_closing", "splitting", "merging")


@dataclass
class Scene:
    """A movie and how to link it."""

    spots: pd.DataFrame
    distances: dict[str, Any]  # by 'linking' and EVENTS
    max_frame_gap: int = 2
    rules: dict[str, Any] = field(default_factory=dict)
    penalties: dict[str, Any] | None = None
    cost: Any = None
    fixed: list[tuple[int, int, str]] = field(default_factory=list)

    def linked(self, *, both_steps=True):
        distances = {
            f"{event}_distance": distance
            for event, distance in self.distances.items()
            if both_steps or event == "linking"
        }
        return link_lap(
            self.spots,
            **distances,
            max_frame_gap=self.max_frame_gap,
            penalties=self.penalties,
            cost=self.cost,
            fixed_edges=pd.DataFrame(self.fixed, columns=["source", "target", "kind"])
            if self.fixed
            else None,
            **self.rules,
        ).edges


class Model:
    """The written model of a scene."""

    def __init__(self, scene):
        self.scene = scene
        self.rows = scene.spots.to_dict("records")
        self.frame = [row["frame"] for row in self.rows]
        self.fixed = {(s, t) for s, t, _ in scene.fixed}
        rules = {"gate": "cost" if scene.cost is None else "distance"} | scene.rules
        self.gate = rules["gate"]
        self.factor = rules.get("alternative_cost_factor", 1.05)
        self.share = rules.get("cutoff_percentile", 0.9)
        self.rank = rules.get("percentile_rank", "nearest")
        self.corner = rules.get("auxiliary_cost", "alternative")
        self.singletons = rules.get("singletons", True)
        self.branch_points = rules.get("branch_points", "interior")
        kinds_out = [[kind for s, _, kind in scene.fixed if s == i] for i in range(len(self.rows))]
        kinds_in = [[kind for _, t, kind in scene.fixed if t == i] for i in range(len(self.rows))]
        self.continued = [len(k) > 1 or (k and k != ["split"]) for k in kinds_out]
        self.begun = [len(k) > 1 or (k and k != ["merge"]) for k in kinds_in]
        self.has_split = ["split" in k for k in kinds_out]
        self.has_merged = ["merge" in k for k in kinds_in]

    def cost(self, event, s, t):
        """Return what a link costs, or None where the spots must not be linked."""
        a, b = self.rows[s], self.rows[t]
        lengths = self.scene.distances[event]
        lengths = lengths if isinstance(lengths, tuple) else (lengths, lengths)
        far = lengths[1]
        squared = ((a["y"] - b["y"]) * far / lengths[0]) ** 2 + (a["x"] - b["x"]) ** 2
        if self.scene.cost is None:
            cost = squared
        else:
            own = self.scene.cost(pd.DataFrame([a]), pd.DataFrame([b]))
            cost = float(np.asarray(own)[0])
        weights = self.scene.penalties or {}
        if any(name in weights for name in ("linking", *EVENTS)):
            weights = weights.get(event, {})
        factor = 1.0
        for name, weight in weights.items():
            if not isnan(a[name] + b[name]) and (a[name] or b[name]):
                factor += 3 * weight * abs(a[name] - b[name]) / (abs(a[name]) + abs(b[name]))
        cost *= factor**2
        tested = [squared, cost] if self.gate == "cost" else [squared]
        if not isfinite(cost):
            return None
        if event == "linking":
            return cost if all(value < far**2 for value in tested) else None
        return cost if all(value <= far**2 for value in tested) else None

    def candidates(self, event, sources, targets, gap=1):
        """Return (source, target, cost) of all links that are possible."""
        return [
            (s, t, cost)
            for s in sources
            for t in targets
            if 1 <= self.frame[t] - self.frame[s] <= gap
            and (s, t) not in self.fixed
            and (cost := self.cost(event, s, t)) is not None
        ]

    def first_step(self):
        """Yield the best sets of links for each frame and the next."""
        spots = range(len(self.rows))
        for frame in range(max(self.frame, default=0)):
            possible = self.candidates(
                "linking",
                [i for i in spots if self.frame[i] == frame and not self.continued[i]],
                [i for i in spots if self.frame[i] == frame + 1 and not self.begun[i]],
            )
            if possible:
                values = [cost for *_, cost in possible]
                alternative = self.factor * max(values)
                corner = alternative if self.corner == "alternative" else min(values)
                yield (
                    frame,
                    best_sets([(s, t, c, (s, t)) for s, t, c in possible], alternative, corner),
                )

    def second_step(self, links):
        """Return the best sets of links between segments; with their kinds, where these differ."""
        spots = range(len(self.rows))
        links = [*links, *((s, t) for s, t, kind in self.scene.fixed if kind in {"link", "gap"})]
        goes_on, comes = {s for s, _ in links}, {t for _, t in links}
        ends = [i for i in spots if i not in goes_on]
        starts = [i for i in spots if i not in comes]
        if not self.singletons:
            alone = set(ends) & set(starts)
            ends = [i for i in ends if i not in alone]
            starts = [i for i in starts if i not in alone]
        ends = [i for i in ends if not self.continued[i]]
        starts = [i for i in starts if not self.begun[i]]
        inside = [i for i in spots if i in goes_on & comes or self.branch_points == "all"]
        from_, into = (
            [i for i in inside if not taken[i]] for taken in (self.has_split, self.has_merged)
        )
        gap = self.scene.max_frame_gap
        possible = []
        for event, kind, (left, sources), (right, targets), most in (
            ("gap_closing", "gap", ("end", ends), ("start", starts), gap),
            ("splitting", "split", ("middle", from_), ("start", starts), 1),
            ("merging", "merge", ("end", ends), ("middle", into), 1),
        ):
            if event not in self.scene.distances:
                continue
            for s, t, cost in self.candidates(event, sources, targets, most):
                near = kind == "gap" and self.frame[t] - self.frame[s] == 1
                edge = (s, t, "link" if near else kind)
                if self.branch_points == "all":  # there, a link may be of several kinds
                    edge = (s, t)
                possible.append(((left, s), (right, t), cost, edge))
        if not possible:
            return {frozenset()}
        values = sorted(cost for _, _, cost, _ in possible)
        place = (len(values) - 1) * self.share
        alternative = self.factor * values[floor(place + 0.5 if self.rank == "nearest" else place)]
        return best_sets(possible, alternative, alternative)


def best_sets(possible, alternative, corner):
    """Return all sets of edges whose sum is least, of all that link each node once at most."""
    sources = sorted({s for s, *_ in possible})
    n_targets = len({t for _, t, *_ in possible})
    least, best = float("inf"), {}

    def more(i, used, linked, edges):
        nonlocal least
        if i < len(sources):
            more(i + 1, used, linked, edges)
            for s, t, cost, edge in possible:
                if s == sources[i] and t not in used:
                    more(i + 1, used | {t}, linked + cost + corner, [*edges, edge])
            return
        without = len(sources) + n_targets - 2 * len(edges)
        total = linked + without * alternative
        best.setdefault(round(total, 9), set()).add(frozenset(edges))
        least = min(least, total)

    more(0, frozenset(), 0.0, [])
    return {s for total, sets in best.items() if total <= least + 1e-8 for s in sets}


def by_ends(edges):
    """Return the kind and the cost of each edge."""
    ends = list(zip(edges["source"].tolist(), edges["target"].tolist(), strict=True))
    assert len(set(ends)) == len(ends)
    return dict(zip(ends, zip(edges["kind"], edges["cost"], strict=True), strict=True))


def check(scene):
    """Compare both steps with the model."""
    model = Model(scene)
    first = {
        edge: cost
        for edge, (_, cost) in by_ends(scene.linked(both_steps=False)).items()
        if edge not in model.fixed
    }
    left = set(first)
    for frame, best in model.first_step():
        found = {(s, t) for s, t in first if model.frame[s] == frame}
        assert found in best
        left -= found
    assert not left
    for (s, t), cost in first.items():
        assert cost == pytest.approx(model.cost("linking", s, t), rel=1e-12)
    rows = by_ends(scene.linked())
    for edge, cost in first.items():
        assert rows.pop(edge) == ("link", cost)
    for s, t, kind in scene.fixed:
        kept, cost = rows.pop((s, t))
        assert kept == kind
        assert isnan(cost)
    if model.branch_points == "all":
        assert frozenset(rows) in model.second_step(first)
    else:
        assert {(*edge, kind) for edge, (kind, _) in rows.items()} in model.second_step(first)
    for (s, t), (_, cost) in rows.items():
        paid = [model.cost(event, s, t) for event in EVENTS if event in scene.distances]
        assert any(cost == pytest.approx(one, rel=1e-12) for one in paid if one is not None)


def spots(rng, n):
    """Return a few spots that move, divide, meet, are missed or new."""
    frames = int(rng.integers(2, 6))
    at, rows = rng.uniform(0, 6, (n, 2)), []
    for frame in range(frames):
        at = at + rng.normal(0, 0.7, at.shape)
        if rng.uniform() < 0.5:
            at = np.vstack([at, at[:1] + rng.normal(0, 1, (1, 2))])[-4:]
        seen = at[rng.uniform(size=len(at)) > 0.3]
        rows += [(frame, y, x) for y, x in seen]
    f = pd.DataFrame(rows, columns=["frame", "y", "x"], dtype=float).head(12)
    f["frame"] = f["frame"].astype(int)
    mass = rng.uniform(1, 3, len(f))
    return f.assign(mass=np.where(rng.uniform(size=len(f)) < 0.2, np.nan, mass))


def scene(seed, **fixed_rules):
    rng = np.random.default_rng(seed)
    choose = {
        "alternative_cost_factor": (1.05, 0.7, 1.5),
        "cutoff_percentile": (0.9, 0.5, 1, 0),
        "percentile_rank": ("nearest", "lower"),
        "auxiliary_cost": ("alternative", "minimum"),
        "gate": ("cost", "distance"),
        "singletons": (True, False),
        "branch_points": ("interior", "all"),
    }
    rules = {
        name: values[rng.integers(len(values))]
        for name, values in choose.items()
        if rng.uniform() < 0.5
    }
    distances = {"linking": float(rng.choice([1.5, 2.5, 4]))}
    for event in EVENTS:
        if rng.uniform() < 0.75:
            distances[event] = float(rng.uniform(1.5, 4))
    if rng.uniform() < 0.2:
        distances = {event: (1.2 * d, d) for event, d in distances.items()}
    return Scene(
        spots(rng, int(rng.integers(1, 4))),
        distances,
        int(rng.integers(1, 4)),
        rules | fixed_rules,
    )


@pytest.mark.parametrize("branch_points", ["interior", "all"])
@pytest.mark.parametrize("seed", range(80))
def test_both_steps(seed, branch_points):
    check(scene(seed, branch_points=branch_points))


@pytest.mark.parametrize("seed", range(80))
def test_on_a_lattice(seed):
    """Spots as far apart as the largest distances, and many sets that are as good as others."""
    this = scene(seed + 500)
    this.spots[["y", "x"]] = (this.spots[["y", "x"]] / 1.5).round()
    this.distances = {event: 1 + (seed + i) % 3 for i, event in enumerate(this.distances)}
    check(this)


@pytest.mark.parametrize("weights", [{"mass": 0.5}, "each"])
@pytest.mark.parametrize("gate", ["cost", "distance"])
@pytest.mark.parametrize("seed", range(15))
def test_penalties(seed, gate, weights):
    this = scene(seed + 1000, gate=gate)
    rng = np.random.default_rng(seed)
    if weights == "each":
        each = {event: {"mass": rng.uniform(0, 1)} for event in ("linking", *EVENTS)}
        each["linking"]["x"] = 0.3
        del each[EVENTS[seed % 3]]
        weights = each
    this.penalties = weights
    check(this)


def own_cost(sources, targets):
    """Return a sum of distances along the axes, and NaN for some pairs."""
    along = sum((sources[axis] - targets[axis]).abs() for axis in "yx")
    return along.where(along % 1 > 0.1)


@pytest.mark.parametrize("penalties", [None, {"mass": 1}])
@pytest.mark.parametrize("seed", range(12))
def test_own_cost(seed, penalties):
    this = scene(seed + 2000)
    this.cost, this.penalties = own_cost, penalties
    check(this)


@pytest.mark.parametrize("branch_points", ["interior", "all"])
@pytest.mark.parametrize("seed", range(40))
def test_fixed_edges(seed, branch_points):
    """Some edges of any kind, between any spots, that do not contradict each other."""
    this = scene(seed + 3000, branch_points=branch_points)
    rng = np.random.default_rng(seed)
    frame = this.spots["frame"].to_numpy()
    out, in_ = Counter(), Counter()
    # Around one spot, such that some have several.
    around = rng.integers(len(frame)) if len(frame) else 0
    pairs = rng.permutation(np.argwhere(frame[:, None] < frame))
    pairs = pairs[np.argsort((pairs != around).all(axis=1), kind="stable")]
    for s, t in pairs.tolist():
        kind = str(rng.choice(["link", "gap", "split", "split", "merge", "merge"]))
        plain_out = kind in {"link", "gap"}
        crowded = (out[s, True] and plain_out) or (in_[t, True] and kind != "merge")
        if crowded or out[s, False] > 1 or len(this.fixed) == 1 + seed % 4:
            continue
        out[s, plain_out] += 1
        in_[t, kind != "merge"] += 1
        this.fixed.append((s, t, kind))
    check(this)


def test_scenes_have_it_all():
    """The tests above are not about nothing: segments are joined in all ways, many times."""
    kinds = Counter()
    for seed in range(120):
        kinds.update(scene(seed, branch_points="interior").linked()["kind"])
    assert min(kinds[kind] for kind in ("gap", "split", "merge")) > 8, kinds
