"""Launcher of `sliding_max`; the mirror `spotgpu.backends.cpu.sliding_max` specifies it."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["sliding_max"]

THREADS = 128
#: Pixels of a word, of types whose words are compared at once.
LANES = {"uint8": 4, "uint16": 2}


def sliding_max(frames: Array, size: int, least: bool = False) -> Array:
    """As `spotgpu.backends.cpu.sliding_max`, on the device."""
    count = len(frames) - size + 1
    extreme = cupy.empty((count, *frames.shape[1:]), frames.dtype)
    if extreme.size == 0:
        return extreme
    planes, results = frames.reshape(len(frames), -1), extreme.reshape(count, -1)
    lanes = LANES.get(frames.dtype.name, 1)
    if planes.shape[1] % lanes:
        lanes = 1
    word = "uint32" if lanes > 1 else frames.dtype.name
    defines = {"THREADS": THREADS, "LANES": lanes, "WORD": word, "LEAST": int(least)}
    source, out = planes.view(word), results.view(word)
    n = source.shape[1]
    parts = blocks(n, THREADS)
    arguments = (source, n, parts, count, size, out)
    grid = parts * blocks(count, size)
    launch("sliding_max", "find_extremes", grid, THREADS, arguments, defines)
    return extreme
