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

__all__ = ["find", "kept", "table"]

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
    level = engine.percentile(filtered, options.percentile)
    peaks = engine.local_max(filtered, options.window, level, options.margin)
    offsets, windows, mass = engine.centroid(
        filtered, peaks, options.radius, options.max_iterations
    )
    positions = windows[:, 1:] + offsets
    positions, windows, mass = kept(engine, scale, options, positions, windows, mass)
    spots = [windows[:, 0], positions, mass]
    statistics = [scale]
    if options.characterize:
        spots += engine.characterize(filtered, raw, windows, options.radius)
        statistics += engine.background(filtered, raw, options.radius)
    return table([engine.get(a) for a in spots], [engine.get(a) for a in statistics], options)


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


def kept(
    engine: ModuleType,
    scale: Array,
    options: Options,
    positions: Array,
    windows: Array,
    mass: Array,
    *others: Array,
) -> tuple[Array, ...]:
    """Return the spots that are bright enough and have no better one close by.

    Parameters
    ----------
    engine : module
        Backend of the arrays.
    scale : ndarray of float64, shape (F,)
        What each frame was multiplied by.
    options : Options
        Limits.
    positions : ndarray of float64, shape (N, ndim)
        In pixels.
    windows, mass : ndarray
        As of `centroid`.
    *others : ndarray, shape (N, ...)
        More columns.

    Returns
    -------
    tuple of ndarray
        The columns, with fewer rows.
    """
    # A spot never outweighs the one that it is dropped for, so the bright ones can be chosen
    # first, and only they are compared.
    bright = mass / scale[windows[:, 0]] > options.minmass
    spots: tuple[Array, ...] = engine.select(bright, positions, windows, mass, *others)
    if min(options.separation) > 0:
        positions, windows, mass, *_ = spots
        close = engine.where_close(windows[:, 0], positions, options.separation, mass)
        spots = engine.select(~close, *spots)
    return spots


def table(
    spots: list[npt.NDArray[Any]], statistics: list[Values], options: Options
) -> list[Values]:
    """Return the columns of `locate`, for each frame.

    Parameters
    ----------
    spots : list of ndarray, shape (N, ...)
        Frame, positions, mass of the filtered pixels and, if characterized, size, eccentricity,
        brightest filtered pixel, sum of the raw pixels.
    statistics : list of ndarray of float64, shape (F,)
        Scale of the filtered pixels and, if characterized, level and noise of the background.
    options : Options
        Limits, and what is measured.

    Returns
    -------
    list of F ndarray of float64, shape (N, columns)
        The spots of each frame.
    """
    frame, positions, mass, *measured = spots
    scale = statistics[0][frame]
    columns = [positions, mass / scale]
    if options.characterize:
        size, ecc, signal, raw_mass = measured
        level, noise = (values[frame] for values in statistics[1:])
        signal_mass = raw_mass - len(mask_offsets(options.radius)) * level
        error = static_error(signal_mass, noise, options.radius, options.noise_size)
        columns += [size, ecc, signal / scale, raw_mass, error]
    values = np.column_stack(columns)
    if options.maxsize is not None:
        small = values[:, len(options.radius) + 1] < options.maxsize
        values, frame = values[small], frame[small]
    cuts = np.searchsorted(frame, np.arange(1, len(statistics[0])))
    return [_brightest(part, options) for part in np.split(values, cuts)]


def _brightest(values: Values, options: Options) -> Values:
    topn = options.topn
    if topn is None or len(values) <= topn:
        return values
    mass = values[:, len(options.radius)]
    if topn == 1:
        return values[[np.argmax(mass)]]
    return values[np.argsort(mass)[-topn:]]
