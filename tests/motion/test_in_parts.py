"""Trajectories in several tables: the numbers of one table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spotgpu import motion


@pytest.fixture(scope="module")
def tracks() -> pd.DataFrame:
    """Return 60 drifting tracks of different lengths with gaps, by frame."""
    rng = np.random.default_rng(7)
    tables = []
    for particle in range(60):
        frames = np.arange(rng.integers(0, 40), rng.integers(45, 90))
        steps = rng.normal(0.1, 0.7, (len(frames), 2)).cumsum(axis=0)
        table = pd.DataFrame(steps, columns=["y", "x"])
        table["frame"], table["particle"] = frames, particle
        tables.append(table[rng.random(len(table)) > 0.1])
    whole = pd.concat(tables).sort_values(["frame", "particle"], ignore_index=True)
    whole.attrs["unit"] = "px"
    return whole


def by_particle(tracks: pd.DataFrame) -> list[pd.DataFrame]:
    return [tracks[tracks["particle"] % 4 == k] for k in range(4)]


@pytest.mark.parametrize("detail", [False, True])
def test_ensemble(tracks: pd.DataFrame, detail: bool) -> None:
    means = motion.EnsembleMeans(0.2, 5, 30, detail=detail)
    for part in by_particle(tracks):
        means.add(part)
    expected = motion.emsd(tracks, 0.2, 5, 30, detail=detail)
    compare = pd.testing.assert_frame_equal if detail else pd.testing.assert_series_equal
    compare(means.result(), expected, rtol=1e-12)
    assert means.result().attrs == {"unit": "px"}


def test_ensemble_of_tables_with_fewer_lags(tracks: pd.DataFrame) -> None:
    short = tracks[(tracks["particle"] < 30) & (tracks["frame"] < 46) & (tracks["frame"] > 41)]
    rest = tracks[tracks["particle"] >= 30]
    for order in ([short, rest], [rest, short]):
        means = motion.EnsembleMeans(1, 1)
        for part in order:
            means.add(part)
        expected = motion.emsd(pd.concat(order), 1, 1)
        pd.testing.assert_series_equal(means.result(), expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["cve", "gls", "ols"])
def test_diffusion(tracks: pd.DataFrame, method: str) -> None:
    fit = motion.DiffusionFit(0.2, 5, method=method)
    for part in by_particle(tracks):
        fit.add(part)
    expected = motion.fit_diffusion(tracks, 0.2, 5, method=method).to_dict()
    found = fit.result().to_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        same = value if isinstance(value, str) else pytest.approx(value, rel=1e-10)
        assert found[name] == same


@pytest.mark.parametrize("smoothing", [0, 5])
def test_drift(tracks: pd.DataFrame, smoothing: int) -> None:
    drift = motion.DriftSteps(smoothing)
    for first in range(0, 90, 9):
        drift.add(tracks[(tracks["frame"] >= first) & (tracks["frame"] < first + 9)])
    expected = motion.compute_drift(tracks, smoothing)
    pd.testing.assert_frame_equal(drift.result(), expected, rtol=1e-10)


def test_scatter_of_tracks_by_hand(tracks: pd.DataFrame) -> None:
    # The interval widens by what each track adds to the mean: here track by track.
    still = tracks.assign(x=tracks["x"] * (1 + tracks["particle"] % 3))
    wide = motion.fit_diffusion(still, 1, 1)
    steps = []
    for _, track in still.groupby("particle"):
        follows = track["frame"].diff() == 1
        moved = track[["y", "x"]].diff().where(follows)
        # A product needs two steps in a row.
        products = (moved.shift(-1) * moved)[follows & follows.shift(-1, fill_value=False)]
        steps.append([(moved**2).sum(), follows.sum(), products.sum(), len(products)])
    squares, n1, crossed, n2 = zip(*steps, strict=True)
    n1, n2 = np.array(n1), np.array(n2)
    squares, crossed = np.array(squares), np.array(crossed)
    m1, m2 = squares.sum(axis=0) / n1.sum(), crossed.sum(axis=0) / n2.sum()
    np.testing.assert_allclose(wide.D, (m1 / 2 + m2).mean(), rtol=1e-12)
    adds = (squares - m1 * n1[:, None]) / n1.sum() / 2 + (crossed - m2 * n2[:, None]) / n2.sum()
    scatter = (adds.mean(axis=1) ** 2).sum() * 60 / 59
    # Far above what Brownian motion predicts, so that it alone makes the interval: half its width
    # is close to the quantile of the scatter.
    half = (wide.ci_high - wide.ci_low) / 2
    assert half == pytest.approx(1.96 * np.sqrt(scatter), rel=0.2)


@pytest.mark.parametrize(
    "of", [motion.DriftSteps(), motion.DiffusionFit(1, 1), motion.EnsembleMeans(1, 1)]
)
def test_nothing_added(of: motion.DriftSteps) -> None:
    with pytest.raises(ValueError, match="must be added first, got none"):
        of.result()
