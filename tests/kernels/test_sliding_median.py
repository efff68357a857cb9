"""Medians over windows of frames: the mirror against numpy, the kernel against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotgpu.backends import cpu
from spotgpu.backends.cpu import _sliding_median

#: Types of pixels, and of twice a pixel.
DTYPES = {
    np.uint8: np.uint16,
    np.uint16: np.uint32,
    np.int32: np.int64,
    np.float32: np.float64,
    np.float64: np.float64,
}
#: Shape of the frames and size.
CASES = [((1, 1), 1), ((6, 5), 1), ((6, 5), 2), ((9, 3, 3), 3), ((12, 7), 6), ((7, 4), 7)]


def noise(shape: tuple[int, ...], dtype: Any, most: int) -> np.ndarray:
    """Return frames, of floating point with zeros of both signs."""
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype).kind
    frames = rng.integers(0 if kind == "u" else -most, most, shape, endpoint=True).astype(dtype)
    if kind == "f":
        frames[rng.random(shape) < 0.2] = -0.0
    return frames


def middle(frames: np.ndarray, size: int) -> list[np.ndarray]:
    """Return twice the medians, by sorting each window."""
    windows = [frames[i : i + size].astype(float) for i in range(len(frames) - size + 1)]
    return [2 * np.median(window, axis=0) for window in windows]


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernel(cuda: ModuleType, dtype: Any) -> None:
    import cupy

    for shape, size in CASES:
        for most in (2, 200):
            frames = noise(shape, dtype, most)
            found = cuda.sliding_median(cupy.asarray(frames), size)
            wanted = cpu.sliding_median(frames, size)
            assert found.dtype == wanted.dtype == DTYPES[dtype]
            unsigned = f"u{wanted.itemsize}"
            np.testing.assert_array_equal(found.get().view(unsigned), wanted.view(unsigned))


def test_kernel_in_spans(cuda: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads go along the windows of a pixel."""
    import cupy

    from spotgpu.backends.cuda import _sliding_median as launcher

    monkeypatch.setattr(launcher, "SPAN", 2)
    monkeypatch.setattr(launcher, "TIMES", 1)
    for size in (1, 3, 4):
        frames = noise((14, 130), np.uint8, 255)
        found = cuda.sliding_median(cupy.asarray(frames), size)
        np.testing.assert_array_equal(found.get(), cpu.sliding_median(frames, size))


def test_kernel_of_extremes(cuda: ModuleType) -> None:
    """Saturated pixels, whose sum needs the wider type, and values that are all the same."""
    import cupy

    for dtype in DTYPES:
        frames = np.zeros((8, 3), dtype)
        if frames.dtype.kind != "f":
            limits = np.iinfo(dtype)
            frames[:, 0], frames[::2, 1], frames[:, 2] = limits.max, limits.max, limits.min
        for size in (3, 4):
            found = cuda.sliding_median(cupy.asarray(frames), size).get()
            np.testing.assert_array_equal(found, middle(frames, size))


@pytest.mark.parametrize("shape", [(5, 0), (5, 0, 3)])
def test_kernel_of_no_pixels(cuda: ModuleType, shape: Any) -> None:
    import cupy

    frames = np.empty(shape, np.uint8)
    found = cuda.sliding_median(cupy.asarray(frames), 2)
    assert found.shape == cpu.sliding_median(frames, 2).shape == (4, *shape[1:])


@pytest.mark.parametrize("dtype", DTYPES)
def test_mirror(dtype: Any) -> None:
    for shape, size in [*CASES, ((60, 5), 60), ((61, 5), 30), ((61, 5), 29)]:
        frames = noise(shape, dtype, 200)
        found = cpu.sliding_median(frames, size)
        assert found.dtype == DTYPES[dtype]
        np.testing.assert_array_equal(found, middle(frames, size))
        assert not np.signbit(found[found == 0]).any()


@given(
    arrays.arrays(np.int32, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-9, 9)),
    st.integers(1, 12),
)
def test_mirror_of_any(frames: np.ndarray, size: int) -> None:
    size = min(size, len(frames))
    np.testing.assert_array_equal(cpu.sliding_median(frames, size), middle(frames, size))


def test_mirror_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = noise((11, 7, 5), np.float32, 50)
    whole = cpu.sliding_median(frames, 4)
    monkeypatch.setattr(_sliding_median, "_KEPT", 1)
    monkeypatch.setattr(_sliding_median, "_FEWEST", 8)
    np.testing.assert_array_equal(cpu.sliding_median(frames, 4), whole)
