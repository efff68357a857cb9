"""Launcher of `percentile`; the mirror `spotgpu.backends.cpu.percentile` specifies it."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["percentile"]

THREADS, ITEMS, BINS = 256, 64, 256
#: Frames of a launch, at most.
FRAMES = 65535


def percentile(frames: Array, q: float) -> Array:
    """As `spotgpu.backends.cpu.percentile`, on the device."""
    n_frames = len(frames)
    level = cupy.full(n_frames, cupy.nan)
    if frames.size == 0:
        return level
    pixels = frames.reshape(n_frames, -1)
    n, size = pixels.shape[1], frames.itemsize
    defines = {"PIXEL": str(frames.dtype), "THREADS": THREADS, "ITEMS": ITEMS, "BINS": BINS}
    found = cupy.zeros((n_frames, 2), cupy.uint32)
    rank, weight = cupy.zeros((n_frames, 2), cupy.int64), cupy.empty(n_frames)
    for shift in range(8 * (size - 1), -1, -8):
        counts = cupy.zeros((n_frames, 2, BINS), cupy.uint64)
        for start in range(0, n_frames, FRAMES):
            some = slice(start, start + FRAMES)
            grid = (blocks(n, THREADS * ITEMS), 1, len(pixels[some]))
            arguments = (pixels[some], n, shift, found[some], counts[some])
            launch("percentile", "count_bytes", grid, THREADS, arguments, defines)
        state = (found, rank, weight, level)
        launch("percentile", "find_bytes", n_frames, 64, (counts, q / 100, shift, *state), defines)
    return level
