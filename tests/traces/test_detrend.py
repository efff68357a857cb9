"""`detrend_timeseries` beside the package seasonal, whose numbers it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import seasonal
from scipy.stats import theilslopes

from spotgpu.traces import detrend_timeseries
from spotgpu.traces._period import period_of
from spotgpu.traces._theil_sen import theil_sen

KINDS = ["mean", "median", "line", "spline", None]


def signal(n: int, seed: int, slope: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(n)
    wave = 3 * np.sin(2 * np.pi * time / rng.uniform(4, max(n / 4, 5)))
    return wave + rng.normal(size=n) + slope * time + rng.normal() * 100


@pytest.mark.parametrize("n", [8, 9, 10, 11, 12, 15, 16, 23, 40, 41, 64, 97, 150, 301, 1100])
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_of_seasonal(kind: str | None, n: int) -> None:
    for seed, slope in enumerate((0.3, -0.02, 0.0)):
        data = signal(n, seed, slope)
        for period, ptimes in ((None, 2), (2, 2), (2.7, 3), (n / 4, 2), (3.5, 1.5)):
            expected = seasonal.fit_trend(data, kind, period, ptimes)
            trend = detrend_timeseries(data, kind, period, ptimes, return_trend_data=True)
            np.testing.assert_allclose(trend, expected, rtol=1e-9)


@pytest.mark.parametrize("n", range(8, 60, 3))
def test_the_period_of_seasonal(n: int) -> None:
    from seasonal.trend import guess_trended_period

    for seed in range(5):
        data = np.round(signal(n, seed), seed % 3)
        assert period_of(data) == guess_trended_period(data)
    for data in np.random.default_rng(n).normal(size=(5, 5 * n)):
        assert period_of(data) == guess_trended_period(data)
    small = 1e-5 * signal(n, 9)
    assert period_of(small) == guess_trended_period(small) == n // 3


def test_a_period_is_found() -> None:
    time = np.arange(600)
    wave = np.sin(2 * np.pi * time / 25)
    assert period_of(wave + time / 50) == 25
    assert period_of(np.zeros(600)) == 200
    assert period_of(np.zeros(1600)) == 512
    assert period_of(time * 2.0) == 200


@pytest.mark.parametrize("data", [signal(50, 1), np.round(signal(31, 2)), np.zeros(9), [3.0, 1.0]])
def test_slopes_of_scipy(data: Any) -> None:
    data = np.asarray(data)
    expected = theilslopes(data)
    found = theil_sen(data)
    assert found == (expected.slope, expected.low_slope, expected.high_slope)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_returned(kind: Any) -> None:
    data = signal(80, 3)
    trend = detrend_timeseries(data, kind, return_trend_data=True)
    flat = detrend_timeseries(data, kind, retain_baseline=False)
    np.testing.assert_allclose(flat, data - trend)
    np.testing.assert_allclose(detrend_timeseries(data, kind), flat + trend.mean())


def test_by_hand() -> None:
    # In windows of 3. The ends have the median slope of the first and the last three values: for
    # medians, of 0, 1, 2 and of 3, 3, 3; for means, of 0, 1, 4 and of 14/3, 5, 3.
    data = [0.0, 1.0, 2.0, 9.0, 3.0, 3.0]
    trend = detrend_timeseries(data, "median", 2, return_trend_data=True)
    assert trend.tolist() == [0, 1, 2, 3, 3, 3]
    means = detrend_timeseries(data, "mean", 2, return_trend_data=True)
    np.testing.assert_allclose(means, [1 - 2, 1, 4, 14 / 3, 5, 5 - 5 / 6])
    # The middle is the median of the samples; a slope that may be 0 is 0.
    line = detrend_timeseries(2.0 * np.arange(20), "line", 2, return_trend_data=True)
    np.testing.assert_allclose(line, 2.0 * np.arange(20))
    assert detrend_timeseries(data, "line", 2, return_trend_data=True).tolist() == [2.5] * 6
    assert detrend_timeseries(data, None).tolist() == data


def test_columns_are_traces_of_their_own() -> None:
    table = np.stack([signal(90, seed) for seed in range(3)], axis=1)
    result = detrend_timeseries(table)
    assert result.shape == table.shape
    for column in range(3):
        np.testing.assert_array_equal(result[:, column], detrend_timeseries(table[:, column]))
    assert detrend_timeseries(np.empty((90, 0))).shape == (90, 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, bool])
def test_computed_in_float64(dtype: Any) -> None:
    data = (signal(60, 5, 0) - signal(60, 5, 0).min()).astype(dtype)
    before = data.copy()
    for kind in KINDS:
        result = detrend_timeseries(data, kind)
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result, detrend_timeseries(data.astype(float), kind))
    np.testing.assert_array_equal(data, before)


def test_bleaching_goes_and_beats_stay() -> None:
    time = np.arange(500)
    beats = np.sin(2 * np.pi * time / 30)
    for kind in ("spline", "mean", "median"):
        flat = detrend_timeseries(beats + 20 * np.exp(-time / 300), kind, retain_baseline=False)
        assert np.abs(flat - beats)[60:-60].max() < 0.35, kind


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (np.r_[np.zeros(9), np.nan], {}, ValueError, "`data` must be finite, got nan at sample 9"),
        (np.r_[np.inf, np.zeros(9)], {"kind": None}, ValueError, "got inf at sample 0"),
        (np.full((9, 2), np.nan), {}, ValueError, "nan at sample 0 of column 0"),
        (np.zeros((9, 2, 2)), {}, ValueError, r"`data` must be of shape \(T,\) or \(T, N\)"),
        ([], {"kind": None}, ValueError, "`data` must be of shape"),
        (["a"], {}, TypeError, "`data` must be an array of real numbers"),
        (np.zeros(5), {}, ValueError, "at least 6 samples where `period` is not given, got 5"),
        (np.zeros(4), {"period": 2}, ValueError, "at least 5 samples, got 4"),
        (np.zeros(9), {"kind": "cubic"}, ValueError, "`kind` must be one of 'mean', 'median'"),
        (np.zeros(9), {"period": 10}, ValueError, "got period 10 times 2, a window of 19"),
        (np.zeros(9), {"period": 1}, ValueError, "a window of 3 to 9 samples for kind 'spline'"),
        (np.zeros(9), {"period": 5, "kind": "line"}, ValueError, "a window of 3 to 8 samples"),
        (np.zeros(9), {"ptimes": 9}, ValueError, "period 3, which was found, times 9"),
        (np.zeros(9), {"period": 0}, ValueError, "`period` must be a finite number > 0"),
        (np.zeros(9), {"period": "3"}, TypeError, "`period` must be a finite number > 0"),
        (np.zeros(9), {"ptimes": np.nan}, ValueError, "`ptimes` must be a finite number > 0"),
    ],
)
def test_bad_input(data: Any, options: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        detrend_timeseries(data, **options)
