"""Close spots beside trackpy's search for pairs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu

SEPARATION = (8, 8)


def close(small: bool) -> Work:
    """Return the search for close spots."""
    from trackpy.find import where_close

    rng = np.random.default_rng(0)
    n = 50 if small else 2000
    positions, mass = rng.uniform(0, 12 * n**0.5, (n, 2)), rng.random(n)
    frame = np.zeros(n, np.int64)
    return Work(
        ours=lambda: np.flatnonzero(cpu.where_close(frame, positions, SEPARATION, mass)),
        peer=lambda: np.unique(where_close(positions, SEPARATION, mass)),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("where_close 2,000 spots", "trackpy 0.7", close, rounds=31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
