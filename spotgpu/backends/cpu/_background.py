"""Mirror of the `background` kernels: grey level and noise where there are no spots."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.compiled import compiled, for_loops
from spotgpu.backends.cpu._ordered import warp_sum
from spotgpu.backends.windows import mask_offsets

__all__ = ["background"]

#: Pixels that are dilated at once.
WORD = 64

#: Pixels below each other that are summed before others, and how many such columns after them.
COLUMN, PART = 32, 128


def background(
    frames: npt.NDArray[Any], raw: npt.NDArray[Any], radius: tuple[int, ...]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard deviation of the raw pixels that no spot can reach.

    Equivalent to, for each frame::

        outside = ~binary_dilation(frame != 0, ellipsoid(radius))
        level, noise = raw[outside].mean(), raw[outside].std()

    with scipy.ndimage. The sums of an integer image are exact, and so is the numerator of its
    variance, ``count * squares - total**2``, before it is rounded to float64 in two words of 64
    bits. The sums of a float image are float64, over the whole frame, 0 inside: of 32 pixels below
    each other from the top, each 32 rows; of 128 such columns in C order, and then of those parts,
    in the order of `warp_sum`.

    Parameters
    ----------
    frames : ndarray, shape (F, [Z,] Y, X)
        The filtered frames; a pixel that is not 0 may belong to a spot.
    raw : ndarray, shape (F, [Z,] Y, X)
        The frames before filtering.
    radius : tuple of int
        Half-axes of a spot in image order, in pixels.

    Returns
    -------
    level : ndarray of float64, shape (F,)
        Mean; NaN where no pixel is left.
    noise : ndarray of float64, shape (F,)
        Standard deviation of the pixels (not of a sample); NaN where fewer than two are left.
    """
    statistics = [
        _statistics(image, _outside(frame, radius))
        for frame, image in zip(frames, raw, strict=True)
    ]
    level, noise = np.array(statistics, np.float64).reshape(-1, 2).T
    return level, noise


def _outside(frame: npt.NDArray[Any], radius: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return where the ellipsoid around a pixel has no bright one.

    The dilation is on words of 64 pixels: along the rows to each half-width of the mask in turn,
    then shifted to the mask's rows and combined.
    """
    # A row ends with enough zeros that no pixel is shifted into the next one; what the first row
    # reaches on its left is in a word before it.
    *lead_shape, columns = frame.shape
    pitch = -(-(columns + radius[-1]) // WORD)
    rows = (*lead_shape, pitch)
    bright = np.zeros(WORD * (1 + math.prod(rows)), bool)
    of_rows = bright[WORD:].reshape(*lead_shape, pitch * WORD)
    np.not_equal(frame, 0, out=of_rows[..., :columns])
    words = np.packbits(bright, bitorder="little").view("<u8")
    reached = np.zeros(rows, words.dtype)
    width = 0
    for half_width, shifts in _mask_rows(radius, tuple(lead_shape)):
        words = _widened(words, width, half_width)
        width = half_width
        wide = words[1:].reshape(rows)
        for target, source in shifts:
            reached[target] |= wide[source]
    outside = np.unpackbits((~reached).view(np.uint8), axis=-1, count=columns, bitorder="little")
    return outside.view(np.bool_)


def _widened(words: npt.NDArray[Any], width: int, target: int) -> npt.NDArray[Any]:
    """Dilate rows from one half-width to a larger one."""
    while width < target:
        step = min(target - width, 2 * width + 1, WORD - 1)
        wide = words | words << np.uint64(step) | words >> np.uint64(step)
        wide[1:] |= words[:-1] >> np.uint64(WORD - step)
        wide[:-1] |= words[1:] << np.uint64(WORD - step)
        words = wide
        width += step
    return words


#: Where the rows of an array go when it is shifted, and where they come from.
Shift = tuple[tuple[slice, ...], tuple[slice, ...]]


@lru_cache(maxsize=64)
def _mask_rows(radius: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, list[Shift]]]:
    """Return the half-widths of the mask's rows, ascending, and the shifts to rows of each."""
    rows: dict[int, list[Shift]] = {}
    # In C order, the pixels of one row of the mask follow each other.
    for lead, pixels in groupby(mask_offsets(radius).tolist(), key=itemgetter(slice(-1))):
        target = tuple(_shifted(k, n) for k, n in zip(lead, shape, strict=True))
        source = tuple(_shifted(-k, n) for k, n in zip(lead, shape, strict=True))
        rows.setdefault(sum(1 for _ in pixels) // 2, []).append((target, source))
    return sorted(rows.items())


def _shifted(offset: int, length: int) -> slice:
    return slice(max(0, offset), max(0, length + min(0, offset)))


def _statistics(image: npt.NDArray[Any], outside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    count = int(np.count_nonzero(outside))
    if count == 0:
        return math.nan, math.nan
    if image.dtype.kind == "f":
        pixels = np.where(outside, image.astype(np.float64), 0.0)
        level = _sum(pixels) / count
        deviation = np.where(outside, pixels - level, 0.0)
        variance = _sum(deviation**2) / count
    else:
        return _of_integers(count, *_sums(image, outside))
    return level, math.sqrt(variance) if count > 1 else math.nan


def _of_integers(count: int, total: int, squares: int) -> tuple[float, float]:
    """Return mean and standard deviation by exact sums of one pixel or more."""
    level = float(total) / float(count)
    high, low = divmod(count * squares - total**2, 1 << 64)
    variance = (float(high) * 2.0**64 + float(low)) / (float(count) * float(count))
    return level, math.sqrt(variance) if count > 1 else math.nan


def _sums(image: npt.NDArray[Any], outside: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Return the exact sums of some integers and of their squares."""
    loops = compiled() if image.itemsize <= 2 else None
    if loops is not None:
        total, squares = loops.sums(for_loops(image).reshape(-1), outside.reshape(-1))
        return int(total), int(squares)
    pixels = image[outside].astype(np.int64)
    return int(pixels.sum()), _sum_of_squares(pixels)


def _sum(values: npt.NDArray[Any]) -> float:
    """Return the sum of float pixels in the order that `background` states."""
    *planes, height, width = values.shape
    columns = np.zeros((*planes, -(-height // COLUMN), width))
    for row in range(COLUMN):
        pixels = values[..., row::COLUMN, :]
        columns[..., : pixels.shape[-2], :] += pixels
    return _sum_of_columns(columns)


def _sum_of_columns(columns: npt.NDArray[np.float64]) -> float:
    padded = np.zeros((-(-columns.size // PART), PART))
    padded.reshape(-1)[: columns.size] = columns.reshape(-1)
    return float(warp_sum(warp_sum(padded.T)[:, None])[0])


def _sum_of_squares(pixels: npt.NDArray[np.int64]) -> int:
    """Return the exact sum of squares of integers of at most 32 bits."""
    if np.abs(pixels).max() < 1 << 16:
        return int(np.dot(pixels, pixels))
    # High and low halves: each of the three sums stays below 2^63.
    high, low = pixels >> 16, pixels & 0xFFFF
    return (int(np.dot(high, high)) << 32) + (int(np.dot(high, low)) << 17) + int(np.dot(low, low))
