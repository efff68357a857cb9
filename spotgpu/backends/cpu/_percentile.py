"""Mirror of the `percentile` kernel: the grey level that some of the bright pixels reach."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["percentile"]

#: Pixels of the sample.
SAMPLE = 4096

#: After this many proposals the interval is halved instead.
PROPOSALS = 6

#: So few pixels are rather sorted than counted once more.
FEW = 1024

#: Places of the sample by which proposals lie beyond where the level should be.
MARGIN = 3


def percentile(frames: npt.NDArray[Any], q: float) -> npt.NDArray[np.float64]:
    """Return the q-th percentile of the non-zero pixels of each frame.

    Equivalent to ``np.percentile(frame[frame != 0], q)`` (linear interpolation), for each frame.

    Parameters
    ----------
    frames : ndarray of an integer type, shape (F, [Z,] Y, X)
        Not negative.
    q : float
        From 0 to 100.

    Returns
    -------
    ndarray of float64, shape (F,)
        NaN for a frame that is 0 everywhere.
    """
    return np.array([_percentile(frame.reshape(-1), q) for frame in frames], np.float64)


def _percentile(pixels: npt.NDArray[Any], q: float) -> float:
    bright = int(np.count_nonzero(pixels))
    if bright == 0:
        return math.nan
    position = (bright - 1) * (q / 100)
    rank = math.floor(position)
    fraction = position - rank
    low, high = _neighbours(pixels, pixels.size - bright + rank)
    if rank + 1 == bright:
        high = low
    # The two forms are numpy's, so that the bits are.
    if fraction < 0.5:
        return low + (high - low) * fraction
    return high - (high - low) * (1 - fraction)


def _neighbours(pixels: npt.NDArray[Any], rank: int) -> tuple[int, int]:
    """Return the pixel that has `rank` before it in ascending order, and the next one.

    Counting is much faster than sorting: a sample proposes levels, counts correct the proposals
    until few pixels are left between two levels, and these are sorted.
    """
    low, high = 0, int(np.iinfo(pixels.dtype).max)
    before, up_to_high = 0, pixels.size
    step = pixels.size // SAMPLE | 1  # odd: not always the same columns
    sample = np.sort(pixels[::step])
    place = rank / step
    attempts = 0
    while low < high and up_to_high - before > FEW:
        # low <= answer <= high
        attempts += 1
        if attempts <= PROPOSALS:
            guess = int(sample[min(max(int(place), 0), len(sample) - 1)])
            guess = min(max(guess, low), high - 1)
        else:
            guess = (low + high) // 2
        count = int(np.count_nonzero(pixels <= pixels.dtype.type(guess)))
        # A little further than where it should be, so that it is enclosed.
        place += (rank - count) / step
        if count > rank:
            high, up_to_high = guess, count
            place -= MARGIN
        else:
            low, before = guess + 1, count
            place += MARGIN
    return _between(pixels, low, high, rank - before, up_to_high - before)


def _between(
    pixels: npt.NDArray[Any], low: int, high: int, rank: int, many: int
) -> tuple[int, int]:
    """Return the pixel of this rank among the `many` from `low` to `high`, and the next one."""
    kind = pixels.dtype.type
    if low == high:
        level = following = low
    else:
        there = pixels >= kind(low)
        there &= pixels <= kind(high)
        inside = np.sort(pixels.take(np.flatnonzero(there)))
        level, following = int(inside[rank]), int(inside[min(rank + 1, many - 1)])
    if rank + 1 == many:
        # The largest value where there is no other.
        top = np.iinfo(pixels.dtype).max
        following = int(pixels.min(where=pixels > kind(high), initial=top))
    return level, following
