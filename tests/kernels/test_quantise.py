"""Quantisation by hand; the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu.backends import cpu
from spotgpu.backends.cpu import quantise
from tests.kernels.compared import INTEGERS, same


def test_by_hand() -> None:
    frame = np.array([[[-3.0, 0.0, 1.0], [2.5, 4.0, 5.0]]])
    quantised, scale = quantise(frame, np.uint8)
    assert scale[0] == 51
    np.testing.assert_array_equal(quantised[0], [[0, 0, 51], [127, 204, 255]])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_kernel(cuda: ModuleType, dtype: Any) -> None:
    import cupy

    frames = np.random.default_rng(0).normal(0, 5, (4, 33, 65))
    frames[1] = -np.abs(frames[1])
    frames[2] = 0
    frames[3, 32, 64] = 1e6
    given = cupy.asarray(frames)
    same(cuda.quantise(given, dtype), cpu.quantise(frames, dtype))
    peak = np.array([20.0, 0.0, 3.0, 1e6])
    same(cuda.quantise(given, dtype, cupy.asarray(peak)), cpu.quantise(frames, dtype, peak))


@pytest.mark.parametrize("n", [1, 31, 1023, 1024, 1025])
def test_kernel_at_the_ends_of_blocks(cuda: ModuleType, n: int) -> None:
    import cupy

    frames = np.arange(2.0 * n).reshape(2, 1, n)
    same(cuda.quantise(cupy.asarray(frames), np.uint16), cpu.quantise(frames, np.uint16))


def test_kernel_finds_the_peak_anywhere(cuda: ModuleType) -> None:
    """By each lane of a warp, the first one, too."""
    import cupy

    frames = np.diag(np.full(33, 7.0))[:, None, :] + 1
    same(cuda.quantise(cupy.asarray(frames), np.uint8), cpu.quantise(frames, np.uint8))


def test_kernel_of_no_frames(cuda: ModuleType) -> None:
    import cupy

    for frames in (np.empty((0, 5, 6)), np.empty((2, 0, 4))):
        same(cuda.quantise(cupy.asarray(frames), np.uint8), cpu.quantise(frames, np.uint8))
