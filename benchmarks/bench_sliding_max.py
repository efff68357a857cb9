"""Maxima over windows of frames beside scipy, and beside stacking each window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu

SIZE = 30


def filtered(frames: np.ndarray) -> np.ndarray:
    """Return what scipy gives where a window is whole."""
    windows = ndimage.maximum_filter1d(frames, SIZE, axis=0)
    return windows[SIZE // 2 : len(frames) - (SIZE - 1) // 2]


def stacked(frames: np.ndarray) -> np.ndarray:
    """Return the maximum of each window, stacked."""
    windows = [np.stack(frames[i : i + SIZE]) for i in range(len(frames) - SIZE + 1)]
    return np.array([window.max(axis=0) for window in windows])


def work(peer: Callable[[np.ndarray], np.ndarray]) -> Callable[[bool], Work]:
    """Return what makes the work on a movie."""

    def make(small: bool) -> Work:
        shape = (40, 16, 16) if small else (120, 512, 512)
        frames: Any = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        return Work(
            ours=lambda: cpu.sliding_max(frames, SIZE),
            peer=lambda: peer(frames),
            check=np.testing.assert_array_equal,
        )

    return make


CASES = [
    Case("sliding maximum of 120x512x512 over 30 frames", "scipy", work(filtered), 15, rounds=3),
    Case("sliding maximum of 120x512x512 over 30 frames", "numpy", work(stacked), 10, rounds=3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.peer)
def test_smoke(case: Case) -> None:
    smoke(case)
