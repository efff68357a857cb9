"""Mirror of the `window_mean` kernel: means of pixels around points, cut off at the border."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from loky import cpu_count

from spotgpu.backends.compiled import compiled, for_loops

__all__ = ["window_mean"]

Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]

#: Pixels that are gathered at once: they stay in a core's cache.
CELLS = 1 << 18
#: Bytes of a line of the cache, and of the largest frame that is asked for ahead.
LINE, MOST = 64, 1 << 20
#: Pixels of windows that are worth a thread, and threads at most.
ENOUGH, MOST_THREADS = 1 << 20, 16
#: Pixels that compiled loops may read behind a window.
SPARE = 8
#: Which component of a point each column of a run is counted from.
CUT = ((0, 0), (1, 1), (2, 2), (2, 3))


def window_mean(
    frames: npt.NDArray[Any], centres: Ints, runs: Ints, at: Ints | None = None
) -> npt.NDArray[np.float64]:
    """Return the mean of the pixels in a window around each point.

    A window is made of runs of pixels side by side in a row. Those outside the frame are left out.
    Integers are added as int64; floats as float64, run by run, each from left to right, from 0 on.
    The mean is sum / count in float64; NaN without any pixel.

    Parameters
    ----------
    frames : ndarray of an integer type of up to 4 bytes, float32 or float64, shape (T, Z, Y, X)
        C-contiguous. NaN and infinity are added like other pixels.
    centres : ndarray of int32, shape (N, 3)
        Points z, y, x.
    runs : ndarray of int32, shape (R, 4)
        z, y, the first x and the one behind the last, from the centre; the last two ascend.
    at : ndarray of int32, shape (N,), optional
        The frame of each point, from 0. Default: each point is in each frame.

    Returns
    -------
    ndarray of float64, shape (T, N), or (N,) with `at`
        Means.
    """
    loops = compiled()
    pixels = frames.reshape(len(frames), math.prod(frames.shape[1:]))
    if loops is not None and len(frames):
        return _by_loops(loops, frames.shape, pixels, centres, runs, at)
    if at is None:
        means = np.empty((len(frames), len(centres)))
    else:
        # One long frame, with a place in it for each point.
        pixels, means = pixels.reshape(1, -1), np.empty((1, len(centres)))
    if means.size:
        offsets = _offsets(runs)
        points = max(1, CELLS // max(1, len(offsets)))
        for first in range(0, len(centres), points):
            part = slice(first, first + points)
            index, outside = _places(frames.shape, centres[part], offsets)
            if at is not None:
                index += at[part].astype(np.int64) * math.prod(frames.shape[1:])
            _gather(pixels, index, outside, means[:, part])
    return means if at is None else means[0]


def _offsets(runs: Ints) -> npt.NDArray[np.int64]:
    """Return z, y and x of all pixels of a window, (P, 3)."""
    length = runs[:, 3] - runs[:, 2]
    offsets = np.repeat(runs[:, :3].astype(np.int64), length, axis=0)
    offsets[:, 2] += np.arange(len(offsets)) - np.repeat(np.cumsum(length) - length, length)
    return offsets


def _places(
    shape: tuple[int, ...], centres: Ints, offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the places in a flat frame, (P, N), and which are outside; these are 0."""
    index = np.zeros((len(offsets), len(centres)), np.int64)
    outside = np.zeros(index.shape, np.bool_)
    for axis, side in enumerate(shape[1:]):
        place = offsets[:, None, axis] + centres[:, axis]
        outside |= (place < 0) | (place >= side)
        index *= side
        index += place
    index[outside] = 0
    return index, outside


def _gather(
    pixels: npt.NDArray[Any],
    index: npt.NDArray[np.int64],
    outside: npt.NDArray[np.bool_],
    means: npt.NDArray[np.float64],
) -> None:
    """Write the means over the first axis of `index` in each row of `pixels`."""
    counts = len(index) - np.count_nonzero(outside, axis=0)
    sums_of = np.float64 if pixels.dtype.kind == "f" else np.int64
    each = max(1, CELLS // max(1, index.size))
    cut = outside.any()
    for first in range(0, len(pixels), each):
        values = pixels[first : first + each].take(index, axis=1)
        if cut:
            np.copyto(values, 0, where=outside)
        sums = np.zeros((len(values), index.shape[1]), sums_of)
        with np.errstate(invalid="ignore", over="ignore"):
            for k in range(len(index)):
                sums += values[:, k]
            np.divide(sums, counts, out=means[first : first + each])


def _by_loops(
    loops: ModuleType,
    shape: tuple[int, ...],
    pixels: npt.NDArray[Any],
    centres: Ints,
    runs: Ints,
    at: Ints | None,
) -> npt.NDArray[np.float64]:
    """Return the same by compiled loops."""
    pixels = for_loops(pixels)
    window, origin, begin, length = _laid_out(shape, centres, runs)
    pieces, masks = np.empty(0, np.int64), None
    if pixels.dtype.kind != "f" and pixels.itemsize <= 2 and length[0].sum() < 1 << 15:
        pieces, masks = _in_pieces(begin[0], length[0], loops.LANES, pixels.dtype)
    order, first, end = _by_frame(shape, centres, at)
    line, most = LINE // pixels.itemsize, int((end - first).max())
    # Where the windows need most of a frame, memory is asked for all of it.
    needed = most * len(runs) * line > pixels[0].size and pixels[0].nbytes <= MOST
    lines = -(-pixels[0].size // (line * most)) if needed else 0
    means = np.empty((len(pixels) if at is None else 1, len(centres)))
    zero: Any = np.float64(0) if pixels.dtype.kind == "f" else np.int64(0)
    whole = order, first, end, window[order], origin[order], begin, length, pieces
    points, begins, ends, *places = (array.astype(np.uint64) for array in whole)

    def work(start: int, stop: int) -> None:
        some = slice(start, stop)
        rows = means[some] if at is None else means
        which = points, begins[some], ends[some]
        loops.window_means(pixels[some], np.uint64(line), lines, zero, *which, *places, masks, rows)

    _in_threads(work, len(pixels), int(length[0].sum()) * int((end - first).sum()))
    return means if at is None else means[0]


def _in_threads(work: Callable[[int, int], None], n_frames: int, n_pixels: int) -> None:
    """Do all frames, in threads if there is enough to do."""
    n_parts = min(n_frames, n_pixels // ENOUGH, _cores(), MOST_THREADS)
    if n_parts < 2:
        work(0, n_frames)
        return
    edges = [n_frames * k // n_parts for k in range(n_parts + 1)]
    # A thread takes its time to start: this one is at work meanwhile.
    with ThreadPoolExecutor(n_parts - 1) as pool:
        others = [pool.submit(work, *ends) for ends in pairwise(edges[1:])]
        work(*edges[:2])
        for other in others:
            other.result()


@cache
def _cores() -> int:
    """Return how many processors there are, which takes a look at some files."""
    return int(cpu_count())


def _laid_out(shape: tuple[int, ...], centres: Ints, runs: Ints) -> tuple[Places, ...]:
    """Return where the pixels of each window are in a flat frame.

    Returns
    -------
    ndarray of int64, shape (N,)
        Number of each window: 0, or from 1 on of those that are cut off.
    ndarray of int64, shape (N,)
        The place from which its runs are counted.
    ndarray of int64, shape (1 + C, R)
        Where they begin.
    ndarray of int64, shape (1 + C, R)
        How long they are.
    """
    steps = np.array([shape[2] * shape[3], shape[3], 1])
    ends = np.append(runs[:, :2], runs[:, 3:] - 1, axis=1)
    low = centres + runs[:, :3].min(axis=0, initial=0)
    high = centres + ends.max(axis=0, initial=0)
    inside = ((low >= 0) & (high < shape[1:])).all(axis=1)
    origin = centres.astype(np.int64) @ steps
    # Loops may read more than they count.
    inside &= origin + (ends @ steps).max(initial=0) + SPARE <= math.prod(shape[1:])
    cut = np.flatnonzero(~inside)
    z, y, x, end = (centres[cut, axis][:, None] + runs[:, k] for axis, k in CUT)
    there = (z >= 0) & (z < shape[1]) & (y >= 0) & (y < shape[2])
    x, end = np.maximum(x, 0), np.minimum(end, shape[3])
    begins = (z.astype(np.int64) * shape[2] + y) * shape[3] + x
    lengths = np.where(there, np.maximum(end - x, 0), 0)
    window = np.zeros(len(centres), np.int64)
    window[cut] = 1 + np.arange(len(cut))
    origin[cut] = 0
    begin = np.vstack([runs[:, :3].astype(np.int64) @ steps, begins])
    length = np.vstack([runs[:, 3] - runs[:, 2], lengths])
    return window, origin, begin, length


def _in_pieces(
    begin: Places, length: Places, lanes: int, dtype: np.dtype[Any]
) -> tuple[Places, npt.NDArray[Any]]:
    """Return where pieces of runs begin, and masks of the pixels that count."""
    n = -(-length // lanes)
    done = lanes * (np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n))
    left = np.repeat(length, n) - done
    masks = -(np.arange(lanes) < left[:, None]).astype(np.int64)
    return np.repeat(begin, n) + done, masks.astype(dtype)


def _by_frame(
    shape: tuple[int, ...], centres: Ints, at: Ints | None
) -> tuple[Places, Places, Places]:
    """Return an order of the points that is good for the cache, and which are in each frame."""
    if at is None:
        edges = np.zeros(shape[0], np.int64)
        place = centres.astype(np.int64) @ [shape[2] * shape[3], shape[3], 1]
        return np.argsort(place), edges, edges + len(centres)
    order = np.argsort(at, kind="stable")
    edges = np.searchsorted(at[order], np.arange(shape[0] + 1))
    return order, edges[:-1], edges[1:]
