"""The percentile of a frame of which only a part is there at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Level"]

#: Bits of a value that are counted at a time.
DIGIT = 16
#: Pixels that are counted at a time.
BLOCK = 1 << 16


class Level:
    """`spotgpu.backends.cpu.percentile` of one frame, from its parts; on the host.

    Values of 8 or 16 bits are counted, all in one round; of 32 bits, first the upper half is
    counted, and then the lower half of the two values that the percentile lies between.

    Parameters
    ----------
    dtype : dtype
        Integer type of at most 32 bits, of pixels that are not negative.
    q : float
        From 0 to 100.
    """

    def __init__(self, dtype: np.dtype[Any], q: float) -> None:
        self._q = q
        self._shift = max(0, 8 * dtype.itemsize - DIGIT)
        self._counts = np.zeros((1, 1 << min(8 * dtype.itemsize, DIGIT)), np.int64)
        self._dark = 0
        self._ranks = [0]
        self._prefixes: list[int] = []
        self._fraction = 0.0
        #: Whether `value` is.
        self.known = False
        #: The percentile of the pixels that are not 0; NaN if all are.
        self.value = math.nan

    def add(self, pixels: npt.NDArray[Any]) -> None:
        """Take a part of the frame.

        Parameters
        ----------
        pixels : ndarray
            Filtered; all parts are the frame.
        """
        length = self._counts.shape[1]
        for some in _pieces(pixels):
            upper = some >> self._shift
            if not self._prefixes:
                self._dark += some.size - int(np.count_nonzero(some))
                self._counts[0] += np.bincount(upper, minlength=length)
                continue
            for k, prefix in enumerate(self._prefixes):
                lower = some[upper == prefix] & (length - 1)
                self._counts[k] += np.bincount(lower, minlength=length)

    def turn(self) -> None:
        """All parts were added: work out the value, or what to count in the next round."""
        if not self._prefixes and not self._find_ranks():
            self.known = True
            return
        found = [
            _digit(counts, rank) for counts, rank in zip(self._both(), self._ranks, strict=True)
        ]
        digits, self._ranks = [digit for digit, _ in found], [rest for _, rest in found]
        if self._shift and not self._prefixes:
            self._prefixes = digits
            self._counts = np.zeros((2, 1 << DIGIT), np.int64)
            return
        prefixes = self._prefixes or [0, 0]
        low, high = (
            prefix << DIGIT | digit for prefix, digit in zip(prefixes, digits, strict=True)
        )
        # As in `percentile`: the two forms are numpy's.
        if self._fraction < 0.5:
            self.value = low + (high - low) * self._fraction
        else:
            self.value = high - (high - low) * (1 - self._fraction)
        self.known = True

    def _find_ranks(self) -> bool:
        """Set which pixels, in ascending order, the percentile lies between, if there are any."""
        total = int(self._counts.sum())
        bright = total - self._dark
        if bright == 0:
            return False
        position = (bright - 1) * (self._q / 100)
        rank = math.floor(position)
        self._fraction = position - rank
        self._ranks = [self._dark + rank, min(self._dark + rank + 1, total - 1)]
        return True

    def _both(self) -> list[npt.NDArray[np.int64]]:
        return [self._counts[0], self._counts[-1]]


def _digit(counts: npt.NDArray[np.int64], rank: int) -> tuple[int, int]:
    """Return the value that has `rank` others before it, and its rank among its equals."""
    ends = counts.cumsum()
    digit = int(np.searchsorted(ends, rank, "right"))
    return digit, rank - int(ends[digit] - counts[digit])


def _pieces(pixels: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Yield all pixels, some rows or planes at a time, as flat arrays."""
    step = max(1, BLOCK // max(1, math.prod(pixels.shape[1:])))
    for start in range(0, len(pixels), step):
        yield pixels[start : start + step].reshape(-1)
