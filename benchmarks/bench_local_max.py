"""Local maxima beside trackpy's dilation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import filtered
from spotgpu.backends import cpu

SEPARATION = (8, 8)


def maxima(small: bool) -> Work:
    """Return the search for maxima."""
    from trackpy.find import grey_dilation

    image = filtered(small)

    def ours() -> np.ndarray:
        level = cpu.percentile(image[None], 64)
        return cpu.local_max(image[None], (11, 11), level, (3, 3))[:, 1:]

    return Work(
        ours=ours,
        peer=lambda: grey_dilation(image, SEPARATION, 64, margin=(3, 3), precise=False),
        check=np.testing.assert_array_equal,
    )


CASES = [
    Case("local_max 512x512", "trackpy 0.7", maxima, rounds=31),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
