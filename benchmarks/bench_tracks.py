"""Filters and drift beside trackpy's, on a million rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.bench_msd import PEER, peer, trajectories
from benchmarks.interleaved import Case, Work, smoke
from spotgpu import motion


def linked(small: bool, tracks: int, frames: int, gaps: float = 0.0) -> pd.DataFrame:
    """Return a table with the columns of `locate`; every third track ends early."""
    tracks, frames = (30, 40) if small else (tracks, frames)
    table = trajectories(tracks, frames, gaps)
    for column in ("mass", "size", "ecc", "signal", "raw_mass", "ep"):
        table[column] = np.random.default_rng(1).random(len(table))
    ends = np.where(np.arange(tracks) % 3, frames, frames // 10)[table["particle"]]
    return table[table["frame"] < ends].reset_index(drop=True)


def same_table(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Compare the rows in the order that they come in."""
    assert list(ours.columns) == list(theirs.columns)
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-9, atol=1e-9)


def stubs(tracks: int, frames: int) -> Callable[[bool], Work]:
    """Return what makes the work of leaving every third track out."""

    def make(small: bool) -> Work:
        table = linked(small, tracks, frames)
        least = int(0.5 * (table["frame"].max() + 1))
        return Work(
            lambda: motion.filter_stubs(table, least),
            peer("filter_stubs", table, least),
            same_table,
        )

    return make


def clusters(small: bool) -> Work:
    """Return the work of leaving large particles out."""
    table = linked(small, 1400, 1000)
    limit = float(table["size"].median())
    return Work(
        lambda: motion.filter_clusters(table, threshold=limit),
        peer("filter_clusters", table, threshold=limit),
        same_table,
    )


def short_lived(tracks: int, frames: int) -> pd.DataFrame:
    """Return tracks that begin at random, some two hundred at a time."""
    table = trajectories(tracks, frames)
    begin = np.random.default_rng(2).integers(0, tracks * frames // 200 + 1, tracks)
    table["frame"] += begin[table["particle"]]
    return table.sort_values(["frame", "x"], ignore_index=True)


def drift(make_table: Callable[[bool], pd.DataFrame]) -> Callable[[bool], Work]:
    """Return what makes the work of measuring the drift."""

    def make(small: bool) -> Work:
        table = make_table(small)
        return Work(lambda: motion.compute_drift(table), peer("compute_drift", table), same_table)

    return make


def lasting(gaps: float) -> Callable[[bool], pd.DataFrame]:
    """Return what makes a table of 1,000 tracks."""
    return lambda small: trajectories(*((30, 40) if small else (1000, 1000)), gaps)


def subtraction(small: bool) -> Work:
    """Return the work of subtracting the drift; trackpy sorts and builds an index besides."""
    table = trajectories(*((30, 40) if small else (1000, 1000)), 0.05)
    shift = motion.compute_drift(table)

    def theirs() -> Any:
        return peer("subtract_drift", table.copy(), shift)()

    def check(ours: pd.DataFrame, other: pd.DataFrame) -> None:
        order = ["frame", "particle"]
        same_table(ours.sort_values(order), other.reset_index(drop=True).sort_values(order))

    return Work(lambda: motion.subtract_drift(table, shift), theirs, check)


CASES = [
    Case("filter_stubs, 1e6 rows, 1,400 tracks", PEER, stubs(1400, 1000), 20),
    Case("filter_stubs, 1e6 rows, 28,000 tracks", PEER, stubs(28000, 50), 50, 3),
    Case("filter_clusters, 1e6 rows", PEER, clusters, 10),
    Case("compute_drift, 1e6 rows, no gaps", PEER, drift(lasting(0.0)), 4),
    Case("compute_drift, 0.95e6 rows, 5 % gaps", PEER, drift(lasting(0.05)), 4),
    Case(
        "compute_drift, 1e6 rows, 20,000 short tracks",
        PEER,
        drift(lambda small: short_lived(*((400, 20) if small else (20000, 50)))),
        2,
    ),
    Case("subtract_drift, 0.95e6 rows", PEER, subtraction, 2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
