"""Mirror of the `percentile` kernel: the grey level that some of the bright pixels reach."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["percentile"]

#: After this many proposals the interval is halved instead.
PROPOSALS = 6


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
    dark = pixels.size - bright
    low, up_to_low = _order_statistic(pixels, dark + rank)
    if up_to_low > dark + rank + 1 or rank + 1 == bright:
        high = low
    else:
        high, _ = _order_statistic(pixels, dark + rank + 1)
    # The two forms are numpy's, so that the bits are.
    if fraction < 0.5:
        return low + (high - low) * fraction
    return high - (high - low) * (1 - fraction)


def _order_statistic(pixels: npt.NDArray[Any], rank: int) -> tuple[int, int]:
    """Return the pixel that has `rank` before it in ascending order, and how many are up to it.

    Counting is much faster than sorting: a sample proposes the level, the count corrects the
    proposal.
    """
    low, high, up_to_high = 0, int(np.iinfo(pixels.dtype).max), pixels.size
    step = max(1, pixels.size // 4096)
    sample = np.sort(pixels[::step])
    place = rank / step
    attempts = 0
    while low < high:
        # low <= answer <= high
        attempts += 1
        if attempts <= PROPOSALS:
            guess = int(sample[min(max(int(place), 0), len(sample) - 1)])
            guess = min(max(guess, low), high - 1)
        else:
            guess = (low + high) // 2
        up_to_guess = int(np.count_nonzero(pixels <= pixels.dtype.type(guess)))
        if up_to_guess > rank:
            high, up_to_high = guess, up_to_guess
        else:
            low = guess + 1
        place += (rank - up_to_guess) / step
    return low, up_to_high
