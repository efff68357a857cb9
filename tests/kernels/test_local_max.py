"""Local maxima: the mirror against scipy's dilation, the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from spotgpu.backends.cpu import local_max


def oracle(frame: np.ndarray, size: Any, threshold: float, margin: Any) -> np.ndarray:
    dilated = ndimage.grey_dilation(frame, size, mode="constant")
    peaks = np.argwhere((frame == dilated) & (frame > threshold))
    inside = (peaks >= margin) & (peaks <= np.subtract(frame.shape, margin) - 1)
    return peaks[inside.all(axis=1)]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.one_of(
        st.tuples(st.integers(1, 40), st.integers(1, 60)),
        st.tuples(st.integers(1, 8), st.integers(1, 20), st.integers(1, 20)),
    ),
    size=st.integers(1, 17),
    levels=st.sampled_from([2, 10, 255, 60_000]),
    threshold=st.floats(0, 1),
    margin=st.sampled_from([0, 2, 3.5]),
)
def test_as_scipy(
    seed: int, shape: tuple[int, ...], size: int, levels: int, threshold: float, margin: float
) -> None:
    frame = np.random.default_rng(seed).integers(0, levels, shape)
    frame = frame.astype(np.uint8 if levels < 256 else np.uint16)
    sides, margins = [size + axis for axis in range(len(shape))], [margin] * len(shape)
    peaks = local_max(frame[None], sides, np.array([threshold * levels]), margins)
    assert (peaks[:, 0] == 0).all()
    np.testing.assert_array_equal(peaks[:, 1:], oracle(frame, sides, threshold * levels, margins))


def test_frames_are_numbered_and_nan_means_none() -> None:
    frames = np.zeros((3, 9, 9), np.uint8)
    frames[:, 4, 5] = 10
    peaks = local_max(frames, (3, 3), np.array([1, np.nan, 1]), (1, 1))
    np.testing.assert_array_equal(peaks, [[0, 4, 5], [2, 4, 5]])


def scenes(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return frames of many kinds: few levels, few bright pixels, plateaus, all pixels alike."""
    rng = np.random.default_rng(0)
    most = np.iinfo(dtype).max
    few = rng.integers(0, 4, shape)
    sparse = rng.integers(1, most, shape, endpoint=True) * (rng.random(shape) < 0.02)
    blocks = np.kron(rng.integers(0, 9, [-(-n // 4) for n in shape]), np.ones((4,) * len(shape)))
    blocks = blocks[tuple(slice(n) for n in shape)]
    dark, bright, dense = np.zeros(shape), np.full(shape, most), rng.integers(0, most, shape)
    return np.stack([few, sparse, blocks, dark, bright, dense, sparse]).astype(dtype)


def compare(cuda: ModuleType, frames: np.ndarray, size: Any, level: Any, margin: Any) -> None:
    """Demand that the kernels give what the mirror gives."""
    import cupy

    given = np.asarray(level, float)
    ours = cuda.local_max(cupy.asarray(frames), size, cupy.asarray(given), margin)
    assert ours.dtype == np.int64
    np.testing.assert_array_equal(ours.get(), local_max(frames, size, given, margin))


#: Sizes around the ends of words, runs, tiles of rows (32 here) and of columns (8 runs of 8 there).
CASES = [
    ((33, 70), (16, 16), np.uint8),
    ((32, 96), (16, 16), np.uint8),
    ((65, 65), (16, 16), np.uint8),
    ((20, 137), (6, 3), np.int32),
    ((19, 136), (6, 3), np.int32),
    ((40, 31), (5, 8), np.uint16),
    ((4, 20, 30), (3, 5, 8), np.uint16),
    ((9, 12), (1, 1), np.int8),
]


@pytest.mark.parametrize(("shape", "size", "dtype"), CASES)
def test_kernel(cuda: ModuleType, shape: Any, size: Any, dtype: Any) -> None:
    frames = scenes(shape, dtype)
    most = np.iinfo(dtype).max
    level = [0, most / 2, 2, 0, most - 1, most / 3, np.nan]
    margin = (1, 2.5, 3)[: len(shape)]
    compare(cuda, frames, size, level, margin)
    compare(cuda, frames, size, level[::-1], (0,) * len(shape))
    compare(cuda, frames, size, [most, 0, 1.5, np.nan, 0, most, 3], (0, 5, 1)[: len(shape)])


@pytest.mark.parametrize(
    ("shape", "size", "dtype"),
    [
        ((40, 150), (40, 70), np.uint8),
        ((9, 20, 9), (3, 1, 2), np.uint16),
        ((2, 8), (3, 18), np.int32),
    ],
)
def test_kernel_of_large_windows(cuda: ModuleType, shape: Any, size: Any, dtype: Any) -> None:
    compare(cuda, scenes(shape, dtype), size, [0, 0, 1, 0, 0, 50, np.nan], (1,) * len(shape))


def test_kernel_of_runs_that_do_not_fill_the_last_tile(cuda: ModuleType) -> None:
    """17 runs of 32 pixels are two tiles of 9; a margin that takes in the first ones."""
    frames = scenes((3, 530), np.uint8)
    compare(cuda, frames, (3, 3), [0, 0, 1, 0, 0, 50, np.nan], (0, 0))
    compare(cuda, frames, (3, 3), [0, 0, 1, 0, 0, 50, np.nan], (0, 103.5))


def test_kernel_of_nothing(cuda: ModuleType) -> None:
    compare(cuda, np.zeros((0, 9, 9), np.uint8), (3, 3), [], (1, 1))
    compare(cuda, np.zeros((2, 1, 3), np.uint8), (3, 3), [0, 0], (1, 1))


def test_kernel_of_frames_at_odd_addresses(cuda: ModuleType) -> None:
    import cupy

    frames = scenes((12, 16), np.uint8)[1:2]
    bytes_ = cupy.empty(frames.size + 1, np.uint8)
    there = bytes_[1:].reshape(frames.shape)
    there[...] = cupy.asarray(frames)
    ours = cuda.local_max(there, (3, 3), cupy.zeros(1), (0, 0))
    np.testing.assert_array_equal(ours.get(), local_max(frames, (3, 3), np.zeros(1), (0, 0)))
