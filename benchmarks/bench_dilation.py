"""Maxima along an axis beside scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on the planes of a volume."""
    shape = (1, 8, 32, 32) if small else (1, 32, 512, 512)
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return Work(
        ours=lambda: cpu.dilation(frames, 1, 5, 5),
        peer=lambda: ndimage.maximum_filter1d(frames, 11, axis=1, mode="constant"),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("dilation of 32x512x512 over 11 planes", "scipy", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
