"""Set bits of a mask: the mirror against numpy, the kernels against the same."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu

#: Around the ends of words, of warps of words, and of blocks.
SHAPES = [
    (3, 5, 70),
    (2, 3, 4, 33),
    (1, 1, 32 * 257),
    (31, 8, 32),
    (1, 33, 31),
    (2, 0, 5),
    (1, 2, 700, 64),
]


def packed(given: np.ndarray) -> np.ndarray:
    """Return the mask of an array of bool."""
    room = np.zeros((*given.shape[:-1], -(-given.shape[-1] // 32) * 32), bool)
    room[..., : given.shape[-1]] = given
    return np.packbits(room, axis=-1, bitorder="little").view("<u4").astype(np.uint32)


@pytest.mark.parametrize("share", [0.02, 0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_kernel(cuda: ModuleType, shape: tuple[int, ...], share: float) -> None:
    import cupy

    given = np.random.default_rng(1).random(shape) < share
    found = cuda.argwhere(cupy.asarray(packed(given)), shape)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found.get(), np.argwhere(given))


@pytest.mark.parametrize("shape", SHAPES)
def test_mirror(shape: tuple[int, ...]) -> None:
    given = np.random.default_rng(2).random(shape) < 0.3
    found = cpu.argwhere(packed(given), shape)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.argwhere(given))
