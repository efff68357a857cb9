"""Sub-pixel bias: known distributions, and images that are known to give one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_1samp, uniform

from spotgpu.detect import locate
from spotgpu.evaluate import BIAS_LIMIT, subpixel_bias
from spotgpu.simulate import brownian_motion, movie


def spots(phases: np.ndarray, seed: int = 0) -> pd.DataFrame:
    """Return spots with these fractional parts along x, and even ones along y."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(-50, 500, len(phases))
    return pd.DataFrame({"y": rng.uniform(0, 500, len(phases)), "x": whole + phases})


def test_bias_is_the_range_of_the_error() -> None:
    # Particles at even phases u are found at u + 0.04 sin(2 pi u).
    true = np.arange(100_000) / 100_000
    found = true + 0.04 * np.sin(2 * np.pi * true)
    row = subpixel_bias(spots(found)).loc["x"]
    assert row["bias"] == pytest.approx(0.08, abs=1e-3)
    # <cos 2 pi x> is minus the Bessel function J1 of the amplitude of the phase.
    assert row["pull"] == pytest.approx(-0.1247, abs=1e-3)
    assert not row["biased"]
    row = subpixel_bias(spots(true - 0.06 * np.sin(2 * np.pi * true))).loc["x"]
    assert row["bias"] == pytest.approx(0.12, abs=1e-3)
    assert row["pull"] > 0
    assert row["biased"]


def test_is_the_sum_of_both_one_sided_statistics() -> None:
    phases = np.random.default_rng(1).beta(2, 3, 500)
    both = sum(ks_1samp(phases, uniform.cdf, alternative=s).statistic for s in ("less", "greater"))
    assert subpixel_bias(spots(phases)).loc["x", "bias"] == pytest.approx(both, rel=1e-9)


@pytest.mark.parametrize("shift", [0.2, 0.5, 0.83])
def test_does_not_depend_on_where_the_pixel_begins(shift: float) -> None:
    phases = np.random.default_rng(1).beta(2, 3, 400)
    one, other = (subpixel_bias(spots(p)).loc["x", "bias"] for p in (phases, phases + shift))
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize("n", [50, 1000])
def test_chance_is_exceeded_once_in_a_thousand_times(n: int) -> None:
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.uniform(0, 9, (n, 4000)), columns=[f"c{i}" for i in range(4000)])
    result = subpixel_bias(table, pos_columns=list(table.columns))
    exceeded = int((result["bias"] > result["chance"]).sum())
    assert 0 < exceeded <= 12  # 4 are expected; more than 12 come once in 5,000 times


def test_a_diameter_that_is_too_small() -> None:
    tracks = brownian_motion(4, 150, (400, 400), margin=8, seed=3)
    frames = movie(tracks, (400, 400), sigma=2.2, signal=120)
    small, right = (
        subpixel_bias(pd.concat([locate(frame, d, minmass=150, separation=9) for frame in frames]))
        for d in (5, 11)
    )
    assert small["biased"].all()
    assert (small["pull"] > 0.3).all()
    assert not right["biased"].any()


def test_columns_nan_and_nothing() -> None:
    table = pd.DataFrame({"z": [np.nan, 1.5], "y": [np.nan] * 2, "x": [1.25, 7.0]})
    result = subpixel_bias(table)
    assert result.index.tolist() == ["z", "y", "x"]
    assert result["n"].tolist() == [1, 0, 2]
    assert np.isnan(result.loc["y", ["bias", "chance", "pull"]].astype(float)).all()
    assert not result["biased"].any()
    assert result["chance"].max() <= 1
    assert BIAS_LIMIT == 0.1
    with pytest.raises(ValueError, match=r"`f` must have the column\(s\) x"):
        subpixel_bias(table.drop(columns="x"))
    with pytest.raises(TypeError, match="`f` must be a pandas DataFrame"):
        subpixel_bias([1.0])
