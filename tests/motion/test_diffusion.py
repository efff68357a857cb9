"""fit_diffusion: unbiased, and with intervals that hold the truth as often as they say."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from spotgpu import motion
from spotgpu.motion._displacements import products
from spotgpu.motion._tracks import read_rows, sort_rows

METHODS = ["cve", "gls", "ols"]


def sums_of(table, times):
    """Return the sums over products of displacements along x."""
    return products(sort_rows("t", read_rows("t", table, ["x"])), np.asarray(times))


def test_cve_by_hand() -> None:
    x = [0.0, 1.0, 3.0, 2.0, 9.0, 9.5, 8.0]
    table = pd.DataFrame({"frame": [0, 1, 2, 3, 6, 7, 8], "x": x, "particle": 0})
    # Runs 0-3 and 6-8: displacements 1, 2, -1 and 0.5, -1.5.
    square = (1 + 4 + 1 + 0.25 + 2.25) / 5
    product = (2 - 2 - 0.75) / 3
    table = pd.concat([table.assign(particle=p) for p in range(40)])
    found = motion.fit_diffusion(table, 0.5, 10, pos_columns=["x"])
    assert pytest.approx((square / 2 + product) * 0.25 * 10) == found.D
    assert found.sigma == pytest.approx(math.sqrt(-product * 0.25))
    assert (found.n_tracks, found.n_displacements, found.ndim) == (40, 200, 1)
    blurred = motion.fit_diffusion(table, 0.5, 10, exposure=0.1, pos_columns=["x"])
    blur = 1 / 6  # equation 15 of Vestergaard et al.
    assert blurred.D == found.D
    variance = (blur * square + (2 * blur - 1) * product) * 0.25
    assert blurred.sigma == pytest.approx(math.sqrt(variance))


def test_least_squares_by_hand(make_tracks) -> None:
    table = make_tracks(30, 12, error=0.3)
    curve = motion.emsd(table, 1, 1, 2, detail=True)["msd"]  # no gaps: all tracks weigh the same
    for method in ("ols", "gls"):
        found = motion.fit_diffusion(table, 1, 1, method=method, max_lagtime=2)
        assert pytest.approx((curve[2] - curve[1]) / 4) == found.D
        offset = curve[1] - (curve[2] - curve[1])
        assert found.sigma == pytest.approx(math.sqrt(max(offset, 0) / 4))


def test_gls_solves_the_normal_equations(make_tracks) -> None:
    table = make_tracks(40, 25, error=1.0, gaps=0.1)[["frame", "x", "particle"]]
    found = motion.fit_diffusion(table, 1, 1, method="gls", max_lagtime=6, pos_columns="x")
    sums = sums_of(table, [[0, m, 0, m] for m in range(1, 7)])
    half = sums.means[0, 0] / 2
    inverse = np.linalg.inv(sums.covariance(found.D, half - found.D))
    design = np.array([[2.0 * m, 2.0] for m in range(1, 7)])
    expected = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ sums.means[:, 0])
    np.testing.assert_allclose([found.D, found.sigma**2], expected, rtol=1e-6)


def test_variance_of_vestergaard() -> None:
    n, diffusion, sigma = 4000, 0.7, 0.4
    table = pd.DataFrame({"frame": range(n + 1), "x": 0.0, "particle": 0})
    sums = sums_of(table, [[0, 1, 0, 1], [0, 1, 1, 2]])
    weights = np.array([0.5, 1.0])
    ours = weights @ sums.covariance(diffusion, sigma**2) @ weights
    epsilon = sigma**2 / diffusion
    leading = (6 + 4 * epsilon + 2 * epsilon**2) / n
    expected = diffusion**2 * (leading + 4 * (1 + epsilon) ** 2 / n**2)  # equation 17
    assert ours == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_covariance_by_brute_force(seed) -> None:
    rng = np.random.default_rng(seed)
    frames = np.flatnonzero(rng.random(25) < 0.8)
    times = [[0, 1, 0, 1], [0, 1, 1, 2], [0, 3, 0, 3], [0, 2, 1, 5]]
    step, error = rng.uniform(0.2, 2, 2)
    table = pd.DataFrame({"frame": frames, "x": rng.normal(size=len(frames)), "particle": 0})
    sums = sums_of(table, times)
    # Positions are a random walk from 0 with independent errors.
    matrix = 2 * step * np.minimum.outer(np.arange(25), np.arange(25)) + error * np.eye(25)
    forms, means = [], []
    for from_1, to_1, from_2, to_2 in times:
        form, count = np.zeros((25, 25)), 0
        for t in range(25):
            if set(range(t, t + max(to_1, to_2) + 1)) <= set(frames):
                one, two = np.zeros(25), np.zeros(25)
                one[[t + from_1, t + to_1]] = -1, 1
                two[[t + from_2, t + to_2]] = -1, 1
                form += (np.outer(one, two) + np.outer(two, one)) / 2
                count += 1
        x = np.zeros(25)
        x[frames] = table["x"]
        forms.append(form / max(count, 1))
        means.append(x @ form @ x / max(count, 1))
    expected = [[2 * np.trace(a @ matrix @ b @ matrix) for b in forms] for a in forms]
    np.testing.assert_allclose(sums.covariance(step, error), expected, rtol=1e-10)
    np.testing.assert_allclose(sums.means[:, 0], means, rtol=1e-10)


def simulate(make_tracks, runs, method, *, seed, **options):
    """Return estimate, interval and sigma of many experiments, in units of the true D."""
    rng = np.random.default_rng(seed)
    confidence = options.pop("confidence", 0.95)
    exposure = options.get("exposure", 0.0)
    columns = list("xyz"[: options["ndim"]])
    found = [
        motion.fit_diffusion(
            make_tracks(rng=rng, diffusion=0.5, **options),
            *(0.5, 2.0),
            method=method,
            confidence=confidence,
            exposure=exposure / 2,
            pos_columns=columns,
        )
        for _ in range(runs)
    ]
    truth = 0.5 * 0.25 * 2
    fits = np.array([[f.D, f.ci_low, f.ci_high] for f in found]) / truth
    return fits, np.sqrt(np.mean([f.sigma**2 for f in found])) / 0.5


def check(fits, confidence, bias=0.0) -> None:
    n, mean = len(fits), fits[:, 0].mean()
    assert abs(mean - 1) < bias + 4 * fits[:, 0].std() / math.sqrt(n)
    covered = ((fits[:, 1] <= 1) & (fits[:, 2] >= 1)).mean()
    chance = 3 * math.sqrt(confidence * (1 - confidence) / n)
    assert confidence - 0.01 - chance < covered <= confidence + 0.025 + chance


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_unbiased_and_honest(make_tracks, method, ndim) -> None:
    options = {"tracks": 40 // ndim, "frames": 25, "ndim": ndim, "error": 0.6, "gaps": 0.08}
    fits, sigma = simulate(make_tracks, 80, method, seed=ndim, **options)
    check(fits, 0.95, bias=0.02)
    assert sigma == pytest.approx(0.6, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "options",
    [
        {"tracks": 1, "frames": 200, "ndim": 1, "error": 0.0},
        {"tracks": 1, "frames": 200, "ndim": 1, "error": 1.5},
        {"tracks": 5, "frames": 40, "ndim": 2, "error": 0.5, "gaps": 0.1},
        {"tracks": 60, "frames": 30, "ndim": 2, "error": 1.0, "gaps": 0.2, "ragged": True},
        {"tracks": 60, "frames": 20, "ndim": 3, "error": 0.5, "confidence": 0.68},
        {"tracks": 40, "frames": 30, "ndim": 2, "error": 0.2, "exposure": 1.0},
        {"tracks": 40, "frames": 30, "ndim": 2, "error": 0.2, "exposure": 0.5, "confidence": 0.99},
    ],
)
def test_unbiased_and_honest_at_length(make_tracks, method, options) -> None:
    confidence = options.get("confidence", 0.95)
    fits, sigma = simulate(make_tracks, 400, method, seed=7, **options)
    # The number of lags is chosen from the data, which costs ordinary least squares a little.
    check(fits, confidence, bias=0.05 if method == "ols" else 0.01)
    if options["error"] > 0:
        assert sigma == pytest.approx(options["error"], rel=0.1)


def test_motion_blur(make_tracks) -> None:
    table = make_tracks(200, 200, error=0.3, exposure=1.0)
    for method in METHODS:
        aware = motion.fit_diffusion(table, 1, 4.0, method=method, exposure=0.25)
        unaware = motion.fit_diffusion(table, 1, 4.0, method=method)
        assert pytest.approx(2.0, rel=0.02) == aware.D
        assert aware.sigma == pytest.approx(0.3, rel=0.05)
        assert unaware.sigma < 0.1


def test_tracks_that_differ_widen_the_interval(make_tracks) -> None:
    rng = np.random.default_rng(0)
    table = make_tracks(60, 100)
    factor = np.exp(rng.normal(0, 0.5, 60))[table["particle"]]
    mixed = table.assign(x=table["x"] * factor, y=table["y"] * factor)
    one, many = (motion.fit_diffusion(t, 1, 1) for t in (table, mixed))
    assert (many.ci_high - many.ci_low) / many.D > 3 * (one.ci_high - one.ci_low) / one.D


def test_error_that_differs_between_axes(make_tracks) -> None:
    table = make_tracks(100, 60, ndim=3, diffusion=0.5)
    table["z"] += np.random.default_rng(1).normal(0, 1.0, len(table))
    for method in METHODS:
        found = motion.fit_diffusion(table, 1, 1, method=method)
        assert found.ci_low < 0.5 < found.ci_high
        assert found.sigma == pytest.approx(math.sqrt(1 / 3), rel=0.05)


def test_order_of_rows_and_units(make_tracks) -> None:
    table = make_tracks(20, 30, gaps=0.1)
    expected = motion.fit_diffusion(table, 1, 1)
    shuffled = motion.fit_diffusion(table.sample(frac=1, random_state=0), 1, 1)
    assert shuffled == expected
    scaled = motion.fit_diffusion(table, 0.2, 7)
    for name in ("D", "ci_low", "ci_high"):
        assert getattr(scaled, name) == pytest.approx(getattr(expected, name) * 0.04 * 7)
    assert scaled.sigma == pytest.approx(expected.sigma * 0.2)


def test_result(make_tracks) -> None:
    found = motion.fit_diffusion(make_tracks(20, 30, ndim=3), 1, 1, method="gls", confidence=0.9)
    record = found.to_dict()
    assert json.loads(json.dumps(record)) == record
    assert (found.method, found.ndim, found.confidence) == ("gls", 3, 0.9)
    assert (found.n_tracks, found.n_displacements) == (20, 580)
    assert found.ci_low < found.D < found.ci_high
    with pytest.raises(AttributeError):
        found.D = 1.0


def test_too_little_data(make_tracks) -> None:
    table = make_tracks(20, 30)
    with pytest.raises(ValueError, match="three consecutive frames, got 20 displacement"):
        motion.fit_diffusion(table[table["frame"] < 2], 1, 1)
    with pytest.raises(ValueError, match="three consecutive frames, got 0 displacement"):
        motion.fit_diffusion(table[table["frame"] % 2 == 0], 1, 1)
    with pytest.raises(ValueError, match="three consecutive frames, got 0 displacement"):
        motion.fit_diffusion(table[:0], 1, 1)
    few = table[(table["frame"] < 4) & (table["particle"] == 0)]
    for method in METHODS:
        with pytest.raises(
            ValueError, match=r"more displacements to bound D with confidence 0\.95"
        ):
            motion.fit_diffusion(few, 1, 1, method=method)
    with pytest.raises(ValueError, match="positions that change along 'y'"):
        motion.fit_diffusion(table.assign(y=3.0), 1, 1)


def test_bad_input(make_tracks) -> None:
    table = make_tracks(5, 10)
    for options, message in (
        ({"method": "mle"}, "`method` must be one of 'cve', 'ols', 'gls', got 'mle'"),
        ({"max_lagtime": 1}, "`max_lagtime` must be an integer >= 2 and <= 50, got 1"),
        ({"confidence": 1}, "`confidence` must be a number between 0 and 1, got 1"),
        ({"confidence": 0}, "`confidence` must be a number between 0 and 1, got 0"),
        ({"exposure": 0.2}, "`exposure` must be a finite number >= 0 and <= 0.1, got 0.2"),
        ({"fps": 0}, "`fps` must be a finite number > 0, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            motion.fit_diffusion(table, **{"mpp": 1, "fps": 10} | options)
    twice = pd.concat([table, table[:1]])
    with pytest.raises(ValueError, match="`tracks` must have a particle once in a frame"):
        motion.fit_diffusion(twice, 1, 1)
