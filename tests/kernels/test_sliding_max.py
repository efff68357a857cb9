"""Maxima over windows of frames: the mirror against scipy, the kernel against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from spotgpu.backends import cpu
from spotgpu.backends.cpu import _sliding_max

DTYPES = [np.uint8, np.uint16, np.int32, np.float32, np.float64]
#: Shape of the frames and size: one window, windows in one block, whole blocks, a part of one.
CASES = [
    ((1, 1), 1),
    ((4, 8), 1),
    ((4, 2, 4), 4),
    ((7, 1, 4), 5),
    ((9, 3, 3), 5),
    ((13, 2, 2, 3), 4),
    ((10, 130), 3),
    ((3, 6), 2),
]


def noise(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Return frames with few different values, zeros of both signs among them."""
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype).kind
    frames = rng.integers(0 if kind == "u" else -4, 5, shape).astype(dtype)
    if kind == "u":
        frames[rng.random(shape) < 0.1] = np.iinfo(dtype).max
    elif kind == "f":
        frames[rng.random(shape) < 0.2] = -0.0
    return frames


def bits(array: np.ndarray) -> np.ndarray:
    """Return what tells zeros of either sign apart."""
    return array.view(f"u{array.itemsize}")


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_kernel(cuda: ModuleType, dtype: Any, least: bool) -> None:
    import cupy

    for shape, size in CASES:
        frames = noise(shape, dtype)
        found = cuda.sliding_max(cupy.asarray(frames), size, least)
        wanted = cpu.sliding_max(frames, size, least)
        assert found.dtype == dtype
        np.testing.assert_array_equal(bits(found.get()), bits(wanted), f"{shape}, {size}")


def test_kernel_of_zeros(cuda: ModuleType) -> None:
    import cupy

    zeros = np.array([[-0.0], [-0.0], [-0.0], [0.0], [-0.0]])
    for least in (False, True):
        for size in (1, 2, 3):
            found = cuda.sliding_max(cupy.asarray(zeros), size, least).get()
            np.testing.assert_array_equal(bits(found), 0)


@pytest.mark.parametrize("shape", [(5, 0), (5, 0, 3)])
def test_kernel_of_no_pixels(cuda: ModuleType, shape: Any) -> None:
    import cupy

    frames = np.empty(shape, np.uint8)
    found = cuda.sliding_max(cupy.asarray(frames), 2)
    assert found.shape == cpu.sliding_max(frames, 2).shape == (4, *shape[1:])


@pytest.mark.parametrize("dtype", DTYPES)
def test_mirror(dtype: Any) -> None:
    for shape, size in [*CASES, ((60, 5), 60), ((61, 5), 30)]:
        frames = noise(shape, dtype)
        inside = slice(size // 2, len(frames) - (size - 1) // 2)
        for least, peer in ((False, ndimage.maximum_filter1d), (True, ndimage.minimum_filter1d)):
            found = cpu.sliding_max(frames, size, least)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, peer(frames, size, axis=0)[inside])
            assert not np.signbit(found[found == 0]).any()


def test_mirror_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise((11, 7, 5), np.int32)
    whole = cpu.sliding_max(frames, 4)
    monkeypatch.setattr(_sliding_max, "STRIP", 4 * 8)
    np.testing.assert_array_equal(cpu.sliding_max(frames, 4), whole)
