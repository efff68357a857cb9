"""Means over windows: the mirror against plain loops, the kernel and compiled loops against it."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spotgpu.backends import compiled, cpu
from spotgpu.backends.cpu import _window_mean
from tests.kernels.compared import INTEGERS

RECT = [(0, -1, -2, 3), (0, 0, -2, 3), (0, 1, -2, 3)]
DEEP = [(-1, 0, 0, 1), (0, -1, -1, 1), (0, 0, -6, 7), (0, 1, 2, 3), (2, 0, 0, 1)]
FAR = [(0, 0, 3, 5), (0, 2, 0, 0), (0, 3, -5, -3)]
SHAPES = [(3, 1, 6, 7), (2, 4, 5, 3), (1, 1, 1, 1)]
CASES = [(shape, runs) for shape in SHAPES for runs in (RECT, DEEP, FAR)]


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Return how many bytes more were taken at most since the last call."""
    before = 0

    def since() -> int:
        nonlocal before
        now, most = tracemalloc.get_traced_memory()
        more, before = most - before, now
        tracemalloc.reset_peak()
        return more

    tracemalloc.start()
    yield since
    tracemalloc.stop()


def scene(
    shape: tuple[int, ...], runs: Any, dtype: Any, n: int = 40
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return frames, points near all borders and outside, a window, and the frame of each point."""
    rng = np.random.default_rng(n)
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        frames = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    else:
        frames = (rng.normal(0, 1, shape) * 10.0 ** rng.integers(-3, 6, shape)).astype(dtype)
    centres = rng.integers(-2, np.array(shape[1:]) + 2, (n, 3)).astype(np.int32)
    at = np.sort(rng.integers(0, shape[0], n)).astype(np.int32)
    return frames, centres, np.array(runs, np.int32), at


def plain(frame: np.ndarray, centre: Any, runs: Any) -> float:
    """Return the mean of one window, pixel by pixel."""
    values = []
    for dz, dy, first, end in runs:
        for dx in range(first, end):
            place = tuple(int(c + d) for c, d in zip(centre, (dz, dy, dx), strict=True))
            if all(0 <= p < side for p, side in zip(place, frame.shape, strict=True)):
                values.append(frame[place].item())
    total = 0.0 if frame.dtype.kind == "f" else 0
    for value in values:
        total += value
    return total / len(values) if values else math.nan


@pytest.mark.parametrize(("shape", "runs"), CASES)
@pytest.mark.parametrize("dtype", [*INTEGERS, np.float32, np.float64])
def test_mirror(shape: Any, runs: Any, dtype: Any) -> None:
    frames, centres, window, at = scene(shape, runs, dtype)
    fixed = [[plain(frame, c, runs) for c in centres] for frame in frames]
    np.testing.assert_array_equal(cpu.window_mean(frames, centres, window), fixed)
    moving = [plain(frames[t], c, runs) for t, c in zip(at, centres, strict=True)]
    np.testing.assert_array_equal(cpu.window_mean(frames, centres, window, at), moving)


@pytest.mark.parametrize("dtype", [*INTEGERS, np.float32, np.float64])
def test_compiled_loops(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    for shape, runs in CASES:
        frames, centres, window, at = scene(shape, runs, dtype)
        shuffled = np.random.default_rng(0).permutation(at)
        for given in (None, at, shuffled):
            for n in (40, 1, 0):
                arguments = centres[:n], window, None if given is None else given[:n]
                monkeypatch.setattr(compiled._Work, "loops", None)
                expected = cpu.window_mean(frames, *arguments)
                monkeypatch.setattr(compiled._Work, "loops", loops)
                found = cpu.window_mean(frames, *arguments)
                assert found.dtype == expected.dtype == np.float64
                np.testing.assert_array_equal(found, expected)


def test_compiled_loops_that_ask_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames and windows for which memory is asked for ahead."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    frames = np.random.default_rng(0).normal(0, 1, (2, 1, 200, 200)).astype(np.float32)
    frames[0, 0, 0, 0] = np.nan
    centres = np.argwhere(np.ones((1, 200, 200)))[::29].astype(np.int32)
    window = np.array(RECT, np.int32)
    expected = cpu.window_mean(frames, centres, window)
    assert np.isnan(expected[0, 0])
    assert np.count_nonzero(np.isnan(expected)) == 1
    monkeypatch.setattr(compiled._Work, "loops", loops)
    np.testing.assert_array_equal(cpu.window_mean(frames, centres, window), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("side", [1, 7, 8, 9, 13, 16, 190])
def test_compiled_loops_inside(side: int, dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of some lanes and more, at the extremes of the type, up to the last pixel."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    low, high = (-1e3, 1e3) if dtype == np.float32 else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    rng = np.random.default_rng(side)
    frames = np.where(rng.random((2, 1, 200, 200)) < 0.01, low, high).astype(dtype)
    runs = np.array([(0, y, 0, side - y % 2) for y in range(side)], np.int32)
    corners = np.concatenate([rng.integers(0, 201 - side, (30, 2)), [[200 - side] * 2]])
    centres = np.pad(corners, ((0, 0), (1, 0))).astype(np.int32)
    expected = cpu.window_mean(frames, centres, runs)
    monkeypatch.setattr(compiled._Work, "loops", loops)
    np.testing.assert_array_equal(cpu.window_mean(frames, centres, runs), expected)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_compiled_loops_beyond_lanes(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of more than 32 bits."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    monkeypatch.setattr(compiled._Work, "loops", loops)
    extreme = max(np.iinfo(dtype).min, np.iinfo(dtype).max, key=abs)
    frames = np.full((1, 1, 320, 320), extreme, dtype)
    runs = np.array([(0, y, 0, 300) for y in range(300)], np.int32)
    assert abs(int(extreme)) * 300**2 > 1 << 31
    found = cpu.window_mean(frames, np.array([[0, 5, 5]], np.int32), runs)
    np.testing.assert_array_equal(found, [[extreme]])


def test_lanes_stay_in_the_frame() -> None:
    """What is read behind a window that ends with the frame may not be memory of this process."""
    shape, runs = (1, 1, 9, 9), np.array([(0, y, 0, 3) for y in range(3)], np.int32)
    centres = np.argwhere(np.ones(shape[1:])).astype(np.int32)
    inside = _window_mean._inside(shape, centres, runs)
    begin, _ = _window_mean._in_pieces(np.arange(3) * 9, np.full(3, 3), 8, np.dtype(np.uint8))
    read = centres[inside] @ [81, 9, 1] + begin.max() + 8
    assert len(read)
    assert read.max() <= 81


def test_compiled_loops_do_not_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peak: Callable[[], int]
) -> None:
    """Frames that may not be written to, as those of a file in memory."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    frames, (_, centres, window, _) = np.arange(1 << 20), scene((1, 1, 64, 64), RECT, np.uint8)
    np.save(tmp_path / "movie.npy", frames.astype(np.int32).reshape(-1, 1, 64, 64))
    expected = cpu.window_mean(np.load(tmp_path / "movie.npy"), centres, window)
    mapped = np.load(tmp_path / "movie.npy", mmap_mode="r")
    monkeypatch.setattr(compiled._Work, "loops", loops)
    cpu.window_mean(mapped[:1], centres, window)
    peak()
    found = cpu.window_mean(mapped, centres, window)
    assert peak() < mapped.nbytes // 4
    np.testing.assert_array_equal(found, expected)


def test_compiled_loops_of_cut_windows(
    monkeypatch: pytest.MonkeyPatch, peak: Callable[[], int]
) -> None:
    """Memory is for the points, not for the runs of each."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    monkeypatch.setattr(compiled._Work, "loops", loops)
    runs = np.array([(0, y, -1, 2) for y in range(-200, 201)], np.int32)
    centres = np.zeros((1000, 3), np.int32)
    frames = np.ones((1, 1, 99, 9), np.uint8)
    cpu.window_mean(frames, centres[:1], runs)
    peak()
    found = cpu.window_mean(frames, centres, runs)
    assert peak() < len(centres) * len(runs)
    np.testing.assert_array_equal(found, np.ones((1, 1000)))


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_threads(frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each does some of the frames."""
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    images, centres, window, at = scene((frames, 2, 6, 7), DEEP, np.float32)
    at = np.random.default_rng(0).permutation(at)
    expected = [cpu.window_mean(images, centres, window, where) for where in (None, at)]
    monkeypatch.setattr(compiled._Work, "loops", loops)
    monkeypatch.setattr("spotgpu.backends.cpu._window_mean.ENOUGH", 1)
    monkeypatch.setattr("spotgpu.backends.cpu._window_mean._cores", lambda: 3)
    for where, means in zip((None, at), expected, strict=True):
        np.testing.assert_array_equal(cpu.window_mean(images, centres, window, where), means)


@pytest.mark.parametrize("block", [1, 7, 100])
def test_mirror_in_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, centres, window, at = scene((5, 2, 6, 7), DEEP, np.float32)
    expected = [cpu.window_mean(frames, centres, window, where) for where in (None, at)]
    monkeypatch.setattr("spotgpu.backends.cpu._window_mean.CELLS", block)
    for where, means in zip((None, at), expected, strict=True):
        np.testing.assert_array_equal(cpu.window_mean(frames, centres, window, where), means)


@pytest.mark.parametrize("block", [1, 777, 1 << 18])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64])
def test_mirror_of_large_windows(dtype: Any, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rectangles, which are one block, and those whose rows are too short for blocks."""
    monkeypatch.setattr("spotgpu.backends.cpu._window_blocks.CELLS", block)
    wide = [(z, y, -20, 21) for z in (0, 1) for y in range(-15, 15)]
    short = [(0, y, -30 + y % 3, 30) for y in range(-30, 30)]
    for runs in (wide, short):
        frames, centres, window, at = scene((2, 2, 45, 50), runs, dtype, 6)
        centres[0] = (0, 16, 21)
        fixed = [[plain(frame, c, runs) for c in centres] for frame in frames]
        np.testing.assert_array_equal(cpu.window_mean(frames, centres, window), fixed)
        moving = [plain(frames[t], c, runs) for t, c in zip(at, centres, strict=True)]
        np.testing.assert_array_equal(cpu.window_mean(frames, centres, window, at), moving)


def test_large_windows_far_away() -> None:
    frames = np.ones((2, 1, 40, 40))
    runs = np.array([(0, y, 0, 40) for y in range(40)], np.int32)
    centres = np.array([[0, 0, 40], [0, -40, 0], [1, 0, 0], [0, 39, 39]], np.int32)
    expected = [[np.nan, np.nan, np.nan, 1]] * 2
    np.testing.assert_array_equal(cpu.window_mean(frames, centres, runs), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_large_windows_take_what_their_pixels_take(dtype: Any, peak: Callable[[], int]) -> None:
    """No step in Python and no index for each pixel."""
    frames = np.ones((2, 1, 1000, 1000), dtype)
    runs = np.array([(0, y, -450, 450) for y in range(-450, 450)], np.int32)
    peak()
    start = perf_counter()
    found = cpu.window_mean(frames, np.array([[0, 500, 500]], np.int32), runs)
    seconds = perf_counter() - start
    assert peak() < 10 << 20
    start = perf_counter()
    np.cumsum(frames, dtype=np.float64)
    assert seconds < 10 * (perf_counter() - start)
    np.testing.assert_array_equal(found, [[1], [1]])


def test_no_negative_zero() -> None:
    """Sums begin with 0, of which -0 makes 0, however they are added up."""
    frames = np.full((1, 1, 60, 60), -0.0)
    for side in (2, 20, 50):
        runs = np.array([(0, y, 0, side - y % 2) for y in range(side)], np.int32)
        for at in (None, np.zeros(1, np.int32)):
            means = cpu.window_mean(frames, np.zeros((1, 3), np.int32), runs, at)
            assert not np.signbit(means).any()


def test_no_number() -> None:
    """NaN and infinity stay within the windows that they are in."""
    frames = np.zeros((1, 1, 1, 9))
    frames[..., 1], frames[..., 4], frames[..., 7] = np.nan, np.inf, -np.inf
    centres = np.array([[0, 0, x] for x in (0, 3, 5, 9)], np.int32)
    window = np.array([(0, 0, -1, 2)], np.int32)
    found = cpu.window_mean(frames, centres, window)[0]
    np.testing.assert_array_equal(found, [np.nan, np.inf, np.inf, 0])
    wide = np.array([(0, 0, -2, 3)], np.int32)
    np.testing.assert_array_equal(cpu.window_mean(frames, centres[2:3], wide), [[np.nan]])


@pytest.mark.parametrize(("shape", "runs"), CASES)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32, np.float64])
def test_kernel(cuda: ModuleType, shape: Any, runs: Any, dtype: Any) -> None:
    import cupy

    for n in (40, 150) if runs is DEEP else (40,):
        scenery = scene(shape, runs, dtype, n)
        frames, centres, window, at = (cupy.asarray(array) for array in scenery)
        for where, wanted in ((None, None), (at, scenery[3])):
            found = cuda.window_mean(frames, centres, window, where)
            assert found.dtype == np.float64
            expected = cpu.window_mean(*scenery[:3], wanted)
            np.testing.assert_array_equal(found.get(), expected)


@pytest.mark.parametrize(("frames", "points", "lines"), [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_kernel_of_nothing(cuda: ModuleType, frames: int, points: int, lines: int) -> None:
    import cupy

    scenery = scene((frames or 1, 1, 6, 7), RECT, np.uint8, 3)
    images, centres, window, at = scenery
    given = images[:frames], centres[:points], window[:lines], at[:points]
    fixed = cuda.window_mean(*(cupy.asarray(array) for array in given[:3]))
    np.testing.assert_array_equal(fixed.get(), cpu.window_mean(*given[:3]))
    if frames:
        moving = cuda.window_mean(*(cupy.asarray(array) for array in given))
        np.testing.assert_array_equal(moving.get(), cpu.window_mean(*given))
