"""The percentile against numpy's, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.backends.cpu import percentile


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 20_000),
    dtype=st.sampled_from([np.uint8, np.uint16, np.int32, np.uint32]),
    power=st.sampled_from([1, 4, 20]),
    q=st.one_of(st.integers(0, 100), st.floats(0, 100)),
)
def test_as_numpy(seed: int, n: int, dtype: Any, power: float, q: float) -> None:
    values = np.random.default_rng(seed).random((1, 1, n)) ** power * np.iinfo(dtype).max
    frames = values.astype(dtype)
    bright = frames[frames != 0]
    expected = np.percentile(bright, q) if bright.size else np.nan
    np.testing.assert_array_equal(percentile(frames, q), [expected])


def test_each_frame_has_its_own() -> None:
    frames = np.array([[[0, 0], [0, 0]], [[1, 2], [3, 4]], [[0, 9], [9, 9]]], np.uint8)
    np.testing.assert_array_equal(percentile(frames, 50), [np.nan, 2.5, 9])


@pytest.mark.parametrize("q", [0, 64, 100])
def test_one_bright_pixel(q: float) -> None:
    frames = np.zeros((1, 64, 64), np.uint16)
    frames[0, 10, 10] = 65535
    assert percentile(frames, q)[0] == 65535
