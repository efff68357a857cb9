"""`link_lap` finds laptrack's edges with laptrack's preset.

laptrack's costs are float32; on positions anywhere, that decides nothing. Where spots share a
place its costs are 0, which it raises by 1e-6 (see `test_spots_at_one_place`).
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from laptrack import LapTrack

from spotgpu.linking import link_lap

#: Names of the largest distances: ours, and that of laptrack's largest cost.
DISTANCES = {
    "gap_closing_distance": "gap_closing_cutoff",
    "splitting_distance": "splitting_cutoff",
    "merging_distance": "merging_cutoff",
}
EVENTS = {
    "links": {},
    "gaps": {"gap_closing_distance": 7},
    "splits": {"splitting_distance": 6},
    "merges": {"merging_distance": 6},
    "gaps and splits": {"gap_closing_distance": 6, "splitting_distance": 8},
    "gaps and merges": {"gap_closing_distance": 8, "merging_distance": 5},
    "splits and merges": {"splitting_distance": 7, "merging_distance": 7},
    "all": {"gap_closing_distance": 7, "splitting_distance": 8, "merging_distance": 6},
    "all of one distance": dict.fromkeys(DISTANCES, 5),
}


def movie(seed, *, ndim=2, frames=8, n=40, empty=()):
    """Return spots that move, divide and meet, are missed and come from nowhere."""
    rng = np.random.default_rng(seed)
    side = {2: 45, 3: 18}[ndim]
    at, rows = rng.uniform(0, side, (n, ndim)), []
    for frame in range(frames):
        at = np.vstack([at, at[rng.uniform(size=len(at)) < 0.08]])  # divisions
        at = at[rng.uniform(size=len(at)) > 0.08] + rng.normal(0, 1, (1, ndim))
        at = at + rng.normal(0, 1.3, at.shape)
        seen = np.vstack(
            [at[rng.uniform(size=len(at)) > 0.15], rng.uniform(0, side, (n // 10, ndim))]
        )
        if frame not in empty:
            rows.append(pd.DataFrame(seen, columns=["z", "y", "x"][-ndim:]).assign(frame=frame))
    return pd.concat(rows, ignore_index=True)


def laptracks(f, linking_distance, fixed=(), max_frame_gap=2, **options):
    """Return laptrack's edges, as rows of the table."""
    columns = [axis for axis in "zyx" if axis in f]
    rows = [np.flatnonzero(f["frame"] == frame) for frame in range(f["frame"].max() + 1)]
    node = {int(row): (t, i) for t, of in enumerate(rows) for i, row in enumerate(of)}
    squared = {theirs: options.pop(ours, None) for ours, theirs in DISTANCES.items()}
    tracker = LapTrack(
        cutoff=linking_distance**2,
        gap_closing_max_frame_count=max_frame_gap,
        **{name: d**2 if d is not None else False for name, d in squared.items()},
        **options,
    )
    graph = tracker.predict(
        [f.loc[of, columns].to_numpy() for of in rows],
        connected_edges=[(node[s], node[t]) for s, t in fixed],
    )
    return {(int(rows[a][i]), int(rows[b][j])) for (a, i), (b, j) in graph.edges}


def ours(f, linking_distance, **options):
    tracks = link_lap(f, linking_distance, preset="laptrack", **options)
    edges = tracks.edges[["source", "target"]].to_numpy().tolist()
    return {tuple(edge) for edge in edges}


def branches(edges):
    """Return how many spots have two children, and how many two parents."""
    return [len(edges) - len({edge[end] for edge in edges}) for end in (0, 1)]


@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_edges(events, ndim, seed):
    f = movie(seed, ndim=ndim)
    expected = laptracks(f, 4, max_frame_gap=3, **events)
    assert len(expected) > 100
    splits, merges = branches(expected)
    assert (splits > 0) == ("splitting_distance" in events)
    assert (merges > 0) == ("merging_distance" in events)
    assert ours(f, 4, max_frame_gap=3, **events) == expected


@pytest.mark.parametrize("empty", [(3,), (2, 3), (1, 4, 5, 6)])
@pytest.mark.parametrize("gap", [1, 2, 4])
def test_empty_frames(empty, gap):
    f = movie(5, empty=empty)
    for events in (EVENTS["gaps"], EVENTS["all"]):
        expected = laptracks(f, 4, max_frame_gap=gap, **events)
        frame = f["frame"].to_numpy()
        lengths = {int(frame[t] - frame[s]) for s, t in expected}
        assert lengths == set(range(1, gap + 1))
        assert ours(f, 4, max_frame_gap=gap, **events) == expected


@pytest.mark.parametrize("factor", [0.5, 1.05, 2.0])
@pytest.mark.parametrize("share", [0, 0.31, 0.9, 1])
def test_cost_of_no_link_in_the_second_step(factor, share):
    """laptrack's factor is of the second step alone; that of the first is always 1.05."""
    f = movie(6)
    theirs = {"alternative_cost_factor": factor, "alternative_cost_percentile": 100 * share}
    expected = laptracks(f, 4, **EVENTS["all"], **theirs)
    # So the links of the first step are given, and nothing is near enough for others.
    options = {"alternative_cost_factor": factor, "cutoff_percentile": share}
    first = sorted(ours(f, 4))
    assert ours(f, 1e-6, fixed_edges=first, **EVENTS["all"], **options) == expected


def some_links(f, seed, n=12, most=1):
    """Return links between spots near each other in frames near each other."""
    rng = np.random.default_rng(seed)
    places = f[["y", "x"]].to_numpy()
    left, right, links = set(range(len(f))), set(range(len(f))), []
    for i in rng.permutation(len(f)).tolist():
        later = f["frame"] - f["frame"][i]
        near = np.flatnonzero((later >= 1) & (later <= most))
        near = near[np.hypot(*(places[near] - places[i]).T) < 8]
        if len(near) and i in left and (j := int(rng.choice(near))) in right:
            left.remove(i)
            right.remove(j)
            links.append((i, j))
        if len(links) == n:
            break
    return links


@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("most", [1, 3])
def test_fixed_links(events, most):
    """Fixed links, most of which would not be found, some of them over a gap."""
    f = movie(7)
    fixed = some_links(f, 8, most=most)
    expected = laptracks(f, 4, fixed, **events)
    free = ours(f, 4, **events)
    assert len(set(fixed) - free) > 3
    assert set(fixed) <= expected
    assert ours(f, 4, fixed_edges=fixed, **events) == expected


def some_branches(f, seed, n=6):
    """Return pairs of links from one spot to two of the next frame."""
    links = defaultdict(list)
    for s, t in some_links(f, seed, n=200):
        links[s].append(t)
    taken = {t for of in links.values() for t in of}
    places, frame = f[["y", "x"]].to_numpy(), f["frame"].to_numpy()
    found = []
    for s, (t, *_) in list(links.items())[:n]:
        free = [
            int(j)
            for j in np.flatnonzero(frame == frame[s] + 1)
            if j not in taken and np.hypot(*(places[j] - places[s])) < 8
        ]
        if free:
            taken.add(free[0])
            found += [(s, t), (s, free[0])]
    return found


@pytest.mark.parametrize("events", ["links", "gaps", "splits", "gaps and splits"])
@pytest.mark.parametrize("seed", range(3))
def test_fixed_splits(events, seed):
    """laptrack lets no other track merge into a daughter of a fixed split, so none merge here."""
    f = movie(seed)
    fixed = some_branches(f, seed)
    assert len(fixed) > 4
    expected = laptracks(f, 4, fixed, **EVENTS[events])
    assert ours(f, 4, fixed_edges=fixed, **EVENTS[events]) == expected


@pytest.mark.parametrize("events", ["links", "gaps", "merges", "gaps and merges"])
@pytest.mark.parametrize("seed", range(3))
def test_fixed_merges(events, seed):
    """As for splits, back in time."""
    f = movie(seed)
    last = f["frame"].max()
    back = f.assign(frame=last - f["frame"])
    fixed = [(t, s) for s, t in some_branches(back, seed)]
    assert len(fixed) > 4
    expected = laptracks(f, 4, fixed, **EVENTS[events])
    assert ours(f, 4, fixed_edges=fixed, **EVENTS[events]) == expected


def test_spots_at_one_place():
    """Spots that do not move cost nothing, and are linked; here nothing else is as good."""
    f = pd.DataFrame({"frame": np.arange(6) // 2, "y": 0.0, "x": [0.0, 1] * 3})
    f.loc[3, "x"] = 1.5
    expected = {(0, 2), (2, 4), (1, 3), (3, 5)}
    assert laptracks(f, 2) == ours(f, 2) == expected
    still = f.assign(x=[0.0, 9] * 3)  # all that is possible costs 0
    assert laptracks(still, 2) == ours(still, 2) == expected
