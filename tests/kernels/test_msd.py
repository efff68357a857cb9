"""The msd mirror, against a plain loop and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.backends import cpu


def loop(positions, valid, max_lagtime):
    """Return what the docstring says, one pair at a time."""
    tracks, frames, ndim = positions.shape
    squares = np.zeros((tracks, max_lagtime, ndim))
    pairs = np.zeros((tracks, max_lagtime), np.int64)
    for k in range(tracks):
        for m in range(1, max_lagtime + 1):
            for t in range(frames - m):
                if valid[k, t] and valid[k, t + m]:
                    pairs[k, m - 1] += 1
                    for axis in range(ndim):
                        step = positions[k, t + m, axis] - positions[k, t, axis]
                        squares[k, m - 1, axis] += step * step
    return squares, pairs


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    tracks=st.integers(0, 4),
    frames=st.integers(1, 12),
    ndim=st.integers(1, 3),
    max_lagtime=st.integers(1, 15),
    gaps=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
)
def test_same_bits_as_a_loop(seed, tracks, frames, ndim, max_lagtime, gaps) -> None:
    rng = np.random.default_rng(seed)
    positions = rng.normal(100, 30, (tracks, frames, ndim))
    valid = rng.random((tracks, frames)) >= gaps
    positions[~valid] = np.nan
    squares, pairs = cpu.msd(positions, valid, max_lagtime)
    expected_squares, expected_pairs = loop(positions, valid, max_lagtime)
    np.testing.assert_array_equal(squares, expected_squares)
    np.testing.assert_array_equal(pairs, expected_pairs)


def test_by_hand() -> None:
    positions = np.array([[[0.0, 0.0], [3.0, 1.0], [-7.0, 7.0], [4.0, 2.0]]])
    valid = np.array([[True, True, False, True]])
    squares, pairs = cpu.msd(positions, valid, 4)
    np.testing.assert_array_equal(squares[0], [[9, 1], [1, 1], [16, 4], [0, 0]])
    np.testing.assert_array_equal(pairs[0], [1, 1, 1, 0])


def test_order_of_the_sum() -> None:
    # 1 + 2^53 + 1 differs with the order: in ascending time both ones are lost one by one.
    positions = np.cumsum([0.0, 1.0, 2.0**26.5, 1.0])[None, :, None]
    squares, _ = cpu.msd(positions, np.ones((1, 4), bool), 1)
    steps = np.diff(positions[0, :, 0])
    assert squares[0, 0, 0] == (steps[0] ** 2 + steps[1] ** 2) + steps[2] ** 2


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="`valid` must have the first two axes"):
        cpu.msd(np.zeros((2, 3, 2)), np.ones((3, 2), bool), 1)
    with pytest.raises(ValueError, match="`max_lagtime` must be >= 1, got 0"):
        cpu.msd(np.zeros((2, 3, 2)), np.ones((2, 3), bool), 0)
