"""Refinement and measures against plain loops over the pixels of the mask; kernels and mirror."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu.backends.cpu import centroid, characterize

RADII = [(3, 3), (2, 4), (5, 5), (2, 3, 3), (2, 2, 2)]


def mask_of(radius: tuple[int, ...]) -> list[tuple[int, ...]]:
    box = np.ndindex(*[2 * r + 1 for r in radius])
    offsets = [tuple(k - r for k, r in zip(pixel, radius, strict=True)) for pixel in box]
    return [k for k in offsets if sum((a / r) ** 2 for a, r in zip(k, radius, strict=True)) <= 1]


def pixels_of(frame: np.ndarray, centre: Any, radius: tuple[int, ...]) -> list[tuple[Any, int]]:
    return [
        (k, int(frame[tuple(c + a for c, a in zip(centre, k, strict=True))]))
        for k in mask_of(radius)
    ]


def refined(frame: np.ndarray, peak: Any, radius: tuple[int, ...], iterations: int) -> Any:
    centre = list(peak)
    for _ in range(iterations):
        pixels = pixels_of(frame, centre, radius)
        mass = sum(i for _, i in pixels)
        offset = [sum(i * (k[a] + r) for k, i in pixels) / mass - r for a, r in enumerate(radius)]
        window = list(centre)
        for a, r in enumerate(radius):
            step = (offset[a] > 0.6) - (offset[a] < -0.6)
            centre[a] = min(max(centre[a] + step, r), frame.shape[a] - 1 - r)
        if centre == window:
            break
    return offset, window, mass


def scene(radius: tuple[int, ...], dtype: Any, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (26, 30) if len(radius) == 2 else (12, 18, 19)
    top = 255 if dtype == np.uint8 else 60_000
    frames = (rng.random((2, *shape)) ** 8 * top).astype(dtype) + dtype(1)
    low, high = np.array(radius), np.array(shape) - radius
    peaks = np.column_stack(
        [np.sort(rng.integers(0, 2, 40)), rng.integers(low, high, (40, len(shape)))]
    )
    return frames, peaks


def refine(
    cuda: ModuleType, frames: Any, peaks: Any, radius: tuple[int, ...], iterations: int
) -> Any:
    """Return what the kernel finds, which must be what the mirror finds."""
    import cupy

    ours = cuda.centroid(cupy.asarray(frames), cupy.asarray(peaks), radius, iterations)
    expected = centroid(frames, peaks, radius, iterations)
    for found, wanted in zip(ours, expected, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.get(), wanted, strict=True)
    return expected


def measure(cuda: ModuleType, frames: Any, raw: Any, windows: Any, radius: tuple[int, ...]) -> Any:
    """Return what the kernel measures, which must be what the mirror measures."""
    import cupy

    ours = cuda.characterize(*map(cupy.asarray, (frames, raw, windows)), radius)
    expected = characterize(frames, raw, windows, radius)
    for found, wanted in zip(ours, expected, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found.get(), wanted, strict=True)
    return expected


@pytest.mark.parametrize("radius", RADII, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_kernels(cuda: ModuleType, radius: tuple[int, ...], dtype: Any) -> None:
    frames, peaks = scene(radius, dtype)
    for iterations in (1, 2, 3):
        refine(cuda, frames, peaks, radius, iterations)
    _, windows, _ = refine(cuda, frames, peaks, radius, 40)
    assert (windows != peaks).any()
    rng = np.random.default_rng(3)
    for raw_type in (np.int16, np.uint32, np.float32, np.float64):
        raw = (rng.random(frames.shape) * 30_000).astype(raw_type)
        measure(cuda, frames, raw, windows, radius)


#: Masks, and frames just large enough for some windows.
EDGES = [((5, 5), (13, 12)), ((2, 3), (7, 9)), ((2, 2, 3), (7, 8, 8))]


@pytest.mark.parametrize(("radius", "shape"), EDGES, ids=str)
def test_kernel_stops_at_the_border(
    cuda: ModuleType, radius: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    # Each brighter towards one end of one axis: the windows go there from everywhere.
    ramps = [3**x for x in np.indices(shape)]
    frames = np.array([f for x, ramp in enumerate(ramps) for f in (np.flip(ramp, x), ramp)])
    low, high = np.array(radius), np.array(shape) - 1 - radius
    every = np.argwhere(np.ones(high - low + 1)) + low
    peaks = np.array([(f, *k) for f in range(len(frames)) for k in every])
    _, windows, _ = refine(cuda, frames.astype(np.uint32), peaks, radius, 20)
    ends = [end for pair in zip(low, high, strict=True) for end in pair]
    for number, *window in windows:
        assert window[number // 2] == ends[number]


@pytest.mark.parametrize("offset", [0.6, 0.61, 0.5])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_kernel_of_offsets_around_the_shift(cuda: ModuleType, axis: int, offset: float) -> None:
    frames = np.zeros((2, 9, 9, 9), np.uint16)
    step = np.eye(3, dtype=int)[axis]
    for frame, sign in zip(frames, (1, -1), strict=True):
        frame[4, 4, 4], frame[tuple(4 + sign * step)] = 100 - 100 * offset, 100 * offset
    peaks = np.array([[0, 4, 4, 4], [1, 4, 4, 4]])
    _, windows, _ = refine(cuda, frames, peaks, (2, 2, 2), 5)
    assert (abs(windows[:, 1 + axis] - 4) == (offset > 0.6)).all() or offset == 0.6


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize("radius", [(2, 2), (9, 8), (1, 3, 2)], ids=str)
def test_kernels_of_saturated_frames(cuda: ModuleType, radius: tuple[int, ...], dtype: Any) -> None:
    shape = tuple(2 * r + 3 for r in radius)
    frames = np.full((1, *shape), np.iinfo(dtype).max, dtype)
    peaks = np.array([[0, *(r + 1 for r in radius)]])
    offsets, windows, mass = refine(cuda, frames, peaks, radius, 3)
    assert (offsets == 0).all()
    assert mass[0] == len(mask_of(radius)) * int(np.iinfo(dtype).max)
    found = measure(cuda, frames, frames, windows, radius)
    assert found.signal[0] == np.iinfo(dtype).max
    assert found.raw_mass[0] == mass[0]


def test_sums_beyond_float64(cuda: ModuleType) -> None:
    radius = (80, 80)
    frames = np.random.default_rng(0).integers(2**31, 2**32, (1, 161, 163), np.uint32)
    peaks = np.array([[0, 80, 81]])
    _, windows, mass = refine(cuda, frames, peaks, radius, 2)
    assert mass[0] * 160 > 2**53
    measure(cuda, frames, frames, windows, radius)


@pytest.mark.parametrize("radius", [(3, 3), (2, 3, 3)], ids=str)
def test_kernel_of_one_spot_that_moves_along_all_axes(
    cuda: ModuleType, radius: tuple[int, ...]
) -> None:
    frames = np.zeros((1, *[12] * len(radius)), np.uint8)
    frames[(0, *[6] * len(radius))] = 100
    peaks = np.array([[0] + [5] * len(radius)])
    for iterations in (9, 2**40):
        _, windows, _ = refine(cuda, frames, peaks, radius, iterations)
        assert windows[0, 1:].tolist() == [6] * len(radius)


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9])
def test_kernels_of_some_spots(cuda: ModuleType, n: int) -> None:
    frames, peaks = scene((3, 3), np.uint8)
    _, windows, _ = refine(cuda, frames, peaks[:n], (3, 3), 10)
    measure(cuda, frames, frames, windows, (3, 3))


@pytest.mark.parametrize("radius", [(2, 3), (2, 2, 2)], ids=str)
def test_kernels_of_windows_of_zeros(cuda: ModuleType, radius: tuple[int, ...]) -> None:
    frames = np.zeros((1, *[9] * len(radius)), np.uint8)
    peaks = np.array([[0] + [4] * len(radius)])
    offsets, windows, mass = refine(cuda, frames, peaks, radius, 3)
    assert np.isnan(offsets).all()
    assert windows.tolist() == peaks.tolist()
    assert mass[0] == 0
    found = measure(cuda, frames, frames, windows, radius)
    assert np.isnan(found.size).all()


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("iterations", [1, 3, 10])
def test_centroid(radius: tuple[int, ...], dtype: Any, iterations: int) -> None:
    frames, peaks = scene(radius, dtype)
    offsets, windows, mass = centroid(frames, peaks, radius, iterations)
    for row, (number, *peak) in enumerate(peaks):
        offset, window, total = refined(frames[number], peak, radius, iterations)
        np.testing.assert_array_equal(offsets[row], offset)
        np.testing.assert_array_equal(windows[row], [number, *window])
        assert mass[row] == total


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("raw_type", [np.uint8, np.int16, np.float32])
def test_characterize(radius: tuple[int, ...], raw_type: Any) -> None:
    frames, windows = scene(radius, np.uint8, seed=1)
    raw = (np.random.default_rng(2).random(frames.shape) * 100).astype(raw_type)
    found = characterize(frames, raw, windows, radius)
    ndim, equal = len(radius), len(set(radius)) == 1
    for row, (number, *centre) in enumerate(windows):
        pixels = pixels_of(frames[number], centre, radius)
        mass = sum(i for _, i in pixels)
        squares = [sum(i * k[a] ** 2 for k, i in pixels) for a in range(ndim)]
        size = (
            [math.sqrt(sum(squares) / mass)]
            if equal
            else [math.sqrt(ndim * s / mass) for s in squares]
        )
        np.testing.assert_allclose(found.size[row], size, rtol=1e-13)
        assert found.signal[row] == max(i for _, i in pixels)
        total = sum(
            float(raw[(number, *(c + a for c, a in zip(centre, k, strict=True)))])
            for k in mask_of(radius)
        )
        assert found.raw_mass[row] == pytest.approx(total, rel=1e-12)
        if ndim == 2:
            theta = [math.atan2(*k) for k, _ in pixels]
            c = sum(i * math.cos(2 * t) for (_, i), t in zip(pixels, theta, strict=True))
            s = sum(i * math.sin(2 * t) for (_, i), t in zip(pixels, theta, strict=True))
            middle = int(frames[(number, *centre)])
            expected = math.hypot(c, s) / (mass - middle + 1e-6)
            assert found.ecc[row] == pytest.approx(expected, rel=1e-10)
        else:
            assert math.isnan(found.ecc[row])


def test_no_spots() -> None:
    frames, empty = np.zeros((1, 20, 20), np.uint8), np.empty((0, 3), np.int64)
    offsets, windows, mass = centroid(frames, empty, (3, 3), 10)
    assert offsets.shape == (0, 2)
    assert windows.shape == (0, 3)
    assert mass.shape == (0,)
    assert characterize(frames, frames, empty, (3, 3)).size.shape == (0, 1)
