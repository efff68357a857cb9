"""Neighbours in other frames: the mirror against all pairs, the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

import spotgpu.backends.cpu._candidates as mirror
from spotgpu.backends import cpu
from spotgpu.backends.cells import Candidates, Cells

EVERY = 10**6


def movie(n: int, ndim: int, frames: int, extent: float, seed: int = 0) -> tuple[Any, ...]:
    """Return positions, half of them on a lattice, so that distances are equal; and frames."""
    rng = np.random.default_rng(seed + n + ndim)
    positions = rng.uniform(0, extent, (ndim, n))
    positions[:, : n // 2] = np.round(positions[:, : n // 2])
    order = rng.permutation(n)
    return positions[:, order], np.sort(rng.integers(0, frames, n))


def both(
    cuda: ModuleType, positions: Any, frame: Any, reach: float, points: Any, step: Any, most: int
) -> Candidates:
    """Return what the kernels find, which must be what the mirror finds."""
    import cupy

    positions, frame = np.asarray(positions, float), np.asarray(frame, np.int64)
    cells = Cells.of(positions, int(frame[-1]) + 2, reach)
    points = np.asarray(points, np.int64)
    expected = cpu.candidates(cpu.grid(positions, frame, cells), points, step, most)
    grid = cuda.grid(cuda.put(positions), cuda.put(frame), cells)
    if not isinstance(step, int):
        step = cupy.asarray(step)
    found = cuda.candidates(grid, cupy.asarray(points), step, most)
    for name, array in expected._asdict().items():
        ours = getattr(found, name).get()
        assert ours.dtype == array.dtype
        np.testing.assert_array_equal(ours, array, name)
    return expected


@pytest.mark.parametrize("reach", [3.0, 9.0])
def test_kernel_keeps_the_nearest(cuda: ModuleType, reach: float) -> None:
    """One target among sources, in several cells or one; of a distance, and at the same place."""
    around = [(0, 2), (2, 0), (-2, 0), (0, -2), (1, 0), (1, 0), (0, 1)]
    positions = np.array([*around, (0, 0)], float).T
    frame = [0] * 7 + [1]
    order = cpu.grid(positions, np.array(frame), Cells.of(positions, 3, reach)).order[:7]
    nearest = [6, 4, 5, 2, 3, 0, 1]  # at one distance by y, then x, then row
    for most in (1, 2, 3, 4, 5, 6, 7, 8):
        found = both(cuda, positions, frame, reach, [7], -1, most)
        assert order[found.source].tolist() == [i for i in order if i in nearest[:most]]
        assert (np.diff(found.source) > 0).all()


def test_kernel_within_reach_only(cuda: ModuleType) -> None:
    """3, 4, 5 is exactly the reach; a hair less is within it."""
    for y, x, there in ((3, 4, 0), (3 - 1e-15, 4, 1), (4, 3, 0), (-3, -3.9, 1), (0, 5, 0)):
        found = both(cuda, [[0, y], [0, x]], [0, 1], 5.0, [1], -1, EVERY)
        assert len(found.source) == there
        assert found.cost.tolist() == [y * y + x * x] * there
    assert both(cuda, [[0, 0.0]], [0, 0], 5.0, [0, 1], 1, EVERY).start.tolist() == [0, 0, 0]


@pytest.mark.parametrize("most", [EVERY, 3, 1])
@pytest.mark.parametrize(("ndim", "extent"), [(1, 80.0), (2, 20.0), (3, 9.0), (4, 5.0)])
def test_kernel_on_movies(cuda: ModuleType, ndim: int, extent: float, most: int) -> None:
    positions, frame = movie(180, ndim, 4, extent)
    first = int(np.searchsorted(frame, 1))
    found = both(cuda, positions, frame, 2.5, np.arange(first, 180), -1, most)
    assert len(found.source) > 50
    assert most < 3 or np.diff(found.start).max() >= 3


@pytest.mark.parametrize("n", [0, 1, 127, 128, 129])
def test_kernel_on_some_points(cuda: ModuleType, n: int) -> None:
    """Each point looks so many frames on or back as it likes."""
    rng = np.random.default_rng(n)
    positions, frame = movie(150, 2, 6, 15.0)
    points = rng.integers(0, 150, n)
    step = rng.integers(0, 6, n) - frame[points]
    both(cuda, positions, frame, 2.5, points, step, 4)


@pytest.mark.parametrize("most", [EVERY, 40, 5])
def test_kernel_where_points_crowd(cuda: ModuleType, most: int) -> None:
    positions = np.zeros((2, 90))
    positions[:, 45:] += 1e-3
    frame = np.repeat([0, 1], 45)
    found = both(cuda, positions, frame, 1.0, np.arange(45, 90), -1, most)
    assert np.diff(found.start).tolist() == [min(most, 45)] * 45


def test_kernel_without_neighbours(cuda: ModuleType) -> None:
    both(cuda, [[0, 50.0, 100]], [0, 1, 2], 3.0, [1, 2], -1, EVERY)
    both(cuda, [[0, 1.0]], [0, 2], 3.0, [1], -1, EVERY)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("most", [EVERY, 2])
@pytest.mark.parametrize("reach", [0.7, 2.5, 30.0])
def test_all_pairs(ndim: int, most: int, reach: float) -> None:
    positions, frame = movie(160, ndim, 4, 14.0, seed=3)
    grid = cpu.grid(positions, frame, Cells.of(positions, 4, reach))
    points = np.arange(int(np.searchsorted(frame, 1)), 160)
    found = cpu.candidates(grid, points, -1, most)
    at = grid.positions
    for i, point in enumerate(points):
        cost = sum((at[axis] - at[axis, point]) ** 2 for axis in range(ndim))
        near = np.flatnonzero((frame == frame[point] - 1) & (cost < reach * reach))
        ranked = sorted(near, key=lambda j: (cost[j], *at[:, j], j))[:most]
        row = slice(found.start[i], found.start[i + 1])
        assert found.source[row].tolist() == sorted(ranked)
        assert (found.query[row] == i).all()
        np.testing.assert_array_equal(found.cost[row], cost[sorted(ranked)])


def test_as_a_tree() -> None:
    positions, frame = movie(2000, 3, 2, 30.0, seed=1)
    grid = cpu.grid(positions, frame, Cells.of(positions, 2, 3.0))
    first = int(np.searchsorted(frame, 1))
    found = cpu.candidates(grid, np.arange(first, 2000), -1, EVERY)
    trees = [cKDTree(grid.positions[:, part].T) for part in (slice(first, None), slice(first))]
    lists = trees[0].query_ball_tree(trees[1], 3.0 - 1e-12)
    assert [sorted(near) for near in lists] == [
        part.tolist() for part in np.split(found.source, found.start[1:-1])
    ]


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 3, 10])
@pytest.mark.parametrize("reach", [2.5, 30.0])
def test_trees_find_the_same(ndim: int, most: int, reach: float, monkeypatch: Any) -> None:
    """In crowds, also on a lattice, where more are at one distance than are looked up."""
    positions, frame = movie(400, ndim, 3, 8.0)
    grid = cpu.grid(positions, frame, Cells.of(positions, 4, reach))
    steps = np.random.default_rng(0).integers(-2, 3, 400)
    ends = frame[grid.order] + steps
    points = np.flatnonzero((ends >= 0) & (ends <= 3))
    expected = cpu.candidates(grid, points, steps[points], most)
    looked_up = []
    by_tree = mirror.nearest_by_tree
    monkeypatch.setattr(mirror, "CROWD", 1)
    monkeypatch.setattr(
        mirror, "nearest_by_tree", lambda *args: looked_up.append(by_tree(*args)) or looked_up[-1]
    )
    found = cpu.candidates(grid, points, steps[points], most)
    assert len(looked_up) == 1 or (ndim, most, reach) == (1, 10, 2.5)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_ties_beyond_those_looked_up(monkeypatch: Any) -> None:
    """12 sources on a circle about the target: 1 wanted, 7 looked up, the first of 12 is right."""
    angle = np.arange(12) * np.pi / 6
    circle = np.round(np.stack([np.sin(angle), np.cos(angle)]) * 5)
    positions = np.concatenate([circle[:, np.hypot(*circle) == 5], np.zeros((2, 1))], axis=1)
    positions = np.concatenate([positions, [[3, 4, -3, -4, 3, -3], [4, 3, 4, 3, -4, -4]]], axis=1)
    target = int(np.flatnonzero((positions == 0).all(axis=0))[0])
    frame = np.zeros(positions.shape[1], np.int64)
    positions[:, [target, -1]] = positions[:, [-1, target]]
    frame[-1] = 1
    grid = cpu.grid(positions, frame, Cells.of(positions, 3, 6.0))
    point = np.flatnonzero(grid.key >= grid.key.max())[-1:]
    expected = cpu.candidates(grid, point, -1, 1)
    monkeypatch.setattr(mirror, "CROWD", 0)
    found = cpu.candidates(grid, point, -1, 1)
    assert found.source.tolist() == expected.source.tolist()
    assert len(frame) > 1 + 7
