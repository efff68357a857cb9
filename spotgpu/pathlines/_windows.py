"""The images of windows, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.pathlines._batches import batches, batches_of_array
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._source import Source

__all__ = ["images", "largest"]


def images(
    source: Source, pixels: Pixels, projection: Projection, size: int, peak: float | None = None
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the image of each window of frames.

    Parameters
    ----------
    source : Source
        The frames.
    pixels : Pixels
        What makes them the engine's.
    projection : Projection
        What merges them.
    size : int
        Frames of a window.
    peak : float, optional
        As of `Projection.images`.

    Yields
    ------
    ndarray of uint8
        One image a window.
    """
    for frames in _frames(source, pixels, projection, size):
        yield from projection.images(frames, peak)


def largest(source: Source, pixels: Pixels, projection: Projection, size: int) -> float:
    """Return the largest value of the images of all windows.

    Parameters
    ----------
    source : Source
        The frames.
    pixels : Pixels
        What makes them the engine's.
    projection : Projection
        What merges them.
    size : int
        Frames of a window.

    Returns
    -------
    float
        For `images`, as `peak`.
    """
    batch = _frames(source, pixels, projection, size)
    return max(float(projection.peaks(frames).max()) for frames in batch)


def _frames(
    source: Source, pixels: Pixels, projection: Projection, size: int
) -> Iterator[npt.NDArray[Any]]:
    windows = projection.windows(pixels.shape, pixels.dtype)
    if source.numbers is not None:
        windows = max(1, min(windows, len(source.numbers) - size + 1))
    array = source.in_memory() if pixels.as_they_are else None
    if array is not None:
        yield from batches_of_array(array, size, windows)
        return
    with closing(source.frames()) as numbered:
        ready = (pixels(frame, number) for number, frame in numbered)
        yield from batches(ready, size, windows, pixels.shape, pixels.dtype)
