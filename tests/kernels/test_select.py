"""Rows to keep: the mirror by hand, the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu


def columns(n: int) -> tuple[np.ndarray, ...]:
    """Return columns of all sizes of items, with rows of one to three."""
    rng = np.random.default_rng(n)
    return (
        rng.random(n) < 0.5,
        rng.integers(0, 2**16, (n, 3), np.uint16),
        rng.integers(-(2**62), 2**62, n),
        rng.random((n, 1, 2)),
    )


def test_by_hand() -> None:
    keep = np.array([False, True, True, False])
    number, position = cpu.select(keep, np.arange(4), np.arange(8.0).reshape(4, 2))
    assert number.tolist() == [1, 2]
    assert position.tolist() == [[2, 3], [4, 5]]
    assert cpu.select(keep) == ()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 1.0])
@pytest.mark.parametrize("n", [0, 1, 32, 33, 255, 256, 257, 700])
def test_kernel(cuda: ModuleType, n: int, share: float) -> None:
    import cupy

    keep = np.random.default_rng(n + 1).random(n) < share
    given = columns(n)
    found = cuda.select(cupy.asarray(keep), *map(cupy.asarray, given))
    for ours, mirror in zip(found, cpu.select(keep, *given), strict=True):
        assert ours.dtype == mirror.dtype
        np.testing.assert_array_equal(ours.get(), mirror)


def test_kernel_of_strided_columns(cuda: ModuleType) -> None:
    import cupy

    keep = np.arange(50) % 3 == 0
    table = np.arange(200.0).reshape(50, 4)
    (found,) = cuda.select(cupy.asarray(keep), cupy.asarray(table)[:, 1:])
    np.testing.assert_array_equal(found.get(), table[keep, 1:])
