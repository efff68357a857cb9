"""Launchers of the `quantise` kernels, specified by `spotgpu.backends.cpu.quantise`."""

from __future__ import annotations

import cupy
import numpy as np
import numpy.typing as npt

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["quantise"]

THREADS, ITEMS = 256, 4


def quantise(frames: Array, dtype: npt.DTypeLike, peak: Array | None = None) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.quantise`, on the device."""
    n, number = frames[:1].size, len(frames)
    quantised, scale = cupy.empty(frames.shape, dtype), cupy.ones(number)
    if frames.size == 0:
        return quantised, scale
    constants = {"THREADS": THREADS, "ITEMS": ITEMS, "RESULT": quantised.dtype.name}
    top = int(np.iinfo(quantised.dtype).max)
    grid = (blocks(n, THREADS * ITEMS), 1, number)
    flat, result = frames.reshape(number, n), quantised.reshape(number, n)
    if peak is None:
        bits = cupy.zeros(number, cupy.int64)
        launch("quantise", "find_peak", grid, THREADS, (flat, n, bits), constants)
    else:
        bits = peak.view(cupy.int64)
    arguments = (flat, n, top, bits, result, scale)
    launch("quantise", "stretch", grid, THREADS, arguments, constants)
    return quantised, scale
