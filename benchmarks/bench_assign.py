"""Small assignment problems beside scipy's solver, which gets each component."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu

SIDES = (1, 2, 3, 4)
NULL_COST = 25.0


def make(small: bool) -> Work:
    """Return the work on full blocks, most of them small."""
    rng = np.random.default_rng(0)
    sides = rng.choice(SIDES, 100 if small else 20_000, p=(0.7, 0.2, 0.07, 0.03))
    start = np.concatenate([[0], np.cumsum(sides)])
    n = int(start[-1])
    costs = [rng.uniform(0, NULL_COST, (side, side)) for side in sides]
    cells = [
        np.indices((side, side)).reshape(2, -1) + first
        for side, first in zip(sides, start[:-1], strict=True)
    ]
    target, source = np.concatenate(cells, axis=1)
    cost = np.concatenate([block.ravel() for block in costs])

    def peer() -> np.ndarray:
        match = np.full(n, -1)
        for first, block in zip(start[:-1], costs, strict=True):
            rows, columns = linear_sum_assignment(block)
            match[first + rows] = first + columns
        return match

    return Work(
        ours=lambda: cpu.assign(source, target, cost, n, n, NULL_COST)[0],
        peer=peer,
        check=np.testing.assert_array_equal,
    )


CASES = [Case("assign of 20,000 components", "scipy linear_sum_assignment", make, 2)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
