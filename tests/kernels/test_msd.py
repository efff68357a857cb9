"""The msd mirrors against plain loops and by hand, the kernels against the mirrors."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu

#: Frames of a track: around the ends of warps and of what a block loads at once.
SPANS = [1, 2, 31, 32, 33, 63, 64, 65, 129, 3]
#: Lags: around the ends of warps and of what a block owns.
LAGS = [1, 2, 63, 64, 65, 100, 127, 128, 129, 257]


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
        if not both:
            continue
        pairs[k, m] = len(both)
        total = 0.0
        for axis, x in enumerate(positions.tolist()):
            shift = square = 0.0
            for t in both:
                shift += x[t + m + 1] - x[t]
                square += (x[t + m + 1] - x[t]) * (x[t + m + 1] - x[t])
            total += square
            means[axis, k, m] = shift / len(both)
            means[ndim + axis, k, m] = square / len(both)
        means[-1, k, m] = total / len(both)
    return means, pairs


def weights_of_a_track(n, count, pairs):
    """Return N of `ensemble` for one track, in exact sums."""
    m = np.arange(1.0, len(pairs) + 1)
    k = n - m
    with np.errstate(all="ignore"):
        few = 1 / (1 + (k**3 + 5 * m - 4 * k**2 * m - n) / (6 * k * m**2))
        many = 6 * k**2 * m / (2 * n - m + 4 * n * m**2 - 5 * m**3)
    weights = np.where(m >= n, 0, np.where(m > n / 2, few, many)) * count / n
    left = weights[pairs > 0]
    return np.where(pairs > 0, weights, 0) * (weights.sum() / left.sum() if left.size else 1)


def put(*arrays):
    import cupy

    return [cupy.asarray(array) for array in arrays]


@pytest.mark.parametrize("detail", [False, True])
@pytest.mark.parametrize("lags", LAGS)
def test_kernel(cuda: ModuleType, lags: int, detail: bool) -> None:
    given = tracks(SPANS, ndim=2 + detail)
    means, pairs = cuda.msd(*put(*given), lags, detail)
    expected_means, expected_pairs = cpu.msd(*given, lags, detail)
    assert (means.dtype, pairs.dtype) == (np.float64, np.int64)
    np.testing.assert_array_equal(pairs.get(), expected_pairs)
    np.testing.assert_array_equal(means.get(), expected_means)


@pytest.mark.parametrize("frames", [257, 512, 513, 1100])
@pytest.mark.parametrize("lags", [40, 150])
def test_kernel_of_long_tracks(cuda: ModuleType, frames: int, lags: int) -> None:
    given = tracks([frames, 7, frames - 1], ndim=1, gaps=0.05)
    means, pairs = cuda.msd(*put(*given), lags, True)
    expected_means, expected_pairs = cpu.msd(*given, lags, True)
    np.testing.assert_array_equal(pairs.get(), expected_pairs)
    np.testing.assert_array_equal(means.get(), expected_means)
