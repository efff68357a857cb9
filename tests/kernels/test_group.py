"""Grouping by key: the mirror against plain lists, the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu

#: Around the ends of warps and blocks, with keys that many, few and no elements have.
SIZES = [(0, 0), (0, 3), (1, 1), (31, 7), (256, 1), (257, 300), (600, 40), (1000, 5000)]


def keys(n: int, n_keys: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, max(n_keys, 1), n, np.int64)


@pytest.mark.parametrize(("n", "n_keys"), SIZES)
def test_as_lists(n: int, n_keys: int) -> None:
    key = keys(n, n_keys)
    order, start = cpu.group(key, n_keys)
    assert len(order) == n
    assert len(start) == n_keys + 1
    for k in range(n_keys):
        assert order[start[k] : start[k + 1]].tolist() == [i for i in range(n) if key[i] == k]


def test_keys_of_many_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys(300, 40)
    expected = cpu.group(key, 40)
    monkeypatch.setattr("spotgpu.backends.cpu._group.LARGEST_BITS", 8)
    for wide, usual in zip(cpu.group(key, 40), expected, strict=True):
        np.testing.assert_array_equal(wide, usual)


@pytest.mark.parametrize(("n", "n_keys"), SIZES)
def test_kernel(cuda: ModuleType, n: int, n_keys: int) -> None:
    import cupy

    key = keys(n, n_keys)
    result = cuda.group(cupy.asarray(key), n_keys)
    for ours, mirror in zip(result, cpu.group(key, n_keys), strict=True):
        assert ours.dtype == mirror.dtype == np.int64
        np.testing.assert_array_equal(ours.get(), mirror)


def test_kernel_with_the_last_keys_empty(cuda: ModuleType) -> None:
    import cupy

    order, start = cuda.group(cupy.asarray(np.array([2, 0, 2])), 5)
    assert order.get().tolist() == [1, 0, 2]
    assert start.get().tolist() == [0, 1, 1, 3, 3, 3]
