"""Launcher of the `window_mean` kernel; its mirror `spotgpu.backends.cpu.window_mean` says more."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["window_mean"]

THREADS = 128


def window_mean(frames: Array, centres: Array, runs: Array, at: Array | None = None) -> Array:
    """As `spotgpu.backends.cpu.window_mean`, on the device."""
    points, fixed = len(centres), at is None
    means = cupy.empty(len(frames) * points if fixed else points)
    if means.size:
        frame_of = cupy.empty(0, cupy.int32) if fixed else at
        total = "float64" if frames.dtype.kind == "f" else "int64"
        defines = {"THREADS": THREADS, "FIXED": int(fixed), "PIXEL": str(frames.dtype)}
        place = (*frames.shape[1:], centres, points, frame_of, runs, len(runs))
        arguments = (frames, *place, means.size, means)
        grid = blocks(means.size, THREADS)
        launch("window_mean", "average", grid, THREADS, arguments, {**defines, "SUM": total})
    return means.reshape(len(frames), points) if fixed else means
