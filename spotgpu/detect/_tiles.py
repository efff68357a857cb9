"""Spots of a frame larger than a device's memory: tile by tile, with the bits of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.backends import cpu
from spotgpu.backends.windows import gaussian_weights
from spotgpu.detect._image import inverted
from spotgpu.detect._options import Options
from spotgpu.detect._spots import kept, table
from spotgpu.errors import SpotgpuError

__all__ = ["Tile", "find_in_tiles", "tiles"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Tile(NamedTuple):
    """A part of a frame, with the halo that its windows reach into.

    Attributes
    ----------
    core, outer : tuple of slice
        The part without and with the halo, which ends where the frame does.
    inner : tuple of slice
        The part within `outer`.
    """

    core: tuple[slice, ...]
    outer: tuple[slice, ...]
    inner: tuple[slice, ...]


def tiles(shape: Sequence[int], halo: Sequence[int], most: int) -> Iterator[Tile]:
    """Cut a frame into parts.

    Parameters
    ----------
    shape : sequence of int
        Sides of the frame in pixels.
    halo : sequence of int
        How far windows reach, per axis.
    most : int
        Pixels of a part with its halo, at most.

    Yields
    ------
    Tile
        In C order.

    Raises
    ------
    SpotgpuError
        If `most` is less than one pixel with its halo.
    """
    side = list(shape)
    while math.prod(min(s + 2 * h, n) for s, h, n in zip(side, halo, shape, strict=True)) > most:
        longest = max(range(len(side)), key=lambda axis: side[axis])
        if side[longest] == 1:
            raise SpotgpuError(
                f"the device has room for {most} pixels, too few for windows that reach "
                f"{' x '.join(map(str, halo))} pixels: use device='cpu'"
            )
        side[longest] = -(-side[longest] // 2)
    for index in np.ndindex(*(-(-n // s) for n, s in zip(shape, side, strict=True))):
        low = [i * s for i, s in zip(index, side, strict=True)]
        high = [min(a + s, n) for a, s, n in zip(low, side, shape, strict=True)]
        start = [max(a - h, 0) for a, h in zip(low, halo, strict=True)]
        stop = [min(b + h, n) for b, h, n in zip(high, halo, shape, strict=True)]
        yield Tile(
            core=tuple(map(slice, low, high)),
            outer=tuple(map(slice, start, stop)),
            inner=tuple(slice(a - c, b - c) for a, b, c in zip(low, high, start, strict=True)),
        )


def find_in_tiles(raw: npt.NDArray[Any], options: Options, engine: ModuleType, most: int) -> Floats:
    """Return the values of the spots of one frame, of which only a part fits the engine at a time.

    The engine filters the frame (twice: the scale of the result is not known before), then finds,
    refines and measures the spots; percentile, background and what spots do to each other are
    those of the whole frame, on the host.

    Parameters
    ----------
    raw : ndarray, shape ([Z,] Y, X)
        A checked image, on the host.
    options : Options
        For images of this kind.
    engine : module
        Backend.
    most : int
        Pixels that it takes at once.

    Returns
    -------
    ndarray of float64, shape (N, columns)
        As of `find`.
    """
    if options.invert:
        raw = inverted(raw)
    # Both first, to fail before the work if there is no room.
    of_filters = list(tiles(raw.shape, _filter_halo(options), most)) if options.preprocess else []
    of_spots = list(tiles(raw.shape, _spot_halo(options), most))
    filtered, scale = _filtered(raw, options, engine, of_filters)
    spots = _spots(raw, filtered, options, engine, of_spots)
    offsets, windows, *rest = spots
    positions = windows[:, 1:] + offsets
    positions, windows, *rest = kept(cpu, scale, options, positions, windows, *rest)
    statistics = [scale]
    if options.characterize:
        statistics += cpu.background(filtered[None], raw[None], options.radius)
    return table([windows[:, 0], positions, *rest], statistics, options)[0]


def _filter_halo(options: Options) -> list[int]:
    smoothed = (len(gaussian_weights(sigma)) // 2 for sigma in options.noise_size)
    return [max(g, b // 2) for g, b in zip(smoothed, options.smoothing_size, strict=True)]


def _spot_halo(options: Options) -> list[int]:
    # A maximum is the largest of its window; then its mask moves one pixel at a time.
    return [
        max(w, r + options.max_iterations)
        for w, r in zip(options.window, options.radius, strict=True)
    ]


def _filtered(
    raw: npt.NDArray[Any], options: Options, engine: ModuleType, parts: list[Tile]
) -> tuple[npt.NDArray[Any], Floats]:
    is_float = raw.dtype.kind == "f"
    dtype = np.dtype(np.uint8) if is_float else raw.dtype
    if not options.preprocess:
        if not is_float:
            return raw, np.ones(1)
        whole, scale = cpu.quantise(raw[None].astype(np.float64), dtype)
        return whole[0], scale
    filtered, scale = np.empty(raw.shape, dtype), np.ones(1)

    def rest(tile: Tile) -> Any:
        part = engine.put(raw[tile.outer][None])
        return engine.difference(
            part, options.noise_size, options.smoothing_size, options.threshold
        )[(slice(None), *tile.inner)].copy()

    peak = np.zeros(1)
    for tile in parts:
        np.maximum(peak, float(rest(tile).max()), out=peak)
    for tile in parts:
        quantised, scale = engine.quantise(rest(tile), dtype, engine.put(peak))
        filtered[tile.core] = engine.get(quantised)[0]
    return filtered, engine.get(scale)


def _spots(
    raw: npt.NDArray[Any],
    filtered: npt.NDArray[Any],
    options: Options,
    engine: ModuleType,
    parts: list[Tile],
) -> list[npt.NDArray[Any]]:
    """Return offsets, windows, mass and what is measured of all maxima, in C order of these."""
    level = engine.put(cpu.percentile(filtered[None], options.percentile))
    found = [_spots_of(tile, raw, filtered, level, options, engine) for tile in parts]
    peaks, *columns = (np.concatenate(rows) for rows in zip(*found, strict=True))
    order = np.lexsort(peaks.T[::-1])
    return [column[order] for column in columns]


def _spots_of(
    tile: Tile,
    raw: npt.NDArray[Any],
    filtered: npt.NDArray[Any],
    level: Any,
    options: Options,
    engine: ModuleType,
) -> list[npt.NDArray[Any]]:
    """Return the maxima of the core of a tile, and what `_spots` returns of them."""
    origin = np.array([0, *(part.start for part in tile.outer)])
    part = engine.put(np.ascontiguousarray(filtered[tile.outer])[None])
    none = (0,) * raw.ndim
    peaks = engine.get(engine.local_max(part, options.window, level, none)) + origin
    inside = np.ones(len(peaks), bool)
    for pixel, core, margin, length in zip(
        peaks.T[1:], tile.core, options.margin, raw.shape, strict=True
    ):
        inside &= (pixel >= max(core.start, margin)) & (pixel < core.stop)
        inside &= pixel <= length - margin - 1
    peaks = peaks[inside]
    offsets, windows, mass = engine.centroid(
        part, engine.put(peaks - origin), options.radius, options.max_iterations
    )
    columns = [offsets, windows, mass]
    if options.characterize:
        before = engine.put(np.ascontiguousarray(raw[tile.outer])[None])
        columns += engine.characterize(part, before, windows, options.radius)
    found = [engine.get(column) for column in columns]
    found[1] = found[1] + origin
    return [peaks, *found]
