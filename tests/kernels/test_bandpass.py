"""The bandpass against scipy's filters, one axis after the other."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from benchmarks.scenes import spots
from spotgpu.backends import cpu
from spotgpu.backends.cpu import _bandpass as module
from spotgpu.backends.cpu import bandpass
from spotgpu.backends.cpu._certified import certified
from spotgpu.backends.windows import gaussian_weights
from tests.kernels.compared import INTEGERS, same


def oracle(
    frame: np.ndarray, noise: Sequence[float], box: Sequence[int], threshold: float, dtype: Any
) -> tuple[np.ndarray, float]:
    background, lowpass = frame.copy(), frame.astype(float)
    for axis in range(frame.ndim):
        ndimage.uniform_filter1d(background, box[axis], axis, output=background, mode="nearest")
        weights = gaussian_weights(noise[axis])
        ndimage.correlate1d(lowpass, weights, axis, output=lowpass, mode="constant")
    difference = lowpass - background
    difference[difference < threshold] = 0
    difference = np.maximum(difference, 0)
    scale = np.iinfo(dtype).max / difference.max() if difference.max() > 0 else 1.0
    return (difference * scale).astype(dtype), scale


def check(frame: np.ndarray, noise: Any, box: Any, threshold: float, dtype: Any) -> None:
    quantised, scale = bandpass(frame[None], noise, box, threshold, dtype)
    expected, expected_scale = oracle(frame, noise, box, threshold, dtype)
    assert quantised.dtype == dtype
    assert scale[0] == expected_scale
    np.testing.assert_array_equal(quantised[0], expected)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.one_of(
        st.tuples(st.integers(3, 50), st.integers(3, 90)),
        st.tuples(st.integers(3, 9), st.integers(3, 30), st.integers(3, 30)),
    ),
    dtype=st.sampled_from([np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32]),
    noise=st.sampled_from([0, 0.6, 1, 2.5]),
    box=st.sampled_from([3, 5, 11, 31]),
    threshold=st.sampled_from([0, 1, 7.5]),
    levels=st.sampled_from([1, 2, 40, 10**9]),
)
def test_integers_to_the_bit(
    seed: int,
    shape: tuple[int, ...],
    dtype: Any,
    noise: float,
    box: int,
    threshold: float,
    levels: int,
) -> None:
    info = np.iinfo(dtype)
    rng = np.random.default_rng(seed)
    # scipy's boxcar keeps a running sum in float64, exact to 2^53 only.
    low, high = max(info.min, -levels), min(info.max, levels)
    frame = rng.integers(low, high, shape, dtype, endpoint=True)
    check(frame, [noise] * len(shape), [box] * len(shape), threshold, dtype)


@pytest.mark.parametrize("shape", [(300, 310), (40, 70, 60)])
def test_unequal_axes(shape: tuple[int, ...]) -> None:
    image = spots(shape, 50, (1.5,) * len(shape))
    noise, box = (0.7, 1.0, 1.3)[-len(shape) :], (5, 9, 11)[-len(shape) :]
    check(image, noise, box, 1, np.uint8)


@pytest.mark.parametrize("blocks", [(0, 3), (17, 40), (100, 255)])
def test_exact_ties(blocks: tuple[int, int]) -> None:
    """Flat areas put many pixels exactly on the threshold or on an integer."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(*blocks, (12, 13), np.uint8)
    check(np.kron(coarse, np.ones((25, 25), np.uint8)), (1, 1), (11, 11), 1, np.uint8)


def test_float32_proves_what_float64_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    proven = []

    def proof(*arguments: Any) -> Any:
        proven.append(certified(*arguments))
        return proven[-1]

    frame = spots((200, 210), 80, (1.8, 1.8))
    for image in (frame, frame / 255.0, (frame / 255).astype(np.float32)):
        arguments = image[None], (1, 1), (9, 9), 1 / image.max(), np.uint8
        monkeypatch.setattr(module, "certified", proof)
        fast, fast_scale = bandpass(*arguments)
        monkeypatch.setattr(module, "certified", lambda *_: None)
        slow, slow_scale = bandpass(*arguments)
        np.testing.assert_array_equal(fast, slow)
        assert fast_scale == slow_scale
    assert len(proven) == 3
    assert None not in proven


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats(dtype: Any) -> None:
    frame = (spots((120, 130), 40, (1.8, 1.8)) / 255).astype(dtype)
    quantised, scale = bandpass(frame[None], (1, 1), (9, 9), 1 / 255, np.uint8)
    expected, expected_scale = oracle(frame, (1, 1), (9, 9), 1 / 255, np.uint8)
    assert scale[0] == pytest.approx(expected_scale, rel=1e-6)
    # scipy's running sum rounds otherwise: single pixels by one level (0 below the threshold).
    differs = quantised[0] != expected
    assert differs.mean() < 1e-3


def test_a_tile_has_the_bits_of_the_whole() -> None:
    frame = np.random.default_rng(0).random((80, 90)).astype(np.float32)
    box = module._boxcar(frame, (11, 11))
    tile = module._boxcar(np.ascontiguousarray(frame[20:70, 30:80]), (11, 11))
    np.testing.assert_array_equal(tile[5:-5, 5:-5], box[25:65, 35:75])


def test_frames_do_not_mix() -> None:
    frames = np.stack([spots((60, 70), 10, (1.5, 1.5), seed) for seed in range(3)])
    quantised, scale = bandpass(frames, (1, 1), (7, 7), 1, np.uint8)
    for number, frame in enumerate(frames):
        alone, alone_scale = bandpass(frame[None], (1, 1), (7, 7), 1, np.uint8)
        np.testing.assert_array_equal(quantised[number], alone[0])
        assert scale[number] == alone_scale[0]


@pytest.mark.parametrize("value", [0, 200])
def test_constant_frame(value: int) -> None:
    frame = np.full((1, 40, 40), value, np.uint8)
    quantised, scale = bandpass(frame, (1, 1), (9, 9), 1, np.uint8)
    assert not quantised.any()
    assert scale[0] == 1


def noise(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def check_kernel(cuda: ModuleType, frames: np.ndarray, *arguments: Any) -> None:
    import cupy

    given = cupy.asarray(frames)
    same(cuda.bandpass(given, *arguments), cpu.bandpass(frames, *arguments))
    same([cuda.difference(given, *arguments[:3])], [cpu.difference(frames, *arguments[:3])])


@pytest.mark.parametrize("dtype", [*INTEGERS, np.float32, np.float64])
def test_kernel_of_planes(cuda: ModuleType, dtype: Any) -> None:
    frames = noise((2, 33, 131), dtype)
    check_kernel(cuda, frames, (1.0, 0.6), (5, 11), 0.25, np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_kernel_of_volumes(cuda: ModuleType, dtype: Any) -> None:
    frames = noise((2, 9, 18, 37), dtype)
    check_kernel(cuda, frames, (0.6, 1.0, 0.6), (3, 5, 7), 0.25, np.uint16)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 130), (70, 1), (31, 127), (32, 128), (33, 129), (16, 64), (64, 256)]
)
def test_kernel_at_the_ends_of_tiles(cuda: ModuleType, shape: tuple[int, int]) -> None:
    check_kernel(cuda, noise((1, *shape), np.uint8), (1, 1), (11, 11), 1, np.uint8)


@pytest.mark.parametrize("box", [3, 31, 101])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_kernel_of_large_windows(cuda: ModuleType, box: int, dtype: Any) -> None:
    check_kernel(cuda, noise((1, 40, 70), dtype), (2.5, 2.5), (box, box), 0, np.uint8)


@pytest.mark.parametrize("value", [0, 200, 255])
def test_kernel_of_constant_frames(cuda: ModuleType, value: int) -> None:
    frames = np.full((2, 40, 50), value, np.uint8)
    frames[1, 20, 20] = 7
    check_kernel(cuda, frames, (1, 1), (9, 9), 1, np.uint8)


def test_kernel_finds_the_peak_anywhere(cuda: ModuleType) -> None:
    """By each lane of a warp, the first one, too."""
    frames = np.full((33, 1, 33), 9, np.uint8)
    frames[range(33), 0, range(33)] = 200
    check_kernel(cuda, frames, (0.6, 0.6), (3, 3), 1, np.uint8)


def test_kernel_without_noise_size(cuda: ModuleType) -> None:
    check_kernel(cuda, noise((1, 20, 30), np.uint8), (0, 0), (3, 3), 1, np.int32)


def test_kernel_of_negative_zeros(cuda: ModuleType) -> None:
    """The bits of -0.0 are not those of the smallest number from 0."""
    frames = np.full((1, 20, 30), -0.0)
    frames[0, 0, 0] = 0.0
    check_kernel(cuda, frames, (1, 1), (3, 3), 0, np.uint8)


@pytest.mark.parametrize("shape", [(0, 20, 30), (0, 4, 9, 9)])
def test_kernel_of_no_frames(cuda: ModuleType, shape: tuple[int, ...]) -> None:
    ndim = len(shape) - 1
    check_kernel(cuda, np.zeros(shape, np.uint16), (1,) * ndim, (3,) * ndim, 1, np.uint8)


def test_kernel_of_more_planes_than_a_grid_is_deep(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spotgpu.backends.cuda import _launch

    monkeypatch.setattr(_launch, "LARGEST_GRID", (2**31 - 1, 3, 3))
    check_kernel(cuda, noise((2, 9, 12, 7), np.uint8), (1, 1, 1), (3, 3, 3), 1, np.uint8)
