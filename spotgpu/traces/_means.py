"""Means over windows in pieces of a movie, on the CPU or a device."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu import backends, io
from spotgpu.backends import cpu
from spotgpu.backends.compiled import compiled
from spotgpu.traces._pieces import Piece, pieces_of
from spotgpu.traces._windows import Runs

__all__ = ["Points", "fixed_means", "moving_means", "type_of"]

#: Bytes of frames that are worked on at once: on the CPU, those of an array there, on a device.
ON_CPU, IN_MEMORY, ON_DEVICE = 1 << 24, 1 << 28, 1 << 26
#: Means of windows that are made at once.
VALUES = 1 << 24
#: Pixels that are added in the time that it takes to link a point.
PIXELS = 128


class Points(NamedTuple):
    """Pixels in image order, (N, ndim), and the numbers of their frames, (N,)."""

    pixels: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]


def type_of(movie: io.Movie, window: Runs | None) -> np.dtype[Any]:
    """Return the type of a trace.

    Parameters
    ----------
    movie : Movie
        Opened.
    window : ndarray or None
        As of `spotgpu.traces._windows.window_of`.

    Returns
    -------
    dtype
        That of the pixels, if they are floats or not averaged; float64 otherwise.
    """
    kept = window is None or movie.dtype.kind == "f"
    return movie.dtype.newbyteorder("=") if kept else np.dtype(np.float64)


def fixed_means(
    video: Any,
    movie: io.Movie,
    pixels: npt.NDArray[np.int64],
    windows: Sequence[Runs | None],
    device: str,
) -> Iterator[tuple[npt.NDArray[np.int64], list[npt.NDArray[Any]]]]:
    """Yield, of some frames after the other, the means around points.

    Parameters
    ----------
    video : object
        What the caller passed.
    movie : Movie
        The same, opened.
    pixels : ndarray of int64, shape (N, ndim)
        The points, in image order.
    windows : sequence of ndarray or None
        As of `spotgpu.traces._windows.window_of`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.

    Yields
    ------
    tuple of ndarray of int64, shape (B,), and list of ndarray, shape (B, N)
        Numbers of the frames; means, one array for each window.
    """
    backend, centres = backends.on(device), _centres(pixels)
    for piece in _pieces(video, movie, backend, len(pixels)):
        yield piece.numbers, _means(backend, piece.frames, centres, windows, None)


def moving_means(
    video: Any,
    movie: io.Movie,
    points: Points,
    windows: Sequence[Runs | None],
    device: str,
) -> Iterator[tuple[int, npt.NDArray[np.int64], list[npt.NDArray[Any]]]]:
    """Yield, of some frames after the other, the means around the points that are in them.

    Parameters
    ----------
    video : object
        What the caller passed.
    movie : Movie
        The same, opened.
    points : Points
        Where, and in which frame.
    windows : sequence of ndarray or None
        As of `spotgpu.traces._windows.window_of`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.

    Yields
    ------
    tuple of int, ndarray of int64, shape (n,), and list of ndarray, shape (n,)
        Number of frames; which of the points are in them; means, one array for each window.
    """
    backend, centres = backends.on(device), _centres(points.pixels)
    order = np.argsort(points.frame, kind="stable")
    frame = points.frame[order]
    for piece in _pieces(video, movie, backend):
        first, end = (np.searchsorted(frame, piece.numbers, side) for side in ("left", "right"))
        at = np.repeat(np.arange(len(first), dtype=np.int32), end - first)
        rows = np.concatenate([order[a:b] for a, b in zip(first, end, strict=True)])
        yield len(first), rows, _means(backend, piece.frames, centres[rows], windows, at)


def _pieces(video: Any, movie: io.Movie, backend: ModuleType, points: int = 1) -> Iterator[Piece]:
    """Yield pieces that are not too large, nor what `points` in each frame make of them."""
    frame_bytes = math.prod(movie.frame_shape) * movie.dtype.itemsize
    most = frame_bytes * max(1, VALUES // max(1, points))
    sizes = (ON_CPU, IN_MEMORY) if backend is cpu else (ON_DEVICE, ON_DEVICE)
    return pieces_of(video, movie, *(min(size, most) for size in sizes))


def _centres(pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    centres = np.zeros((len(pixels), 3), np.int32)
    centres[:, 3 - pixels.shape[1] :] = pixels
    return centres


def _means(
    backend: ModuleType,
    frames: npt.NDArray[Any],
    centres: npt.NDArray[np.int32],
    windows: Sequence[Runs | None],
    at: npt.NDArray[np.int32] | None,
) -> list[npt.NDArray[Any]]:
    """Return the mean over each window; where it is one pixel, that, which needs no device."""
    found = []
    there: Any = None
    for runs in windows:
        if runs is None:
            found.append(frames[(slice(None) if at is None else at, *centres.T)])
            continue
        if there is None:
            given = (_for_sums(frames), centres, at)
            there = [None if array is None else backend.put(array) for array in given]
        pixels, points, frame_of = there
        if backend is cpu:
            n = len(centres) * (1 if at is not None else len(frames))
            compiled(n * int((runs[:, 3] - runs[:, 2]).sum()) // PIXELS)
        means = backend.get(backend.window_mean(pixels, points, backend.put(runs), frame_of))
        kind = frames.dtype.newbyteorder("=")
        found.append(means.astype(kind, copy=False) if kind.kind == "f" else means)
    return found


def _for_sums(frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return frames in a type that `window_mean` takes."""
    kind = frames.dtype.newbyteorder("=")
    if kind.kind == "b":
        return frames.view(np.uint8)
    if kind == np.float16:
        kind = np.dtype(np.float32)
    elif kind.itemsize > (8 if kind.kind == "f" else 4):
        kind = np.dtype(np.float64)
    return frames.astype(kind, copy=False)
