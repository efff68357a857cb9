"""Means over large windows, as blocks of pixels: steps in Python are few."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["block_means", "blocks_of"]

#: Pixels that are added at once: they stay in a core's cache.
CELLS = 1 << 18


def blocks_of(runs: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Return runs of one window with those joined that lie below each other.

    Parameters
    ----------
    runs : ndarray of int32, shape (R, 4), R >= 1
        As of `spotgpu.backends.cpu.window_mean`.

    Returns
    -------
    ndarray of int64, shape (B, 2, 3)
        z, y, x of the first pixel of each block, and behind the last one.
    """
    joined = (np.diff(runs, axis=0) == (0, 1, 0, 0)).all(axis=1)
    first = np.flatnonzero(np.append(True, ~joined))
    last = np.append(first[1:], len(runs)) - 1
    begin, end = runs[first][:, :3], runs[last][:, [0, 1, 3]] + (1, 1, 0)
    return np.stack([begin, end], axis=1).astype(np.int64)


def block_means(
    frames: npt.NDArray[Any],
    centres: npt.NDArray[np.int32],
    blocks: npt.NDArray[np.int64],
    at: npt.NDArray[np.int32] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the mean of the pixels in a window of blocks around each point.

    Parameters
    ----------
    frames : ndarray, shape (T, Z, Y, X)
        As of `spotgpu.backends.cpu.window_mean`.
    centres : ndarray of int32, shape (N, 3)
        Points z, y, x.
    blocks : ndarray of int64, shape (B, 2, 3)
        As `blocks_of` returns them.
    at : ndarray of int32, shape (N,), optional
        The frame of each point.

    Returns
    -------
    ndarray of float64, shape (T, N), or (N,) with `at`
        As of `spotgpu.backends.cpu.window_mean`.
    """
    means = np.empty((len(frames) if at is None else 1, len(centres)))
    for n, centre in enumerate(centres):
        images = frames if at is None else frames[at[n], None]
        inside = np.clip(blocks + centre, 0, frames.shape[1:])
        inside = inside[(inside[:, 0] < inside[:, 1]).all(axis=1)]
        count = (inside[:, 1] - inside[:, 0]).prod(axis=1).sum()
        each = max(1, CELLS // max(1, int(count)))
        for first in range(0, len(images), each):
            some = slice(first, first + each)
            with np.errstate(invalid="ignore", over="ignore"):
                means[some, n] = _sums(images[some], inside) / count
    return means if at is None else means[0]


def _sums(images: npt.NDArray[Any], blocks: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return the sum of the pixels in blocks of each image, in their order if they are floats."""
    floats = images.dtype.kind == "f"
    sums = np.zeros(len(images), np.float64 if floats else np.int64)
    for (z, top, left), (_, bottom, right) in blocks:
        if not floats:
            sums += images[:, z, top:bottom, left:right].sum(axis=(1, 2), dtype=np.int64)
            continue
        rows = max(1, CELLS // int(len(images) * (right - left)))
        for y in range(top, bottom, rows):
            part = images[:, z, y : min(y + rows, bottom), left:right].reshape(len(images), -1)
            # numpy's sum has an order of its own.
            line = np.concatenate([sums[:, None], part], axis=1, dtype=np.float64)
            sums = np.cumsum(line, axis=1, out=line)[:, -1]
    return sums
