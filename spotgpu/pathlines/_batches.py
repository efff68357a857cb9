"""Frames in batches of windows, none of them read twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["batches", "batches_of_array"]

#: Bytes of frames for which there is room before the first one has come.
AT_FIRST = 64 * 2**20


def batches(
    frames: Iterable[npt.NDArray[Any]],
    size: int,
    windows: int,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Iterator[npt.NDArray[Any]]:
    """Yield frames in batches; the last frames of one are the first of the next.

    Memory holds one batch.

    Parameters
    ----------
    frames : iterable of ndarray
        In order.
    size : int
        Frames of a window.
    windows : int
        Windows of a batch, at most.
    shape : tuple of int
        Of a frame.
    dtype : dtype
        Of its pixels.

    Yields
    ------
    ndarray, shape (B + size - 1, ...)
        The frames of B windows that follow each other. Valid until the next batch is asked for.

    Raises
    ------
    ValueError
        If there are fewer frames than a window has.
    """
    most = windows + size - 1
    # There may be fewer frames than a batch has room for.
    many = max(1, AT_FIRST // max(1, math.prod(shape) * dtype.itemsize))
    buffer = np.empty((min(most, many), *shape), dtype)
    filled = 0
    seen = 0
    for frame in frames:
        if filled == len(buffer):
            buffer.resize((min(most, 2 * filled), *shape), refcheck=False)
        buffer[filled] = frame
        filled += 1
        seen += 1
        if filled == most:
            yield buffer
            filled = size - 1
            buffer[:filled] = buffer[windows:]
    if seen < size:
        raise ValueError(f"`frames_to_merge` must be <= the number of frames, {seen}, got {size}")
    if filled >= size:
        yield buffer[:filled]


def batches_of_array(
    frames: npt.NDArray[Any], size: int, windows: int
) -> Iterator[npt.NDArray[Any]]:
    """Yield what `batches` does of frames that are one array: parts of it, without a copy.

    Parameters
    ----------
    frames : ndarray, shape (T, ...)
        C-contiguous, at least `size`.
    size : int
        Frames of a window.
    windows : int
        Windows of a batch, at most.

    Yields
    ------
    ndarray, shape (B + size - 1, ...)
        The frames of B windows that follow each other.
    """
    for start in range(0, len(frames) - size + 1, windows):
        yield frames[start : start + windows + size - 1]
