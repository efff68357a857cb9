"""Launcher of the `grid` kernels; the mirror `spotgpu.backends.cpu.grid` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cells import Cells, Grid
from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["grid"]

THREADS = 256


def grid(positions: Array, frame: Array, cells: Cells) -> Grid:
    """As `spotgpu.backends.cpu.grid`, on the device."""
    ndim, n = positions.shape
    defines = {"THREADS": THREADS, "NDIM": ndim}
    low = cupy.asarray(cells.low, cupy.float64)
    shape, strides = cupy.asarray((cells.shape, cells.strides), cupy.int64)
    sizes = (low, cells.side, shape, strides, cells.frame_stride, cells.margin)
    key, of_order = cupy.empty((2, n), cupy.int64)
    n_blocks = blocks(n, THREADS)
    launch("grid", "cell_keys", n_blocks, THREADS, (positions, frame, n, *sizes, key), defines)
    order, start = group(key, cells.total)
    ordered = cupy.empty_like(positions)
    arguments = (positions, key, order, n, ordered, of_order)
    launch("grid", "sort_points", n_blocks, THREADS, arguments, defines)
    return Grid(cells, order, of_order, start, ordered)
