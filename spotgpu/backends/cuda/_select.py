"""Launcher of the `select` kernels; the mirror `spotgpu.backends.cpu.select` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, empty_rows, launch
from spotgpu.backends.cuda._scan import scan

__all__ = ["select"]

THREADS = 256
DEFINES = {"THREADS": THREADS, "WARPS": THREADS // 32, "ITEM": "uint8", "WIDTH": 1}


def select(keep: Array, *columns: Array) -> tuple[Array, ...]:
    """As `spotgpu.backends.cpu.select`, on the device."""
    n = len(keep)
    if n == 0:
        return tuple(cupy.empty_like(column) for column in columns)
    grid = blocks(n, THREADS)
    counts = cupy.empty(grid, cupy.int64)
    rows = empty_rows(n, (), cupy.int64)
    launch("select", "count_kept", grid, THREADS, (keep, n, counts), DEFINES)
    start = scan(counts)
    launch("select", "list_kept", grid, THREADS, (keep, n, start, rows), DEFINES)
    total = int(start[-1])
    return tuple(_rows(column, rows[:total]) for column in columns)


def _rows(column: Array, rows: Array) -> Array:
    kept = empty_rows(len(rows), column.shape[1:], column.dtype)
    if kept.size:
        item = f"uint{8 * column.itemsize}"
        table = cupy.ascontiguousarray(column).reshape(len(column), -1).view(item)
        width = table.shape[1]
        arguments = (table, rows, kept.size, kept.reshape(-1, width).view(item))
        defines = {**DEFINES, "ITEM": item, "WIDTH": width}
        launch("select", "gather_rows", blocks(kept.size, THREADS), THREADS, arguments, defines)
    return kept
