"""Grey level and noise of the background against scipy's dilation; the kernels and the mirror."""

from __future__ import annotations

from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from spotgpu.backends.cpu import background
from spotgpu.backends.windows import ellipsoid

#: Half-axes of the mask; the higher ones reach further than a word of 32 pixels.
RADII = [(5, 5), (2, 3, 4), (33, 2), (1, 1), (70, 1), (1, 1, 1), (1, 34, 2), (1, 4)]
#: Around the ends of words, of warps of columns, of what a warp sums, and of blocks.
SHAPES = [(33, 129), (7, 127), (7, 128), (32, 4), (31, 4), (65, 3), (64, 2), (1, 1), (2, 1)]
VOLUMES = [(3, 65, 43), (2, 33, 3), (5, 32, 7), (1, 1, 1)]


def both(cuda: ModuleType, frames: Any, raw: Any, radius: tuple[int, ...]) -> Any:
    """Return level and noise of the kernels, which must be the mirror's."""
    import cupy

    ours = cuda.background(cupy.asarray(frames), cupy.asarray(raw), radius)
    expected = background(frames, raw, radius)
    for found, wanted in zip(ours, expected, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found.get(), wanted)
    return expected


def bright(shape: tuple[int, ...]) -> np.ndarray:
    """Return frames with one pixel that is not 0: in the corners, beside them, in the middle."""
    corners = [tuple(np.multiply(k, shape) - k) for k in np.ndindex(*[2] * len(shape))]
    middle = tuple(n // 2 for n in shape)
    places = [middle, *corners, tuple(n - 1 for n in middle)]
    frames = np.zeros((len(places), *shape), np.uint8)
    for frame, place in zip(frames, places, strict=True):
        frame[place] = 1
    return frames


@pytest.mark.parametrize("radius", RADII, ids=str)
def test_kernel_reaches_as_far(cuda: ModuleType, radius: tuple[int, ...]) -> None:
    frames = bright(tuple(2 * r + 3 + 5 * axis for axis, r in enumerate(radius)))
    # No two sets of pixels have the same sum.
    raw = np.random.default_rng(0).integers(0, 2**32, frames.shape, np.uint32)
    level, _ = both(cuda, frames, raw, radius)
    assert np.isfinite(level).all()


@pytest.mark.parametrize("shape", SHAPES + VOLUMES, ids=str)
def test_kernel_of_sizes(cuda: ModuleType, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    frames = (rng.random((3, *shape)) < 0.02).astype(np.uint16) << 9
    frames[0] = 0
    raw = rng.integers(0, 256, frames.shape, np.uint8)
    both(cuda, frames, raw, (1,) * len(shape))
    both(cuda, frames, rng.normal(0, 1, frames.shape) * 10.0 ** (raw % 9), (1,) * len(shape))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_kernel_of_many_columns(cuda: ModuleType, dtype: Any) -> None:
    rng = np.random.default_rng(2)
    frames = (rng.random((1, 33, 2100)) < 0.01).astype(np.uint8)
    both(cuda, frames, (rng.random(frames.shape) * 255).astype(dtype), (1, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_kernel_of_integers(cuda: ModuleType, dtype: Any) -> None:
    limits = np.iinfo(dtype)
    rng = np.random.default_rng(3)
    raw = rng.integers(limits.min, limits.max, (5, 40, 50), dtype, endpoint=True)
    raw[1], raw[2], raw[3] = limits.min, limits.max, raw[3] // 3 + 1
    raw[4] = rng.choice([limits.min, limits.max], raw[4].shape)
    frames = np.zeros(raw.shape, np.uint8)
    frames[3, 20, 20] = 255
    level, noise = both(cuda, frames, raw, (1, 1))
    assert list(noise[1:3]) == [0, 0]
    assert list(level[1:3]) == [limits.min, limits.max]


def test_kernel_of_sums_beyond_64_bits(cuda: ModuleType) -> None:
    """Squares of 2^32 - 1, whose sum carries, and a sum of -1."""
    raw = np.full((3, 6, 7), 2**32 - 1, np.uint32)
    raw[1, 2, :3] = 2**31, 3, 2**32 - 5
    raw[2, ::2] = 0
    level, noise = both(cuda, np.zeros(raw.shape, np.uint8), raw, (1, 1))
    for pixels, mean, deviation in zip(raw, level, noise, strict=True):
        exact = [Fraction(int(pixel)) for pixel in pixels.flat]
        variance = sum((p - sum(exact) / 42) ** 2 for p in exact) / 42
        assert mean == float(sum(exact) / 42)
        assert deviation == pytest.approx(float(variance) ** 0.5, rel=1e-15)
    raw = np.zeros((1, 6, 7), np.int8)
    raw[0, 3, 3] = -1
    level, noise = both(cuda, np.zeros(raw.shape, np.uint8), raw, (1, 1))
    assert level[0] == -1 / 42
    assert noise[0] == pytest.approx(41**0.5 / 42)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint32, np.float32, np.float64])
def test_kernel_of_few_pixels(cuda: ModuleType, dtype: Any) -> None:
    frames = np.ones((4, 3, 4), np.uint8)
    frames[1, :2, :2] = frames[2, :2, :3] = frames[3] = 0
    raw = np.arange(48).reshape(4, 3, 4).astype(dtype)
    level, noise = both(cuda, frames, raw, (1, 1))
    assert list(np.isnan(level)) == [True, False, False, False]
    assert list(np.isnan(noise)) == [True, True, False, False]
    both(cuda, frames[:0], raw[:0], (1, 1))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_kernel_of_more_frames_than_a_grid(
    cuda: ModuleType, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spotgpu.backends.cuda import _background

    monkeypatch.setattr(_background, "FRAMES", 2)
    rng = np.random.default_rng(4)
    frames = (rng.random((5, 2, 9, 40)) < 0.05).astype(np.uint8)
    both(cuda, frames, (rng.random(frames.shape) * 9999).astype(dtype), (1, 2, 2))


@pytest.mark.parametrize("spread", [1, 2**31])
def test_variance_is_exact(spread: int) -> None:
    raw = np.random.default_rng(5).integers(2**32 - 1 - spread, 2**32, (1, 90, 90), np.uint32)
    _, noise = background(np.zeros(raw.shape, np.uint8), raw, (1, 1))
    pixels = [int(pixel) for pixel in raw.ravel()]
    mean = Fraction(sum(pixels), len(pixels))
    variance = sum((pixel - mean) ** 2 for pixel in pixels) / len(pixels)
    assert noise[0] == pytest.approx(float(variance) ** 0.5, rel=1e-15)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.one_of(
        st.tuples(st.integers(1, 60), st.integers(1, 200)),
        st.tuples(st.integers(1, 10), st.integers(1, 20), st.integers(1, 140)),
    ),
    radius=st.sampled_from([(1, 1, 1), (2, 5, 5), (3, 4, 9), (1, 2, 80)]),
    density=st.sampled_from([0, 0.002, 0.02, 1]),
    dtype=st.sampled_from([np.uint8, np.int16, np.uint32, np.int32, np.float32, np.float64]),
)
def test_as_scipy(
    seed: int, shape: tuple[int, ...], radius: tuple[int, ...], density: float, dtype: Any
) -> None:
    rng = np.random.default_rng(seed)
    radius = radius[-len(shape) :]
    frame = (rng.random(shape) < density).astype(np.uint8) * 3
    raw = (rng.normal(0, 1, shape) * 50 + 120).astype(dtype)
    outside = ~ndimage.binary_dilation(frame != 0, ellipsoid(radius))
    level, noise = background(frame[None], raw[None], radius)
    pixels = raw[outside].astype(np.float64)
    if pixels.size == 0:
        assert np.isnan(level[0])
    else:
        assert level[0] == pytest.approx(pixels.mean(), rel=1e-12)
    if pixels.size < 2:
        assert np.isnan(noise[0])
    else:
        assert noise[0] == pytest.approx(pixels.std(), rel=1e-9, abs=1e-9)


def test_the_first_pixel_reaches_as_far() -> None:
    """Half-widths of 0 and 4: 2 is reached by way of a pixel outside of the frame."""
    frames = np.zeros((1, 3, 9), np.uint8)
    frames[0, 0, 0] = 1
    raw = np.where(np.arange(27).reshape(1, 3, 9) < 5, 200, 50).astype(np.uint8)
    raw[0, 1, 0] = 200
    assert background(frames, raw, (1, 4))[0] == 50


def test_by_hand() -> None:
    frames = np.zeros((2, 5, 5), np.uint8)
    frames[0, 2, 2] = 1
    raw = np.arange(50, dtype=np.uint8).reshape(2, 5, 5)
    level, noise = background(frames, raw, (1, 1))
    cross = {7, 11, 12, 13, 17}
    rest = [k for k in range(25) if k not in cross]
    assert level[0] == np.mean(rest)
    assert noise[0] == pytest.approx(np.std(rest))
    assert level[1] == 37
