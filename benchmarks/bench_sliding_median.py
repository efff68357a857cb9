"""Medians over windows of frames beside numpy's of each window."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu

SIZE = 30


def medians(frames: np.ndarray) -> np.ndarray:
    """Return twice the median of each window."""
    windows = [frames[i : i + SIZE] for i in range(len(frames) - SIZE + 1)]
    return np.array([2 * np.median(window, axis=0) for window in windows])


def make(small: bool) -> Work:
    """Return the work on a movie."""
    shape = (40, 16, 16) if small else (60, 512, 512)
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return Work(
        ours=lambda: cpu.sliding_median(frames, SIZE),
        peer=lambda: medians(frames),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("sliding median of 60x512x512 over 30 frames", "numpy", make, 20, rounds=3)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
