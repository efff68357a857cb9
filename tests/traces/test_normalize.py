"""`normalize`: hand-computed ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotgpu.traces import normalize

TRACES = np.array([[1, 20], [2, 60], [3, 40]], np.uint16)


def test_each_trace_has_its_own_range() -> None:
    result = normalize(TRACES)
    assert result.dtype == np.float32
    assert result.tolist() == [[0, 0], [0.5, 1], [1, 0.5]]
    assert normalize([5, 7]).tolist() == [0, 1]
    movie = TRACES.reshape(3, 1, 2)
    np.testing.assert_array_equal(normalize(movie), result.reshape(3, 1, 2))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"ymin": -1, "ymax": 3}, [-1, 1, 3]),
        ({"ymin": 1, "ymax": 0}, [1, 0.5, 0]),
        ({"vmin": 2}, [0, 0, 1]),
        ({"vmax": 2}, [0, 1, 1]),
        ({"vmin": 0, "vmax": 4}, [0.25, 0.5, 0.75]),
        ({"vmin": 2, "vmax": 2.5, "clip": False}, [-2, 0, 2]),
        ({"vmin": 2, "vmax": 2.5}, [0, 0, 1]),
        ({"dtype": np.uint8}, [0, 128, 255]),
        ({"dtype": "i2"}, [0, 16384, 32767]),
        ({"dtype": np.uint8, "ymin": 10, "ymax": 13}, [10, 12, 13]),
        ({"dtype": np.uint8, "vmin": 3, "vmax": 4}, [0, 0, 0]),
        ({"vmin": 3}, [0, 0, 0]),
        ({"vmin": 9}, [0, 0, 0]),
        ({"vmax": 1}, [1, 1, 1]),
        ({"vmax": -4, "ymax": 7}, [7, 7, 7]),
    ],
)
def test_options(options: dict[str, Any], expected: list[float]) -> None:
    assert normalize([1.0, 2.0, 3.0], **options).tolist() == expected


def test_limits_for_each_trace() -> None:
    result = normalize(TRACES, vmin=[0, 20], vmax=(4, 30))
    assert result.tolist() == [[0.25, 0], [0.5, 1], [0.75, 1]]


def test_constant_traces_and_nan() -> None:
    traces = np.array([[4, np.nan, np.nan], [4, 2, np.nan], [4, 6, np.nan]])
    expected = [[0, np.nan, np.nan], [0, 0, np.nan], [0, 1, np.nan]]
    np.testing.assert_array_equal(normalize(traces), expected)
    np.testing.assert_array_equal(normalize(traces, ymin=2, ymax=3)[:, 0], [2, 2, 2])


def test_in_parts_as_at_once() -> None:
    movie = np.random.default_rng(0).random((70, 50, 60)) * 9 - 4
    low, high = movie.min(axis=0), movie.max(axis=0)
    expected = (movie - low) / (high - low) * 5.0 - 2
    np.testing.assert_array_equal(normalize(movie, -2, 3, dtype=float), expected)


def test_infinite_values_between_given_limits() -> None:
    assert normalize([-np.inf, 3, np.inf], vmin=2, vmax=4).tolist() == [0, 0.5, 1]


def test_small_ranges_are_ranges() -> None:
    assert normalize(np.array([0, 1e-12]), dtype=float).tolist() == [0, 1]


@pytest.mark.parametrize("dtype", ["u8", "i8", "u4"])
def test_large_integers(dtype: str) -> None:
    low, high = normalize([0.0, 1.0], dtype=dtype).tolist()
    assert low == 0
    assert np.iinfo(dtype).max * (1 - 1e-15) < high <= np.iinfo(dtype).max


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=20), st.integers(1, 50))
def test_scale_and_offset_do_not_matter(values: list[int], factor: int) -> None:
    trace = np.array(values, float)
    moved = normalize(trace * factor + 17, dtype=float)
    np.testing.assert_allclose(normalize(trace, dtype=float), moved, atol=1e-12)
    assert moved.min() == 0
    assert moved.max() == (1 if trace.min() < trace.max() else 0)


def test_values_far_from_a_limit_are_clipped() -> None:
    """Their distance from it is more than a float64 can be."""
    options: dict[str, Any] = {"vmin": -1e308, "vmax": 0, "dtype": "f8"}
    assert normalize([1e308, -1e308, -5e307], **options).tolist() == [1, 0, 0.5]
    with pytest.raises(ValueError, match="`dtype` must hold the results"):
        normalize([1e308, -1e308], **options, clip=False)


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        ([], {}, ValueError, "`array` must have at least one value"),
        (3.0, {}, ValueError, "`array` must have at least one value"),
        (["a"], {}, TypeError, "`array` must be an array of real numbers"),
        ([1j], {}, TypeError, "`array` must be an array of real numbers"),
        ([1, np.inf], {}, ValueError, "`array` must be finite or NaN"),
        ([1, -np.inf], {"vmax": 2}, ValueError, "`array` must be finite or NaN"),
        ([-1e308, 1e308], {}, ValueError, "`array` must have a range that float64 can hold"),
        ([1, 2], {"ymin": -1e308, "ymax": 1e308}, ValueError, "`ymax` must have a range"),
        ([1, 2], {"vmin": 3, "vmax": 3}, ValueError, "`vmin` must be below `vmax`, got 3 and 3"),
        ([1, 2], {"vmin": np.nan}, ValueError, "`vmin` must be a finite number"),
        ([1, 2], {"vmax": "a"}, TypeError, "`vmax` must be a number"),
        ([1, 2], {"vmax": [1, 2]}, ValueError, "`vmax` must be a finite number or one for each"),
        ([1, 2], {"ymin": None}, TypeError, "`ymin` must be a finite number"),
        ([1, 2], {"dtype": bool}, TypeError, "`dtype` must be an integer or a floating point"),
        ([1, np.nan], {"dtype": int}, ValueError, "`dtype` must be a floating point type for NaN"),
        ([1, 2], {"dtype": "u1", "ymax": 300}, ValueError, "`dtype` must hold the results, 0 to 3"),
        ([1, 2], {"dtype": "u1", "ymin": -1}, ValueError, "`dtype` must hold the results, -1"),
        ([1, 2], {"dtype": "f2", "ymax": 1e5}, ValueError, "`dtype` must hold the results"),
        (
            [1, 9],
            {"dtype": "u1", "vmax": 2, "clip": False},
            ValueError,
            "`dtype` must hold the results, 0 to 2040, got uint8",
        ),
    ],
)
def test_bad_input(array: Any, options: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        normalize(array, **options)
