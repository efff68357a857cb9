"""The filters of `link_kalman` beside those of textbooks, and the estimate of their noise."""

from __future__ import annotations

import numpy as np
import pytest

from spotgpu.linking._kalman import Filters, Noise, estimated_noise
from tests.linking.plain_kalman import Filter


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    "noise", [(1.0, 1.0, 0.1), (0.3, 0.05, 0.8), (0.0, 0.2, 0.5), (2.0, 0.0, 0.0)]
)
def test_textbook(ndim, known, noise):
    """Thirty frames of seven filters, each of which misses some."""
    rng = np.random.default_rng(ndim)
    first, second = rng.normal(0, 5, (2, 7, ndim))
    filters = Filters.from_two(first, second, Noise(*noise, known=known))
    plain = [Filter(a, b, *noise, known=known) for a, b in zip(first, second, strict=True)]
    for _ in range(30):
        filters.predict()
        expected = [one.predict() for one in plain]
        np.testing.assert_allclose(filters.position, expected, rtol=1e-9, atol=1e-9)
        which = np.flatnonzero(rng.uniform(size=7) < 0.7)
        measured = filters.position[which] + rng.normal(0, 1, (len(which), ndim))
        filters.update(which, measured)
        for i, at in zip(which, measured, strict=True):
            plain[i].update(at)
        for i, one in enumerate(plain):
            state = np.concatenate([filters.position[i], filters.velocity[i]])
            np.testing.assert_allclose(state, one.state, rtol=1e-9, atol=1e-9)
            full = np.kron(filters.covariance[[0, 1, 1, 2], i].reshape(2, 2), np.eye(ndim))
            np.testing.assert_allclose(full, one.covariance, rtol=1e-9, atol=1e-9)


def gains(noise, n):
    """Return the gains of position and velocity in the first updates."""
    filters = Filters.from_two(np.zeros((1, 1)), np.zeros((1, 1)), noise)
    found = []
    for _ in range(n):
        filters.predict()
        before = filters.position[0, 0], filters.velocity[0, 0]
        filters.update(np.array([0]), np.array([[before[0] + 1.0]]))
        found.append((filters.position[0, 0] - before[0], filters.velocity[0, 0] - before[1]))
    return np.array(found).T


def test_gains_of_the_defaults():
    """The velocity takes up 0, 0.50, 0.60 ... 0.6155 of a surprise, the position nearly all."""
    search_radius, radius = 20.0, 5.0
    position, velocity = gains(Noise(search_radius / 3, search_radius / 3, radius / 10), 30)
    assert velocity[0] == 0
    assert velocity[1:3] == pytest.approx([0.5, 0.6], abs=0.005)
    assert velocity[-1] == pytest.approx(0.6155, abs=1e-4)
    assert np.all((position > 0.994) & (position < 0.999))
    # Without radii, the measurement noise is a tenth of the process noise.
    _, other = gains(Noise(search_radius / 3, search_radius / 3, search_radius / 30), 30)
    assert other[-1] == pytest.approx(0.6136, abs=1e-4)
    _, exact = gains(Noise(1.0, 1.0, 0.0), 60)
    assert exact[-1] == pytest.approx((np.sqrt(5) - 1) / 2, abs=1e-12)


def test_no_noise_at_all():
    """The spot is where the particle is, and the velocity stays."""
    position, velocity = gains(Noise(0.0, 0.0, 0.0), 3)
    assert position.tolist() == [1, 1, 1]
    assert velocity.tolist() == [0, 0, 0]


def test_start_of_a_known_model():
    """Two spots give what a filter that knows nothing before them gives."""
    noise = (0.4, 0.2, 0.7)
    vague = Filter(np.zeros(1), np.array([3.0]), *noise)
    vague.state = np.array([0.0, 0.0])
    vague.covariance = 1e7 * np.eye(2)
    vague.update(np.array([1.0]))
    vague.predict()
    vague.update(np.array([3.0]))
    filters = Filters.from_two(np.array([[1.0]]), np.array([[3.0]]), Noise(*noise, known=True))
    assert [filters.position[0, 0], filters.velocity[0, 0]] == pytest.approx(vague.state, rel=1e-5)
    expected = vague.covariance[[0, 0, 1], [0, 1, 1]]
    assert filters.covariance[:, 0] == pytest.approx(expected, rel=1e-5)


def test_filters_in_parts():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 6, 2))
    noise = Noise(1.0, 0.5, 0.2)
    whole = Filters.from_two(first, second, noise)
    parts = Filters.from_two(first[:2], second[:2], noise).joined(whole.at(np.array([2, 3, 4, 5])))
    for filters in (whole, parts):
        filters.predict()
        filters.update(np.array([5, 1]), np.ones((2, 2)))
    np.testing.assert_array_equal(parts.position, whole.position)
    np.testing.assert_array_equal(parts.velocity, whole.velocity)
    np.testing.assert_array_equal(parts.covariance, whole.covariance)


def simulated(noise, tracks=500, frames=30, ndim=2, seed=0):
    """Return measured positions, (frames, tracks, ndim), of the model."""
    rng = np.random.default_rng(seed)
    x, v = rng.normal(0, 50, (tracks, ndim)), rng.normal(0, 2, (tracks, ndim))
    found = []
    for _ in range(frames):
        found.append(x + rng.normal(0, noise[2], x.shape))
        x = x + v + rng.normal(0, noise[0], x.shape)
        v = v + rng.normal(0, noise[1], x.shape)
    return np.array(found)


def runs_of(frames, tracks):
    """Return the numbers of all runs of five points; a point is `frame * tracks + track`."""
    first = np.arange((frames - 4) * tracks)
    return np.stack([first + i * tracks for i in range(5)])


NOISES = [(0.5, 0.2, 0.3), (0.0, 0.3, 0.3), (0.4, 0.0, 0.3), (0.3, 0.3, 0.0), (0.0, 0.0, 0.5)]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("ndim", [2, 3])
def test_estimate(noise, ndim):
    """The mean of estimates from several movies is within their spread, plus a half per cent."""
    estimates = []
    for seed in range(10):
        at = simulated(noise, ndim=ndim, seed=seed)
        flat = at.reshape(-1, ndim).T
        found = estimated_noise(runs_of(*at.shape[:2]), flat, Noise(9, 9, 9))
        assert found.known
        estimates.append(found[:3])
    variances = np.array(estimates) ** 2
    spread = variances.std(axis=0, ddof=1)
    off = variances.mean(axis=0) - np.square(noise)
    total = np.dot(np.square(noise), [2, 1, 6])  # of a second difference
    # Where a variance is 0, its estimate is cut off there: half of its spread remains.
    assert np.all(np.abs(off) < 4 * spread / np.sqrt(10) + 0.005 * total)
    assert np.all(spread < 0.05 * total)


def test_estimate_with_wrong_links():
    """One run in fifty is of different particles at its end."""
    noise = (0.3, 0.2, 0.3)
    at = simulated(noise, seed=1)
    flat, runs = at.reshape(-1, 2).T, runs_of(*at.shape[:2])
    clean = np.array(estimated_noise(runs, flat, Noise(9, 9, 9))[:3])
    wrong = runs.copy()
    wrong[4, ::50] = wrong[4, 7::50][: len(wrong[4, ::50])]
    dirty = np.array(estimated_noise(wrong, flat, Noise(9, 9, 9))[:3])
    assert dirty == pytest.approx(clean, abs=0.02)


def test_too_few_to_estimate():
    otherwise = Noise(1.0, 2.0, 3.0)
    at = simulated((0.3, 0.2, 0.3), tracks=10, frames=6).reshape(-1, 2).T
    runs = runs_of(6, 10)
    assert estimated_noise(runs, at, otherwise) is otherwise
    assert estimated_noise(runs[:, :0], at, otherwise) is otherwise
