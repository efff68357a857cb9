"""Mirror of the `centroid` kernels: sub-pixel positions, then what characterises each spot."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._ordered import warp_sum
from spotgpu.backends.windows import angle_tables, mask_offsets

__all__ = ["centroid", "characterize"]

#: A window moves by one pixel along an axis whose offset exceeds this.
SHIFT = 0.6

#: Pixels gathered at once: the block stays in a core's cache.
BLOCK = 1 << 17


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
    of the last window evaluated. The sums are exact.

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
    positions : ndarray of float64, shape (N, ndim)
        Centres of mass in image order, in pixels.
    windows : ndarray of int64, shape (N, 1 + ndim)
        Frame and central pixel of the last window.
    mass : ndarray of float64, shape (N,)
        Sum of its pixels.

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, J. Colloid Interface Sci. 179, 298 (1996),
       https://doi.org/10.1006/jcis.1996.0217, equation 7.
    """
    windows = peaks.copy()
    positions = np.empty((len(peaks), len(radius)))
    mass = np.empty(len(peaks))
    low = np.asarray(radius)
    high = np.asarray(frames.shape[1:]) - 1 - low
    active, centre = np.arange(len(peaks)), windows[:, 1:]
    for _ in range(max_iterations):
        windows[active, 1:] = centre
        sums = _moments(frames, windows[active], radius)
        # Offsets from the window's corner, not its centre: the rounding decides which pixel a
        # centre of mass at exactly 0.6 belongs to.
        offset = sums[:, 1:] / sums[:, :1] - low
        positions[active] = centre + offset
        mass[active] = sums[:, 0]
        moved = centre + (offset > SHIFT) - (offset < -SHIFT)
        np.clip(moved, low, high, out=moved)
        goes_on = (moved != centre).any(axis=1)
        if not goes_on.any():
            break
        active, centre = active[goes_on], moved[goes_on]
    return positions, windows, mass


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

    Sums of integers are exact, the others have the order of `warp_sum`.

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
    n, ndim = len(windows), len(radius)
    squares = _squares(radius)
    result = Characteristics(
        np.empty((n, squares.shape[1])), np.full(n, np.nan), np.empty(n), np.empty(n)
    )
    for rows, pixels in _gather(frames, windows, radius):
        exact = pixels.astype(np.float64)
        mass = exact.sum(axis=1)
        dimensions = 1 if squares.shape[1] == 1 else ndim
        result.size[rows] = np.sqrt(dimensions * (exact @ squares) / mass[:, None])
        result.signal[rows] = pixels.max(axis=1)
        if ndim == 2:
            cosine, sine = angle_tables(radius)
            along, across = warp_sum(exact * cosine), warp_sum(exact * sine)
            centre = exact[:, exact.shape[1] // 2]
            result.ecc[rows] = np.sqrt(along**2 + across**2) / (mass - centre + 1e-6)
    for rows, pixels in _gather(raw, windows, radius):
        if raw.dtype.kind == "f":
            result.raw_mass[rows] = warp_sum(pixels)
        else:
            result.raw_mass[rows] = pixels.sum(axis=1, dtype=np.int64)
    return result


def _gather(
    frames: npt.NDArray[Any], windows: npt.NDArray[np.int64], radius: tuple[int, ...]
) -> Iterator[tuple[slice, npt.NDArray[Any]]]:
    """Yield blocks of rows and their pixels in the mask, (n, P), in C order of the mask."""
    pitch = np.cumprod((1, *frames.shape[:0:-1]))[::-1]
    offsets = mask_offsets(radius) @ pitch[1:]
    centres = windows @ pitch
    pixels = frames.reshape(-1)
    step = max(1, BLOCK // len(offsets))
    for start in range(0, len(windows), step):
        rows = slice(start, start + step)
        yield rows, pixels.take(centres[rows, None] + offsets)


def _moments(
    frames: npt.NDArray[Any], windows: npt.NDArray[np.int64], radius: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    """Return sum(I) and sum(I (k_i + r_i)) of each window, (N, 1 + ndim), exact."""
    table = _moment_table(radius)
    # The matrix product is free to choose its order, so every partial sum must be exact.
    largest = np.iinfo(frames.dtype).max * table.sum(axis=0).max()
    dtype = np.float32 if largest < 1 << 24 else np.float64
    table = table.astype(dtype)
    sums = np.empty((len(windows), table.shape[1]))
    for rows, block in _gather(frames, windows, radius):
        sums[rows] = block.astype(dtype) @ table
    return sums


@lru_cache(maxsize=64)
def _moment_table(radius: tuple[int, ...]) -> npt.NDArray[np.float64]:
    corner = mask_offsets(radius) + radius
    return np.column_stack([np.ones(len(corner)), corner])


@lru_cache(maxsize=64)
def _squares(radius: tuple[int, ...]) -> npt.NDArray[np.float64]:
    squares = mask_offsets(radius).astype(np.float64) ** 2
    return squares.sum(axis=1, keepdims=True) if len(set(radius)) == 1 else squares
