"""The images of windows, one after the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.pathlines._batches import batches, batches_of_array
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._side_by_side import side_by_side
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
    threads = projection.threads(pixels.shape, pixels.dtype)
    frames = _frames(source, pixels, projection, size)
    work = partial(projection.images, peak=peak)
    with closing(frames), closing(side_by_side(work, frames, threads)) as made:
        for some in made:
            yield from some


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
    threads = projection.threads(pixels.shape, pixels.dtype)
    frames = _frames(source, pixels, projection, size)
    with closing(frames), closing(side_by_side(projection.peaks, frames, threads)) as peaks:
        return max(float(some.max()) for some in peaks)


def _frames(
    source: Source, pixels: Pixels, projection: Projection, size: int
) -> Generator[npt.NDArray[Any]]:
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
