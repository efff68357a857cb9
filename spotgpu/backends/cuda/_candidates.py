"""Launcher of the `candidates` kernels, specified by `spotgpu.backends.cpu.candidates`."""

from __future__ import annotations

import cupy

from spotgpu.backends.cells import Candidates, Grid
from spotgpu.backends.cuda._launch import Array, blocks, empty_rows, launch
from spotgpu.backends.cuda._scan import scan

__all__ = ["candidates"]

THREADS = 128


def candidates(grid: Grid, points: Array, step: int | Array, most: int) -> Candidates:
    """As `spotgpu.backends.cpu.candidates`, on the device."""
    ndim, n = grid.positions.shape
    n_points, cells = len(points), grid.cells
    defines = {"THREADS": THREADS, "NDIM": ndim, "RANGES": len(cells.offsets)}
    offsets = cupy.asarray(cells.offsets, cupy.int64)
    table = (grid.positions, grid.key, grid.start, n, offsets, cells.reach * cells.reach)
    if isinstance(step, int):
        step = cupy.full(n_points, step, cupy.int64)
    queries = (cells.frame_stride, points, step, n_points)
    counts, last = cupy.empty((2, n_points), cupy.int64)
    last_cost = cupy.empty(n_points, cupy.float64)
    n_blocks = blocks(n_points, THREADS)
    if n_points:
        arguments = (*table, *queries, most, counts, last, last_cost)
        launch("candidates", "count_near", n_blocks, THREADS, arguments, defines)
    start = scan(counts)
    total = int(start[-1])
    query, source = (empty_rows(total, (), cupy.int64) for _ in range(2))
    cost = empty_rows(total, (), cupy.float64)
    if total:
        rows = (*table, *queries, last, last_cost, start, query, source, cost)
        launch("candidates", "fill_near", n_blocks, THREADS, rows, defines)
    return Candidates(start, query, source, cost)
