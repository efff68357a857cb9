"""Maxima of weighed frames by hand and by one array; the kernel against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu.backends import cpu
from spotgpu.backends.cpu import _ramp_max

DTYPES = [np.uint8, np.uint16, np.int32, np.float32, np.float64]
#: Shape of the frames, frames of a window, channels.
CASES = [((1, 1), 1, 1), ((6, 5), 1, 3), ((7, 3, 4), 3, 3), ((9, 50), 4, 4), ((5, 6), 5, 1)]


def noise(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    """Return frames, of signed types with negative pixels."""
    lowest = 0 if np.dtype(dtype).kind == "u" else -30
    return np.random.default_rng(seed).integers(lowest, 30, shape).astype(dtype)


def weights(planes: int, channels: int) -> np.ndarray:
    """Return a ramp with weights of both signs and zeros."""
    ramp = np.random.default_rng(1).normal(0, 1, (planes, channels))
    ramp[::3, 0] = 0
    return ramp


def options(frames: np.ndarray, size: int, dtype: Any) -> list[tuple[Any, Any]]:
    """Return what may be subtracted and added, of each window; nothing first, both last."""
    base = cpu.sliding_median(frames, size)
    first = noise(base.shape, dtype, 2)
    return [(None, None), (base, None), (None, first), (base, first)]


def brute(
    frames: np.ndarray, ramp: np.ndarray, base: Any, first: Any, least: bool
) -> list[np.ndarray]:
    """Return the maxima of one array a window that has all planes and channels."""
    size, found = len(ramp) - (first is not None), []
    for i in range(len(frames) - size + 1):
        planes = frames[i : i + size].astype(float)
        if base is not None:
            planes -= base[i] / 2
        if first is not None:
            planes = np.concatenate([planes, first[i : i + 1].astype(float)])
        coloured = np.moveaxis(planes, 0, -1)[..., None] * ramp
        found.append(coloured.min(axis=-2) if least else coloured.max(axis=-2))
    return found


def test_by_hand() -> None:
    frames = np.array([[4], [1], [10]], np.uint8)
    ramp = np.array([[1.0, 0.5], [2.0, -1.0]])
    np.testing.assert_array_equal(cpu.ramp_max(frames, ramp), [[[4, 2]], [[20, 0.5]]])
    base = np.array([[5], [11]], np.uint16)
    wanted = [[[1.5, 1.5]], [[9, -2.25]]]
    np.testing.assert_array_equal(cpu.ramp_max(frames, ramp, base), wanted)
    ramp = np.array([[1.0, 2.0], [10.0, 20.0]])
    wanted = [[[1.5, 3]], [[-4.5, -9]]]
    first = np.array([[7], [6]], np.uint8)
    np.testing.assert_array_equal(cpu.ramp_max(frames[:2], ramp, base, first, least=True), wanted)
    wanted = [[[70, 140]], [[60, 120]]]
    np.testing.assert_array_equal(cpu.ramp_max(frames[:2], ramp, base, first), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mirror(dtype: Any) -> None:
    for shape, size, channels in CASES:
        frames = noise(shape, dtype)
        for base, first in options(frames, size, dtype):
            ramp = weights(size + (first is not None), channels)
            for least in (False, True):
                found = cpu.ramp_max(frames, ramp, base, first, least)
                np.testing.assert_array_equal(found, brute(frames, ramp, base, first, least))
                assert not np.signbit(found[found == 0]).any()


def test_mirror_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, ramp = noise((11, 7, 5), np.float32), weights(4, 3)
    whole = cpu.ramp_max(frames, ramp)
    monkeypatch.setattr(_ramp_max, "STRIP", 1)
    monkeypatch.setattr(_ramp_max, "_FEWEST", 8)
    np.testing.assert_array_equal(cpu.ramp_max(frames, ramp), whole)


@pytest.mark.parametrize("least", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_kernel(cuda: ModuleType, dtype: Any, least: bool) -> None:
    import cupy

    for shape, size, channels in CASES:
        frames = noise(shape, dtype)
        every = options(frames, size, np.uint8)
        for base, first in every if dtype == np.uint8 else every[3 * least :: 4]:
            ramp = weights(size + (first is not None), channels)
            given = [a if a is None else cupy.asarray(a) for a in (frames, ramp, base, first)]
            found = cuda.ramp_max(*given, least).get()
            wanted = cpu.ramp_max(frames, ramp, base, first, least)
            np.testing.assert_array_equal(found.view(np.uint64), wanted.view(np.uint64))


def test_kernel_in_spans(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads go along the windows of a pixel."""
    import cupy

    from spotgpu.backends.cuda import _ramp_max as launcher

    monkeypatch.setattr(launcher, "SPAN", 2)
    monkeypatch.setattr(launcher, "TIMES", 1)
    for size in (1, 3):
        frames, ramp = noise((8, 130), np.uint8), weights(size, 2)
        found = cuda.ramp_max(cupy.asarray(frames), cupy.asarray(ramp))
        np.testing.assert_array_equal(found.get(), cpu.ramp_max(frames, ramp))


@pytest.mark.parametrize("shape", [(5, 0), (5, 0, 3)])
def test_kernel_of_no_pixels(cuda: ModuleType, shape: Any) -> None:
    import cupy

    frames, ramp = np.empty(shape, np.uint8), np.ones((2, 3))
    found = cuda.ramp_max(cupy.asarray(frames), cupy.asarray(ramp))
    assert found.shape == cpu.ramp_max(frames, ramp).shape == (4, *shape[1:], 3)
