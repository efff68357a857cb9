"""Launcher of the `local_max` kernel; the mirror `spotgpu.backends.cpu.local_max` specifies it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cupy

from spotgpu.backends.cuda._argwhere import argwhere
from spotgpu.backends.cuda._dilation import dilation
from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["local_max"]

WARP = 32
#: Of a block, at most.
THREADS = 256
#: Words of a run, which a thread looks at; runs of a tile, rows of a tile.
RUN, RUNS, ROWS = 8, 16, 64
#: Largest windows that the kernel takes without spills, in rows and in words; larger ones are
#: reduced before. Those that are reduced already are less tall.
TALLEST, SHORTER, WIDEST = 16, 13, 10
#: Windows of `dilation` reach that far.
REACH = 15


def local_max(
    frames: Array, size: Sequence[int], threshold: Array, margin: Sequence[float]
) -> Array:
    """As `spotgpu.backends.cpu.local_max`, on the device."""
    if frames.size == 0:
        return cupy.empty((0, frames.ndim), cupy.int64)
    flat = (1,) * (4 - frames.ndim)
    volumes = frames.reshape(len(frames), *flat, *frames.shape[1:])
    pixels = _whole_words(volumes)
    source, reach = _reduced(pixels, (*flat, *size))
    sides = zip(margin, frames.shape[1:], strict=True)
    inside = [(math.ceil(border), math.floor(side - border - 1)) for border, side in sides]
    inside = [(0, 0)] * len(flat) + inside
    mask = _marked(pixels, source, threshold, reach, inside, volumes.shape[3])
    return argwhere(mask.reshape(*frames.shape[:-1], -1), frames.shape)


def _whole_words(volumes: Array) -> Array:
    """Return the frames with rows of whole words."""
    lanes = 4 // volumes.itemsize
    *shape, width = volumes.shape
    if width % lanes == 0 and volumes.flags.c_contiguous and volumes.data.ptr % 4 == 0:
        return volumes
    padded = cupy.zeros((*shape, blocks(width, lanes) * lanes), volumes.dtype)
    padded[..., :width] = volumes
    return padded


def _reduced(pixels: Array, size: Sequence[int]) -> tuple[Array, list[list[int]]]:
    """Return maxima over a part of the windows, and how far the rest reaches along each axis."""
    lanes = 4 // pixels.itemsize
    reach = [[max(side - 1, 0) // 2, side // 2] for side in size]
    source = pixels
    while sum(reach[0]):
        part = [min(n, REACH) for n in reach[0]]
        source = dilation(source, 1, *part)
        reach[0] = [n - m for n, m in zip(reach[0], part, strict=True)]
    while sum(reach[1]) >= (TALLEST if source is pixels else SHORTER):
        part = [min(n // 2, REACH) for n in reach[1]]
        source = dilation(source, 2, *part)
        reach[1] = [n - m for n, m in zip(reach[1], part, strict=True)]
    while sum(reach[2]) >= WIDEST * lanes:
        # Steps of whole words; what is left covers the pixels between.
        part = [min(n // 2 // lanes, REACH) for n in reach[2]]
        in_words = source.reshape(*source.shape[:3], -1, lanes)
        source = dilation(in_words, 3, *part).reshape(source.shape)
        reach[2] = [n - m * lanes for n, m in zip(reach[2], part, strict=True)]
    return source, reach


def _marked(
    pixels: Array,
    source: Array,
    threshold: Array,
    reach: list[list[int]],
    inside: list[tuple[int, int]],
    width: int,
) -> Array:
    """Return the mask of the peaks, a bit a pixel."""
    lanes = 4 // pixels.itemsize
    count, depth, height, _ = pixels.shape
    mask = cupy.empty((count, depth, height, blocks(width, 32)), cupy.uint32)
    bits = mask.view(f"uint{RUN * lanes}")
    runs = bits.shape[3]
    constants = _constants(reach[1:], lanes, runs, source is not pixels)
    chunk = constants["REPEATS"] * (sum(reach[1]) + 1)
    tiles_x = blocks(runs, constants["RUNS"])
    rows = chunk * (ROWS // chunk)
    tiles_y = blocks(height, rows)
    words = (array.view(cupy.uint32) for array in (pixels, source))
    sizes = (depth, height, pixels.shape[3] // lanes, tiles_y, tiles_x, rows)
    limits = [limit for pair in inside for limit in pair]
    arguments = (*words, threshold, *sizes, *limits, bits, runs)
    grid = count * depth * tiles_y * tiles_x
    launch("local_max", "mark_peaks", grid, constants["THREADS"], arguments, constants)
    return mask


def _constants(reach: list[list[int]], lanes: int, runs: int, separate: bool) -> dict[str, Any]:
    (low_y, high_y), (low_x, high_x) = reach
    repeats = max(1, 16 // (low_y + 1 + high_y))
    chunk = repeats * (low_y + 1 + high_y)
    of_tile = blocks(runs, blocks(runs, min(RUNS, THREADS // chunk)))
    # Words that a run sees, in whole quads; `left` of them come before it.
    left = blocks(low_x, lanes)
    seen = blocks(left + RUN + blocks(high_x, lanes), 4) * 4
    columns = (of_tile - 1) * RUN + seen
    return {
        # A power of two: whole blocks, 16 at most, fill a multiprocessor.
        "THREADS": max(2 * WARP, 1 << (max(columns, chunk * of_tile) - 1).bit_length()),
        "LANES": lanes,
        "BITS": f"uint{RUN * lanes}",
        "LOW_Y": low_y,
        "HIGH_Y": high_y,
        "LOW_X": low_x,
        "HIGH_X": high_x,
        "REPEATS": repeats,
        "RUN": RUN,
        "RUNS": of_tile,
        "LEFT": left,
        "SEEN": seen,
        "COLUMNS": columns,
        "TALL_PITCH": _pitch(columns),
        "PIXEL_PITCH": _pitch(of_tile * RUN),
        "SEPARATE": int(separate),
    }


def _pitch(words: int) -> int:
    """Return an odd number of quads of words, so that rows begin in different banks."""
    return (words // 4 | 1) * 4
