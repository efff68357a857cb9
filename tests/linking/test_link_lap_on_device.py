"""`link_lap` and the core on the device give the CPU's results exactly, ties included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spotgpu.linking._candidates as candidates_module
import spotgpu.linking._chunks as chunks_module
from spotgpu.linking import Pairs, Tracks, assign, candidates, link_lap, link_simple_lap

pytestmark = pytest.mark.usefixtures("cuda")

ALL = {"gap_closing_distance": 6, "splitting_distance": 5, "merging_distance": 4}


def same(f: pd.DataFrame, distance: Any, **options: Any) -> Tracks:
    """Return the tracks of both devices."""
    expected = link_lap(f, distance, **options)
    found = link_lap(f, distance, **options, device="cuda")
    pd.testing.assert_frame_equal(found.spots, expected.spots)
    pd.testing.assert_frame_equal(found.edges, expected.edges)
    return expected


def lattice(frames: int, side: int) -> pd.DataFrame:
    """Return points of a lattice, some missing, that step by one or stay: full of ties."""
    rng = np.random.default_rng(1)
    frame, y, x = np.nonzero(rng.uniform(size=(frames, side, side)) < 0.35)
    return pd.DataFrame({"y": 2.0 * y + frame % 2, "x": 2.0 * x, "frame": frame})


@pytest.mark.parametrize("preset", [None, "trackmate", "laptrack"])
@pytest.mark.parametrize(("ndim", "gap"), [(2, 1), (2, 4), (3, 2)])
def test_movies(brownian: Callable[..., Any], ndim: int, gap: int, preset: str | None) -> None:
    f = brownian(10, 50, ndim=ndim, blink=0.25, candidates=0.8, seed=gap)
    f = f[~f["frame"].isin([0, 5, 6])]
    tracks = same(f, 4, **ALL, max_frame_gap=gap, preset=preset)
    assert (tracks.edges["kind"] != "link").any()


def test_costs(brownian: Callable[..., Any]) -> None:
    f = brownian(8, 50, blink=0.2, candidates=1)
    f["mass"] = np.random.default_rng(0).uniform(1, 3, len(f))
    same(f, (3.0, 4.5), **ALL, penalties={"mass": 1})
    same(f, 4, **ALL, cost=lambda a, b: (a["mass"] - b["mass"]) ** 2)


def test_fixed_edges(brownian: Callable[..., Any]) -> None:
    f = brownian(8, 50, blink=0.2, candidates=1)
    frame = f["frame"].to_numpy()
    fixed = [
        (int(np.flatnonzero(frame == t)[0]), int(np.flatnonzero(frame == t + 1)[1])) for t in (1, 4)
    ]
    assert same(f, 4, **ALL, fixed_edges=fixed).edges["cost"].isna().sum() == 2


@pytest.mark.parametrize("distance", [2.0, 2.3])
def test_ties(distance: float) -> None:
    tracks = same(lattice(6, 9), distance, **dict.fromkeys(ALL, distance))
    assert tracks.edges["kind"].nunique() > 2


@pytest.mark.parametrize("n", range(4))
def test_hardly_any_spots(n: int) -> None:
    f = pd.DataFrame({"y": [0.0, 1, 1], "x": [0.0, 0, 90], "frame": [3, 4, 9]})[:n]
    same(f, 5, **ALL)
    same(f.assign(frame=1), 5, **ALL)


def test_simple(brownian: Callable[..., Any]) -> None:
    f = brownian(8, 50, blink=0.2, candidates=1)
    options = {"gap_closing_distance": 6}
    expected = link_simple_lap(f, 4, **options).edges
    pd.testing.assert_frame_equal(link_simple_lap(f, 4, **options, device="cuda").edges, expected)


def test_chunks(brownian: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    f = brownian(10, 40, candidates=1.0, blink=0.2)
    whole = link_lap(f, 4, **ALL, max_frame_gap=3).edges
    monkeypatch.setattr(chunks_module, "POINTS", 70)
    monkeypatch.setattr(chunks_module, "BYTES", 2**50)
    monkeypatch.setattr(candidates_module, "PAIRS", 50)
    found = link_lap(f, 4, **ALL, max_frame_gap=3, device="cuda").edges
    pd.testing.assert_frame_equal(found, whole)


@pytest.mark.parametrize("gap", [1, 3])
def test_candidates(brownian: Callable[..., Any], gap: int) -> None:
    f = brownian(8, 60, candidates=2, blink=0.1).sample(frac=1, random_state=0)
    for distance in (4, (3.0, 5.0)):
        expected = candidates(f, distance, max_frame_gap=gap)
        found = candidates(f, distance, max_frame_gap=gap, device="cuda")
        assert len(expected.cost) > 200
        for ours, theirs in zip(found, expected, strict=True):
            assert isinstance(ours, np.ndarray)
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("density", [0.02, 0.06, 0.3])
def test_assign(density: float, whole: bool) -> None:
    """Components of a pair, of few spots, and of many; with ties, too."""
    rng = np.random.default_rng(2)
    n, m = 60, 50
    source, target = np.nonzero(rng.uniform(size=(n, m)) < density)
    order = rng.permutation(len(source))
    cost = rng.uniform(0, 9, len(source))
    pairs = Pairs(source[order], target[order], cost.round() if whole else cost)
    options = {"end_cost": rng.integers(1, 6, n), "start_cost": 1, "link_cost": 0.5}
    expected = assign(pairs, n, m, **options)
    assert 5 < np.count_nonzero(expected) < n
    np.testing.assert_array_equal(assign(pairs, n, m, **options, device="cuda"), expected)
    assert assign(Pairs.joined([]), 2, 3, end_cost=1, device="cuda").tolist() == []
