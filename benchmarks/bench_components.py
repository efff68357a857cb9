"""Connected components beside scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

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
    near = cpu.candidates(cpu.grid(positions, frame, cells), np.arange(n, 2 * n), -1, 50)

    def peer() -> int:
        ones = np.ones(len(near.cost))
        graph = coo_array((ones, (near.query, n + near.source)), shape=(3 * n, 3 * n))
        return int(connected_components(graph, directed=False)[0])

    def ours() -> int:
        of_source, of_target = cpu.components(near.source, near.query, 2 * n, n)
        return len(np.unique(np.concatenate([of_source, of_target])))

    return Work(ours=ours, peer=peer, check=np.testing.assert_equal)


CASES = [Case("components of 50,000 pairs of frames", "scipy.sparse.csgraph", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
