"""Launcher of `sliding_median`; the mirror `spotgpu.backends.cpu.sliding_median` specifies it."""

from __future__ import annotations

import cupy
import numpy as np

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["sliding_median"]

THREADS = 128
#: Windows of a thread, at least, and as many times the frames of one, before which it looks at
#: as many windows as there are frames in one.
SPAN, TIMES = 64, 4
#: What twice a pixel of each type fits.
TWICE = {"uint8": "uint16", "uint16": "uint32", "int32": "int64"}


def sliding_median(frames: Array, size: int) -> Array:
    """As `spotgpu.backends.cpu.sliding_median`, on the device."""
    twice = TWICE.get(frames.dtype.name, "float64")
    count, n = len(frames) - size + 1, frames[:1].size
    doubled = cupy.empty((count, *frames.shape[1:]), twice)
    if doubled.size == 0:
        return doubled
    span = max(SPAN, TIMES * size)
    limits = (np.finfo if frames.dtype.kind == "f" else np.iinfo)(frames.dtype)
    defines = {"THREADS": THREADS, "PIXEL": frames.dtype.name, "TWICE": twice}
    defines |= {"LOWEST": str(limits.min), "HIGHEST": str(limits.max)}
    source, out = frames.reshape(-1, n), doubled.reshape(-1, n)
    parts = blocks(n, THREADS)
    arguments = (source, n, parts, count, size, span, out)
    grid = parts * blocks(count, span)
    launch("sliding_median", "find_medians", grid, THREADS, arguments, defines)
    return doubled
