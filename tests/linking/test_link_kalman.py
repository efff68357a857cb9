"""`link_kalman` beside a plain tracker."""

from __future__ import annotations

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
