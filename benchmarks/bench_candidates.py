"""Neighbours in the frame before, for many frames at once, beside scipy's trees."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial import cKDTree

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells

REACH = 5.0


def make(small: bool) -> Work:
    """Return the work on points of which 0.31 lie in a circle of the reach."""
    frames, each = (5, 100) if small else (50, 2000)
    rng = np.random.default_rng(0)
    side = REACH * np.sqrt(np.pi * each / 0.31)
    positions = rng.uniform(0, side, (2, frames * each))
    frame = np.repeat(np.arange(frames), each)

    def ours() -> np.ndarray:
        grid = cpu.grid(positions, frame, Cells.of(positions, frames, REACH))
        found = cpu.candidates(grid, np.arange(each, len(frame)), -1, each)
        return np.stack([grid.order[found.source], grid.order[found.query + each]])

    def peer() -> np.ndarray:
        trees = [cKDTree(part.T) for part in np.split(positions, frames, axis=1)]
        found = [
            before.sparse_distance_matrix(after, REACH, output_type="ndarray")
            for before, after in pairwise(trees)
        ]
        first = each * np.arange(frames - 1).repeat([len(part) for part in found])
        pairs = np.concatenate(found)
        return np.stack([pairs["i"] + first, pairs["j"] + first + each])

    def check(one: np.ndarray, other: np.ndarray) -> None:
        np.testing.assert_array_equal(*(pairs[:, np.lexsort(pairs)] for pairs in (one, other)))

    return Work(ours, peer, check)


CASES = [Case("candidates of 50 x 2,000 points", "scipy.spatial.cKDTree", make, 2)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
