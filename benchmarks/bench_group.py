"""Grouping by key beside pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on cells of a grid with a point each."""
    n = 1000 if small else 1_000_000
    key = np.random.default_rng(0).integers(0, n, n)
    categories = pd.Categorical.from_codes(key, categories=pd.RangeIndex(n))
    points = pd.Series(np.arange(n))

    def peer() -> np.ndarray:
        return points.groupby(categories, observed=False).cumcount().sort_index().to_numpy()

    def ours() -> np.ndarray:
        return cpu.group(key, n)[0]

    def check(order: np.ndarray, rank: np.ndarray) -> None:
        start = cpu.group(key, n)[1]
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        np.testing.assert_array_equal(place - start[key], rank)

    return Work(ours, peer, check)


CASES = [Case("group of 1e6", "pandas cumcount", make)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
