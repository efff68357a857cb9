"""Launchers of the `centroid` kernels; the mirrors in `spotgpu.backends.cpu` specify them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cupy
import numpy as np

from spotgpu.backends.cuda._launch import Array, blocks, launch
from spotgpu.backends.windows import angle_tables, mask_offsets

__all__ = ["centroid", "characterize"]

THREADS, WARP = 128, 32
#: Lanes that a window has while it moves, for masks of at most so many pixels. With fewer lanes the
#: sums take fewer steps, but the window waits for more others of its warp.
GROUPS = {200: 8, 600: 16}
#: The kernel counts iterations in 32 bits; windows come to rest long before.
MOST_ITERATIONS = 2**31 - 1


def centroid(
    frames: Array, peaks: Array, radius: tuple[int, ...], max_iterations: int
) -> tuple[Array, Array, Array]:
    """As `spotgpu.backends.cpu.centroid`, on the device."""
    n, ndim = len(peaks), len(radius)
    offsets, mass = cupy.empty((n, ndim)), cupy.empty(n)
    windows = cupy.empty((n, 1 + ndim), cupy.int64)
    if n:
        frames = frames.reshape(len(frames), -1, *frames.shape[-2:])
        places, _, _ = _tables(radius, cupy.cuda.Device().id)
        peaks = cupy.ascontiguousarray(peaks)
        left = min(max_iterations, MOST_ITERATIONS)
        arguments = (frames, *frames.shape[1:], peaks, n, places, left)
        defines = _defines(radius, str(frames.dtype), "uint8")
        results, grid = (offsets, windows, mass), blocks(n * defines["GROUP"], THREADS)
        launch("centroid", "refine", grid, THREADS, (*arguments, *results), defines)
    return offsets, windows, mass


def characterize(
    frames: Array, raw: Array, windows: Array, radius: tuple[int, ...]
) -> tuple[Array, Array, Array, Array]:
    """As `spotgpu.backends.cpu.characterize`, on the device."""
    n, defines = len(windows), _defines(radius, str(frames.dtype), str(raw.dtype))
    size, signal, raw_mass = cupy.empty((n, defines["SIZES"])), cupy.empty(n), cupy.empty(n)
    ecc = cupy.empty(n) if len(radius) == 2 else cupy.full(n, cupy.nan)
    if n:
        frames, raw = (a.reshape(len(a), -1, *a.shape[-2:]) for a in (frames, raw))
        windows, tables = cupy.ascontiguousarray(windows), _tables(radius, cupy.cuda.Device().id)
        arguments = (frames, raw, *frames.shape[1:], windows, n, *tables)
        results, grid = (size, ecc, signal, raw_mass), blocks(n * WARP, THREADS)
        launch("centroid", "measure", grid, THREADS, (*arguments, *results), defines)
    return size, ecc, signal, raw_mass


@lru_cache(maxsize=64)
def _tables(radius: tuple[int, ...], device: int) -> tuple[Array, Array, Array]:
    """Return, on `device`, the pixels of the mask and their angles."""
    corner = (mask_offsets(radius) + radius).astype(np.uint64)
    places = (corner << (16 * np.arange(len(radius), dtype=np.uint64))).sum(axis=1)
    angles = angle_tables(radius) if len(radius) == 2 else (np.empty(0), np.empty(0))
    with cupy.cuda.Device(device):
        tables = cupy.asarray(places), cupy.asarray(angles[0]), cupy.asarray(angles[1])
        # Other streams use them too.
        cupy.cuda.get_current_stream().synchronize()
    return tables


@lru_cache(maxsize=64)
def _defines(radius: tuple[int, ...], frames: str, raw: str) -> dict[str, Any]:
    offsets = mask_offsets(radius)
    pixels = len(offsets)
    # The most that a sum over the mask can be: a mass, a moment, a sum of squares.
    moment, square = (offsets + radius).sum(axis=0).max(), (offsets**2).sum()
    largest = int(np.iinfo(frames).max) * max(pixels, int(moment), int(square))
    total = "float64" if raw.startswith("float") else "int64"
    if total == "int64" and int(np.iinfo(raw).max) * pixels < 1 << 31:
        total = "int32"
    return {
        "THREADS": THREADS,
        "GROUP": next((lanes for most, lanes in GROUPS.items() if pixels <= most), WARP),
        "NDIM": len(radius),
        "PIXELS": pixels,
        "SIZES": 1 if len(set(radius)) == 1 else len(radius),
        "RADII": "{" + ",".join(map(str, radius)) + "}",
        "PIXEL": frames,
        "SUM": "uint32" if largest < 1 << 32 else "uint64",
        "RAW": raw,
        "TOTAL": total,
    }
