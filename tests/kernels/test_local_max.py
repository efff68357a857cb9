"""Local maxima: the mirror against scipy's dilation, the kernels against the mirror."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from spotgpu.backends.cpu import local_max


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
