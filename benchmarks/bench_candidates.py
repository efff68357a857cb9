"""Neighbours in another frame beside those of scipy's tree."""

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
    grid = cpu.grid(positions, frame, cells)
    points = np.arange(n, 2 * n)
    old, new = (cKDTree(grid.positions[:, k * n : (k + 1) * n].T) for k in range(2))
    return Work(
        ours=lambda: len(cpu.candidates(grid, points, -1, 50).cost),
        peer=lambda: len(old.sparse_distance_matrix(new, REACH, output_type="ndarray")),
        check=np.testing.assert_equal,
    )


CASES = [Case("candidates of 50,000 points", "scipy.spatial.cKDTree", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
