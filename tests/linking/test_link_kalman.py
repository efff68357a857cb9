"""`link_kalman`: beside a plain tracker, and by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from spotgpu.linking import link, link_kalman
from spotgpu.linking._kalman import Noise, estimated_noise
from tests.linking.crocker_grier import in_order
from tests.linking.plain_kalman import tracked


def moving(seed=0, *, frames=12, particles=30, ndim=2, side=60.0, blink=0.15, speed=2.0):
    """Return particles at nearly constant velocity, in a box that they leave."""
    rng = np.random.default_rng(seed)
    velocity = rng.normal(0, speed, (1, particles, ndim))
    steps = velocity + rng.normal(0, 0.3, (frames, particles, ndim))
    at = rng.uniform(0, side, (1, particles, ndim)) + steps.cumsum(axis=0)
    frame, particle = np.nonzero(rng.uniform(size=(frames, particles)) >= blink)
    f = pd.DataFrame(at[frame, particle], columns=["z", "y", "x"][-ndim:])
    return f.assign(frame=frame, true=particle)


def found(f, radius, **options):
    edges = link_kalman(f, radius, **options).edges
    return list(edges[["source", "target", "cost"]].itertuples(index=False, name=None))


def same(links, expected):
    assert [link[:2] for link in links] == [link[:2] for link in expected]
    np.testing.assert_allclose(
        [cost for *_, cost in links], [cost for *_, cost in expected], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("occlusions", ["successive", "cumulative"])
@pytest.mark.parametrize("max_missed", [0, 1, 2, 4])
@pytest.mark.parametrize("seed", range(4))
def test_plain_tracker(seed, max_missed, occlusions):
    ndim = 2 + seed % 2
    f = moving(seed, ndim=ndim)
    if seed > 1:
        f = f[~f["frame"].isin([0, 4, 5])].reset_index(drop=True)
    at = f[["z", "y", "x"][-ndim:]].to_numpy()
    options = {"max_missed": max_missed, "initial_radius": 6}
    expected = tracked(
        at,
        f["frame"].to_numpy(),
        5.0,
        initial=6.0,
        noise=(5 / 3, 5 / 3, 1 / 6),
        max_missed=max_missed,
        cumulative=occlusions == "cumulative",
    )
    same(found(f, 5, occlusions=occlusions, **options), expected)
    assert len(expected) > 100


@pytest.mark.parametrize("noise", [(0.3, 0.1, 0.2), (1.0, 0.0, 0.5)])
def test_noise_given(noise):
    f = moving(5)
    at, frame = f[["y", "x"]].to_numpy(), f["frame"].to_numpy()
    expected = tracked(at, frame, 4.0, initial=4.0, noise=noise, known=True)
    same(found(f, 4, process_noise=noise[:2], measurement_noise=noise[2]), expected)
    both = tracked(at, frame, 4.0, initial=4.0, noise=(0.7, 0.7, 0.07), known=True)
    same(found(f, 4, process_noise=0.7), both)
    measured = tracked(at, frame, 4.0, initial=4.0, noise=(4 / 3, 4 / 3, 0.5))
    same(found(f, 4, measurement_noise=0.5), measured)


def test_radius_of_spots():
    """A tenth of the mean radius of the second frame that has spots is the measurement noise."""
    f = moving(6)
    f = f[f["frame"] != 1].reset_index(drop=True)
    radius = np.where(f["frame"] == 2, 8.0, 50.0)
    expected = tracked(
        f[["y", "x"]].to_numpy(), f["frame"].to_numpy(), 4.0, initial=4.0, noise=(4 / 3, 4 / 3, 0.8)
    )
    same(found(f.assign(radius=radius), 4), expected)


def test_range_of_each_axis():
    """Costs and `initial_radius` are in units of the last axis."""
    f = moving(7, ndim=3)
    at = f[["z", "y", "x"]].to_numpy() * [4 / 8, 4 / 5, 1]
    expected = tracked(at, f["frame"].to_numpy(), 4.0, initial=3.0, noise=(4 / 3, 4 / 3, 4 / 30))
    same(found(f, (8, 5, 4), initial_radius=3), expected)


def crossing(n=8, side=100.0):
    """Return pairs of particles whose paths cross, half a pixel apart when they do."""
    t = np.arange(11)
    parts = []
    for i in range(n):
        for k, (y, v) in enumerate(((0.0, 1.0), (10.5, -1.0))):
            at = {"frame": t, "y": y + v * t + side * i, "x": 3.0 * t, "true": 2 * i + k}
            parts.append(pd.DataFrame(at))
    return in_order(pd.concat(parts))


def right(f, particle):
    """Return whether all particles are the true ones."""
    pairs = np.unique(np.stack([f["true"], particle]), axis=1).shape[1]
    return pairs == f["true"].nunique() == len(np.unique(particle))


def test_crossing_paths():
    f = crossing()
    assert right(f, link_kalman(f, 2, initial_radius=4).particle)
    linked = link(f, 4)
    assert linked["particle"].nunique() == f["true"].nunique()
    assert not right(f, linked["particle"])


def test_noise_estimated():
    f = moving(8, particles=80, side=300.0, frames=20, blink=0.05)
    first = link_kalman(f, 4, initial_radius=7)
    runs = [
        list(rows)
        for _, track in f.groupby(first.particle)
        for rows in zip(*(track.index[i:] for i in range(5)), strict=False)
        if f["frame"][rows[4]] - f["frame"][rows[0]] == 4
    ]
    noise = estimated_noise(np.array(runs).T, f[["y", "x"]].to_numpy().T, Noise(9, 9, 9))
    assert noise.known
    assert noise.position == pytest.approx(0.3, abs=0.03)
    expected = link_kalman(
        f, 4, initial_radius=7, process_noise=noise[:2], measurement_noise=noise.measured
    )
    estimated = link_kalman(f, 4, initial_radius=7, process_noise="estimate")
    assert estimated.edges[["source", "target"]].equals(expected.edges[["source", "target"]])
    np.testing.assert_allclose(estimated.edges["cost"], expected.edges["cost"], rtol=1e-6)
    # Predictions are better: nearer to the spots.
    assert estimated.edges["cost"].mean() < first.edges["cost"].mean()


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


def test_same_on_every_run():
    """Rows in any order, anywhere: the same edges."""
    f = moving(9).assign(id=lambda g: g.index)
    expected = found(f, 5)
    assert found(f, 5) == expected
    mixed = f.sample(frac=1, random_state=1)
    same(sorted(found(mixed, 5)), sorted(expected))
    moved = f.assign(y=f["y"] + 1024, x=f["x"] - 512, frame=f["frame"] + 3)
    same_ends = [link[:2] for link in found(moved, 5)]
    assert same_ends == [link[:2] for link in expected]


def test_tables():
    f = moving(2, frames=4)
    kept = f.copy()
    names = f.rename(columns={"y": "b", "x": "a", "frame": "t"})
    tracks = link_kalman(names, 5, pos_columns=["b", "a"], t_column="t")
    pd.testing.assert_frame_equal(f, kept)
    assert tracks.spots.drop(columns="id").equals(names)
    assert tracks.edges.equals(link_kalman(f, 5).edges)


@pytest.mark.parametrize("options", [{}, {"max_missed": 0}, {"process_noise": "estimate"}])
def test_on_device(options, cuda):
    f = moving(3, frames=7, particles=25)
    assert found(f, 5, **options, device="cuda") == found(f, 5, **options)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"search_radius": 0}, ValueError, "`search_radius` must be .*> 0.*got 0"),
        ({"search_radius": (1, 2, 3)}, ValueError, "`search_radius` must be one value or 2"),
        ({"initial_radius": 0}, ValueError, "`initial_radius` must be .*> 0"),
        ({"initial_radius": (1, 2)}, TypeError, "`initial_radius` must be"),
        ({"max_missed": -1}, ValueError, "`max_missed` must be .*>= 0, got -1"),
        ({"max_missed": 1.5}, TypeError, "`max_missed` must be an integer"),
        ({"occlusions": "all"}, ValueError, "`occlusions` must be one of 'successive'"),
        ({"process_noise": "guess"}, ValueError, "`process_noise` must be .*got 'guess'"),
        ({"process_noise": -1}, ValueError, "`process_noise` must be .*>= 0, got -1"),
        ({"process_noise": (1, 2, 3)}, ValueError, "`process_noise` must be"),
        ({"measurement_noise": -1}, ValueError, "`measurement_noise` must be .*>= 0"),
        ({"measurement_noise": "x"}, TypeError, "`measurement_noise` must be"),
        ({"max_frame_gap": 0}, ValueError, "`max_frame_gap` must be .*>= 1"),
        ({"penalties": {"mess": 1}}, ValueError, "mess"),
        ({"preset": "best"}, ValueError, "`preset` must be"),
    ],
)
def test_bad_values(options, error, match):
    with pytest.raises(error, match=match):
        link_kalman(moving(), **{"search_radius": 5} | options)
