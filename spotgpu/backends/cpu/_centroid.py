"""Mirror of the `centroid` kernels: sub-pixel offsets, then what characterises each spot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled, for_loops
from spotgpu.backends.cpu._ordered import warp_sum
from spotgpu.backends.windows import angle_tables, mask_offsets

__all__ = ["centroid", "characterize"]

#: A window moves by one pixel along an axis whose offset exceeds this.
SHIFT = 0.6

#: Pixels gathered at once: the block stays in a core's cache, and its product with a few rows of
#: weights in one thread.
BLOCK = 1 << 16


class Characteristics(NamedTuple):
    """What is measured of N spots; all float64."""

    size: npt.NDArray[np.float64]
    ecc: npt.NDArray[np.float64]
    signal: npt.NDArray[np.float64]
    raw_mass: npt.NDArray[np.float64]


def centroid(
    frames: npt.NDArray[Any],
    peaks: npt.NDArray[np.int64],
    radius: tuple[int, ...],
    max_iterations: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Refine maxima to the centre of mass of the pixels around them.

    With I the pixels of the mask at offsets k from the window's centre c and r the radius, ::

        offset = sum(I (k + r)) / sum(I) - r

    and as long as an offset exceeds 0.6 pixels, the window moves by one pixel along that axis (not
    so far that the mask leaves the frame) and is evaluated again. The position is ``c + offset``
    of the last window evaluated; offsets do not depend on where in a frame a window lies, so that
    those of a tile have the bits of the whole. The sums are exact, and then rounded to float64. A
    window of zeros has mass 0 and offsets NaN, and stays.

    Parameters
    ----------
    frames : ndarray of an integer type of at most 32 bits, shape (F, [Z,] Y, X)
        Not negative.
    peaks : ndarray of int64, shape (N, 1 + ndim)
        Frame and pixel of each maximum, at least `radius` from the border.
    radius : tuple of int
        Half-axes of the mask in image order, in pixels.
    max_iterations : int
        How many windows are evaluated at most, > 0.

    Returns
    -------
    offsets : ndarray of float64, shape (N, ndim)
        Centres of mass from the centre of the last window, in image order, in pixels.
    windows : ndarray of int64, shape (N, 1 + ndim)
        Frame and central pixel of the last window.
    mass : ndarray of float64, shape (N,)
        Sum of its pixels.

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, J. Colloid Interface Sci. 179, 298 (1996),
       https://doi.org/10.1006/jcis.1996.0217, equation 7.
    """
    loops = compiled()
    if loops is not None:
        return _refined(loops, frames, peaks, radius, max_iterations)
    number, centre = peaks[:, 0], peaks[:, 1:].T.copy()
    low = np.asarray(radius)[:, None]
    high = np.asarray(frames.shape[1:])[:, None] - 1 - low
    moments = _Moments(frames, radius)
    offset, weight = moments(number, centre)
    windows, offsets, mass = centre.copy(), offset.copy(), weight.copy()
    active = np.arange(len(peaks))
    for _ in range(max_iterations - 1):
        moved = centre + (offset > SHIFT)
        moved -= offset < -SHIFT
        np.maximum(np.minimum(moved, high, out=moved), low, out=moved)
        goes_on = np.flatnonzero((moved != centre).any(axis=0))
        if goes_on.size == 0:
            break
        active, number, centre = active[goes_on], number[goes_on], moved[:, goes_on]
        offset, weight = moments(number, centre)
        windows[:, active], offsets[:, active], mass[active] = centre, offset, weight
    return np.ascontiguousarray(offsets.T), np.column_stack([peaks[:, :1], windows.T]), mass


def characterize(
    frames: npt.NDArray[Any],
    raw: npt.NDArray[Any],
    windows: npt.NDArray[np.int64],
    radius: tuple[int, ...],
) -> Characteristics:
    """Measure the spots in the windows that `centroid` ended with.

    With I the pixels of the filtered frame, R those of the raw frame, k the offsets from the
    window's centre, m = sum(I) and, in 2D, theta = atan2(k_y, k_x)::

        size     = sqrt(sum(I k^2) / m)                     equal radii: one column
        size_i   = sqrt(ndim sum(I k_i^2) / m)              else: one column an axis
        ecc      = sqrt(sum(I cos 2 theta)^2 + sum(I sin 2 theta)^2) / (m - I_centre + 1e-6)
        signal   = max(I)
        raw_mass = sum(R)

    Sums of integers are exact, and then rounded to float64; the others have the order of
    `warp_sum`. In a window of zeros, size is NaN and ecc 0.

    Parameters
    ----------
    frames : ndarray of an integer type of at most 32 bits, shape (F, [Z,] Y, X)
        The filtered frames; not negative.
    raw : ndarray, shape (F, [Z,] Y, X)
        The frames before filtering.
    windows : ndarray of int64, shape (N, 1 + ndim)
        Frame and central pixel of each window, at least `radius` from the border.
    radius : tuple of int
        Half-axes of the mask in image order, in pixels.

    Returns
    -------
    Characteristics
        `size`, shape (N, 1) or (N, ndim); `ecc` (NaN unless 2D), `signal`, `raw_mass`, shape (N,).

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, J. Colloid Interface Sci. 179, 298 (1996),
       https://doi.org/10.1006/jcis.1996.0217, equation 8 and section 2.4.
    """
    loops = compiled() if raw.dtype.kind in "iu" else None
    if loops is not None:
        return _characterized(loops, frames, raw, windows, radius)
    n, ndim = len(windows), len(radius)
    number, centre = windows[:, 0], windows[:, 1:].T
    squares = _exact(_squares(radius), frames.dtype)
    result = Characteristics(
        np.empty((n, len(squares))), np.full(n, np.nan), np.empty(n), np.empty(n)
    )
    for spots, index in _Windows(frames.shape, radius)(number, centre):
        pixels, before = frames.reshape(-1).take(index), raw.reshape(-1).take(index)
        exact = pixels.astype(np.float64)
        mass = exact.sum(axis=0)
        dimensions = 1 if len(squares) == 1 else ndim
        moments = (squares @ pixels.astype(squares.dtype)).astype(np.float64)
        with np.errstate(invalid="ignore"):
            result.size[spots] = np.sqrt(dimensions * moments / mass).T
        result.signal[spots] = pixels.max(axis=0)
        if ndim == 2:
            cosine, sine = (table[:, None] for table in angle_tables(radius))
            along, across = warp_sum(exact * cosine), warp_sum(exact * sine)
            rim = mass - exact[len(exact) // 2]
            result.ecc[spots] = np.sqrt(along**2 + across**2) / (rim + 1e-6)
        if raw.dtype.kind == "f":
            result.raw_mass[spots] = warp_sum(before)
        else:
            result.raw_mass[spots] = before.sum(axis=0, dtype=np.int64)
    return result


def _refined(
    loops: ModuleType,
    frames: npt.NDArray[Any],
    peaks: npt.NDArray[np.int64],
    radius: tuple[int, ...],
    max_iterations: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    around = _Windows(frames.shape, radius)
    windows = peaks[:, 1:].copy()
    offsets, mass = np.empty(windows.shape), np.empty(len(peaks))
    low = np.asarray(radius)
    loops.centroid(
        for_loops(frames).reshape(-1),
        peaks[:, 0] * around.pitch[0],
        np.asarray(around.pitch[1:]),
        np.ascontiguousarray((mask_offsets(radius) + low).T),
        around.offsets[:, 0],
        low,
        np.asarray(frames.shape[1:]) - 1 - low,
        SHIFT,
        max_iterations,
        windows,
        offsets,
        mass,
    )
    return offsets, np.column_stack([peaks[:, :1], windows]), mass


def _characterized(
    loops: ModuleType,
    frames: npt.NDArray[Any],
    raw: npt.NDArray[Any],
    windows: npt.NDArray[np.int64],
    radius: tuple[int, ...],
) -> Characteristics:
    around = _Windows(frames.shape, radius)
    squares = _squares(radius).astype(np.int64)
    tables = angle_tables(radius) if len(radius) == 2 else (np.empty(0), np.empty(0))
    result = np.full((len(squares) + 3, len(windows)), np.nan)
    loops.characterize(
        for_loops(frames).reshape(-1),
        for_loops(raw).reshape(-1),
        windows @ np.asarray(around.pitch),
        around.offsets[:, 0],
        squares,
        *(for_loops(table) for table in tables),
        result,
    )
    *size, ecc, signal, raw_mass = result
    return Characteristics(np.column_stack(size), ecc, signal, raw_mass)


class _Windows:
    """Where the pixels of the mask around centres are, in C order of the mask."""

    def __init__(self, shape: tuple[int, ...], radius: tuple[int, ...]) -> None:
        self.pitch = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        self.offsets = (mask_offsets(radius) @ self.pitch[1:])[:, None]

    def __call__(
        self, number: npt.NDArray[np.int64], centre: npt.NDArray[np.int64]
    ) -> Iterator[tuple[slice, npt.NDArray[np.int64]]]:
        """Yield some of the windows and the flat index, (P, n), for `centre` (ndim, N)."""
        at = number * self.pitch[0]
        for coordinate, pitch in zip(centre, self.pitch[1:], strict=True):
            at += coordinate * pitch
        step = max(1, BLOCK // len(self.offsets))
        for start in range(0, len(at), step):
            some = slice(start, start + step)
            yield some, self.offsets + at[some]


class _Moments:
    """Centre of mass and mass of windows."""

    def __init__(self, frames: npt.NDArray[Any], radius: tuple[int, ...]) -> None:
        self.radius = np.asarray(radius)[:, None]
        corner = mask_offsets(radius) + radius
        self.table = _exact(np.vstack([np.ones(len(corner)), corner.T]), frames.dtype)
        self.windows = _Windows(frames.shape, radius)
        self.pixels = frames.reshape(-1)

    def __call__(
        self, number: npt.NDArray[np.int64], centre: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return offsets, (ndim, N), and mass, (N,), of the windows of frames `number`."""
        sums = np.empty((len(self.table), len(number)))
        for some, index in self.windows(number, centre):
            sums[:, some] = self.table @ self.pixels.take(index).astype(self.table.dtype)
        # From the window's corner, not its centre: the rounding decides which pixel a centre of
        # mass at exactly 0.6 belongs to.
        with np.errstate(invalid="ignore"):
            return sums[1:] / sums[0] - self.radius, sums[0]


def _exact(table: npt.NDArray[np.float64], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return rows of integer weights as a type in which any sums of weighted pixels are exact.

    The matrix product is free to choose its order, so every partial sum must be.
    """
    largest = int(np.iinfo(dtype).max) * int(table.sum(axis=1).max())
    return table.astype(
        np.float32 if largest < 1 << 24 else np.float64 if largest < 1 << 53 else np.int64
    )


@lru_cache(maxsize=64)
def _squares(radius: tuple[int, ...]) -> npt.NDArray[np.float64]:
    squares = mask_offsets(radius).T.astype(np.float64) ** 2
    return squares.sum(axis=0, keepdims=True) if len(set(radius)) == 1 else squares
