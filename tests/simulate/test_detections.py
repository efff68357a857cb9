"""Simulated detections: by hand, and their statistics against what they should be.

Tolerances are five standard errors, unless it says otherwise.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from spotgpu import simulate
from spotgpu.detect import locate
from spotgpu.evaluate import match_spots
from spotgpu.simulate import detection_errors, detections, moving_particles, scenario
from spotgpu.tables import Tracks, edge_table

SHAPE = (512, 512)
#: All that is there is found, as it is.
PERFECT: dict[str, Any] = {"error": 0.0, "missed": 0.0, "false": 0.0}


def still(*positions: tuple[float, ...], n_frames: int = 1) -> Tracks:
    """Return tracks of particles that stay where they are; ids count from 100 by frame."""
    n = len(positions)
    spots = pd.DataFrame({"frame": np.repeat(np.arange(n_frames), n)})
    columns = list("zyx"[-len(positions[0]) :])
    spots[columns] = np.tile(np.array(positions, float), (n_frames, 1))
    spots["id"] = np.arange(len(spots)) + 100
    source = spots["id"].to_numpy()[: len(spots) - n]
    return Tracks(spots, edge_table(source, source + n))


def grid(n_frames: int) -> Tracks:
    """Return 400 particles that are far from each other."""
    y, x = np.meshgrid(np.arange(20) * 25.0 + 15, np.arange(20) * 25.0 + 15)
    return still(*zip(y.ravel(), x.ravel(), strict=True), n_frames=n_frames)


def test_perfect_detections() -> None:
    truth = still((5.0, 30.0), (40.25, 8.5), n_frames=2)
    spots = detections(truth, (50, 60), snr=7, **PERFECT)
    assert list(spots.columns) == ["frame", "y", "x", "mass", "truth"]
    assert spots["truth"].tolist() == [100, 101, 102, 103]
    assert spots["frame"].tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(spots[["y", "x"]], truth.spots[["y", "x"]], rtol=1e-14)
    assert (spots["mass"] > 0).all()


def test_close_spots_are_one() -> None:
    """Of 2.4 px, Rayleigh's distance: a pair, a chain of three, and one alone; by frames."""
    pair, chain = [(9.0, 9.0), (9.0, 11.0)], [(30.0, 30.0), (32.0, 30.0), (34.0, 30.0)]
    truth = still(*pair, *chain, (50.0, 12.5))
    spots = detections(truth, (60, 60), snr=7, **PERFECT)
    assert spots["truth"].tolist() == [100, 102, 105]
    np.testing.assert_allclose(spots[["y", "x"]], [(9, 10), (32, 30), (50, 12.5)])
    np.testing.assert_allclose(spots["mass"] / 292.7, (2, 3, 1), rtol=0.25)
    for resolution in (0, 1.99, (0.1, 1.99)):
        found = detections(truth, (60, 60), resolution=resolution, **PERFECT)
        assert found["truth"].tolist() == [100, 101, 102, 103, 104, 105]
    found = detections(truth, (60, 60), resolution=(0.1, 2.01), **PERFECT)
    assert found["truth"].tolist() == [100, 102, 103, 104, 105]


def test_the_same_place_in_another_frame_is_apart() -> None:
    spots = detections(still((9.0, 9.0), n_frames=5), (20, 20), **PERFECT)
    assert spots["truth"].tolist() == [100, 101, 102, 103, 104]


def test_shares_of_spots_seen_as_one() -> None:
    """Particles with a neighbour within Rayleigh's distance, as the challenge counts them."""
    truth = moving_particles("brownian", 20, 1000, SHAPE, seed=5)
    spots = detections(truth, SHAPE, **PERFECT)
    merged = 1 - len(spots) / len(truth.spots)
    # 6.8 % have a neighbour (table 2 there); most of these are pairs, seen as one spot of two.
    assert merged == pytest.approx(0.068 / 2, rel=0.15)


@pytest.mark.parametrize("missed", [0.0, 0.1, 0.6, 1.0])
def test_missed(missed: float) -> None:
    truth = grid(40)
    spots = detections(truth, SHAPE, snr=2, missed=missed, false=0.0)
    n = len(truth.spots)
    assert abs(n - len(spots) - missed * n) <= 5 * np.sqrt(n * missed * (1 - missed))
    assert spots["truth"].is_unique


def test_bright_spots_are_missed_less() -> None:
    """Two seen as one have twice the photons."""
    truth = still((9.0, 9.0), (9.0, 9.5), (9.0, 30.0), n_frames=2000)
    spots = detections(truth, (40, 40), snr=2, missed=0.5, false=0.0)
    double = spots["truth"].sub(100).mod(3).eq(0).mean() * len(spots) / 2000
    expected = detection_errors(2, 2, (40, 40))
    # Normal, of mean 2 N and the variance of twice the photons, above N.
    z = expected.mass / np.sqrt(2 * expected.mass_error**2 - expected.mass_noise**2)
    probability = (1 + math.erf(z / math.sqrt(2))) / 2
    assert abs(double - probability) < 5 * np.sqrt(probability * (1 - probability) / 2000)


@pytest.mark.parametrize("snr", [2.0, 7.0])
def test_errors_of_position(snr: float) -> None:
    truth = grid(40)
    spots = detections(truth, SHAPE, snr=snr, missed=0.0, false=0.0, seed=4)
    rows = truth.spots.set_index("id").loc[spots["truth"], ["y", "x"]].to_numpy()
    errors = spots[["y", "x"]].to_numpy() - rows
    expected = np.array(detection_errors(snr, 400, SHAPE).error)
    assert (np.abs(errors.mean(axis=0)) < 5 * expected / np.sqrt(len(errors))).all()
    assert (np.abs(errors.std(axis=0) / expected - 1) < 5 / np.sqrt(2 * len(errors))).all()
    assert abs(np.corrcoef(errors.T)[0, 1]) < 5 / np.sqrt(len(errors))


def test_given_errors_by_axis() -> None:
    truth = still((5.0, 30.0, 30.0), (5.0, 40.0, 50.0), (5.0, 40.0, 50.3), n_frames=4000)
    spots = detections(truth, (11, 80, 80), error=(0.5, 0.1, 0.0), missed=0.0, false=0.0)
    alone = spots[spots["truth"].sub(100).mod(3).eq(0)]
    assert alone["z"].std() == pytest.approx(0.5, rel=5 / np.sqrt(8000))
    assert alone["y"].std() == pytest.approx(0.1, rel=5 / np.sqrt(8000))
    assert alone["x"].std() == 0
    # Twice the photons: less than 1/sqrt(2) of the error, more than half.
    both = spots[spots["truth"].sub(100).mod(3).eq(1)]
    assert 0.25 < both["z"].std() < 0.5 / np.sqrt(2)


def test_positions_stay_in_the_image() -> None:
    truth = moving_particles("brownian", 20, 300, (10, 60, 60), seed=1)
    spots = detections(truth, (10, 60, 60), error=2.0, missed=0.0, false=50.0, resolution=0)
    positions = spots[["z", "y", "x"]].to_numpy()
    assert (positions >= -0.5).all()
    assert (positions <= (9.5, 59.5, 59.5)).all()
    counts = np.histogram(spots["z"], 10, (-0.5, 9.5))[0]
    assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 45  # p = 1e-6


def test_false_spots() -> None:
    spots = detections(grid(1), SHAPE, n_frames=400, snr=4, missed=0.0, false=25.0)
    false = spots[spots["truth"] == -1]
    counts = np.bincount(false["frame"], minlength=400)
    assert abs(counts.mean() - 25) < 5 * np.sqrt(25 / 400)
    assert abs(counts.var(ddof=1) / 25 - 1) < 5 * np.sqrt(2 / 400)
    parts = np.histogram2d(false["y"], false["x"], 4, [(-0.5, 511.5)] * 2)[0]
    assert ((parts - parts.mean()) ** 2 / parts.mean()).sum() < 60  # 15 degrees, p = 2e-7


def test_blinking() -> None:
    truth = grid(300)
    spots = detections(truth, SHAPE, blinking=0.3, dark_frames=4.0, **PERFECT)
    seen = np.zeros(len(truth.spots), bool)
    seen[spots["truth"].to_numpy() - 100] = True
    dark = ~seen.reshape(300, 400)
    # Of a chain of two states, rates and runs: the state is in equilibrium from the first frame.
    for state, rate in ((True, 1 / 4), (False, 0.3 / 0.7 / 4)):
        leaves = dark[1:][dark[:-1] == state] != state
        assert abs(leaves.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / len(leaves))
    assert abs(dark[0].mean() - 0.3) < 5 * np.sqrt(0.21 / 400)
    runs = np.diff(np.flatnonzero(np.diff(np.pad(dark.T, ((0, 0), (1, 1))).ravel().astype(int))))[
        ::2
    ]
    assert runs.mean() == pytest.approx(4, rel=0.03)
    # Dark particles do not hide or move others.
    pair = still((9.0, 9.0), (9.0, 10.0), n_frames=300)
    one = detections(pair, (20, 20), blinking=0.5, dark_frames=2.0, **PERFECT)
    assert set(one["x"].round(9)) == {9.0, 9.5, 10.0}


def test_same_seed_same_spots() -> None:
    truth = moving_particles("switching", 20, 100, SHAPE, seed=1)
    spots = detections(truth, SHAPE, snr=2, blinking=0.1, seed=5)
    pd.testing.assert_frame_equal(spots, detections(truth, SHAPE, snr=2, blinking=0.1, seed=5))
    assert not spots.equals(detections(truth, SHAPE, snr=2, blinking=0.1, seed=6))
    # The order of the rows of the truth tells nothing.
    mixed = Tracks(truth.spots.sample(frac=1, random_state=3), truth.edges)
    pd.testing.assert_frame_equal(detections(truth, SHAPE, snr=2), detections(mixed, SHAPE, snr=2))


def test_nothing_is_there() -> None:
    truth = moving_particles("brownian", 3, 0, SHAPE)
    assert len(detections(truth, SHAPE, n_frames=3, snr=1)) == 0
    spots = detections(truth, SHAPE, n_frames=50, snr=1, false=4.0)
    assert (spots["truth"] == -1).all()
    assert abs(len(spots) - 200) < 5 * np.sqrt(200)


def test_other_frame_column() -> None:
    truth = still((9.0, 9.0), (20.0, 20.0), n_frames=3)
    other = Tracks(truth.spots.rename(columns={"frame": "t"}), truth.edges, "t")
    pd.testing.assert_frame_equal(detections(truth, (30, 30)), detections(other, (30, 30)))


def test_scenario() -> None:
    made = scenario("directed", n_frames=30, density=60, snr=2, seed=7)
    assert made.shape == SHAPE
    assert made.n_frames == 30
    truth = moving_particles("directed", 30, 60, SHAPE, seed=7)
    pd.testing.assert_frame_equal(made.truth.spots, truth.spots)
    pd.testing.assert_frame_equal(made.spots, detections(truth, SHAPE, snr=2, seed=7))
    volume = scenario("switching", n_frames=3, density=100, ndim=3)
    assert volume.shape == (10, 512, 512)
    assert list(volume.spots.columns) == ["frame", "z", "y", "x", "mass", "truth"]
    with pytest.raises(ValueError, match="`ndim` must be one of 2, 3, got 4"):
        scenario("switching", ndim=4)
    with pytest.raises(ValueError, match=r"`shape` must be \(\[Z,\] Y, X\), got 64"):
        scenario("switching", shape=64)  # type: ignore[arg-type]


def test_signal_and_error_by_hand() -> None:
    """SNR 4 on 10 photons: 22.967 / sqrt(32.967) = 4; Thompson's formula is a bit less."""
    expected = detection_errors(4, 500, SHAPE, sigma=0.9, background=10)
    assert expected.signal / np.sqrt(expected.signal + 10) == pytest.approx(4)
    assert expected.signal == pytest.approx(22.9666, abs=1e-4)
    assert expected.mass == pytest.approx(2 * np.pi * 0.81 * 22.9666, abs=1e-3)
    s, n = np.sqrt(0.81 + 1 / 12), expected.mass
    thompson = s**2 / n + 8 * np.pi * s**4 * 10 / n**2
    assert 1.05 < expected.error[0] / np.sqrt(thompson) < 1.15


@pytest.mark.parametrize("shape", [(25, 25), (19, 19, 19)])
@pytest.mark.parametrize("snr", [1, 2, 4, 7])
def test_error_is_near_the_bound(shape: tuple[int, ...], snr: float) -> None:
    """Cramér and Rao's bound, as of Ober et al. 2004: a sum over the pixels."""
    expected = detection_errors(snr, 1, shape, sigma=1.2)
    images = []
    for shift in (-0.01, 0.0, 0.01):
        centre = (np.array(shape) - 1) / 2
        centre[-1] += shift
        images.append(
            simulate.render(
                [centre], shape, sigma=1.2, signal=expected.signal, background=10, integrate=True
            )
        )
    slope = (images[2] - images[0]) / 0.02
    bound = 1 / np.sqrt((slope**2 / images[1]).sum())
    assert expected.error[-1] == pytest.approx(bound, rel=0.03)


@pytest.mark.parametrize(("shape", "level"), [((1200, 1200), 3.5), ((110, 110, 110), 3.8)])
def test_false_spots_of_noise(shape: tuple[int, ...], level: float) -> None:
    """Maxima of filtered noise, counted; the formula is for high thresholds and no pixels."""
    sigma = 2.0
    rng = np.random.default_rng(8)
    field = ndimage.gaussian_filter(
        rng.standard_normal(shape), np.sqrt(sigma**2 + 1 / 12), mode="wrap"
    )
    field /= field.std()
    top = (ndimage.maximum_filter(field, 3, mode="wrap") == field) & (field > level)
    noise = detection_errors(2, 100, shape, sigma=sigma)
    # The number of spots that puts the threshold there is not known: read the density from false
    # at any threshold, by the way it depends on it.
    t = noise.threshold / noise.mass_noise
    hermite = (lambda u: u) if len(shape) == 2 else (lambda u: u**2 - 1)
    expected = noise.false * hermite(level) / hermite(t) * np.exp((t**2 - level**2) / 2)
    assert abs(top.sum() / expected - 1) < 0.1 + 5 / np.sqrt(expected)


@pytest.mark.parametrize("snr", [0.5, 1, 2, 4])
@pytest.mark.parametrize("shape", [SHAPE, (10, 512, 512)])
def test_as_many_missed_as_false(snr: float, shape: tuple[int, ...]) -> None:
    expected = detection_errors(snr, 300, shape)
    assert expected.missed * 300 == pytest.approx(expected.false, rel=1e-6, abs=1e-9)
    better = detection_errors(snr * 1.2, 300, shape)
    assert better.missed < expected.missed
    assert better.error < expected.error


def test_spots_of_a_detector() -> None:
    """A movie of the same numbers: `locate` is somewhat worse than the theory, not much."""
    expected = detection_errors(4, 100, SHAPE)
    truth = still(*np.random.default_rng(1).uniform(8, 503, (100, 2)))
    movie = simulate.movie(
        truth.spots, SHAPE, sigma=0.9, signal=expected.signal, background=10, read_noise=0
    )
    found = locate(movie[0], 5, separation=3).nlargest(100, "mass").assign(frame=0)
    match = match_spots(found, truth.spots, 1.5)
    assert match.recall > 0.93
    assert 1 < np.median(match.pairs["distance"]) / (expected.error[0] * np.sqrt(np.log(4))) < 1.6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": (20, 20, 20)}, r"`truth.spots` must have the column\(s\) z"),
        ({"snr": 0}, "`snr` must be a finite number > 0, got 0"),
        ({"sigma": (1, 1, 1)}, "`sigma` must be one value or 2"),
        ({"background": 0}, "`background` must be"),
        ({"error": -1}, "`error` must be"),
        ({"missed": 1.5}, "`missed` must be a finite number >= 0 and <= 1"),
        ({"false": -2}, "`false` must be"),
        ({"resolution": (1, -1)}, "`resolution` must be"),
        ({"blinking": 0.8}, "`blinking` must be a finite number >= 0 and <= 0.75, got 0.8"),
        ({"dark_frames": 0.5}, "`dark_frames` must be a finite number >= 1, got 0.5"),
        ({"n_frames": 2}, "`truth` must have frames from 0 to 1, got 0 to 2"),
        ({"n_frames": 0}, "`n_frames` must be"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_bad_values(change: dict[str, Any], message: str) -> None:
    truth = still((9.0, 9.0), n_frames=3)
    with pytest.raises(ValueError, match=message):
        detections(truth, **({"shape": (20, 20)} | change))


def test_bad_truth() -> None:
    with pytest.raises(TypeError, match="`truth` must be Tracks, got DataFrame"):
        detections(pd.DataFrame(), (20, 20))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`shape` must be \\(Z, Y, X\\) where `truth` has z"):
        detections(still((1.0, 1.0, 1.0)), (20, 20))
    with pytest.raises(ValueError, match="`n_frames` must be given where `truth` is empty"):
        detections(moving_particles("brownian", 3, 0, (9, 9)), (9, 9))
    with pytest.raises(ValueError, match="`n_spots` must be a finite number >= 0, got -1"):
        detection_errors(1, -1, (9, 9))


@pytest.mark.parametrize("shape", [(15, 15), (13, 13, 13)])
def test_mass_of_a_matched_filter(shape: tuple[int, ...]) -> None:
    """Poisson images, filtered with the spot itself."""
    expected = detection_errors(2, 1, shape, sigma=1.1, background=10)
    centre = [(np.array(shape) - 1) / 2]
    spot = simulate.render(centre, shape, sigma=1.1, signal=expected.signal, integrate=True)
    rng = np.random.default_rng(2)
    for light, error in ((spot, expected.mass_error), (0 * spot, expected.mass_noise)):
        noise = rng.poisson(light + 10, (4000, *shape)) - 10
        mass = (
            (noise * spot).sum(axis=tuple(range(1, spot.ndim + 1))) / (spot**2).sum() * spot.sum()
        )
        assert abs(mass.mean() - light.sum()) < 5 * error / np.sqrt(4000)
        assert mass.std() == pytest.approx(error, rel=0.01 + 5 / np.sqrt(8000))
    assert spot.sum() == pytest.approx(expected.mass)
