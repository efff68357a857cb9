"""Launcher of the `background` kernels; `spotgpu.backends.cpu.background` specifies them."""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch
from spotgpu.backends.windows import mask_offsets

__all__ = ["background"]

THREADS, WARP, COLUMN, PART = 128, 32, 32, 128
#: Frames of a launch that have threads of their own, at most.
FRAMES = 65535


def background(frames: Array, raw: Array, radius: tuple[int, ...]) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.background`, on the device."""
    n = len(frames)
    level, noise = cupy.zeros(n), cupy.empty(n)
    if n == 0:
        return level, noise
    defines = _defines(radius, str(frames.dtype), str(raw.dtype))
    frames, raw = (array.reshape(n, -1, *array.shape[-2:]) for array in (frames, raw))
    outside = _outside(frames, defines)
    floating = raw.dtype.kind == "f"
    n_parts = blocks(outside[0].size, PART)
    parts = cupy.empty((n, 2 if floating else 4, n_parts), defines["TOTAL"])
    grid = blocks(n_parts * WARP, THREADS), 1, min(n, FRAMES)
    # The standard deviation of floats is from their mean.
    for squares in (False, True) if floating else (False,):
        arguments = (raw, *raw.shape, outside, level, squares, n_parts, parts)
        launch("background", "sum_pixels", grid, THREADS, arguments, defines)
        arguments = (parts, n, n_parts, squares, level, noise)
        launch("background", "finish", blocks(n * WARP, THREADS), THREADS, arguments, defines)
    return level, noise


def _outside(frames: Array, defines: dict[str, int | str]) -> Array:
    """Return a bit for each pixel that no spot reaches."""
    n, depth, height, width = shape = frames.shape
    rows, z = blocks(height, COLUMN), min(n, FRAMES)
    rim = [2 * int(defines[name]) for name in ("RADIUS_Z", "HALO", "RADIUS_X")]
    words = cupy.empty((n, depth + rim[0], rows + rim[1], width + rim[2]), cupy.uint32)
    outside = cupy.empty((n, depth, rows, width), cupy.uint32)
    grid = blocks(words[0].size, THREADS), 1, z
    launch("background", "pack", grid, THREADS, (frames, *shape, words), defines)
    grid = blocks(outside[0].size, THREADS), 1, z
    launch("background", "find_outside", grid, THREADS, (words, *shape, outside), defines)
    return outside


@lru_cache(maxsize=64)
def _defines(radius: tuple[int, ...], frames: str, raw: str) -> dict[str, int | str]:
    depth, height, width = (0, *radius)[-3:]
    return {
        "THREADS": THREADS,
        "ITEMS": PART // WARP,
        "PIXEL": frames,
        "RAW": raw,
        "TOTAL": "float64" if raw.startswith("float") else "uint64",
        "RADIUS_Z": depth,
        "RADIUS_X": width,
        "HALO": blocks(height, COLUMN),
        "COLUMNS": _mask(radius),
    }


def _mask(radius: tuple[int, ...]) -> str:
    """Return the columns of the mask from the highest: z, x, and how far to grow before each."""
    places = sorted((0, *offset)[-3::2] for offset in mask_offsets(radius).tolist())
    heights = {place: len(list(pixels)) // 2 for place, pixels in groupby(places)}
    rows, height = [], radius[-2]
    for place in sorted(heights, key=lambda place: -heights[place]):
        grown = 0
        while rest := height - grown - heights[place]:
            step = min(rest, 2 * grown + 1, COLUMN - 1)
            grown += step
            if step < rest:
                # The central column is in already, and longer.
                rows.append((0, 0, step))
        rows.append((*place, step if grown else 0))
        height = heights[place]
    return "{" + ",".join(f"{{{z},{x},{step}}}" for z, x, step in rows) + "}"
