"""Mirror of the `sliding_median` kernel: medians over windows of frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["sliding_median"]

#: What twice a pixel of each type fits.
_TWICE = {"uint8": np.uint16, "uint16": np.uint32, "int32": np.int64}

#: Bytes of the sorted pixels that are kept at once, and the fewest pixels of a plane: numpy's cost
#: of a call is small beside these.
_KEPT, _FEWEST = 1 << 22, 128


def sliding_median(frames: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Return twice the median of each pixel over each window of frames.

    Equivalent to, for each window ``i``::

        2 * np.median(frames[i : i + size], axis=0)

    but of an integer type where the frames are, as the sum of two pixels. A window is the end of
    one block of `size` frames and the beginning of the next. Both are kept sorted while they grow
    by one frame after the other, and but for what cannot be the median any more; so nothing is
    ever taken out, and it costs about 2 `size` minima and maxima of a pixel.

    Parameters
    ----------
    frames : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        C-contiguous, finite.
    size : int
        Frames of a window, from 1 to T.

    Returns
    -------
    ndarray of uint16, uint32, int64 or float64, shape (T - size + 1, ...)
        The sum of the two middle values of each window; of an odd size, twice the middle one.
        Of float32 and float64 it is float64. A zero is 0.0, never -0.0.
    """
    twice = np.dtype(_TWICE.get(str(frames.dtype), np.float64))
    count = len(frames) - size + 1
    doubled = np.empty((count, *frames.shape[1:]), twice)
    if doubled.size == 0:
        return doubled
    planes, results = frames.reshape(len(frames), -1), doubled.reshape(count, -1)
    kept = sum(len(_ranks(n, size)) for n in range(size + 1))
    step = max(_FEWEST, _KEPT // (kept * frames.itemsize))
    for start in range(0, planes.shape[1], step):
        strip = slice(start, start + step)
        for first in range(0, count, size):
            block = planes[first : first + 2 * size - 1, strip]
            _fill(block, results[first : first + size, strip], size)
    if twice.kind == "f":
        doubled += 0.0
    return doubled


def _ranks(n: int, size: int) -> range:
    """Return the ranks, from 0, of `n` pixels of a window that may be its middle ones."""
    return range(max(0, (size - 1) // 2 - (size - n)), min(n, size // 2 + 1))


def _fill(frames: npt.NDArray[Any], results: npt.NDArray[Any], size: int) -> None:
    """Write the windows that begin in a block of `size` frames: `frames` begins with the block."""
    ends = [frames[:0]]
    for n in range(1, size + 1):
        ends.append(_with(frames[size - n], ends[-1], n, size))
    since = frames[:0]
    scratch = np.empty((size // 2 + 2, frames.shape[1]), frames.dtype)
    for k, result in enumerate(results):
        if k > 0:
            since = _with(frames[size + k - 1], since, k, size)
        upper = lower = _ranked(size // 2, ends[-1], since, (size - k, k), scratch)
        if size % 2 == 0:
            lower = _ranked(size // 2 - 1, ends[-1], since, (size - k, k), scratch)
        np.add(lower, upper, out=result, dtype=result.dtype)
        ends.pop()


def _with(pixels: npt.NDArray[Any], fewer: npt.NDArray[Any], n: int, size: int) -> npt.NDArray[Any]:
    """Return the sorted pixels of `n` frames: those of one, and those of the others, sorted."""
    before, ranks = _ranks(n - 1, size), _ranks(n, size)
    more = np.empty((len(ranks), len(pixels)), pixels.dtype)
    # Rank r is that of rank r before, if the new one is larger; else the new one, or rank r - 1.
    same = fewer[ranks.start - before.start :]
    np.minimum(same, pixels, out=more[: len(same)])
    more[len(same) :] = pixels
    below = fewer[: ranks.stop - 1 - before.start]
    larger = more[len(ranks) - len(below) :]
    np.maximum(below, larger, out=larger)
    return more


def _ranked(
    rank: int,
    ends: npt.NDArray[Any],
    since: npt.NDArray[Any],
    counts: tuple[int, int],
    scratch: npt.NDArray[Any],
) -> npt.NDArray[Any]:
    """Return the pixels of a rank in the union of two sorted sets of frames.

    It is the smallest of all ``max(ends[i], since[j])`` with ``i + j = rank - 1``, and of the
    rank itself in each set that has it.
    """
    size = sum(counts)
    lowest, other = (_ranks(n, size).start for n in counts)
    first, stop = max(0, rank - counts[1]), min(counts[0], rank)
    n = stop - first
    falling = since[rank - stop - other : rank - first - other][::-1]
    np.maximum(ends[first - lowest : stop - lowest], falling, out=scratch[:n])
    for pixels, lowest_rank, count in ((ends, lowest, counts[0]), (since, other, counts[1])):
        if rank < count:
            scratch[n] = pixels[rank - lowest_rank]
            n += 1
    return np.asarray(np.minimum.reduce(scratch[:n], axis=0))
