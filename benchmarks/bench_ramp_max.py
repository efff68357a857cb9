"""Maxima over windows in colours beside one array of all planes and colours."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu

SIZE = 30


def make(small: bool) -> Work:
    """Return the work on a movie."""
    shape = (SIZE + 3, 16, 16) if small else (SIZE + 3, 256, 256)
    rng = np.random.default_rng(0)
    frames, ramp = rng.integers(0, 256, shape, np.uint8), rng.random((SIZE, 3))

    def coloured() -> np.ndarray:
        windows = [frames[i : i + SIZE].astype(float) for i in range(len(frames) - SIZE + 1)]
        return np.array([(w[..., None] * ramp[:, None, None]).max(axis=0) for w in windows])

    return Work(
        ours=lambda: cpu.ramp_max(frames, ramp),
        peer=coloured,
        check=np.testing.assert_array_equal,
    )


CASES = [Case("coloured maximum of 33x256x256 over 30 frames", "numpy", make, rounds=3)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
