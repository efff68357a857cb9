"""Compiled loops give what the mirrors give without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spotgpu.backends import compiled as _compiled
from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells
from spotgpu.backends.pairs import Ints
from spotgpu.linking._between import pairs_between


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the compiled loops; in the test, the mirrors run without them."""
    jit = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    monkeypatch.setattr(_compiled._Work, "loops", None)
    monkeypatch.setattr(_compiled._Work, "absent", True)
    return jit


def with_loops(monkeypatch: pytest.MonkeyPatch, jit: Any) -> None:
    monkeypatch.setattr(_compiled._Work, "loops", jit)


def equal(ours: Any, theirs: Any) -> None:
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_keys", [1, 7, 500])
def test_group(loops: Any, n_keys: int, monkeypatch: pytest.MonkeyPatch) -> None:
    key = np.random.default_rng(n_keys).integers(0, n_keys, 300)
    for k in (key, key[:0]):
        expected = cpu.group(k, n_keys)
        equal(loops.group(k, n_keys), expected)


@pytest.mark.parametrize("most", [1, 3, 10, 10**6])
@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("lattice", [False, True])
def test_candidates(
    loops: Any, most: int, ndim: int, lattice: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(ndim)
    positions = rng.uniform(0, 12, (ndim, 400))
    if lattice:
        positions = np.round(positions)
    frame = np.sort(rng.integers(0, 4, 400))
    grid = cpu.grid(positions, frame, Cells.of(positions, 5, 3.0))
    step = rng.integers(-2, 3, 400)
    ends = frame[grid.order] + step
    points = np.flatnonzero((ends >= 0) & (ends < 5))
    later = np.flatnonzero(frame > 0)
    asked: tuple[tuple[Ints, Any], ...] = ((points, step[points]), (later, -1), (later[:0], -1))
    for some, steps in asked:
        monkeypatch.setattr(_compiled._Work, "loops", None)
        expected = cpu.candidates(grid, some, steps, most)
        with_loops(monkeypatch, loops)
        equal(cpu.candidates(grid, some, steps, most), expected)


@pytest.mark.parametrize("seed", range(40))
def test_assign(loops: Any, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Components of all sizes, some with ties, with and without costs of which none is null."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 60, 2)
    there = rng.random((m, n)) < rng.choice([0.01, 0.03, 0.06])
    target, source = np.nonzero(there)
    cost = rng.uniform(-5, 8, len(source))
    if seed % 2:
        cost = np.round(cost)
    for null_cost in (0.0, 4.0):
        monkeypatch.setattr(_compiled._Work, "loops", None)
        expected = cpu.assign(source, target, cost, n, m, null_cost)
        with_loops(monkeypatch, loops)
        equal(cpu.assign(source, target, cost, n, m, null_cost), expected)


@pytest.mark.parametrize("seed", range(10))
def test_assign_at_the_limit(loops: Any, seed: int) -> None:
    """Small components whose costs are 0 to 4, of which 4 is what none costs."""
    rng = np.random.default_rng(seed)
    blocks = []
    for block in range(300):
        rows, columns = rng.integers(1, 6, 2)
        there = np.argwhere(rng.random((columns, rows)) < rng.choice([0.4, 0.7, 1]))
        blocks.append(there + 5 * block)
    target, source = np.concatenate(blocks).T.copy()
    cost = rng.integers(0, 6, len(source)).astype(float)
    expected = cpu.assign(source, target, cost, 1500, 1500, 4.0)
    equal(loops.assign(source, target, cost, 1500, 1500, 4.0, 32, 5), expected)


@pytest.mark.parametrize("seed", range(10))
def test_components(loops: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 60, 2)
    target, source = np.nonzero(rng.random((m, n)) < 0.03)
    equal(loops.components(source, target, n, m), cpu.components(source, target, n, m))


@pytest.mark.parametrize("most", [1, 3, 10, 10**6])
@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("lattice", [False, True])
def test_between(
    loops: Any, most: int, ndim: int, lattice: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(ndim)
    for n, extent in ((1, 3.0), (60, 9.0), (400, 12.0), (400, 1e9)):
        at = rng.uniform(0, extent, (ndim, n + 90))
        at = np.round(at) if lattice else at
        monkeypatch.setattr(_compiled._Work, "loops", None)
        expected = pairs_between(at, n, 3.0, most, cpu, "reach")
        with_loops(monkeypatch, loops)
        equal(pairs_between(at, n, 3.0, most, cpu, "reach"), expected)
    assert loops.between(np.zeros((2, 40)), 20, 1.0, 10, 399)[-1]


def test_loaded_when_it_pays(loops: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled._Work, "absent", False)
    monkeypatch.setattr(_compiled._Work, "points", 0)
    assert _compiled.compiled(_compiled.ENOUGH // 2) is None
    assert _compiled.compiled(_compiled.ENOUGH // 2) is loops
    assert _compiled.compiled(1) is loops


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compiled._Work, "loops", None)
    monkeypatch.setattr(_compiled._Work, "absent", False)
    monkeypatch.setattr(_compiled._Work, "points", 0)
    monkeypatch.setattr(_compiled.importlib.util, "find_spec", lambda _: None)
    assert _compiled.compiled(_compiled.ENOUGH) is None
    assert _compiled._Work.absent


@pytest.mark.parametrize("size", [1, 4, 5, 8, 9])
def test_ramp_max(loops: Any, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(size)
    frames, ramp = rng.integers(-20, 99, (11, 30, 21), np.int32), rng.normal(0, 1, (size, 3))
    base = cpu.sliding_median(frames, size)
    more, first = np.vstack([ramp, ramp[:1]]), frames[: len(base)]
    for arguments in ((frames, ramp), (frames, ramp, base), (frames, more, base, first)):
        for least in (False, True):
            monkeypatch.setattr(_compiled._Work, "loops", None)
            expected = cpu.ramp_max(*arguments, least=least)
            with_loops(monkeypatch, loops)
            found = cpu.ramp_max(*arguments, least=least)
            np.testing.assert_array_equal(found.view(np.int64), expected.view(np.int64))
