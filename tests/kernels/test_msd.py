"""The msd mirrors against plain loops and by hand, the kernels against the mirrors."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.backends import cpu

#: Frames of a track: around the ends of warps, and few or none.
SPANS = [33, 1, 2, 31, 32, 63, 0, 64, 65, 140]
#: Lags: around the ends of warps and of what a block owns.
LAGS = [1, 2, 63, 64, 65, 127, 128, 129, 257]


def tracks(spans, ndim=2, gaps=0.2, seed=0):
    """Return positions, valid and starts; there is NaN where nothing is seen."""
    rng = np.random.default_rng(seed)
    starts = np.concatenate([[0], np.cumsum(spans, dtype=np.int64)])
    positions = rng.normal(100, 30, (ndim, starts[-1]))
    valid = rng.random(starts[-1]) >= gaps
    positions[:, ~valid] = np.nan
    return positions, valid, starts


def loop(positions, valid, starts, max_lagtime):
    """Return all columns of means, and pairs, one pair at a time."""
    ndim, n = len(positions), len(starts) - 1
    means = np.full((2 * ndim + 1, n, max_lagtime), np.nan)
    pairs = np.zeros((n, max_lagtime), np.int64)
    for k, m in np.ndindex(n, max_lagtime):
        first = range(starts[k], starts[k + 1] - m - 1)
        both = [t for t in first if valid[t] and valid[t + m + 1]]
        pairs[k, m] = len(both)
        total = 0.0
        for axis, x in enumerate(positions.tolist() if both else []):
            shift = square = 0.0
            for t in both:
                step = x[t + m + 1] - x[t]
                shift += step
                square += step * step
            total += square
            means[axis, k, m] = shift / len(both)
            means[ndim + axis, k, m] = square / len(both)
            means[-1, k, m] = total / len(both)
    return means, pairs


def weights(n, count, pairs):
    """Return N of a track, of which `pairs` are seen at each lag."""
    m = np.arange(1.0, len(pairs) + 1)
    k = n - m
    with np.errstate(all="ignore"):
        few = 1 / (1 + (k**3 + 5 * m - 4 * k**2 * m - n) / (6 * k * m**2))
        many = 6 * k**2 * m / (2 * n - m + 4 * n * m**2 - 5 * m**3)
    of_lags = np.where(m >= n, 0, np.where(m > n / 2, few, many)) * count / n
    seen = np.where(pairs > 0, of_lags, 0)
    return seen * (of_lags.sum() / seen.sum() if seen.any() else 1)


def measured(spans, lags, ndim=2, gaps=0.3):
    """Return what `ensemble` takes, of tracks seen at both ends."""
    positions, valid, starts = tracks(spans, ndim, gaps)
    valid[starts[:-1]] = valid[starts[1:] - 1] = True
    positions[:, ~valid] = 7.0
    positions[np.isnan(positions)] = 50.0
    means, pairs = cpu.msd(positions, valid, starts, lags, detail=ndim == 3)
    return means, pairs, np.array(spans), np.add.reduceat(valid, starts[:-1], dtype=np.int64)


def put(arrays):
    import cupy

    return [cupy.asarray(array) for array in arrays]


@pytest.mark.parametrize("detail", [False, True])
@pytest.mark.parametrize("lags", LAGS)
def test_kernel(cuda: ModuleType, lags: int, detail: bool) -> None:
    data = tracks(SPANS, ndim=2 + detail)
    means, pairs = cuda.msd(*put(data), lags, detail)
    expected_means, expected_pairs = cpu.msd(*data, lags, detail)
    assert (means.dtype, pairs.dtype) == (np.float64, np.int64)
    np.testing.assert_array_equal(pairs.get(), expected_pairs)
    np.testing.assert_array_equal(means.get(), expected_means)


@pytest.mark.parametrize("lags", [40, 150])
@pytest.mark.parametrize("frames", [256, 257, 385, 512, 513, 545, 1100])
def test_kernel_of_long_tracks(cuda: ModuleType, frames: int, lags: int) -> None:
    data = tracks([frames, 7, frames - 1], ndim=1, gaps=0.05)
    means, pairs = cuda.msd(*put(data), lags, True)
    expected_means, expected_pairs = cpu.msd(*data, lags, True)
    np.testing.assert_array_equal(pairs.get(), expected_pairs)
    np.testing.assert_array_equal(means.get(), expected_means)


@pytest.mark.parametrize(("lags", "ndim"), [(1, 2), (31, 2), (32, 2), (33, 3), (64, 2), (100, 2)])
@pytest.mark.parametrize("n", [1, 15, 16, 17, 33])
def test_kernel_of_ensemble(cuda: ModuleType, n: int, lags: int, ndim: int) -> None:
    spans = [80, *np.random.default_rng(n).integers(1, 120, n - 1)]
    data = measured(spans, lags, ndim)
    totals = cuda.ensemble(*put(data))
    assert totals.dtype == np.float64
    np.testing.assert_array_equal(totals.get(), cpu.ensemble(*data))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_kernel_of_nothing(cuda: ModuleType, shape) -> None:
    n, lags = shape
    data = tracks([4] * n)
    means, pairs = cuda.msd(*put(data), lags)
    assert (means.shape, pairs.shape) == ((1, n, lags), (n, lags))
    rest = put([np.zeros(n, np.int64)] * 2)
    assert cuda.ensemble(means, pairs, *rest).shape == (2, -(-n // 16), lags)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    spans=st.lists(st.integers(0, 12), max_size=4),
    ndim=st.integers(1, 3),
    max_lagtime=st.integers(0, 15),
    gaps=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
)
def test_same_bits_as_a_loop(seed, spans, ndim, max_lagtime, gaps) -> None:
    data = tracks(spans, ndim, gaps, seed)
    means, pairs = cpu.msd(*data, max_lagtime, detail=True)
    expected_means, expected_pairs = loop(*data, max_lagtime)
    np.testing.assert_array_equal(means, expected_means)
    np.testing.assert_array_equal(pairs, expected_pairs)
    means, pairs = cpu.msd(*data, max_lagtime)
    np.testing.assert_array_equal(means[0], expected_means[-1])


def test_by_hand() -> None:
    positions = np.array([[5.0, 0, 3, -7, 4], [1, 0, 1, 7, 2]])
    valid = np.array([True, True, True, False, True])
    means, pairs = cpu.msd(positions, valid, np.array([0, 1, 5]), 4, detail=True)
    assert pairs.tolist() == [[0] * 4, [1, 1, 1, 0]]
    assert np.isnan(means[:, pairs == 0]).all()
    x, y, x2, y2, both = means[:, 1, :3].tolist()
    assert (x, y) == ([3, 1, 4], [1, 1, 2])
    assert (x2, y2, both) == ([9, 1, 16], [1, 1, 4], [10, 2, 20])


def test_order_of_the_sum() -> None:
    # 1 + 2^53 + 1 differs with the order: in ascending time both ones are lost one by one.
    positions = np.cumsum([0.0, 1.0, 2.0**26.5, 1.0])[None]
    means, _ = cpu.msd(positions, np.ones(4, bool), np.array([0, 4]), 1)
    steps = np.diff(positions[0])
    assert means[0, 0, 0] == ((steps[0] ** 2 + steps[1] ** 2) + steps[2] ** 2) / 3


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="`valid` must have the last axis of `positions`"):
        cpu.msd(np.zeros((2, 6)), np.ones(5, bool), np.array([0, 6]), 1)


@pytest.mark.parametrize("lags", [1, 40, 100])
@pytest.mark.parametrize("n", [1, 16, 40])
def test_ensemble(n: int, lags: int) -> None:
    means, pairs, spans, counts = measured(np.arange(3, 3 + n), lags, ndim=3, gaps=0.5)
    totals = cpu.ensemble(means, pairs, spans, counts)
    assert totals.shape == (8, -(-n // 16), lags)
    own = np.array([weights(*track) for track in zip(spans, counts, pairs, strict=True)])
    np.testing.assert_allclose(totals[-1].sum(axis=0), own.sum(axis=0), rtol=1e-12)
    expected = np.nansum(own * means, axis=1)
    np.testing.assert_allclose(totals[:-1].sum(axis=1), expected, rtol=1e-10, atol=1e-9)
    first = cpu.ensemble(means[:, :16], pairs[:16], spans[:16], counts[:16])
    np.testing.assert_array_equal(totals[:, 0], first[:, 0])


def test_ensemble_by_hand() -> None:
    # Two tracks of three frames, one without its middle: the weight of lag 1 goes to lag 2.
    pairs = np.array([[2, 1], [0, 1]])
    means = np.array([[[5.0, 7.0], [np.nan, 3.0]]])
    totals = cpu.ensemble(means, pairs, np.array([3, 3]), np.array([3, 2]))
    one, two = 6 * 4 / (6 - 1 + 12 - 5), 1.0
    moved = (one + two) * 2 / 3
    expected = [[[5 * one, 7 * two + 3 * moved]], [[one, two + moved]]]
    np.testing.assert_allclose(totals, expected, rtol=1e-14)
