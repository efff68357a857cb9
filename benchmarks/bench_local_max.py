"""Local maxima and close spots beside trackpy's dilation and its search for pairs."""

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


def close(small: bool) -> Work:
    """Return the search for close spots."""
    from trackpy.find import where_close

    rng = np.random.default_rng(0)
    n = 50 if small else 2000
    positions, mass = rng.uniform(0, 12 * n**0.5, (n, 2)), rng.random(n)
    return Work(
        ours=lambda: np.flatnonzero(cpu.where_close(positions, SEPARATION, mass)),
        peer=lambda: np.unique(where_close(positions, SEPARATION, mass)),
        check=np.testing.assert_array_equal,
    )


CASES = [
    Case("local_max 512x512", "trackpy 0.7", maxima, rounds=31),
    Case("where_close 2,000 spots", "trackpy 0.7", close, rounds=31),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
