"""Predictors of the user's own: functions, decorated functions, objects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import trackpy
import trackpy.predict as peers

from spotgpu.linking import ChannelPredict, NullPredict, link, predictor
from tests.linking.crocker_grier import in_order


def flow(brownian):
    """Return particles that flow by 1 and 2 pixels a frame."""
    f = in_order(brownian(12, 60, candidates=1.5, blink=0.1, step=0.8))
    return f.assign(y=f["y"] + f["frame"], x=f["x"] + 2 * f["frame"])


def drifted(t, particles):
    """Predict in trackpy's way, point by point."""
    return [p.pos + np.array([1.0, 2.0]) * (t - p.t) for p in particles]


@predictor
def drifted_one(t, particle):
    return particle.pos + np.array([1.0, 2.0]) * (t - particle.t)


@peers.predictor
def trackpys_own(t, particle):
    return particle.pos + np.array([1.0, 2.0]) * (t - particle.t)


class Drifts:
    def predict(self, t, particles):
        return particles.pos + np.array([1.0, 2.0]) * (t - particles.t)[:, None]


@pytest.mark.parametrize(
    "function",
    [
        drifted,
        drifted_one,
        trackpys_own,
        Drifts(),
        Drifts().predict,
        lambda t, particles: (p for p in drifted(t, particles)),
        lambda t, particles: np.array(drifted(t, particles)).tolist(),
    ],
)
@pytest.mark.parametrize("memory", [0, 2])
def test_functions(function, memory, brownian, partition):
    f = flow(brownian)
    expected = trackpy.link(f, 4, memory=memory, predictor=drifted).sort_index()["particle"]
    found = link(f, 4, memory=memory, predictor=function)["particle"]
    assert partition(found) == partition(expected)
    assert found.nunique() < link(f, 4, memory=memory)["particle"].nunique()


def test_what_a_function_gets():
    """Positions, times and numbers of the particles that may be linked: last seen, and when."""
    seen = []

    def noted(t, particles):
        assert len(particles) == len(particles.pos) == len(particles.t)
        points = sorted((p.track.id, p.pos.tolist(), p.t) for p in particles)
        assert sorted(particles.particle.tolist()) == [number for number, _, _ in points]
        seen.append((t, points))
        return particles.pos

    f = pd.DataFrame({"y": 0.0, "x": [0.0, 9.0, 0.5, 1.0, 30.0], "frame": [2, 2, 3, 5, 6]})
    assert link(f, 2, memory=1, predictor=noted)["particle"].tolist() == [0, 1, 0, 0, 2]
    assert seen == [
        (3, [(0, [0.0, 0.0], 2), (1, [0.0, 9.0], 2)]),
        (5, [(0, [0.0, 0.5], 3)]),
        (6, [(0, [0.0, 1.0], 5)]),
    ]


def test_observing():
    """A predictor of the user's own gets each frame with its links."""
    seen = []

    class Curious(NullPredict):
        def __deepcopy__(self, memo):
            return self

        def observe(self, t, positions, particle):
            seen.append((t, positions.tolist(), particle.tolist()))

    f = pd.DataFrame({"y": 0.0, "x": [0.0, 9.0, 0.5], "frame": [2, 2, 3]})
    link(f, 2, predictor=Curious())
    assert seen == [(2, [[0.0, 0.0], [0.0, 9.0]], [0, 1]), (3, [[0.0, 0.5]], [0])]


@pytest.mark.parametrize(
    ("predict", "error", "match"),
    [
        (lambda _, p: p.pos[:-1], ValueError, r"shape \(3, 2\), got \(2, 2\)"),
        (lambda _, p: p.pos[:, :1], ValueError, r"shape \(3, 2\), got \(3, 1\)"),
        (lambda _, p: p.pos * np.nan, ValueError, "finite positions .* got NaN or infinity"),
        (lambda _t, _p: [[np.inf, 0.0]] * 3, ValueError, "finite positions .* got NaN or infinity"),
        (3, TypeError, "`predictor` must be callable, got int"),
        ("drift", TypeError, "`predictor` must be callable, got str"),
        (ChannelPredict(5), ValueError, "2 axes for a channel, got 3"),
    ],
)
def test_bad_predictors(predict, error, match):
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 9, 18] * 2, "frame": [0] * 3 + [1] * 3})
    if isinstance(predict, ChannelPredict):
        f["z"] = 0.0
    with pytest.raises(error, match=match):
        link(f, 2, predictor=predict)
