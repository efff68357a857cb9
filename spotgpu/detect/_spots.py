"""From frames to the values of their spots, on the backend where the frames lie."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import backends
from spotgpu.backends.windows import mask_offsets
from spotgpu.detect._image import inverted
from spotgpu.detect._options import Options
from spotgpu.detect._uncertainty import static_error

__all__ = ["find"]

#: An array of whichever backend.
Array = Any
Values = npt.NDArray[np.float64]


def find(raw: Array, options: Options) -> list[Values]:
    """Return the values of the spots of each frame.

    Parameters
    ----------
    raw : ndarray of a backend, shape (F, [Z,] Y, X)
        Checked images.
    options : Options
        For images of this kind.

    Returns
    -------
    list of F ndarray of float64, shape (N, columns)
        On the host; the columns are those of `locate`.
    """
    engine = backends.of(raw)
    if options.invert:
        raw = inverted(raw)
    filtered, scale = _filtered(engine, raw, options)
    positions, windows, mass = _refined(engine, filtered, scale, options)
    frame, factor = engine.get(windows[:, 0]), engine.get(scale)
    per_spot = factor[frame]
    values = [engine.get(positions), engine.get(mass) / per_spot]
    if options.characterize:
        values += _characterized(engine, raw, filtered, windows, frame, per_spot, options)
    table = np.column_stack(values)
    if options.maxsize is not None:
        small = table[:, len(options.radius) + 1] < options.maxsize
        table, frame = table[small], frame[small]
    cuts = np.searchsorted(frame, np.arange(1, len(raw)))
    return [_brightest(part, options) for part in np.split(table, cuts)]


def _filtered(engine: ModuleType, raw: Array, options: Options) -> tuple[Array, Array]:
    is_float = raw.dtype.kind == "f"
    dtype = np.dtype(np.uint8) if is_float else raw.dtype
    if options.preprocess:
        filtered, scale = engine.bandpass(
            raw, options.noise_size, options.smoothing_size, options.threshold, dtype
        )
    elif is_float:
        filtered, scale = engine.quantise(raw.astype(np.float64), dtype)
    else:
        filtered, scale = raw, engine.put(np.ones(len(raw)))
    return filtered, scale


def _refined(
    engine: ModuleType, filtered: Array, scale: Array, options: Options
) -> tuple[Array, Array, Array]:
    """Return positions, windows and mass of the spots that are bright enough and not close."""
    level = engine.percentile(filtered, options.percentile)
    peaks = engine.local_max(filtered, options.window, level, options.margin)
    spots: tuple[Array, Array, Array] = engine.centroid(
        filtered, peaks, options.radius, options.max_iterations
    )
    # A spot never outweighs the one that it is dropped for, so the bright ones can be chosen
    # first, and only they are compared.
    _, windows, mass = spots
    spots = engine.select(mass / scale[windows[:, 0]] > options.minmass, *spots)
    if min(options.separation) > 0:
        positions, _, mass = spots
        close = engine.where_close(positions, options.separation, mass)
        spots = engine.select(~close, *spots)
    return spots


def _characterized(
    engine: ModuleType,
    raw: Array,
    filtered: Array,
    windows: Array,
    frame: npt.NDArray[np.int64],
    per_spot: Values,
    options: Options,
) -> list[Values]:
    measured = engine.characterize(filtered, raw, windows, options.radius)
    level, noise = (engine.get(array) for array in engine.background(filtered, raw, options.radius))
    size, ecc, signal, raw_mass = (engine.get(array) for array in measured)
    signal_mass = raw_mass - len(mask_offsets(options.radius)) * level[frame]
    error = static_error(signal_mass, noise[frame], options.radius, options.noise_size)
    return [size, ecc, signal / per_spot, raw_mass, error]


def _brightest(table: Values, options: Options) -> Values:
    topn = options.topn
    if topn is None or len(table) <= topn:
        return table
    mass = table[:, len(options.radius)]
    if topn == 1:
        return table[[np.argmax(mass)]]
    return table[np.argsort(mass)[-topn:]]
