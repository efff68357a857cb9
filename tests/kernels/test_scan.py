"""The scan: the mirror against a plain loop, the kernels against the mirror."""

from __future__ import annotations

from itertools import accumulate
from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu

#: Around the ends of warps, of what a warp owns, of blocks, and of blocks of blocks.
LENGTHS = [0, 1, 2, 31, 32, 33, 255, 256, 257, 2046, 2047, 2048, 2049, 4095, 4096, 10_000]


def counts(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 9, n, np.int64)


@pytest.mark.parametrize("n", LENGTHS)
def test_as_a_loop(n: int) -> None:
    given = counts(n)
    assert cpu.scan(given).tolist() == list(accumulate(given.tolist(), initial=0))


@pytest.mark.parametrize("n", LENGTHS)
def test_kernel(cuda: ModuleType, n: int) -> None:
    import cupy

    given = counts(n)
    start = cuda.scan(cupy.asarray(given))
    assert start.dtype == np.int64
    np.testing.assert_array_equal(start.get(), cpu.scan(given))


def test_kernel_of_large_numbers(cuda: ModuleType) -> None:
    import cupy

    given = np.full(5000, 2**40, np.int64)
    np.testing.assert_array_equal(cuda.scan(cupy.asarray(given)).get(), cpu.scan(given))
