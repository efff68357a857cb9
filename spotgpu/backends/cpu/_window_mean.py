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

from spotgpu.backends.compiled import compiled
from spotgpu.backends.cpu._window_blocks import block_means, blocks_of

__all__ = ["window_mean"]

Ints = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]

#: Pixels that are gathered at once: they stay in a core's cache.
CELLS = 1 << 18
#: Pixels of a large window, and how many of a block, in all frames, are worth a step in Python.
LARGE, WORTH = 1 << 10, 1 << 9
#: Values that are worth it.
STEP = 1 << 8
#: Bytes of a line of the cache, and of the largest frame that is asked for ahead.
LINE, MOST = 64, 1 << 20
#: Pixels of windows that are worth a thread, and threads at most.
ENOUGH, MOST_THREADS = 1 << 22, 16
#: Pixels that compiled loops may read behind a window.
SPARE = 8


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
    if loops is not None and len(frames):
        return _by_loops(loops, frames, centres, runs, at)
    size = int((runs[:, 3] - runs[:, 2]).sum())
    if size >= LARGE:
        blocks = blocks_of(runs)
        together = min(len(frames), max(1, CELLS // size)) if at is None else 1
        if size * together >= WORTH * len(blocks):
            return block_means(frames, centres, blocks, at)
    pixels = frames.reshape(len(frames), math.prod(frames.shape[1:]))
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
    each = max(1, CELLS // max(1, index.size))
    cut = outside.any()
    for first in range(0, len(pixels), each):
        values = pixels[first : first + each].take(index, axis=1)
        if cut:
            np.copyto(values, 0, where=outside)
        with np.errstate(invalid="ignore", over="ignore"):
            if pixels.dtype.kind != "f":
                sums = values.sum(axis=1, dtype=np.int64)
            elif index.size and len(values) * index.shape[1] < STEP:
                # numpy's sum has an order of its own; from 0 on, there is no -0.
                sums = np.cumsum(values, axis=1, dtype=np.float64)[:, -1] + 0.0
            else:
                sums = np.zeros((len(values), index.shape[1]))
                for k in range(len(index)):
                    sums += values[:, k]
            np.divide(sums, counts, out=means[first : first + each])


def _by_loops(
    loops: ModuleType, frames: npt.NDArray[Any], centres: Ints, runs: Ints, at: Ints | None
) -> npt.NDArray[np.float64]:
    """Return the same by compiled loops."""
    # Never to be written to, so that there is one type for which loops are compiled.
    pixels = np.require(frames, frames.dtype.newbyteorder("="), ["C", "A"]).view(np.ndarray)
    pixels = pixels.reshape(len(frames), math.prod(frames.shape[1:]))
    pixels.flags.writeable = False
    steps = np.array([frames.shape[2] * frames.shape[3], frames.shape[3], 1])
    origin, begin, length = centres @ steps, runs[:, :3] @ steps, runs[:, 3] - runs[:, 2]
    size = int(length.sum())
    pieces, masks = np.empty(0, np.int64), None
    if pixels.dtype.kind != "f" and pixels.itemsize <= 2 and size < 1 << 15:
        pieces, masks = _in_pieces(begin, length, loops.LANES, pixels.dtype)
    order, first, end = _by_frame(origin, at, len(frames))
    line, most = LINE // pixels.itemsize, int((end - first).max())
    # Where the windows need most of a frame, memory is asked for all of it.
    needed = most * len(runs) * line > pixels[0].size and pixels[0].nbytes <= MOST
    lines = -(-pixels[0].size // (line * most)) if needed else 0
    means = np.empty((len(pixels) if at is None else 1, len(centres)))
    zero: Any = np.float64(0) if pixels.dtype.kind == "f" else np.int64(0)
    inside = _inside(frames.shape, centres, runs)
    whole = order, first, end, origin, begin, length, pieces
    points, begins, ends, *places = (array.astype(np.uint64) for array in whole)
    window = inside, *places, masks, frames.shape[1:], centres, runs

    def work(start: int, stop: int) -> None:
        some = slice(start, stop)
        rows = means[some] if at is None else means
        which = points, begins[some], ends[some]
        loops.window_means(pixels[some], np.uint64(line), lines, zero, *which, *window, rows)

    _in_threads(work, len(pixels), size * int((end - first).sum()))
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


def _inside(shape: tuple[int, ...], centres: Ints, runs: Ints) -> npt.NDArray[np.bool_]:
    """Return which windows are not cut off, nor at the end, as loops may read more than needed."""
    ends = np.append(runs[:, :2], runs[:, 3:] - 1, axis=1)
    low = centres + runs[:, :3].min(axis=0, initial=0)
    high = centres + ends.max(axis=0, initial=0)
    inside: npt.NDArray[np.bool_] = ((low >= 0) & (high < shape[1:])).all(axis=1)
    steps = np.array([shape[2] * shape[3], shape[3], 1])
    behind = centres @ steps + (ends @ steps).max(initial=0) + SPARE
    return inside & (behind <= math.prod(shape[1:]))


def _in_pieces(
    begin: Places, length: Places, lanes: int, dtype: np.dtype[Any]
) -> tuple[Places, npt.NDArray[Any]]:
    """Return where pieces of runs begin, and masks of the pixels that count."""
    n = -(-length // lanes)
    done = lanes * (np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n))
    left = np.repeat(length, n) - done
    masks = -(np.arange(lanes) < left[:, None]).astype(np.int64)
    return np.repeat(begin, n) + done, masks.astype(dtype)


def _by_frame(origin: Places, at: Ints | None, n_frames: int) -> tuple[Places, Places, Places]:
    """Return an order of the points that is good for the cache, and which are in each frame."""
    if at is None:
        edges = np.zeros(n_frames, np.int64)
        return np.argsort(origin), edges, edges + len(origin)
    order = np.argsort(at, kind="stable")
    edges = np.searchsorted(at[order], np.arange(n_frames + 1))
    return order, edges[:-1], edges[1:]
