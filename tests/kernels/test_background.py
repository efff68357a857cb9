"""Grey level and noise of the background against scipy's dilation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from spotgpu.backends.cpu import background
from spotgpu.backends.windows import ellipsoid


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
