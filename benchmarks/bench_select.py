"""Rows of a table to keep beside pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on spots that are bright enough."""
    n = 1000 if small else 1_000_000
    rng = np.random.default_rng(0)
    position, mass = rng.random((n, 2)), rng.random(n)
    keep = mass > 0.4
    table = pd.DataFrame({"y": position[:, 0], "x": position[:, 1], "mass": mass})

    def check(ours: tuple[np.ndarray, ...], peer: pd.DataFrame) -> None:
        np.testing.assert_array_equal(np.column_stack(ours), peer.to_numpy())

    return Work(lambda: cpu.select(keep, position, mass), lambda: table[keep], check)


CASES = [Case("select of 1e6", "pandas", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
