"""Launcher of the `scan` kernels; the mirror `spotgpu.backends.cpu.scan` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["scan"]

THREADS, ITEMS = 256, 8
DEFINES = {"THREADS": THREADS, "ITEMS": ITEMS, "WARPS": THREADS // 32}


def scan(counts: Array) -> Array:
    """As `spotgpu.backends.cpu.scan`, on the device."""
    n = len(counts)
    start = cupy.empty(n + 1, cupy.int64)
    grid = blocks(n + 1, THREADS * ITEMS)
    totals = cupy.empty(grid, cupy.int64)
    launch("scan", "scan_blocks", grid, THREADS, (counts, n, start, totals), DEFINES)
    if grid > 1:
        launch("scan", "add_totals", grid, THREADS, (start, n, scan(totals)), DEFINES)
    return start
