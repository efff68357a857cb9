"""Ranges that grow with the time that a particle is missing, and a largest speed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spotgpu.linking import link
from tests.linking.crocker_grier import CrockerGrier, in_order


class Stays:
    """Predicts that particles stay: then they are linked frame by frame."""

    def predict(self, _t, particles):
        return particles.pos


def ranges(growth, memory, search_range=5.0, max_speed=np.inf):
    steps = np.arange(1, memory + 2)
    grown = {"constant": steps**0, "sqrt": np.sqrt(steps), "linear": steps}[growth]
    return np.minimum(search_range * grown, steps * max_speed)


def movie(brownian, seed, ndim=2, density=1.0):
    """Return a movie of which some frames are empty."""
    f = in_order(brownian(18, 40, seed=seed, ndim=ndim, candidates=density, blink=0.3))
    rng = np.random.default_rng(seed)
    return f[~f["frame"].isin([*rng.integers(0, 18, 2), 8, 9])].reset_index(drop=True)


@pytest.mark.parametrize("growth", ["constant", "sqrt", "linear"])
@pytest.mark.parametrize("max_speed", [None, 2.5, 4.0])
@pytest.mark.parametrize("memory", [0, 1, 2, 3, 4])
def test_frame_by_frame(memory, growth, max_speed, brownian):
    found = []
    for seed in range(3):
        f = movie(brownian, seed, ndim=2 + seed % 2)
        options = {"memory": memory, "range_growth": growth, "max_speed": max_speed}
        expected = CrockerGrier(ranges(growth, memory, max_speed=max_speed or np.inf)).link(f)
        found.append(link(f, 5, **options)["particle"].tolist())
        assert found[-1] == expected
        assert link(f, 5, **options, predictor=Stays())["particle"].tolist() == expected
    if growth != "constant" and memory and max_speed is None:
        plain = [
            link(movie(brownian, seed, 2 + seed % 2), 5, memory=memory)["particle"].tolist()
            for seed in range(3)
        ]
        assert all(a != b for a, b in zip(found, plain, strict=True))


@pytest.mark.parametrize("most", [1, 3, 30])
@pytest.mark.parametrize("growth", ["sqrt", "linear"])
def test_candidates_are_the_nearest_within_their_ranges(growth, most, brownian):
    """A particle that is near, but beyond its own range, does not take another's place."""
    for seed in range(3):
        f = movie(brownian, seed, density=3.0)
        expected = CrockerGrier(ranges(growth, 3), most=most).link(f)
        options = {"memory": 3, "range_growth": growth, "max_candidates": most}
        assert link(f, 5, **options)["particle"].tolist() == expected
        assert link(f, 5, **options, predictor=Stays())["particle"].tolist() == expected


@pytest.mark.parametrize("growth", ["sqrt", "linear"])
@pytest.mark.parametrize("memory", [1, 3])
def test_with_adaptive_search(memory, growth, brownian):
    """Components begin with the widest range; a particle's own is never longer than theirs."""
    for seed in range(3):
        f = movie(brownian, seed, density=4.0)
        plain = CrockerGrier(ranges(growth, memory), sources=15, targets=8, stop=1.0, step=0.8)
        expected = plain.link(f)
        assert plain.narrowest < 5
        options = {"memory": memory, "range_growth": growth}
        options |= {"adaptive_stop": 1.0, "adaptive_step": 0.8}
        assert link(f, 5, **options)["particle"].tolist() == expected
        assert link(f, 5, **options, predictor=Stays())["particle"].tolist() == expected


def test_range_of_each_axis(brownian):
    """`max_speed` is along the last axis; the others are as long relative to their ranges."""
    f = movie(brownian, 1)
    scaled = f.assign(y=f["y"] / 7, x=f["x"] / 4)
    for growth in ("constant", "sqrt", "linear"):
        expected = CrockerGrier(ranges(growth, 2, 1.0, 3 / 4)).link(scaled)
        options = {"memory": 2, "range_growth": growth, "max_speed": 3}
        assert link(f, (7, 4), **options)["particle"].tolist() == expected


@pytest.mark.parametrize("memory", [0, 2])
def test_constant_growth_is_the_default(memory, brownian):
    f = brownian(15, 60, candidates=1, blink=0.2)
    plain = link(f, 5, memory=memory)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory, range_growth="constant"), plain)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory, max_speed=5), plain)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory, predictor=Stays()), plain)
    if memory == 0:
        pd.testing.assert_frame_equal(link(f, 5, range_growth="linear"), plain)
        pd.testing.assert_frame_equal(link(f, 5, max_speed=4), link(f, 4))


@pytest.mark.parametrize(
    ("options", "farthest"),
    [
        ({}, [2, 2, 2]),
        ({"range_growth": "sqrt"}, [2, 2 * 2**0.5, 2 * 3**0.5]),
        ({"range_growth": "linear"}, [2, 4, 6]),
        ({"max_speed": 1.5}, [1.5, 2, 2]),
        ({"range_growth": "linear", "max_speed": 1.5}, [1.5, 3, 4.5]),
        ({"range_growth": "sqrt", "max_speed": 1.5}, [1.5, 2 * 2**0.5, 2 * 3**0.5]),
    ],
)
def test_by_hand(options, farthest):
    for gap, distance in enumerate(farthest, start=1):
        for beyond, particles in ((-1e-6, 1), (1e-6, 2)):
            f = pd.DataFrame({"y": 0.0, "x": [0.0, distance + beyond], "frame": [3, 3 + gap]})
            assert link(f, 2, memory=2, **options)["particle"].nunique() == particles


def test_a_particle_costs_its_own_range():
    """A spot at 0; a particle 1.0 away, range 2, gains 3; one lost, range 4, gains 16 - d^2."""
    for lost, particles in ((3.5, [0, 1, 0]), (3.7, [0, 1, 1])):
        f = pd.DataFrame({"y": 0.0, "x": [-lost, 1.0, 0.0], "frame": [0, 1, 2]})
        linear = {"memory": 1, "range_growth": "linear"}
        assert link(f, 2, **linear)["particle"].tolist() == particles
        assert link(f, 4, memory=1)["particle"].tolist() == [0, 1, 1]


@pytest.mark.parametrize("growth", ["sqrt", "linear"])
def test_on_device(growth, brownian, cuda):
    f = brownian(8, 50, candidates=1, blink=0.3)
    options = {"memory": 2, "range_growth": growth, "max_speed": 4.5}
    expected = link(f, 5, **options)
    pd.testing.assert_frame_equal(link(f, 5, **options, device="cuda"), expected)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"range_growth": "cubic"}, ValueError, "`range_growth` must be one of .*got 'cubic'"),
        ({"max_speed": 0}, ValueError, "`max_speed` must be .*> 0.*got 0"),
        ({"max_speed": np.inf}, ValueError, "`max_speed` must be a finite number"),
        ({"max_speed": "3"}, TypeError, "`max_speed` must be .*got '3'"),
    ],
)
def test_bad_values(options, error, match):
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 1.0], "frame": [0, 1]})
    with pytest.raises(error, match=match):
        link(f, 5, **options)
