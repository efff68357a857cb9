"""A picture of a frame that does not fit the memory it may take."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import io

__all__ = ["picture"]


def picture(frame: io.LazyFrame, most: int) -> npt.NDArray[Any]:
    """Return a frame's maximum along z, or the frame itself if it has no z.

    Each pixel is read once.

    Parameters
    ----------
    frame : LazyFrame
        Read in blocks of a quarter of `most`, or of one of its chunks, if that is larger.
    most : int
        Bytes.

    Returns
    -------
    ndarray, shape (Y, X)
        Of the frame's type. Shape (0, 0), and nothing is read, if it would take more than half of
        `most`.
    """
    plane = frame.shape[-2:]
    if math.prod(plane) * frame.dtype.itemsize > most // 2:
        return np.empty((0, 0), frame.dtype)
    image = np.empty(plane, frame.dtype)
    sides = _sides(frame, most // 4)
    starts = [range(0, length, side) for length, side in zip(frame.shape, sides, strict=True)]
    for at in product(*starts):
        where = tuple(slice(start, start + side) for start, side in zip(at, sides, strict=True))
        block, part = frame[where], image[where[-2:]]
        if len(at) == 2:
            part[...] = block
        elif at[0] == 0:
            block.max(axis=0, out=part)
        else:
            np.maximum(part, block.max(axis=0), out=part)
    return image


def _sides(frame: io.LazyFrame, most: int) -> list[int]:
    """Return the sides of blocks of whole chunks, the last axis the longest."""
    sides = [min(side, length) for side, length in zip(frame.chunks, frame.shape, strict=True)]
    for axis in reversed(range(frame.ndim)):
        room = most // (math.prod(sides) * frame.dtype.itemsize)
        sides[axis] = min(sides[axis] * max(1, room), frame.shape[axis])
    return sides
