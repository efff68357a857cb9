"""Launchers of the `bandpass` kernels; the mirrors in `spotgpu.backends.cpu` specify them."""

from __future__ import annotations

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
    depth, plane = frames[:1].size // (height * width), height * width
    constants, shared = _constants(frames.dtype.name, tuple(noise_size), tuple(smoothing_size))
    tile = constants["TILE_X"], constants["TILE_Y"]
    smoothed = background = frames
    if frames.ndim == 4:
        smoothed, background = cupy.empty(frames.shape), cupy.empty_like(frames)
        flat = [a.reshape(number, depth, plane) for a in (frames, smoothed, background)]
        grid = (blocks(plane, constants["THREADS"]), blocks(depth, RUN), number)
        arguments = (flat[0], depth, plane, *flat[1:])
        launch("bandpass", "filter_z", grid, constants["THREADS"], arguments, constants)
    result, peak = cupy.empty(frames.shape), cupy.zeros(number, cupy.int64)
    shape = (number * depth, height, width)
    grid = (blocks(width, tile[0]), blocks(height, tile[1]), shape[0])
    sources = smoothed.reshape(shape), background.reshape(shape)
    arguments = (*sources, height, width, depth, threshold, result.reshape(shape), peak)
    launch("bandpass", "filter_planes", grid, constants["THREADS"], arguments, constants, shared)
    return result, peak


@lru_cache(maxsize=64)
def _constants(
    pixel: str, noise_size: tuple[float, ...], smoothing_size: tuple[int, ...]
) -> tuple[dict[str, Any], int]:
    """Return what the kernels are compiled with, and the bytes of their tile."""
    reach = [len(gaussian_weights(sigma)) // 2 for sigma in noise_size]
    halo = max(*reach[-2:], *(side // 2 for side in smoothing_size[-2:]))
    (x, y, pitch, narrow), shared = _tile(np.dtype(pixel).itemsize, halo)
    threads = x * y // RUN
    volume, whole = len(noise_size) == 3, SUMS[pixel] != "float64"
    constants: dict[str, Any] = {
        "PIXEL": pixel,
        "VALUE": "float64" if volume else pixel,
        "SUM": SUMS[pixel],
        "VOLUME": int(volume),
        "TILE_X": x,
        "TILE_Y": y,
        "RUN_X": RUN,
        "RUN_Y": RUN,
        "RUN_Z": RUN,
        "HALO": halo,
        "THREADS": threads,
        # Registers hold neither windows of two arrays nor sums by doubling at several pixels.
        "RESIDENT": max(1, (1024 if whole else 512) // threads),
        "UNROLL_Y": RUN if whole and not volume else 1,
        "UNROLL_Z": RUN if whole else 1,
        "VALUE_PITCH": pitch,
        "PIXEL_PITCH": narrow,
    }
    return {**constants, **_windows(noise_size, smoothing_size)}, shared


def _tile(itemsize: int, halo: int) -> tuple[tuple[int, int, int, int], int]:
    """Return the sides of a tile and the pitches of its rows, and its bytes."""
    for x, y in TILES:
        pitch, narrow = (_pitch(x + 2 * halo, size) for size in (8, itemsize))
        shared = y * (8 * pitch + itemsize * narrow)
        if shared + 8 * (x * y // RUN) <= SHARED:
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
