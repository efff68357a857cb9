"""Launcher of the `where_close` kernels; `spotgpu.backends.cpu.where_close` specifies them."""

from __future__ import annotations

from collections.abc import Sequence

import cupy

from spotgpu.backends.cuda._group import group
from spotgpu.backends.cuda._launch import Array, blocks, empty_rows, launch

__all__ = ["where_close"]

THREADS = 128
#: Spots exactly one separation apart are not close, however the distance is rounded.
CLOSE = 1 - 1e-7
#: An odd number whose bits are as random as any: 2^64 over the golden ratio.
MIXER = "0x9e3779b97f4a7c15"


def where_close(frame: Array, positions: Array, separation: Sequence[float], mass: Array) -> Array:
    """As `spotgpu.backends.cpu.where_close`, on the device."""
    n, ndim = positions.shape
    key, marked = empty_rows(n, (), cupy.int64), empty_rows(n, (), bool)
    if n == 0:
        return marked
    scaled = empty_rows(n, (ndim,), cupy.float64)
    # Two rows a spot or more, so that few cells share one.
    bits = n.bit_length() + 1
    shift = 64 - bits
    constants = {"THREADS": THREADS, "NDIM": ndim, "CELLS": 3**ndim, "MIXER": MIXER}
    frame, grid = cupy.ascontiguousarray(frame), blocks(n, THREADS)
    cells = (frame, positions, n, cupy.asarray(separation, float), shift, scaled, key)
    launch("where_close", "find_cells", grid, THREADS, cells, constants)
    order, start = group(key, 1 << bits)
    spots = (frame, scaled, mass, order, start, n, shift, CLOSE**2, marked)
    launch("where_close", "judge", grid, THREADS, spots, constants)
    return marked
