"""Indices of set bits beside numpy's of an array of bool."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on the mask of some frames with few peaks."""
    shape = (2, 64, 64) if small else (16, 512, 512)
    given = np.random.default_rng(0).random(shape) < 0.005
    mask = np.packbits(given, axis=-1, bitorder="little").view(np.uint32)
    return Work(
        ours=lambda: cpu.argwhere(mask, shape),
        peer=lambda: np.argwhere(given),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("argwhere of 16 masks 512x512", "numpy.argwhere", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
