"""Predictors: trackpy's, and functions of the user's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import trackpy.predict as peers

from spotgpu.linking import (
    ChannelPredict,
    DriftPredict,
    NearestVelocityPredict,
    NullPredict,
    link,
    link_df_iter,
    link_iter,
)
from tests.linking.crocker_grier import in_order

AXES = {2: ["y", "x"], 3: ["z", "y", "x"]}


def flow(brownian, kind="drift", *, seed=0, ndim=2, frames=12, particles=60, blink=0.0, speed=4.0):
    """Return particles that flow much farther than they diffuse, and than they are apart."""
    f = in_order(
        brownian(frames, particles, seed=seed, ndim=ndim, candidates=1.5, blink=blink, step=0.8)
    )
    if kind == "drift":
        f[AXES[ndim]] += np.outer(f["frame"], np.arange(1, ndim + 1)) * speed / ndim
    elif kind == "channel":  # fastest in the middle
        y = f["y"].to_numpy()
        profile = 1 - (2 * (y - y.min()) / np.ptp(y) - 1) ** 2
        f["x"] += speed * profile * f["frame"]
    elif kind == "shear":
        f["x"] += speed * f["frame"] * (f["y"] > f["y"].mean())
    return f


def peers_particles(peer, f, *args, **options):
    """Return trackpy's particles; its predictors see the frames that are not empty only."""
    return peer.link_df(f, *args, **options).sort_index()["particle"]


PAIRS = [
    (NullPredict, peers.NullPredict, {}, "drift"),
    (DriftPredict, peers.DriftPredict, {}, "drift"),
    (DriftPredict, peers.DriftPredict, {"span": 3}, "drift"),
    (NearestVelocityPredict, peers.NearestVelocityPredict, {}, "shear"),
    (NearestVelocityPredict, peers.NearestVelocityPredict, {"span": 2}, "drift"),
    (ChannelPredict, peers.ChannelPredict, {"bin_size": 20, "minsamples": 3}, "channel"),
    (
        ChannelPredict,
        peers.ChannelPredict,
        {"bin_size": 10, "minsamples": 4, "span": 2, "flow_axis": "y"},
        "drift",
    ),
]


@pytest.mark.parametrize("memory", [0, 2])
@pytest.mark.parametrize(("ours", "peer", "options", "kind"), PAIRS)
@pytest.mark.parametrize("seed", range(3))
def test_trackpys(seed, ours, peer, options, kind, memory, brownian, partition):
    f = flow(brownian, kind, seed=seed, blink=0.1 * (memory > 0), speed=2.5)
    expected = peers_particles(peer(**options), f, 5, memory=memory)
    found = link(f, 5, memory=memory, predictor=ours(**options))["particle"]
    assert partition(found) == partition(expected)
    if peer is not peers.NullPredict:
        assert partition(found) != partition(link(f, 5, memory=memory)["particle"])


@pytest.mark.parametrize(
    ("ours", "peer", "options"),
    [(one, another, options) for one, another, options, _ in PAIRS[1:5]],
)
def test_volumes(ours, peer, options, brownian, partition):
    f = flow(brownian, ndim=3, blink=0.1, speed=2.0)
    expected = peers_particles(peer(**options), f, 5, memory=1)
    assert partition(link(f, 5, memory=1, predictor=ours(**options))["particle"]) == partition(
        expected
    )


def test_range_of_each_axis(brownian, partition):
    f = flow(brownian, speed=3.0)
    expected = peers_particles(peers.DriftPredict(), f, (3, 6))
    assert partition(link(f, (3, 6), predictor=DriftPredict())["particle"]) == partition(expected)


GUESSES = [
    (DriftPredict, peers.DriftPredict, "drift", [2.0, 4.0]),
    (
        NearestVelocityPredict,
        peers.NearestVelocityPredict,
        "shear",
        ([[10.0, 50.0], [60.0, 50.0]], [[0.0, 0.0], [0.0, 4.0]]),
    ),
]


@pytest.mark.parametrize("memory", [0, 1])
@pytest.mark.parametrize(("ours", "peer", "kind", "guess"), GUESSES)
def test_initial_guesses(ours, peer, kind, guess, memory, brownian, partition):
    f = flow(brownian, kind, speed=4.0, blink=0.05 * memory)
    guess = guess if kind == "shear" else (guess,)
    expected = peers_particles(peer(*guess, pos_columns=["y", "x"]), f, 3, memory=memory)
    found = link(f, 3, memory=memory, predictor=ours(*guess))["particle"]
    assert partition(found) == partition(expected)
    assert found.nunique() < link(f, 3, memory=memory, predictor=ours())["particle"].nunique()


def test_initial_profile(brownian, partition):
    f = flow(brownian, "channel", particles=100, speed=4.0)
    y = np.linspace(f["y"].min(), f["y"].max(), 20)
    guess = np.stack([y, 4 * (1 - (2 * (y - y[0]) / (y[-1] - y[0]) - 1) ** 2)], axis=1)
    options = {"bin_size": 15, "minsamples": 2, "initial_profile_guess": guess}
    expected = peers_particles(peers.ChannelPredict(**options), f, 3)
    found = link(f, 3, predictor=ChannelPredict(**options))["particle"]
    assert partition(found) == partition(expected)
    options.pop("initial_profile_guess")
    assert found.nunique() < link(f, 3, predictor=ChannelPredict(**options))["particle"].nunique()


def test_drift_is_followed(brownian):
    """Particles on a lattice all step by 0.7 of its width: to the neighbour, without prediction."""
    y, x = np.divmod(np.arange(36), 6) * np.array([[10.0], [10.0]])
    frames = [pd.DataFrame({"y": y, "x": x + 7.0 * t, "frame": t}) for t in range(8)]
    f = pd.concat(frames, ignore_index=True)
    true = np.tile(np.arange(36), 8).tolist()
    assert link(f, 4)["particle"].nunique() > 36
    assert link(f, 4, predictor=DriftPredict([0, 7]))["particle"].tolist() == true
    guess = NearestVelocityPredict([[0, 0]], [[0, 7]])
    assert link(f, 4, predictor=guess)["particle"].tolist() == true
    profile = ChannelPredict(10, minsamples=1, initial_profile_guess=[[0, 7]])
    assert link(f, 4, predictor=profile)["particle"].tolist() == true


def test_empty_frames_count():
    """A particle that was away for two frames is expected three steps on."""
    x = [0.0, 1, 2, 5, 6]
    f = pd.DataFrame({"y": 0.0, "x": x, "frame": [0, 1, 2, 5, 6]})
    assert link(f, 1.2, memory=2, predictor=DriftPredict())["particle"].tolist() == [0] * 5
    assert link(f, 1.2, memory=1, predictor=DriftPredict())["particle"].nunique() == 2


def test_a_predictor_is_not_used_up(brownian):
    """What a predictor learned from one movie does not count in the next."""
    f, other = flow(brownian, speed=2.0), flow(brownian, speed=-2.0, seed=1)
    for made in (
        DriftPredict([1.0, 2.0]),
        NearestVelocityPredict([[0, 0]], [[1, 2]], span=2),
        ChannelPredict(20, minsamples=3, initial_profile_guess=[[0, 1]]),
    ):
        first = link(f, 5, predictor=made)
        link(other, 5, predictor=made)
        pd.testing.assert_frame_equal(link(f, 5, predictor=made), first)
        with pytest.raises(ValueError, match="finite positions"):
            link(f, 5, predictor=lambda _, particles: particles.pos[:-1])
        pd.testing.assert_frame_equal(link(f, 5, predictor=made), first)


@pytest.mark.parametrize("memory", [0, 2])
def test_streams(memory, brownian):
    """Times may be anything that can be subtracted: here, half seconds."""
    f = flow(brownian, speed=2.0, blink=0.1)
    expected = link(f, 5, memory=memory, predictor=DriftPredict())["particle"].tolist()
    frames = [part for _, part in f.assign(time=f["frame"] / 2).groupby("frame")]
    options = {"memory": memory, "predictor": DriftPredict()}
    linked = pd.concat(link_df_iter(frames, 5, t_column="time", **options))
    assert linked["particle"].tolist() == expected
    coords = ((t, part[["y", "x"]].to_numpy()) for t, part in enumerate(frames))
    assert np.concatenate([p for _, p in link_iter(coords, 5, **options)]).tolist() == expected


def test_nothing_to_learn_from():
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 50.0, 51.0], "frame": [0, 1, 2]})
    assert link(f, 2, predictor=DriftPredict())["particle"].tolist() == [0, 1, 1]
    with pytest.warns(UserWarning, match="no particle to predict velocities from"):
        link(f, 2, predictor=NearestVelocityPredict())
    with pytest.warns(UserWarning, match="no bin has enough particles"):
        link(f, 2, predictor=ChannelPredict(5))
    one = f[:1]
    assert link(one, 2, predictor=DriftPredict())["particle"].tolist() == [0]
    assert len(link(one[:0], 2, predictor=DriftPredict())) == 0


def test_channel_across():
    """Velocities are those of the nearest bin, and 0 across the flow."""
    channel = ChannelPredict(10, minsamples=2)
    y = [1.0, 2, 11, 12, 31, 32, 55]
    for t in (3, 4):
        channel.observe(t, np.stack([y, (t - 3.0) * np.arange(7)], axis=1), np.arange(7))
    at = np.array([[-50.0, 0], [9.9, 0], [10.1, 0], [24, 0], [26, 0], [70, 0]])
    # Bins at 5 (0.5), 15 (2.5), 35 (4.5); the one at 55 has one particle only.
    assert channel.velocity(at).tolist() == [[0, v] for v in (0.5, 0.5, 2.5, 2.5, 4.5, 4.5)]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: DriftPredict(span=0), ValueError, "`span` must be .*>= 1, got 0"),
        (lambda: DriftPredict(span=1.5), TypeError, "`span` must be an integer"),
        (lambda: ChannelPredict(0), ValueError, "`bin_size` must be .*> 0, got 0"),
        (lambda: ChannelPredict(5, "z"), ValueError, "`flow_axis` must be one of 'x', 'y'"),
        (lambda: ChannelPredict(5, minsamples=0), ValueError, "`minsamples` must be .*got 0"),
        (lambda: NearestVelocityPredict([[0, 0]]), ValueError, "`initial_guess_positions` must"),
    ],
)
def test_bad_options(make, error, match):
    with pytest.raises(error, match=match):
        make()
