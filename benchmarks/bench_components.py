"""Connected components beside a walk in Python."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on random pairs."""
    n = 300 if small else 100_000
    rng = np.random.default_rng(0)
    target = np.sort(rng.integers(0, n, n))
    source = rng.integers(0, n, n)

    def peer() -> np.ndarray:
        parent = list(range(2 * n))

        def root(node: int) -> int:
            while parent[node] != node:
                parent[node] = node = parent[parent[node]]
            return node

        for one, other in zip(target.tolist(), (source + n).tolist(), strict=True):
            low, high = sorted((root(one), root(other)))
            parent[high] = low
        return np.array([root(node) for node in range(2 * n)])

    def ours() -> np.ndarray:
        of_source, of_target = cpu.components(source, target, n, n)
        return np.concatenate([of_target, of_source])

    return Work(ours, peer, check=np.testing.assert_array_equal)


CASES = [Case("components of 100,000 pairs", "union-find in Python", make, 3)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
