"""Loops over the pixels of frames, compiled by numba: maxima, and sums."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop

__all__ = ["maxima", "sums"]


@compiled_loop
def _larger(one, other, out):  # type: ignore[no-untyped-def]
    for x in range(len(out)):
        out[x] = max(one[x], other[x])


@compiled_loop
def _enter(source, there, out):  # type: ignore[no-untyped-def]
    """Write a row, or zeros."""
    for x in range(len(out)):
        out[x] = source[x] if there else 0


@compiled_loop
def _largest_along(doubled, size, out):  # type: ignore[no-untyped-def]
    """Write the largest of each `size` neighbours of a row, the first of `doubled`."""
    width, last = doubled.shape[1], len(doubled) - 1
    for k in range(last):
        hop, n = 1 << k, width - (2 << k) + 1
        _larger(doubled[k], doubled[k][hop:], doubled[k + 1][:n])
    _larger(doubled[last], doubled[last][size - (1 << last) :], out)


@compiled_loop
def _flag(row, largest, level, flags):  # type: ignore[no-untyped-def]
    for x in range(len(row)):
        flags[x] = (row[x] == largest[x]) & (row[x] > level)


@compiled_loop
def _write(flags, words, first, n, found):  # type: ignore[no-untyped-def]
    """Append the flagged pixels of a row that begins with the pixel `first`, 8 at a time."""
    for word in range(len(words)):
        if words[word]:
            for x in range(8 * word, 8 * word + 8):
                if flags[x]:
                    found[n] = first + x
                    n += 1
    return n


@compiled_loop
def maxima(frame, dilated, above, below, left, level, ring, doubled, largest, flags, words, found):  # type: ignore[no-untyped-def]
    """Write the flat pixels of a plane that are the largest of the box around; return how many.

    The box is of `dilated`, which is the plane where no axis has been dilated before. `ring`, zeros
    at first, keeps rows of the largest of 1, 2, 4, 8 ... rows as long as they are needed;
    `doubled`, zeros, is for the same along a row. `words` are the flags.
    """
    height, width = frame.shape
    last, kept, across = len(ring) - 1, ring.shape[1] - 1, doubled.shape[1] - width + 1
    middle, n = doubled[0][left : left + width], np.int64(0)
    for newest in range(height + below):
        _enter(dilated[min(newest, height - 1)], newest < height, ring[0][newest & kept])
        for k in range(last):
            first = newest - (2 << k) + 1
            one, other = ring[k][first & kept], ring[k][(first + (1 << k)) & kept]
            _larger(one, other, ring[k + 1][first & kept])
        y = newest - below
        if y >= 0:
            rows = ring[last]
            one, other = rows[(y - above) & kept], rows[(newest + 1 - (1 << last)) & kept]
            _larger(one, other, middle)
            _largest_along(doubled, across, largest)
            _flag(frame[y], largest, level, flags)
            n = _write(flags, words, y * width, n, found)
    return n


@compiled_loop
def sums(image, where):  # type: ignore[no-untyped-def]
    """Return the sums of some pixels of at most 16 bits and of their squares."""
    total, squares = np.int64(0), np.int64(0)
    for i in range(len(image)):
        value = np.int64(image[i]) if where[i] else np.int64(0)
        total += value
        squares += value * value
    return total, squares
