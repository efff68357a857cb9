"""Links are optimal: brute force, ties by hand, and components that trackpy cannot solve."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import spotgpu.backends.cells as cells_module
import spotgpu.backends.cpu._assign as engine_module
import spotgpu.backends.cpu._candidates as candidates_module
import spotgpu.linking._chunks as chunks_module
import spotgpu.linking._lap as lap_module
import spotgpu.linking._memory as memory_module
import spotgpu.linking._problem as problem_module
from spotgpu.linking import link, solver_name


def two_frames(sources, targets):
    columns = ["z", "y", "x"][-np.shape(sources)[1] :]
    both = [
        pd.DataFrame(points, columns=columns, dtype=float).assign(frame=i)
        for i, points in enumerate((sources, targets))
    ]
    return pd.concat(both, ignore_index=True)


def links(f, search_range, **options):
    """Return for each source the number of its target, or None."""
    linked = link(f, search_range, **options)
    at = {p: i for i, p in enumerate(linked.loc[linked["frame"] == 1, "particle"])}
    return [at.get(p) for p in linked.loc[linked["frame"] == 0, "particle"]]


def cost_of(chosen, sources, targets, search_range):
    squared = cdist(sources, targets, "sqeuclidean")
    return sum(search_range**2 if j is None else squared[i, j] for i, j in enumerate(chosen))


def all_choices(n, m):
    for choice in product([*range(m), None], repeat=n):
        used = [j for j in choice if j is not None]
        if len(used) == len(set(used)):
            yield choice


@pytest.mark.parametrize("seed", range(40))
def test_brute_force(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6, 2)
    on_lattice = seed % 2
    sources, targets = rng.uniform(0, 8, (n, 2)), rng.uniform(0, 8, (m, 2))
    if on_lattice:  # many ties; all sums are exact
        sources, targets = (
            np.unique(np.floor(sources), axis=0),
            np.unique(np.floor(targets), axis=0),
        )
        n, m = len(sources), len(targets)
    squared = cdist(sources, targets, "sqeuclidean")
    best = {}
    for choice in all_choices(n, m):
        if all(j is None or squared[i, j] <= 25 for i, j in enumerate(choice)):
            best.setdefault(cost_of(choice, sources, targets, 5), []).append(choice)
    # np.unique has sorted the sources and the targets: the rule takes the first, None being last.
    first = min(best[min(best)], key=lambda choice: [m if j is None else j for j in choice])
    assert links(two_frames(sources, targets), 5) == list(first)


@pytest.mark.parametrize(
    ("sources", "targets", "expected"),
    [
        ([(0, 0), (0, 4)], [(0, 2)], [0, None]),  # the first of two sources
        ([(0, 2)], [(0, 0), (0, 4)], [0]),  # the first of two targets
        ([(0, 0), (2, 2)], [(0, 2), (2, 0)], [0, 1]),  # a square
        ([(0, 0), (0, 9)], [(0, 5)], [None, 0]),  # the nearer
        ([(0, 0)], [(0, 5)], [0]),  # exactly at the range
        ([(0, 0), (0, 10)], [(0, 5)], [0, None]),
    ],
)
def test_ties_by_hand(sources, targets, expected):
    assert links(two_frames(sources, targets), 5) == expected
    reverse = two_frames(sources[::-1], targets[::-1])
    mirrored = [None if j is None else len(targets) - 1 - j for j in expected[::-1]]
    assert links(reverse, 5) == mirrored


def optimum(sources, targets, search_range, most=10):
    """Return the least cost, from a dense problem with a way out for each source."""
    squared = cdist(sources, targets, "sqeuclidean")
    rank = squared.argsort(axis=0).argsort(axis=0)
    allowed = (squared <= search_range**2) & (rank < most)
    n = len(sources)
    dense = np.full((n, len(targets) + n), 1e9)
    dense[:, : len(targets)][allowed] = squared[allowed]
    dense[np.arange(n), len(targets) + np.arange(n)] = search_range**2
    return float(dense[linear_sum_assignment(dense)].sum())


@pytest.mark.parametrize("dense", [2000, 40])  # 40: the sparse solver takes over
@pytest.mark.parametrize("density", [0.5, 2, 8])
@pytest.mark.parametrize("most", [10, 3, 10**6])
def test_large_components(dense, density, most, monkeypatch):
    monkeypatch.setattr(problem_module, "DENSE", dense)
    rng = np.random.default_rng(int(10 * density))
    n = 220
    sources = rng.uniform(0, np.sqrt(n * np.pi * 9 / density), (n, 2))
    targets = sources[:200] + rng.normal(0, 1, (200, 2))
    chosen = links(two_frames(sources, targets), 3, max_candidates=most)
    assert len({j for j in chosen if j is not None}) == n - chosen.count(None)
    assert cost_of(chosen, sources, targets, 3) == pytest.approx(
        optimum(sources, targets, 3, most), rel=1e-9
    )


def test_very_large_component():
    """One component of 2,400 points, past the dense solvers with the limits as they are."""
    rng = np.random.default_rng(5)
    sources = rng.uniform(0, 60, (1200, 2))
    targets = sources + rng.normal(0, 0.7, sources.shape)
    chosen = links(two_frames(sources, targets), 5)
    assert cost_of(chosen, sources, targets, 5) == pytest.approx(
        optimum(sources, targets, 5), rel=1e-9
    )


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e9])
def test_solvers_agree(scale, monkeypatch, brownian):
    f = brownian(20, 200, candidates=2.5)
    f[["y", "x"]] *= scale
    found = []
    for has_lapjv, sides in ((False, range(0)), (lap_module.HAS_LAPJV, range(1, 10**6))):
        monkeypatch.setattr(lap_module, "HAS_LAPJV", has_lapjv)
        monkeypatch.setattr(lap_module, "LAPJV_SIDES", sides)
        monkeypatch.setattr(problem_module, "TRIED", 1)
        monkeypatch.setattr(engine_module, "TRIED", 1)
        found.append(link(f, 5 * scale, memory=2)["particle"].tolist())
        assert solver_name() == ("lapjv" if has_lapjv else "scipy")
    monkeypatch.setattr(problem_module, "DENSE", 1)
    found.append(link(f, 5 * scale, memory=2)["particle"].tolist())
    monkeypatch.undo()
    found.append(link(f, 5 * scale, memory=2)["particle"].tolist())
    assert found[0] == found[1] == found[2] == found[3]


@pytest.mark.parametrize("memory", [0, 1, 3])
def test_pieces_change_nothing(memory, monkeypatch, brownian):
    """Chunks of frames, pieces of pairs and coarse cells are a matter of memory and time only."""
    f = brownian(40, 60, candidates=1.0, blink=0.2)
    f = f[~f["frame"].isin([5, 6, 7, 8, 20, 30])]
    whole = link(f, 5, memory=memory)
    monkeypatch.setattr(candidates_module, "PAIRS_AT_ONCE", 10)
    monkeypatch.setattr(cells_module, "CELLS_PER_POINT", 0.5)
    monkeypatch.setattr(problem_module, "CELLS", 50)
    for points in (60, 100, 150, 300):
        for module in (chunks_module, memory_module):
            monkeypatch.setattr(module, "POINTS", points)
        pd.testing.assert_frame_equal(link(f, 5, memory=memory), whole)
    monkeypatch.setattr(chunks_module, "FRAMES", 1)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory), whole)
