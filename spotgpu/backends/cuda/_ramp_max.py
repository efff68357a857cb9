"""Launcher of the `ramp_max` kernel; the mirror `spotgpu.backends.cpu.ramp_max` specifies it."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch, optional

__all__ = ["ramp_max"]

THREADS = 192
#: Windows of a thread, at least, and as many times the frames of one, of which it reads more.
SPAN, TIMES = 64, 4


def ramp_max(
    frames: Array,
    ramp: Array,
    base: Array | None = None,
    first: Array | None = None,
    least: bool = False,
) -> Array:
    """As `spotgpu.backends.cpu.ramp_max`, on the device."""
    size, channels = len(ramp) - (first is not None), ramp.shape[1]
    count, n = len(frames) - size + 1, frames[:1].size
    extreme = cupy.empty((count, *frames.shape[1:], channels))
    if extreme.size == 0:
        return extreme
    defines = {"THREADS": THREADS, "PIXEL": frames.dtype.name, "LEAST": int(least)}
    others, more = optional(n, BASE=base, FIRST=first)
    span = max(SPAN, TIMES * size)
    source, out = frames.reshape(-1, n), extreme.reshape(count, n, channels)
    block = (channels, THREADS // channels)
    parts = blocks(n, block[1])
    arguments = (source, n, parts, count, size, span, ramp, *others, out)
    grid = parts * blocks(count, span)
    launch("ramp_max", "find_extremes", grid, block, arguments, defines | more)
    return extreme
