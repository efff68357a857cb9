"""Launcher of the `argwhere` kernels; the mirror `spotgpu.backends.cpu.argwhere` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, empty_rows, launch
from spotgpu.backends.cuda._scan import scan

__all__ = ["argwhere"]

THREADS = 256


def argwhere(mask: Array, shape: tuple[int, ...]) -> Array:
    """As `spotgpu.backends.cpu.argwhere`, on the device."""
    axes, n = len(shape), mask.size
    if n == 0:
        return cupy.empty((0, axes), cupy.int64)
    defines = {"THREADS": THREADS, "WARPS": THREADS // 32, "AXES": axes}
    grid, words = blocks(n, THREADS), mask.reshape(-1)
    counts = cupy.empty(grid, cupy.int64)
    launch("argwhere", "count_bits", grid, THREADS, (words, n, counts), defines)
    start = scan(counts)
    indices = empty_rows(int(start[-1]), (axes,), cupy.int64)
    if len(indices):
        third, second, pitch = (1, *mask.shape[1:])[-3:]
        arguments = (words, n, start, third, second, pitch, indices)
        launch("argwhere", "list_bits", grid, THREADS, arguments, defines)
    return indices
