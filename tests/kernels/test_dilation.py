"""Maxima along an axis: the mirror against scipy, the kernel against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from spotgpu.backends import cpu

#: Shape, axis, type and window; lengths around one and two windows.
CASES = [
    ((2, 9, 5, 12), 1, np.uint8, (2, 3)),
    ((1, 6, 129), 1, np.uint32, (2, 3)),
    ((3, 1, 4), 1, np.uint8, (2, 3)),
    ((2, 7, 5, 12), 2, np.uint8, (2, 3)),
    ((2, 40, 3, 2), 1, np.uint16, (15, 15)),
    ((5, 13, 2), 0, np.uint16, (4, 0)),
    ((2, 12, 2), 1, np.uint16, (0, 4)),
    ((2, 3, 4), 1, np.int8, (0, 0)),
    ((0, 3, 4), 1, np.uint8, (2, 3)),
]


@pytest.mark.parametrize(("shape", "axis", "dtype", "window"), CASES)
def test_kernel(cuda: ModuleType, shape: Any, axis: int, dtype: Any, window: Any) -> None:
    import cupy

    rng = np.random.default_rng(0)
    frames = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    frames *= (rng.random(shape) < 0.2).astype(dtype)
    dilated = cuda.dilation(cupy.asarray(frames), axis, *window)
    assert dilated.dtype == dtype
    np.testing.assert_array_equal(dilated.get(), cpu.dilation(frames, axis, *window))


@pytest.mark.parametrize(("shape", "axis", "dtype", "window"), CASES)
def test_mirror(shape: Any, axis: int, dtype: Any, window: Any) -> None:
    frames = np.random.default_rng(1).integers(0, 99, shape, dtype)
    before, behind = window
    size = before + behind + 1
    origin = before - size // 2
    expected = frames
    if frames.size:
        expected = ndimage.maximum_filter1d(frames, size, axis, mode="constant", origin=origin)
    np.testing.assert_array_equal(cpu.dilation(frames, axis, before, behind), expected)
