"""Images stretched by their peaks: by hand and by plain numpy; the kernels against the mirrors."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu.backends import cpu
from spotgpu.backends.cpu import _contrast

DTYPES = [np.uint8, np.uint16, np.int32, np.float32, np.float64]


def images(dtype: Any, shape: tuple[int, ...] = (5, 9, 31)) -> np.ndarray:
    """Return noise, an image of zeros and a constant one; of signed types some are negative."""
    rng = np.random.default_rng(0)
    found = rng.integers(0 if np.dtype(dtype).kind == "u" else -90, 90, shape).astype(dtype)
    found[1:2], found[2:3] = 0, 7
    found[3:4] = found[3:4] // 2 - (0 if found.dtype.kind == "u" else 300)
    return found


def options(extreme: np.ndarray) -> list[dict[str, Any]]:
    """Return what may be subtracted and added, in both directions; nothing first, all last."""
    rng = np.random.default_rng(1)
    base = rng.integers(0, 70, extreme.shape).astype(np.uint16)
    first = rng.integers(0, 50, extreme.shape).astype(np.uint8)
    given = [{}, {"base": base}, {"first": first}, {"base": base, "first": first}]
    return [*given, *({**some, "white": 100.25} for some in given)]


def plain(extreme: np.ndarray, peaks: Any = None, **given: Any) -> tuple[Any, Any]:
    """Return peaks and images, as the formula says."""
    white, values = given.get("white"), extreme.astype(float)
    if "base" in given:
        values = values - given["base"] / 2
    if "first" in given:
        values = (np.maximum if white is None else np.minimum)(values, given["first"])
    if white is not None:
        values = white - values
    own = values.max(axis=tuple(range(1, values.ndim)))
    stretched = []
    for value, peak in zip(values, own if peaks is None else peaks, strict=True):
        image = np.clip(value * (255.0 / peak), 0, 255) + 0.5 if peak > 0 else 0 * value
        stretched.append(image.astype(np.uint8))
    return own, np.array(stretched)


def test_by_hand() -> None:
    extreme = np.array([[0, 1, 2, 4], [0, 0, 0, 0], [255, 127, 1, 0]], np.uint8)
    peaks = cpu.peaks(extreme)
    np.testing.assert_array_equal(peaks, [4, 0, 255])
    wanted = [[0, 64, 128, 255], [0, 0, 0, 0], [255, 127, 1, 0]]
    np.testing.assert_array_equal(cpu.contrast(extreme, peaks), wanted)
    dark = cpu.peaks(extreme, white=255.0)
    np.testing.assert_array_equal(dark, [255, 255, 255])
    np.testing.assert_array_equal(cpu.contrast(extreme, dark, white=255.0), 255 - extreme)
    np.testing.assert_array_equal(cpu.contrast(extreme, np.array([2.0, 1.0, 510.0]))[0, 3], 255)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mirrors(dtype: Any) -> None:
    extreme = images(dtype)
    for given in options(extreme):
        peaks, stretched = plain(extreme, **given)
        np.testing.assert_array_equal(cpu.peaks(extreme, **given), peaks)
        np.testing.assert_array_equal(cpu.contrast(extreme, peaks, **given), stretched)
        peaks = np.array([50.0, 1.0, -3.0, 0.0, 1e3])
        _, stretched = plain(extreme, peaks, **given)
        np.testing.assert_array_equal(cpu.contrast(extreme, peaks, **given), stretched)


@pytest.mark.parametrize("white", [None, 255.0])
def test_bytes_have_the_bits_of_the_formula(white: float | None) -> None:
    """All of them at all peaks, those above the peak and not."""
    given = {} if white is None else {"white": white}
    peaks = np.arange(1, 511) / 2
    every = np.tile(np.arange(256, dtype=np.uint8), (len(peaks), 1))
    below = np.minimum(every, peaks[:, None].astype(np.uint8))
    for bright in (every, below):
        extreme = bright if white is None else 255 - bright
        _, stretched = plain(extreme, peaks, **given)
        np.testing.assert_array_equal(cpu.contrast(extreme, peaks, **given), stretched)


def test_mirrors_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    extreme = images(np.uint8)
    for given in options(extreme):
        peaks, stretched = plain(extreme, **given)
        with monkeypatch.context() as patch:
            patch.setattr(_contrast, "BLOCK", 20)
            patch.setattr(_contrast, "STRIP", 20)
            np.testing.assert_array_equal(cpu.peaks(extreme, **given), peaks)
            np.testing.assert_array_equal(cpu.contrast(extreme, peaks, **given), stretched)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels(cuda: ModuleType, dtype: Any) -> None:
    import cupy

    extreme = images(dtype)
    there, every = cupy.asarray(extreme), options(extreme)
    for given in every if dtype == np.uint8 else every[::7]:
        put = {k: cupy.asarray(v) if isinstance(v, np.ndarray) else v for k, v in given.items()}
        peaks = cpu.peaks(extreme, **given)
        np.testing.assert_array_equal(cuda.peaks(there, **put).get(), peaks)
        found = cuda.contrast(there, cupy.asarray(peaks), **put).get()
        np.testing.assert_array_equal(found, cpu.contrast(extreme, peaks, **given))
        peaks = np.array([50.0, 1.0, -3.0, 0.0, 1e3])
        found = cuda.contrast(there, cupy.asarray(peaks), **put).get()
        np.testing.assert_array_equal(found, cpu.contrast(extreme, peaks, **given))


@pytest.mark.parametrize("n", [1, 31, 2047, 2048, 2049, 6000])
def test_kernels_at_the_ends_of_parts(cuda: ModuleType, n: int) -> None:
    import cupy

    for extreme in (np.arange(2.0 * n).reshape(2, n), -np.arange(2.0 * n).reshape(2, n)):
        peaks, there = cpu.peaks(extreme), cupy.asarray(extreme)
        found = cuda.peaks(there)
        np.testing.assert_array_equal(found.get().view(np.uint64), peaks.view(np.uint64))
        wanted = cpu.contrast(extreme, peaks)
        np.testing.assert_array_equal(cuda.contrast(there, found).get(), wanted)


def test_kernel_finds_the_peak_anywhere(cuda: ModuleType) -> None:
    """By each lane, and by each warp."""
    import cupy

    extreme = np.full((40, 256), -5.0)
    where = np.r_[np.arange(32), np.arange(32, 256, 32), 255]
    extreme[np.arange(40), where] = -np.arange(40) / 10
    np.testing.assert_array_equal(cuda.peaks(cupy.asarray(extreme)).get(), extreme.max(axis=1))


def test_a_factor_that_overflows(cuda: ModuleType) -> None:
    import cupy

    extreme, peaks = np.array([[0.0, 5e-310, 1e-309]]), np.array([1e-309])
    wanted = cpu.contrast(extreme, peaks)
    np.testing.assert_array_equal(wanted, 0)
    found = cuda.contrast(cupy.asarray(extreme), cupy.asarray(peaks))
    np.testing.assert_array_equal(found.get(), wanted)


@pytest.mark.parametrize("shape", [(0, 4), (3, 0)])
def test_kernels_of_no_pixels(cuda: ModuleType, shape: Any) -> None:
    import cupy

    extreme = np.empty(shape, np.uint8)
    peaks = cpu.peaks(extreme)
    np.testing.assert_array_equal(peaks, [-np.inf] * len(extreme))
    found = cuda.peaks(cupy.asarray(extreme))
    np.testing.assert_array_equal(found.get(), peaks)
    assert cuda.contrast(cupy.asarray(extreme), found).shape == shape
    assert cpu.contrast(extreme, peaks).shape == shape
