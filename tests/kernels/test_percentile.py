"""The percentile against numpy's, to the bit."""

from __future__ import annotations

from types import ModuleType
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


def check_kernel(cuda: ModuleType, frames: np.ndarray, *parts: float) -> None:
    import cupy

    given = cupy.asarray(frames)
    for q in parts:
        level = cuda.percentile(given, q)
        assert level.dtype == np.float64
        np.testing.assert_array_equal(level.get(), percentile(frames, q))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("power", [1, 20])
def test_kernel(cuda: ModuleType, dtype: Any, power: float) -> None:
    """Frames that are spread, steep, dark, of one bright pixel, and all bright."""
    shape = (5, 23, 41)
    values = np.random.default_rng(0).random(shape) ** power * np.iinfo(dtype).max
    frames = values.astype(dtype)
    frames[1] //= 17
    frames[2] = 0
    frames[3], frames[3, 22, 40] = 0, np.iinfo(dtype).max
    frames[4] |= 1
    check_kernel(cuda, frames, 0, 12.5, 64, 99.9, 100)


@pytest.mark.parametrize(
    "levels", [(1, 255), (255, 256), (256, 257), (65535, 65536), (3, 2**24), (1, 511)]
)
def test_kernel_between_bytes(cuda: ModuleType, levels: tuple[int, int]) -> None:
    """Both order statistics differ in one byte or in all."""
    check_kernel(cuda, np.array([[levels, levels[::-1]]], np.uint32), 0, 33, 40, 50, 60, 67, 100)


@pytest.mark.parametrize("n", [1, 2, 255, 256, 257, 16_383, 16_384, 16_385])
def test_kernel_at_the_ends_of_blocks(cuda: ModuleType, n: int) -> None:
    frames = np.zeros((2, 1, n), np.uint16)
    frames[:, 0, n - 1] = 300, 5
    frames[1, 0, 0] = 900
    check_kernel(cuda, frames, 50, 64)


def test_kernel_adds_the_counts_of_blocks(cuda: ModuleType) -> None:
    frames = np.full((1, 3, 16_384), 7, np.uint8)
    frames[0, :, ::2] = 200
    frames[0, 0, 0] = 199
    check_kernel(cuda, frames, 49.9, 50, 50.1)


def test_kernel_without_frames(cuda: ModuleType) -> None:
    check_kernel(cuda, np.zeros((0, 4, 4), np.uint8), 64)
    check_kernel(cuda, np.zeros((2, 0, 4), np.uint8), 64)
