"""Simulated trajectories: their statistics against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.simulate import brownian_motion, inside

WIDE = (100_000, 100_000)


def displacements(tracks: pd.DataFrame, lag: int) -> np.ndarray:
    columns = [c for c in "zyx" if c in tracks]
    cube = tracks[columns].to_numpy().reshape(tracks["frame"].max() + 1, -1, len(columns))
    return cube[lag:] - cube[:-lag]


def test_the_table() -> None:
    tracks = brownian_motion(4, 3, (20, 30, 40), seed=5)
    assert list(tracks.columns) == ["frame", "z", "y", "x", "particle"]
    assert tracks["frame"].tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert tracks["particle"].tolist() == [0, 1, 2] * 4
    assert tracks["particle"].dtype == tracks["frame"].dtype == np.int64
    pd.testing.assert_frame_equal(tracks, brownian_motion(4, 3, (20, 30, 40), seed=5))
    assert not tracks.equals(brownian_motion(4, 3, (20, 30, 40), seed=6))


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_msd_grows_linearly(lag: int) -> None:
    tracks = brownian_motion(50, 4000, WIDE, D=0.3, seed=1)
    # All 8,000 coordinates move apart from each other; the tolerance is five standard errors.
    steps = displacements(tracks, lag)[::lag]
    expected = 2 * 0.3 * lag
    error = expected * np.sqrt(2 / steps.size)
    assert abs((steps**2).mean() - expected) < 5 * error
    assert abs(steps.mean()) < 5 * np.sqrt(expected / steps.size)


@pytest.mark.parametrize("alpha", [0.5, 1.5])
def test_anomalous_motion(alpha: float) -> None:
    tracks = brownian_motion(65, 6000, WIDE, D=0.2, alpha=alpha, seed=3)
    for lag in (1, 4, 16, 64):
        squares = displacements(tracks, lag)[0] ** 2
        expected = 2 * 0.2 * lag**alpha
        assert abs(squares.mean() - expected) < 5 * expected * np.sqrt(2 / squares.size)


def test_anomalous_steps_are_stationary() -> None:
    tracks = brownian_motion(9, 20_000, WIDE, D=0.5, alpha=1.4, seed=4)
    steps = displacements(tracks, 1).reshape(8, -1)
    covariance = steps @ steps.T / steps.shape[1]
    lag = np.abs(np.subtract.outer(np.arange(8.0), np.arange(8.0)))
    expected = (np.abs(lag - 1) ** 1.4 + (lag + 1) ** 1.4 - 2 * lag**1.4) / 2
    np.testing.assert_allclose(covariance, expected, atol=0.04)


def test_walls_keep_the_distribution_even() -> None:
    tracks = brownian_motion(200, 500, (30, 30), D=20.0, margin=4, seed=2)
    last = tracks[tracks["frame"] == 199][["y", "x"]].to_numpy()
    assert tracks[["y", "x"]].min().min() >= 3.5
    assert tracks[["y", "x"]].max().max() <= 25.5
    counts = np.histogram(last, 5, (3.5, 25.5))[0]
    assert ((counts - 200) ** 2 / 200).sum() < 25  # chi-squared with 4 degrees, p = 5e-5


def test_walls_reflect() -> None:
    """In a box that the particles cross often, the folded walk is the free one, folded."""
    free = brownian_motion(30, 50, (8, 8), D=1.0, margin=-500, seed=9)
    assert displacements(free, 29).std() > 5
    # Ten frames in a narrow box: the variance is that of an even distribution, length²/12.
    tracks = brownian_motion(400, 2000, (6, 6), D=3.0, seed=9)
    late = tracks[tracks["frame"] == 399][["y", "x"]].to_numpy()
    assert late.var() == pytest.approx(36 / 12, rel=0.06)
    assert displacements(tracks, 1).std() < np.sqrt(6.0)


def test_drift_is_the_stages() -> None:
    still = brownian_motion(5, 40, (50, 60), D=0.1, seed=1)
    moved = brownian_motion(5, 40, (50, 60), D=0.1, drift=(0.5, -2), seed=1)
    shift = moved[["y", "x"]] - still[["y", "x"]]
    np.testing.assert_allclose(shift["y"], 0.5 * still["frame"], atol=1e-12)
    np.testing.assert_allclose(shift["x"], -2.0 * still["frame"], atol=1e-12)


def test_populations_and_axes() -> None:
    slow_fast = brownian_motion(200, 2, WIDE, D=[0.0, 0.5], seed=1)
    steps = displacements(slow_fast, 1)
    assert not np.abs(steps[:, 0]).max() > 1e-9
    assert (steps[:, 1] ** 2).mean() == pytest.approx(1.0, rel=0.25)
    by_axis = displacements(brownian_motion(100, 200, (1000,) * 3, D=[[0.0, 0.5, 2.0]]), 1)
    np.testing.assert_allclose((by_axis**2).mean(axis=(0, 1)), (0, 1, 4), rtol=0.05, atol=1e-12)


def test_blinking() -> None:
    everything = brownian_motion(100, 100, (64, 64), seed=1)
    seen = brownian_motion(100, 100, (64, 64), blinking=0.3, seed=1)
    assert len(seen) == pytest.approx(7000, abs=5 * np.sqrt(2100))
    merged = everything.merge(seen, on=["frame", "particle"], suffixes=("", "_seen"))
    np.testing.assert_array_equal(merged[["y", "x"]], merged[["y_seen", "x_seen"]])
    assert len(brownian_motion(5, 5, (64, 64), blinking=1)) == 0


def test_nobody() -> None:
    assert list(brownian_motion(3, 0, (9, 9)).columns) == ["frame", "y", "x", "particle"]


def test_inside() -> None:
    table = pd.DataFrame({"y": [0.0, 2.0, 2.0, 17.0], "x": [0.0, 2.0, 1.9, 27.1]})
    assert inside(table, (20, 30), 2).tolist() == [False, True, False, False]
    assert inside(table, (20, 30), (2, 0)).tolist() == [False, True, True, True]
    assert inside(table, (20, 30)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"D": -1}, "`D` must be finite and >= 0"),
        ({"D": [1, 2]}, r"`D` must be a number or an array of shape \(3,\)"),
        ({"D": "fast"}, "`D` must be a number"),
        ({"alpha": 2}, "`alpha` must be < 2"),
        ({"alpha": 0}, "`alpha` must be a finite number > 0"),
        ({"blinking": 1.5}, "`blinking` must be"),
        ({"margin": 10}, "`margin` must leave room"),
        ({"margin": (1, 2, 3)}, "`margin` must be one value or 2"),
        ({"drift": np.nan}, "`drift` must be"),
        ({"n_frames": 0}, "`n_frames` must be"),
        ({"n_particles": -1}, "`n_particles` must be"),
        ({"shape": (20,)}, r"`shape` must be \(\[Z,\] Y, X\)"),
        ({"shape": 20}, r"`shape` must be \(\[Z,\] Y, X\)"),
        ({"seed": -1}, "`seed` must be"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        brownian_motion(**({"n_frames": 5, "n_particles": 3, "shape": (20, 20)} | change))
    with pytest.raises(ValueError, match="`shape` must have 2 axes"):
        inside(pd.DataFrame({"y": [1.0], "x": [1.0]}), (5, 5, 5))
