"""The compiled loops of `locate` give the bits of the mirrors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotgpu.backends import compiled as _compiled
from spotgpu.backends import cpu
from spotgpu.detect import Locator

EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

#: Runs a function with loops and without, compares, and returns what it returned.
Both = Callable[..., tuple[Any, ...]]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Both:
    jit = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")

    def run(function: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
        results = []
        for loops in (None, jit):
            monkeypatch.setattr(_compiled._Work, "loops", loops)
            monkeypatch.setattr(_compiled._Work, "absent", loops is None)
            result = function(*arguments)
            results.append(result if isinstance(result, tuple) else (result,))
        for mirror, fast in zip(*results, strict=True):
            assert mirror.dtype == fast.dtype
            np.testing.assert_array_equal(mirror, fast, strict=True)
        return results[0]

    return run


def image(seed: int, shape: Sequence[int], dtype: Any, kind: str, levels: int) -> np.ndarray:
    """Return an image of one of the kinds that are hard somewhere."""
    rng = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    low, high = max(int(info.min), -levels), min(int(info.max), levels)
    if kind == "constant":
        return np.full(shape, high, dtype)
    if kind == "checkerboard":
        return np.where(np.indices(shape).sum(axis=0) % 2, high, low).astype(dtype)
    if kind == "stars":
        return np.where(rng.random(shape) < 0.03, high, low).astype(dtype)
    if kind == "plateaus":
        coarse = rng.integers(low, high, [-(-n // 6) for n in shape], dtype, endpoint=True)
        blocks = np.kron(coarse, np.ones((6,) * len(shape), dtype))
        return np.ascontiguousarray(blocks[tuple(slice(n) for n in shape)])
    return rng.integers(low, high, shape, dtype, endpoint=True)


def images(dtypes: Sequence[Any], ndims: Sequence[int] = (2, 3)) -> st.SearchStrategy[np.ndarray]:
    planes = st.tuples(st.integers(1, 40), st.integers(1, 70))
    volumes = st.tuples(st.integers(1, 9), st.integers(1, 14), st.integers(1, 20))
    return st.builds(
        image,
        st.integers(0, 2**32 - 1),
        st.one_of([{2: planes, 3: volumes}[ndim] for ndim in ndims]),
        st.sampled_from(dtypes),
        st.sampled_from(["noise", "constant", "checkerboard", "stars", "plateaus"]),
        st.sampled_from([1, 3, 200, 2**31]),
    )


def per_axis(values: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*[st.sampled_from(values)] * 3)


@EXAMPLES
@given(
    frame=st.one_of(
        images([np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32], [2]),
        images([np.uint8, np.uint16, np.int32]),
    ),
    noise=per_axis([0, 0.3, 0.6, 1, 2.5]),
    box=per_axis([1, 3, 5, 11, 31]),
    threshold=st.sampled_from([0, 1 / 3, 1, 7.5]),
    to_bytes=st.booleans(),
)
def test_bandpass(
    both: Both, frame: np.ndarray, noise: Any, box: Any, threshold: float, to_bytes: bool
) -> None:
    ndim, dtype = frame.ndim, np.uint8 if to_bytes else frame.dtype
    both(cpu.bandpass, frame[None], noise[:ndim], box[:ndim], threshold, dtype)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.uint32])
@pytest.mark.parametrize("side", [3, 7, 13, 49, 255])
def test_quotients(both: Both, dtype: Any, side: int) -> None:
    """Rows of sums that are, or just are not, multiples of the side, up to the largest."""
    info = np.iinfo(dtype)
    frame = np.zeros((1, 20, 600), dtype)
    frame[0, :10] = info.max
    frame[0, 10:] = info.min
    frame[0, ::2, side::side] = 1
    frame[0, 1::2, ::side] = info.max - 1
    both(cpu.bandpass, frame, (0, 0), (1, side), 0, dtype)
    both(cpu.bandpass, frame, (0, 0), (side, 1), 0, dtype)


@EXAMPLES
@given(
    frame=images([np.uint8, np.uint16, np.int32]),
    size=per_axis([0, 1, 2, 3, 8, 11, 33]),
    margin=st.sampled_from([0, 2]),
    percent=st.sampled_from([0, 64, 100]),
)
def test_local_max(both: Both, frame: np.ndarray, size: Any, margin: int, percent: int) -> None:
    frames, ndim = np.maximum(frame, 0)[None], frame.ndim
    level = cpu.percentile(frames, percent)
    both(cpu.local_max, frames, size[:ndim], level, (margin,) * ndim)


@EXAMPLES
@given(
    filtered=images([np.uint8, np.uint16, np.int32]),
    radius=per_axis([1, 2, 4]),
    iterations=st.sampled_from([1, 2, 10]),
    seed=st.integers(0, 100),
)
def test_spots(both: Both, filtered: np.ndarray, radius: Any, iterations: int, seed: int) -> None:
    """From windows anywhere: what is refined, measured, and dropped."""
    ndim, rng = filtered.ndim, np.random.default_rng(seed)
    frames = np.maximum(np.stack([filtered, filtered[::-1]]), 0)
    radius = tuple(min(r, (n - 1) // 2) for r, n in zip(radius, filtered.shape, strict=False))
    radius = tuple(max(1, r) for r in radius)
    if any(2 * r + 1 > n for r, n in zip(radius, filtered.shape, strict=True)):
        return
    low = [0, *radius]
    peaks = rng.integers(low, [2, *np.subtract(filtered.shape, radius)], (50, 1 + ndim))
    peaks = peaks[np.argsort(peaks[:, 0], kind="stable")]
    offsets, windows, mass = both(cpu.centroid, frames, peaks, radius, iterations)
    raw = rng.integers(-5, 5, frames.shape, np.int16)
    both(cpu.characterize, frames, raw, windows, radius)
    both(cpu.background, frames, frames.astype(np.uint16), radius)
    bright = mass > 0
    positions = windows[bright, 1:] + offsets[bright]
    both(cpu.where_close, windows[bright, 0], positions, (1.5, 2.5, 1.5)[:ndim], mass[bright])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("noise_size", [1, (0.8, 1.2)])
def test_locate(both: Both, dtype: Any, noise_size: Any) -> None:
    """The whole way, of a camera's frame and of one that fills the type."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:150, :160]
    scene = np.zeros((150, 160))
    for centre in rng.uniform(8, 140, (60, 2)):
        scene += rng.uniform(200, 2000) * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 5)
    scene = rng.poisson(scene + np.linspace(100, 500, 160)).astype(float)
    for brightest in (np.iinfo(dtype).max, 200):
        frame = (scene * (brightest / scene.max())).astype(dtype)
        frame.flags.writeable = False
        locator = Locator(7, minmass=10, noise_size=noise_size)
        (found,) = both(locator.array, frame)
        assert len(found) > 20
        (swapped,) = both(locator.array, frame.astype(frame.dtype.newbyteorder()))
        np.testing.assert_array_equal(swapped, found)


def test_loaded_after_some_frames(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = np.zeros((1, 64, 64), np.uint16)
    both(cpu.local_max, frame, (3, 3), np.array([np.nan]), (0, 0))
    monkeypatch.setattr(_compiled._Work, "loops", None)
    monkeypatch.setattr(_compiled._Work, "absent", False)
    monkeypatch.setattr(_compiled._Work, "points", _compiled.ENOUGH - 64)
    assert _compiled.compiled() is None
    cpu.local_max(frame, (3, 3), np.array([np.nan]), (0, 0))
    assert _compiled.compiled() is not None
