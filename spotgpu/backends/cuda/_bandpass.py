"""Launchers of the `bandpass` kernels; the mirrors in `spotgpu.backends.cpu` specify them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cupy
import numpy as np
import numpy.typing as npt

from spotgpu.backends.cuda._launch import SHARED, Array, blocks, launch
from spotgpu.backends.cuda._quantise import quantise
from spotgpu.backends.windows import gaussian_weights

__all__ = ["bandpass", "difference"]

#: Pixels of a run, which a thread filters along an axis.
RUN = 8
#: Sides of a tile, x and y: the first that fits.
TILES = [(128, 32), (64, 32), (128, 16), (64, 16), (32, 16), (32, 8)]
#: Types that hold the sums of a window.
SUMS = {
    "uint8": "uint32",
    "int8": "int32",
    "uint16": "uint32",
    "int16": "int32",
    "uint32": "uint64",
    "int32": "int64",
    "float32": "float64",
    "float64": "float64",
}


def bandpass(
    frames: Array,
    noise_size: Sequence[float],
    smoothing_size: Sequence[int],
    threshold: float,
    dtype: npt.DTypeLike,
) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.bandpass`, on the device."""
    rest, peak = _difference(frames, noise_size, smoothing_size, threshold)
    return quantise(rest, dtype, peak.view(cupy.float64))


def difference(
    frames: Array,
    noise_size: Sequence[float],
    smoothing_size: Sequence[int],
    threshold: float,
) -> Array:
    """As `spotgpu.backends.cpu.difference`, on the device."""
    return _difference(frames, noise_size, smoothing_size, threshold)[0]


def _difference(
    frames: Array, noise_size: Sequence[float], smoothing_size: Sequence[int], threshold: float
) -> tuple[Array, Array]:
    """Return the difference, and the bits of each frame's maximum."""
    number, *_, height, width = frames.shape
    result, peak = cupy.empty(frames.shape), cupy.zeros(number, cupy.int64)
    if frames.size == 0:
        return result, peak
    constants, shared = _constants(frames.dtype.name, tuple(noise_size), tuple(smoothing_size))
    smoothed, background = frames, frames
    if frames.ndim == 4:
        smoothed, background = _along_z(frames, constants)
    planes = (-1, height, width)
    depth = frames.size // (number * height * width)
    tiles = blocks(height, constants["TILE_Y"]), blocks(width, constants["TILE_X"])
    sources = smoothed.reshape(planes), background.reshape(planes)
    arguments = (*sources, height, width, depth, *tiles, threshold, result.reshape(planes), peak)
    grid = number * depth * math.prod(tiles)
    launch("bandpass", "filter_planes", grid, constants["THREADS"], arguments, constants, shared)
    return result, peak


def _along_z(frames: Array, constants: dict[str, Any]) -> tuple[Array, Array]:
    """Return both filters of volumes after their first axis."""
    number, depth, height, width = frames.shape
    plane = height * width
    smoothed, background = cupy.empty(frames.shape), cupy.empty_like(frames)
    flat = [a.reshape(number, depth, plane) for a in (frames, smoothed, background)]
    grid = (blocks(plane, constants["THREADS"]), blocks(depth, RUN), number)
    arguments = (flat[0], depth, plane, *flat[1:])
    launch("bandpass", "filter_z", grid, constants["THREADS"], arguments, constants)
    return smoothed, background


@lru_cache(maxsize=64)
def _constants(
    pixel: str, noise_size: tuple[float, ...], smoothing_size: tuple[int, ...]
) -> tuple[dict[str, Any], int]:
    """Return what the kernels are compiled with, and the bytes of their tile."""
    reach = [len(gaussian_weights(sigma)) // 2 for sigma in noise_size]
    halo = max(*reach[-2:], *(side // 2 for side in smoothing_size[-2:]))
    (x, y, pitch, narrow), shared = _tile(np.dtype(pixel).itemsize, halo)
    threads = x * y // RUN
    constants: dict[str, Any] = {
        "PIXEL": pixel,
        "VALUE": "float64" if len(noise_size) == 3 else pixel,
        "SUM": SUMS[pixel],
        "FLOATING": int(SUMS[pixel] == "float64"),
        "TILE_X": x,
        "TILE_Y": y,
        "RUN": RUN,
        "HALO": halo,
        "THREADS": threads,
        "VALUE_PITCH": pitch,
        "PIXEL_PITCH": narrow,
    }
    constants |= _unrolled(pixel, threads, reach, smoothing_size)
    return {**constants, **_windows(noise_size, smoothing_size)}, shared


def _unrolled(
    pixel: str, threads: int, reach: Sequence[int], smoothing_size: tuple[int, ...]
) -> dict[str, int]:
    """Return how many pixels are filtered at once, so that their windows fit into registers.

    Half of the device is busy then, less with large windows of several pixels.
    """
    whole = SUMS[pixel] != "float64"
    large = max(reach) > RUN // 2 or (not whole and max(smoothing_size) > 2 * RUN)
    large |= pixel == "float64"
    return {
        "RESIDENT": min(max(1, (512 if large else 1024) // threads), 16),
        "MEANS_Y": RUN if whole else 1,
        "MEANS_Z": RUN // 4 if whole else 1,
        "SUMS_Y": RUN if reach[-2] <= RUN // 2 else 1,
        "SUMS_Z": RUN if reach[0] <= RUN // 2 else 1,
    }


def _tile(itemsize: int, halo: int) -> tuple[tuple[int, int, int, int], int]:
    """Return the sides of a tile and the pitches of its rows, and its bytes."""
    for x, y in TILES:
        pitch, narrow = (_pitch(x + 2 * halo, size) for size in (8, itemsize))
        shared = y * (8 * pitch + itemsize * narrow)
        if shared <= SHARED:
            break
    return (x, y, pitch, narrow), shared


def _windows(noise_size: tuple[float, ...], smoothing_size: tuple[int, ...]) -> dict[str, Any]:
    """Return the windows of three axes; in planes, those of the first leave pixels alone."""
    constants: dict[str, Any] = {}
    windows = zip("ZYX", [0.0, *noise_size][-3:], [1, *smoothing_size][-3:], strict=True)
    for axis, sigma, side in windows:
        weights = gaussian_weights(sigma)
        half = weights[: len(weights) // 2 + 1].tolist()
        constants[f"BOX_{axis}"] = side
        constants[f"GAUSS_{axis}"] = "{" + ",".join(weight.hex() for weight in half) + "}"
    return constants


def _pitch(width: int, itemsize: int) -> int:
    """Return a width whose rows begin in different banks of shared memory."""
    word = max(1, 4 // itemsize)
    return (-(-width // word) | 1) * word
