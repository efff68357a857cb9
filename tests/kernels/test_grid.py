"""The cell grid: the mirror against the definition, point by point; the kernels against it."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells

#: Cells that leave points out on all sides; the extents differ by axis.
LOW, SIDE, SHAPE = (1.5, -2.0, 0.25, 3.0), 1.75, (4, 3, 5, 2)


def cells(ndim: int, frames: int) -> Cells:
    return Cells(LOW[:ndim], SIDE, SHAPE[:ndim], frames, 1.5)


def points(n: int, ndim: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n + ndim)
    positions = rng.uniform(-5, 12, (ndim, n))
    edges = rng.integers(-1, 7, (ndim, len(range(0, n, 3))))
    positions[:, ::3] = np.array(LOW[:ndim])[:, None] + SIDE * edges
    return positions, np.sort(rng.integers(0, frames, n))


def both(cuda: ModuleType, positions: np.ndarray, frame: np.ndarray, where: Cells) -> None:
    import cupy

    expected = cpu.grid(positions, frame, where)
    ours = cuda.grid(cupy.asarray(positions), cupy.asarray(frame), where)
    assert ours.cells == where
    for name in ("order", "key", "start", "positions"):
        array, mirror = getattr(ours, name), getattr(expected, name)
        assert array.dtype == mirror.dtype
        np.testing.assert_array_equal(array.get(), mirror, name)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [1, 255, 256, 257])
def test_kernel(cuda: ModuleType, n: int, ndim: int) -> None:
    both(cuda, *points(n, ndim, 3), cells(ndim, 5))


def test_kernel_with_all_in_one_cell(cuda: ModuleType) -> None:
    both(cuda, np.full((2, 70), 3.0), np.zeros(70, np.int64), cells(2, 1))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_by_definition(ndim: int) -> None:
    positions, frame = points(200, ndim, 4)
    where = cells(ndim, 6)
    grid = cpu.grid(positions, frame, where)
    rows = []
    for i in range(200):
        cell = [
            min(max(int(np.floor((positions[axis, i] - LOW[axis]) / SIDE)), 0), SHAPE[axis] - 1)
            for axis in range(ndim)
        ]
        rows.append((int(frame[i]), *cell, i))
    assert [row[-1] for row in sorted(rows)] == grid.order.tolist()
    np.testing.assert_array_equal(grid.positions, positions[:, grid.order])
    # Points of one cell, and no others, share a key; `start` says where they are.
    assert len({row[:-1] for row in rows}) == len(np.unique(grid.key))
    assert len(grid.start) == where.total + 1
    np.testing.assert_array_equal(grid.start, np.searchsorted(grid.key, np.arange(where.total + 1)))


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_runs_of_three_hold_the_neighbouring_cells(ndim: int) -> None:
    where = cells(ndim, 3)
    shape = np.array(SHAPE[:ndim])
    key = {
        (frame, *cell): frame * where.frame_stride + where.margin + int(np.dot(cell, where.strides))
        for frame in range(3)
        for cell in np.ndindex(*shape)
    }
    at = {number: cell for cell, number in key.items()}
    assert len(at) == len(key)
    assert max(key.values()) < where.total
    for (frame, *cell), number in key.items():
        runs = [number + offset + i for offset in where.offsets for i in range(3)]
        assert min(runs) >= 0
        assert max(runs) < where.total
        near = {tuple(np.add(cell, step)) for step in np.ndindex(*[3] * ndim)}
        near = {(frame, *np.subtract(c, 1).tolist()) for c in near} & set(key)
        assert {at[run] for run in runs if run in at} == near


def test_cells_are_as_wide_as_the_reach_and_few() -> None:
    rng = np.random.default_rng(0)
    positions = rng.uniform(0, 1000, (2, 500))
    wide = Cells.of(positions, 5, 100.0)
    assert wide.side == pytest.approx(100, rel=1e-5)
    assert wide.side > 100
    few = Cells.of(positions, 5, 1.0)
    assert np.prod(few.shape) <= 8 * 100
    one = Cells.of(np.array([[0.0, 1e9]]), 2, 1.0)
    assert np.prod(one.shape) <= 8
    assert Cells.of(np.zeros((3, 1)), 50, 1.0).shape == (1, 1, 1)
