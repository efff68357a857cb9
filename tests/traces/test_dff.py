"""`dff` by hand, and against plain numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.traces import dff

TRACE = np.array([10.0, 20.0, 30.0, 40.0, 50.0])


def test_percentile_by_hand() -> None:
    # 10 % of the way from 10 to 50 is 14; the median is 30.
    np.testing.assert_allclose(dff(TRACE), (TRACE - 14) / 14, rtol=1e-15)
    assert dff(TRACE, percentile=50).tolist() == [-2 / 3, -1 / 3, 0, 1 / 3, 2 / 3]
    assert dff(TRACE, percentile=0).tolist() == [0, 1, 2, 3, 4]
    assert dff(TRACE, percentile=100)[-1] == 0


def test_first_by_hand() -> None:
    assert dff(TRACE, "first", frames=3).tolist() == [-0.5, 0, 0.5, 1, 1.5]
    assert dff(TRACE, "first", frames=99).tolist() == dff(TRACE, "first", frames=5).tolist()


def test_running_by_hand() -> None:
    # Medians of (10, 20), (10, 20, 30), (20, 30, 40), (30, 40, 50), (40, 50).
    expected = [10 / 15 - 1, 0, 0, 0, 50 / 45 - 1]
    found = dff(TRACE, "running", percentile=50, frames=3)
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("frames", [1, 5, 41, 201])
@pytest.mark.parametrize("percentile", [0, 8, 50, 100])
def test_running(frames: int, percentile: float) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(100, 10, (60, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    half = frames // 2
    f0 = (
        [
            np.nanpercentile(values[max(t - half, 0) : t + half + 1], percentile, axis=0)
            for t in range(60)
        ]
        if frames > 1
        else values
    )
    found = dff(values, "running", percentile=percentile, frames=frames)
    np.testing.assert_allclose(found, (values - f0) / f0, rtol=1e-12, atol=1e-12)


def test_gaps_and_baselines_that_are_not_positive() -> None:
    table = pd.DataFrame(
        {"gap": [np.nan, 2.0, 3.0], "dark": 0.0, "below": [-4.0, -2.0, 1.0], "none": np.nan},
        index=pd.Index([4, 5, 6], name="frame"),
    )
    found = dff(table, percentile=0)
    expected = table.assign(gap=[np.nan, 0, 0.5], dark=np.nan, below=np.nan, none=np.nan)
    pd.testing.assert_frame_equal(found, expected)


def test_kinds() -> None:
    assert dff(np.array([1, 2, 3]), percentile=50).dtype == np.float64
    series = pd.Series(TRACE, name="cell")
    pd.testing.assert_series_equal(
        dff(series, percentile=0), pd.Series(TRACE / 10 - 1, name="cell")
    )
    assert dff(np.empty((0, 3))).shape == (0, 3)
    assert dff(np.empty((4, 0))).shape == (4, 0)
    before = TRACE.copy()
    dff(TRACE)
    np.testing.assert_array_equal(TRACE, before)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"traces": [1.0, 2.0]}, TypeError, "`traces` must be a DataFrame, a Series or an array"),
        ({"traces": np.zeros((2, 2, 2))}, ValueError, r"`traces` must have the shape \(T, N\)"),
        ({"traces": np.array(["a"])}, TypeError, "`traces` must be numbers"),
        ({"baseline": "mean"}, ValueError, "`baseline` must be one of"),
        ({"percentile": 101}, ValueError, "`percentile` must be a finite number >= 0 and <= 100"),
        ({"percentile": np.nan}, ValueError, "`percentile` must be"),
        ({"frames": 3}, ValueError, "`frames` must be None with baseline='percentile', got 3"),
        ({"baseline": "first"}, ValueError, "`frames` must be given with baseline='first'"),
        ({"baseline": "first", "frames": 0}, ValueError, "`frames` must be an integer >= 1"),
        ({"baseline": "running", "frames": 4}, ValueError, "`frames` must be odd"),
    ],
)
def test_bad_input(given: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        dff(**{"traces": TRACE, **given})


def test_a_baseline_of_zero_is_not_positive() -> None:
    assert np.isnan(dff(np.array([0.0, 0, 1]), "first", frames=2)).all()


def test_attrs_are_kept() -> None:
    table = pd.DataFrame({"a": TRACE})
    table.attrs["frame_interval_s"] = 2
    assert dff(table).attrs == {"frame_interval_s": 2}
    column = table["a"]
    column.attrs["unit"] = "counts"
    assert dff(column).attrs["unit"] == "counts"
