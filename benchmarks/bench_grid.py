"""The cell grid beside sorting with numpy."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells


def make(small: bool) -> Work:
    """Return the work on points of many frames."""
    n, side = (1000, 20.0) if small else (500_000, 500.0)
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, side, (2, n))
    frame = np.sort(rng.integers(0, 50, n))
    cells = Cells.of(positions, 50, 5.0)

    def peer() -> np.ndarray:
        y, x = ((axis - low) // cells.side for axis, low in zip(positions, cells.low, strict=True))
        return np.lexsort((x, y, frame))

    return Work(
        ours=lambda: cpu.grid(positions, frame, cells).order,
        peer=peer,
        check=np.testing.assert_array_equal,
    )


CASES = [Case("grid of 500,000 points", "numpy.lexsort", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
