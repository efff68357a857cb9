"""Refinement and measures against plain loops over the pixels of the mask."""

from __future__ import annotations

import math
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
