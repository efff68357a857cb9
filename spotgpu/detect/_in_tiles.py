"""Spots of a frame larger than a memory: tile by tile, with the bits of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends import cpu
from spotgpu.backends.background_sums import BackgroundSums
from spotgpu.backends.windows import gaussian_weights
from spotgpu.detect._image import inverted
from spotgpu.detect._level import Level
from spotgpu.detect._options import Options
from spotgpu.detect._parts import Parts
from spotgpu.detect._spots import kept, table
from spotgpu.detect._tiles import Limits, Tile, common, grown, tiles, within

__all__ = ["find_in_tiles"]

Floats = npt.NDArray[np.float64]
Where = tuple[slice, ...]
#: Of maxima: place in C order, value, position, mass, and what is measured of them.
Columns = list[npt.NDArray[Any]]


def find_in_tiles(
    raw: npt.NDArray[Any] | Parts,
    options: Options,
    engine: ModuleType,
    most: int | Limits,
    most_filtered: int | None = None,
) -> Floats:
    """Return the values of the spots of one frame, of which only a part is in memory at a time.

    The frame is read several times, tile by tile. First for the maximum of the filtered frame, by
    which it is scaled. Then the engine finds, refines and measures all maxima above 0, while the
    values and the background are counted; the percentile is applied to the maxima at the end, and
    so is what spots do to each other. A third time, where one does not do: the standard deviation
    of floats is from their mean, and the percentile of 32 bits is counted in halves. Frames that
    are not filtered may be maxima all over, so that there the percentile is counted before.

    Parameters
    ----------
    raw : ndarray or Parts
        A checked image, on the host, or one that is read.
    options : Options
        For images of this kind.
    engine : module
        Backend.
    most : int or Limits
        Pixels of a tile.
    most_filtered : int, optional
        Pixels that are filtered at once. Default those of a tile.

    Returns
    -------
    ndarray of float64, shape (N, columns)
        As of `find`.

    Raises
    ------
    SpotgpuError
        If there is no room for the windows of one pixel.
    ValueError
        If pixels that are read cannot be computed with.
    """
    limits = most if isinstance(most, Limits) else Limits(most)
    parts = raw if isinstance(raw, Parts) else Parts(raw)
    filters = limits._replace(outer=most_filtered or limits.outer)
    looks = _Looks(parts, options, engine, limits, filters)
    return looks.spots()


class _Looks:
    """Looks at all tiles of a frame, several times."""

    def __init__(
        self, raw: Parts, options: Options, engine: ModuleType, limits: Limits, filters: Limits
    ) -> None:
        self._raw, self._options, self._engine = raw, options, engine
        self._is_float = raw.dtype.kind == "f"
        self._dtype = np.dtype(np.uint8) if self._is_float else raw.dtype
        self._reach = _filter_reach(options)
        halo = _spot_reach(options)
        cut = tiles(raw.shape, halo, limits, beyond=self._reach, chunks=raw.chunks)
        # Both at once, to fail before the work if there is no room.
        self._tiles, self._filters = list(cut), filters
        next(tiles(raw.shape, self._reach, filters))
        #: Of the filtered frame.
        self._peak, self._scale = np.zeros(1), np.ones(1)
        self._level = Level(self._dtype, options.percentile)
        self._background = (
            BackgroundSums(raw.shape, raw.dtype, options.radius) if options.characterize else None
        )

    def spots(self) -> Floats:
        """Return the values of all spots."""
        options = self._options
        if options.preprocess or self._is_float:
            self._find_peak()
        while not (options.preprocess or self._level.known):
            self._look()
        found = self._look(self._level.value if self._level.known else 0.0)
        while self._counting():
            self._look()
        columns = kept(cpu, self._scale, options, *self._in_order(found))
        positions, (frame,), *measured = columns[0], columns[1].T, *columns[2:]
        statistics = [self._scale]
        if self._background is not None:
            statistics += [np.array([self._background.level]), np.array([self._background.noise])]
        return table([frame, positions, *measured], statistics, options)[0]

    def _in_order(self, found: list[Columns]) -> Columns:
        """Return positions, frame, mass and more of the maxima above the percentile."""
        if not math.isnan(self._level.value):
            above = math.floor(self._level.value)
            for columns in found:
                bright = columns[1] > above
                columns[:] = [column[bright] for column in columns]
        joined: Columns = []
        while found[0]:
            joined.append(np.concatenate([columns.pop(0) for columns in found]))
        order = np.argsort(joined[0])
        positions, *measured = (column[order] for column in joined[2:])
        return [positions, np.zeros((len(order), 1), np.int64), *measured]

    def _find_peak(self) -> None:
        for tile in self._tiles:
            block, inside = self._read(tile.core)
            if self._raw.failed:
                continue
            for _, part in self._unscaled(block, inside):
                np.maximum(self._peak, float(part.max()), out=self._peak)
        self._raw.finish_check()
        # One pixel: for the scale alone.
        nothing = np.zeros((1,) * (1 + len(self._raw.shape)))
        _, self._scale = cpu.quantise(nothing, self._dtype, self._peak)

    def _counting(self) -> list[Level | BackgroundSums]:
        """Return what is not counted to the end yet."""
        both = (self._level, self._background)
        return [counts for counts in both if counts is not None and not counts.known]

    def _look(self, above: float | None = None) -> list[Columns]:
        """Go through the tiles: count what is to be counted, and find maxima above a value."""
        found = [self._look_at(tile, above) for tile in self._tiles]
        self._raw.finish_check()
        for counts in self._counting():
            counts.turn()
        return found

    def _look_at(self, tile: Tile, above: float | None) -> Columns:
        """Look at one tile; what it takes is given back."""
        block, inside = self._read(tile.outer)
        if self._raw.failed:
            return []
        filtered = self._filtered(block, inside)
        raw = np.ascontiguousarray(block[inside])
        del block
        if not self._level.known:
            self._level.add(filtered[tile.inner])
        if self._background is not None and not self._background.known:
            self._background.add(filtered, raw, tile.inner, tile.core)
        return [] if above is None else self._found(tile, raw, filtered, above)

    def _read(self, where: Where) -> tuple[npt.NDArray[Any], Where]:
        """Return the pixels that the filters need for a part, and where the part is in them."""
        around = grown(where, self._reach, self._raw.shape)
        block = self._raw[around]
        return inverted(block) if self._options.invert else block, within(where, around)

    def _unscaled(self, block: npt.NDArray[Any], inside: Where) -> Iterator[tuple[Where, Any]]:
        """Yield pieces of the filtered part in grey levels, as places in it and arrays."""
        options, engine = self._options, self._engine
        for piece in tiles(block.shape, self._reach, self._filters):
            wanted = common(piece.core, inside)
            if wanted is None:
                continue
            part = engine.put(np.ascontiguousarray(block[piece.outer])[None])
            if options.preprocess:
                sizes = options.noise_size, options.smoothing_size
                part = engine.difference(part, *sizes, options.threshold)
            else:
                part = part.astype(np.float64)
            yield within(wanted, inside), part[(slice(None), *within(wanted, piece.outer))]

    def _filtered(self, block: npt.NDArray[Any], inside: Where) -> npt.NDArray[Any]:
        if not (self._options.preprocess or self._is_float):
            return np.ascontiguousarray(block[inside])
        filtered = np.empty([part.stop - part.start for part in inside], self._dtype)
        peak = self._engine.put(self._peak)
        for where, part in self._unscaled(block, inside):
            quantised, _ = self._engine.quantise(part.copy(), self._dtype, peak)
            filtered[where] = self._engine.get(quantised)[0]
        return filtered

    def _found(
        self, tile: Tile, raw: npt.NDArray[Any], filtered: npt.NDArray[Any], above: float
    ) -> Columns:
        """Return the maxima of the core of a tile, their values, and what is measured of them."""
        options, engine = self._options, self._engine
        origin = np.array([0, *(part.start for part in tile.outer)])
        part = engine.put(filtered[None])
        level, none = engine.put(np.array([above])), (0,) * raw.ndim
        peaks = engine.get(engine.local_max(part, options.window, level, none))
        peaks = peaks[self._inside(tile, peaks + origin)]
        refined = engine.centroid(part, engine.put(peaks), options.radius, options.max_iterations)
        columns = [peaks, *(engine.get(column) for column in refined)]
        # As `kept` does, before more is measured.
        bright = columns[-1] / self._scale > options.minmass
        peaks, offsets, windows, mass = (column[bright] for column in columns)
        columns = [windows[:, 1:] + origin[1:] + offsets, mass]
        if options.characterize:
            measured = engine.characterize(
                part, engine.put(raw[None]), engine.put(windows), options.radius
            )
            columns += [engine.get(column) for column in measured]
        place = np.ravel_multi_index((peaks + origin).T[1:], self._raw.shape)
        return [place, filtered[tuple(peaks.T[1:])], *columns]

    def _inside(self, tile: Tile, peaks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        inside = np.ones(len(peaks), bool)
        sides = zip(peaks.T[1:], tile.core, self._options.margin, self._raw.shape, strict=True)
        for pixel, core, margin, length in sides:
            inside &= (pixel >= max(core.start, margin)) & (pixel < core.stop)
            inside &= pixel <= length - margin - 1
        return inside


def _filter_reach(options: Options) -> tuple[int, ...]:
    if not options.preprocess:
        return (0,) * len(options.radius)
    smoothed = (len(gaussian_weights(sigma)) // 2 for sigma in options.noise_size)
    return tuple(max(g, b // 2) for g, b in zip(smoothed, options.smoothing_size, strict=True))


def _spot_reach(options: Options) -> tuple[int, ...]:
    # A maximum is the largest of its window; then its mask moves one pixel at a time.
    return tuple(
        max(w // 2, r + options.max_iterations - 1)
        for w, r in zip(options.window, options.radius, strict=True)
    )
