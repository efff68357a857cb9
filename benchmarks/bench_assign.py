"""Links of small components beside scipy's assignment, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on components of three sources and three targets."""
    blocks, null_cost = 20 if small else 5_000, 25.0
    cost = np.random.default_rng(0).uniform(0, null_cost, (blocks, 3, 3))
    first = 3 * np.arange(blocks)[:, None]
    target = np.repeat(first + np.arange(3), 3)
    source = (first + np.tile(np.arange(3), 3)).ravel()

    def peer() -> np.ndarray:
        return np.concatenate([3 * k + linear_sum_assignment(c)[1] for k, c in enumerate(cost)])

    def ours() -> np.ndarray:
        n = 3 * blocks
        return cpu.assign(source, target, cost.ravel(), n, n, null_cost)[0]

    return Work(ours=ours, peer=peer, check=np.testing.assert_array_equal)


CASES = [Case("assign 5,000 components", "scipy.optimize.linear_sum_assignment", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
