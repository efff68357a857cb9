"""Grey level and noise of the background beside trackpy's."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import crowded, filtered
from spotgpu.backends import cpu

RADIUS = (3, 3)


def make(small: bool) -> Work:
    """Return the work on an image and its filtered one."""
    from trackpy.uncertainty import measure_noise

    raw, image = crowded(small), filtered(small)
    return Work(
        ours=lambda: np.ravel(cpu.background(image[None], raw[None], RADIUS)),
        peer=lambda: measure_noise(image, raw, RADIUS),
        check=lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9),
    )


CASES = [Case("background 512x512", "trackpy 0.7", make, rounds=31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
