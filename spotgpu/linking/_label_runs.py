"""The objects of one label image, as runs of pixels along the last axis."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints

__all__ = ["Runs", "read_runs", "shared_pixels"]


class Runs(NamedTuple):
    """Objects of a label image and the runs of pixels that they consist of.

    Attributes
    ----------
    shape : tuple of int
        Of the image.
    labels : ndarray of int64, shape (objects,)
        Ascending.
    size : ndarray of int64, shape (objects,)
        Pixels of each.
    centre : ndarray of float64, shape (objects, ndim)
        Mean of the pixels' indices.
    start, end : ndarray of int64, shape (runs,)
        First pixel of each run and the first behind it, counted through the image. Ascending.
    owner : ndarray of int64, shape (runs,)
        Position in `labels` of the object that each run belongs to.
    """

    shape: tuple[int, ...]
    labels: Ints
    size: Ints
    centre: Floats
    start: Ints
    end: Ints
    owner: Ints

    def without_pixels(self) -> Runs:
        """Return the objects without their runs, which take the most memory.

        Returns
        -------
        Runs
            Overlaps nothing.
        """
        none = np.empty(0, np.int64)
        return self._replace(start=none, end=none, owner=none)


def read_runs(name: str, image: Any) -> Runs:
    """Find the objects of a label image in one pass over its pixels.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    image : array_like of int, shape ([z,] y, x)
        Labels; 0 is background.

    Returns
    -------
    Runs
        The objects. Sizes and sums of indices are exact.

    Raises
    ------
    TypeError
        If the image is not of integers.
    ValueError
        If it has not two or three axes, or a label is negative or above 2**63 - 1.
    """
    image = np.ascontiguousarray(image)
    if image.dtype.kind not in "iu":
        raise TypeError(f"`{name}` must be images of integers, got {image.dtype}")
    if image.ndim not in {2, 3}:
        raise ValueError(f"`{name}` must be images ([z,] y, x), got shape {image.shape}")
    lines = image.reshape(-1, image.shape[-1]) if image.size else np.zeros((0, 1), np.int64)
    begins = np.ones(lines.shape, np.bool_)
    np.not_equal(lines[:, 1:], lines[:, :-1], out=begins[:, 1:])
    start = np.flatnonzero(begins).astype(np.int64, copy=False)
    end = np.append(start[1:], lines.size)
    value = lines.reshape(-1)[start]
    if (value < 0).any():
        raise ValueError(f"`{name}` must have labels >= 0, got {value.min()}")
    inside = np.flatnonzero(value)
    start, end = start[inside], end[inside]
    labels, owner = np.unique(value[inside], return_inverse=True)
    if len(labels) and labels[-1] > np.iinfo(np.int64).max:
        raise ValueError(f"`{name}` must have labels below 2**63, got {labels[-1]}")
    length = end - start
    size = np.bincount(owner, length, len(labels)).astype(np.int64)
    centre = np.empty((len(labels), image.ndim))
    for axis, index in enumerate(np.unravel_index(start, image.shape) if len(start) else ()):
        total = index * length
        if axis == image.ndim - 1:
            total += length * (length - 1) // 2
        centre[:, axis] = np.bincount(owner, total, len(labels)) / size
    return Runs(image.shape, labels.astype(np.int64), size, centre, start, end, owner)


def shared_pixels(a: Runs, b: Runs) -> tuple[Ints, Ints, Ints]:
    """Count the pixels that objects of two images share.

    Parameters
    ----------
    a, b : Runs
        Of images of the same shape.

    Returns
    -------
    tuple of ndarray of int64, shape (pairs,)
        Positions in ``a.labels`` and in ``b.labels`` of the objects that share pixels, and how
        many; sorted by the first, then the second.
    """
    first = np.searchsorted(b.end, a.start, "right")
    n = np.searchsorted(b.start, a.end, "left") - first
    left = np.repeat(np.arange(len(a.start)), n)
    right = np.arange(len(left)) + np.repeat(first - (np.cumsum(n) - n), n)
    pixels = np.minimum(a.end[left], b.end[right]) - np.maximum(a.start[left], b.start[right])
    width = max(1, len(b.labels))
    pair, code = np.unique(a.owner[left] * width + b.owner[right], return_inverse=True)
    source, target = np.divmod(pair, width)
    return source, target, np.bincount(code, pixels, len(pair)).astype(np.int64)
