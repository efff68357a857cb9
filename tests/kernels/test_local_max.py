"""Local maxima against scipy's dilation, close spots against all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from spotgpu.backends.cpu import local_max, where_close


def oracle(frame: np.ndarray, size: Any, threshold: float, margin: Any) -> np.ndarray:
    dilated = ndimage.grey_dilation(frame, size, mode="constant")
    peaks = np.argwhere((frame == dilated) & (frame > threshold))
    inside = (peaks >= margin) & (peaks <= np.subtract(frame.shape, margin) - 1)
    return peaks[inside.all(axis=1)]


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.one_of(
        st.tuples(st.integers(1, 40), st.integers(1, 60)),
        st.tuples(st.integers(1, 8), st.integers(1, 20), st.integers(1, 20)),
    ),
    size=st.integers(1, 17),
    levels=st.sampled_from([2, 10, 255, 60_000]),
    threshold=st.floats(0, 1),
    margin=st.sampled_from([0, 2, 3.5]),
)
def test_as_scipy(
    seed: int, shape: tuple[int, ...], size: int, levels: int, threshold: float, margin: float
) -> None:
    frame = np.random.default_rng(seed).integers(0, levels, shape)
    frame = frame.astype(np.uint8 if levels < 256 else np.uint16)
    sides, margins = [size + axis for axis in range(len(shape))], [margin] * len(shape)
    peaks = local_max(frame[None], sides, np.array([threshold * levels]), margins)
    assert (peaks[:, 0] == 0).all()
    np.testing.assert_array_equal(peaks[:, 1:], oracle(frame, sides, threshold * levels, margins))


def test_frames_are_numbered_and_nan_means_none() -> None:
    frames = np.zeros((3, 9, 9), np.uint8)
    frames[:, 4, 5] = 10
    peaks = local_max(frames, (3, 3), np.array([1, np.nan, 1]), (1, 1))
    np.testing.assert_array_equal(peaks, [[0, 4, 5], [2, 4, 5]])


def every_pair(positions: np.ndarray, separation: Any, mass: np.ndarray) -> np.ndarray:
    scaled = positions / separation
    dropped = np.zeros(len(scaled), bool)
    for i in range(len(scaled)):
        for j in range(i + 1, len(scaled)):
            if np.sqrt(((scaled[i] - scaled[j]) ** 2).sum()) < 1 - 1e-9:
                keys = [(mass[k], scaled[k].sum(), k) for k in (i, j)]
                dropped[min(keys)[2]] = True
    return dropped


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    ndim=st.sampled_from([2, 3]),
    extent=st.sampled_from([3, 20, 1000]),
)
def test_close_spots(seed: int, n: int, ndim: int, extent: float) -> None:
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, extent, (n, ndim))
    separation = np.array([4.0, 3.0, 5.0])[:ndim]
    mass = rng.integers(1, 4, n).astype(float)
    np.testing.assert_array_equal(
        where_close(positions, separation, mass), every_pair(positions, separation, mass)
    )


def test_exactly_one_separation_apart_is_not_close() -> None:
    positions = np.array([[0.0, 0.0], [0.0, 3.0], [0.0, 6.0]])
    assert not where_close(positions, (3, 3), np.array([1.0, 2, 3])).any()


def test_of_equals_the_first_goes() -> None:
    positions = np.array([[5.0, 5.0], [5.0, 5.0], [4.0, 5.0]])
    marked = where_close(positions, (3, 3), np.ones(3))
    np.testing.assert_array_equal(marked, [True, False, True])


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_to_be_close(n: int) -> None:
    assert not where_close(np.zeros((n, 2)), (1, 1), np.zeros(n)).any()
