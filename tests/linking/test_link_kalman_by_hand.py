"""`link_kalman` by hand: gaps, beginnings, costs, and what the segment step adds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from spotgpu.linking import link_kalman
from tests.linking.crocker_grier import in_order


def found(f, radius, **options):
    """Return (source, target, cost) of all edges."""
    edges = link_kalman(f, radius, **options).edges
    return list(edges[["source", "target", "cost"]].itertuples(index=False, name=None))


def line(frames, velocity=4.0):
    """Return one particle on a line, seen in some frames."""
    frames = np.array(frames)
    return pd.DataFrame({"frame": frames, "y": 0.0, "x": velocity * frames})


@pytest.mark.parametrize(
    ("frames", "successive", "cumulative"),
    [
        ([0, 1, 4], 1, 1),  # two in a row
        ([0, 1, 5], 2, 2),  # three
        ([0, 1, 3, 5, 7], 1, 2),  # three in all
        ([0, 1, 3, 5, 6], 1, 1),
        ([0, 1, 4, 5, 7], 1, 2),
        ([0, 1, 4, 7], 1, 2),
        ([0, 2], 2, 2),  # it has no velocity yet
        ([5, 6, 8], 1, 1),
    ],
)
def test_missing_by_hand(frames, successive, cumulative):
    f = line(frames)
    for occlusions, tracks in (("successive", successive), ("cumulative", cumulative)):
        result = link_kalman(f, 2, initial_radius=5, occlusions=occlusions)
        assert len(np.unique(result.particle)) == tracks
        steps = np.diff(f["frame"])[result.edges["source"]]
        assert (result.edges["kind"] == np.where(steps > 1, "gap", "link")).all()


def test_predicted_over_gaps():
    """Three frames on, at four a frame, it is twelve away, and right where it is expected."""
    edges = link_kalman(line([0, 1, 4]), 0.5, initial_radius=5).edges
    assert edges["cost"].tolist() == [16, 0]
    for off, links in ((0.49, 2), (0.5, 1)):  # exclusive
        f = line([0, 1, 4])
        f.loc[2, "x"] += off
        assert len(link_kalman(f, 0.5, initial_radius=5).edges) == links


def test_predictions_come_first():
    """A spot that two could have goes to the one that is followed, even if it is farther."""
    f = pd.DataFrame({"frame": [0, 1, 1, 2], "y": 0.0, "x": [0.0, 4.0, 9.2, 9.0]})
    edges = link_kalman(f, 3, initial_radius=5).edges
    assert edges[["source", "target"]].to_numpy().tolist() == [[0, 1], [1, 3]]
    assert edges["cost"].tolist() == [16, 1]


def test_initial_radius():
    f = line([0, 1, 2])
    assert len(link_kalman(f, 3).edges) == 0
    assert len(link_kalman(f, 3, initial_radius=4).edges) == 0  # exclusive
    assert len(link_kalman(f, 3, initial_radius=4.001).edges) == 2
    assert len(link_kalman(f, 4.001).edges) == 2


def test_short_movies():
    """Two frames, empty frames at the beginning, in between and at the end; one spot, none."""
    two = pd.DataFrame({"frame": [0, 0, 1, 1], "y": 0.0, "x": [0.0, 9, 10, 1]})
    for f in (two, two.assign(frame=two["frame"] + 40), two.assign(frame=two["frame"] - 7)):
        edges = link_kalman(f, 3).edges
        assert edges[["source", "target"]].to_numpy().tolist() == [[1, 2], [0, 3]]
    third = pd.concat([two, pd.DataFrame({"frame": 2, "y": 0.0, "x": [2.0, 11, 40]})])
    assert len(link_kalman(third, 3).edges) == 4
    assert len(link_kalman(two.assign(frame=2 * two["frame"]), 3).edges) == 0
    assert len(link_kalman(two.assign(frame=4), 3).edges) == 0
    for n in (1, 0):
        tracks = link_kalman(two[:n], 3)
        assert (len(tracks.spots), len(tracks.edges)) == (n, 0)
    assert len(link_kalman(two[:0], 3, process_noise="estimate").edges) == 0
    far = two.assign(frame=[0, 0, 2**40, 2**40])
    assert len(link_kalman(far, 3).edges) == 0


def test_alternative_costs():
    """Two links cost 9 each, or one costs 1: 18 - 18 a against 1 - 9 a, for a factor a."""
    f = pd.DataFrame({"frame": [0, 0, 1, 1], "y": 0.0, "x": [0.0, 4.0, 3.0, 7.0]})
    for factor, costs in ((0.9, [1]), (1.05, [1]), (1.88, [1]), (1.9, [9, 9])):
        assert [c for *_, c in found(f, 3.5, alternative_cost_factor=factor)] == costs
    assert found(f, 3.5) == [(1, 2, 1.0)]


@pytest.mark.parametrize("seed", range(10))
def test_brute_force(seed):
    """Of all ways to link the spots of two frames, the one whose gains sum up to the least."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(2, 5, 2)
    at = rng.uniform(0, 8, (n + m, 2))
    cost = ((at[:n, None] - at[None, n:]) ** 2).sum(axis=2)
    alternative = 1.05 * cost[cost < 36].max()
    ways = [
        [(i, n + j) for i, j in enumerate(way) if j is not None]
        for way in product([*range(m), None], repeat=int(n))
        if len(used := [j for j in way if j is not None]) == len(set(used))
        and all(j is None or cost[i, j] < 36 for i, j in enumerate(way))
    ]
    best = min(ways, key=lambda way: sum(cost[i, j - n] - alternative for i, j in way))
    f = pd.DataFrame(at, columns=["y", "x"]).assign(frame=[0] * n + [1] * m)
    assert sorted(link[:2] for link in found(f, 6)) == best


def test_penalties():
    """The nearer spot is of another brightness: C = d^2 (1 + 3 w |a - b| / (a + b))^2."""
    f = pd.DataFrame(
        {"frame": [0, 1, 2, 2], "y": 0.0, "x": [0.0, 2, 4.1, 4.5], "mass": [1.0, 1, 3, 1]}
    )
    assert [target for _, target, _ in found(f, 3)] == [1, 2]
    links = found(f, 3, penalties={"mass": 4.0})
    assert [target for _, target, _ in links] == [1, 3]
    assert [cost for *_, cost in links] == pytest.approx([4, 0.25])
    only = found(f[:3], 3, penalties={"linking": {"mass": 4.0}})
    assert only[1][2] == pytest.approx(0.1**2 * (1 + 3 * 4 * 0.5) ** 2)


def test_segments_are_joined():
    """A gap beyond `max_missed`, and a daughter, as by `link_lap`."""
    mother = pd.DataFrame({"frame": range(8), "y": 0.0, "x": 4.0 * np.arange(8)})
    late = mother.assign(frame=mother["frame"] + 12, x=mother["x"] + 48)
    gap = pd.concat([mother, late], ignore_index=True)
    assert len(link_kalman(gap, 2, initial_radius=5).edges) == 14
    edges = link_kalman(gap, 2, initial_radius=5, gap_closing_distance=21, max_frame_gap=5).edges
    assert edges["kind"].tolist().count("gap") == 1
    assert edges.loc[edges["kind"] == "gap", ["source", "target"]].to_numpy().tolist() == [[7, 8]]
    daughter = pd.DataFrame({"frame": range(4, 8), "y": 2.0 + np.arange(4), "x": 16.0})
    split = in_order(pd.concat([mother, daughter]))
    assert (link_kalman(split, 2, initial_radius=5).edges["kind"] == "link").all()
    edges = link_kalman(split, 2, initial_radius=5, splitting_distance=6).edges
    assert edges["kind"].tolist().count("split") == 1
