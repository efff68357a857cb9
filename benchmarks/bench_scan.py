"""Prefix sums beside itertools."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on counts of candidates."""
    counts = np.random.default_rng(0).integers(0, 9, 1000 if small else 1_000_000)
    return Work(
        ours=lambda: cpu.scan(counts),
        peer=lambda: np.array(list(accumulate(counts, initial=0))),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("scan of 1e6", "itertools.accumulate", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
