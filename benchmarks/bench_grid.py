"""A cell grid beside scipy's tree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells

REACH = 5.0


def make(small: bool) -> Work:
    """Return the work on random points in two frames."""
    n = 200 if small else 50_000
    side = REACH * n**0.5
    positions = np.random.default_rng(0).uniform(0, side, (2, 2 * n))
    frame = np.repeat(np.arange(2), n)
    cells = Cells.of(positions, 2, REACH)

    def check(grid: object, trees: list[cKDTree]) -> None:
        assert sum(tree.n for tree in trees) == 2 * n
        assert sorted(grid.order.tolist()) == list(range(2 * n))  # type: ignore[attr-defined]

    return Work(
        ours=lambda: cpu.grid(positions, frame, cells),
        peer=lambda: [cKDTree(positions[:, frame == k].T) for k in range(2)],
        check=check,
    )


CASES = [Case("grid of 100,000 points", "scipy.spatial.cKDTree", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
