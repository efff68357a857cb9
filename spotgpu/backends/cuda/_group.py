"""Launcher of the `group` kernels; the mirror `spotgpu.backends.cpu.group` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, empty_rows, launch
from spotgpu.backends.cuda._scan import scan

__all__ = ["group"]

THREADS = 256
DEFINES = {"THREADS": THREADS}


def group(key: Array, n_keys: int) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.group`, on the device."""
    n = len(key)
    counts = cupy.zeros(n_keys, cupy.int64)
    slot, members, order = (empty_rows(n, (), cupy.int64) for _ in range(3))
    grid = blocks(n, THREADS)
    if n:
        launch("group", "count_members", grid, THREADS, (key, n, counts, slot), DEFINES)
    start = scan(counts)
    if n:
        launch("group", "place_members", grid, THREADS, (key, slot, n, start, members), DEFINES)
        launch("group", "rank_members", grid, THREADS, (key, members, n, start, order), DEFINES)
    return order, start
