"""The bandpass of integers, compiled by numba: row by row, in a core's cache.

Gaussian weights come with zeros at both ends, so that their radius is even and at least 2: two
pairs of neighbours are added at once, in the order of the mirror.
"""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop

__all__ = ["difference", "mean_of_planes", "smoothed_planes", "stretch"]


@compiled_loop
def _begin(centre, weight, a, b, outer, c, d, inner, out):  # type: ignore[no-untyped-def]
    """Write a row's weighted pixels and two pairs of neighbours."""
    for x in range(len(out)):
        out[x] = (centre[x] * weight + (a[x] + b[x]) * outer) + (c[x] + d[x]) * inner


@compiled_loop
def _go_on(a, b, outer, c, d, inner, out):  # type: ignore[no-untyped-def]
    """Add two more pairs."""
    for x in range(len(out)):
        out[x] = (out[x] + (a[x] + b[x]) * outer) + (c[x] + d[x]) * inner


@compiled_loop
def _across(ring, y, weights, out):  # type: ignore[no-untyped-def]
    """Write row `y` smoothed along the first axis, of the rows around it in a ring."""
    n, radius = len(ring), len(weights) // 2
    for k in range(0, radius, 2):
        a, b = ring[(y - radius + k) % n], ring[(y + radius - k) % n]
        c, d = ring[(y - radius + k + 1) % n], ring[(y + radius - k - 1) % n]
        if k == 0:
            _begin(ring[y % n], weights[radius], a, b, weights[0], c, d, weights[1], out)
        else:
            _go_on(a, b, weights[k], c, d, weights[k + 1], out)


@compiled_loop
def _along(padded, weights, out):  # type: ignore[no-untyped-def]
    """Write a row smoothed; it has zeros on both sides."""
    radius = len(weights) // 2
    for k in range(0, radius, 2):
        a, b = padded[k:], padded[2 * radius - k :]
        c, d = padded[k + 1 :], padded[2 * radius - k - 1 :]
        if k == 0:
            _begin(padded[radius:], weights[radius], a, b, weights[0], c, d, weights[1], out)
        else:
            _go_on(a, b, weights[k], c, d, weights[k + 1], out)


@compiled_loop
def _enter(frame, y, ring):  # type: ignore[no-untyped-def]
    """Write row `y` into the ring; there are zeros outside of the frame."""
    source, there, target = frame[min(y, len(frame) - 1)], y < len(frame), ring[y % len(ring)]
    for x in range(frame.shape[1]):
        target[x] = source[x] if there else 0.0


@compiled_loop
def _divide(sums, side, out):  # type: ignore[no-untyped-def]
    """Write the quotients of integers, truncated.

    The inverse is a little too large, so that a quotient that is an integer is not lost. What that
    adds is less than what others lack to the next integer: 1 / side.
    """
    inverse = np.nextafter(1.0 / side, 1.0)
    for x in range(len(out)):
        out[x] = sums[x] * inverse


@compiled_loop
def _add(one, other, out):  # type: ignore[no-untyped-def]
    for x in range(len(out)):
        out[x] = one[x] + other[x]


@compiled_loop
def _gain(sums, row):  # type: ignore[no-untyped-def]
    """Add in place: `_add` would not be vectorised where it writes what it reads."""
    for x in range(len(sums)):
        sums[x] += row[x]


@compiled_loop
def _take(sums, row):  # type: ignore[no-untyped-def]
    for x in range(len(sums)):
        sums[x] -= row[x]


@compiled_loop
def _mean(doubled, side, box):  # type: ignore[no-untyped-def]
    """Write the means, truncated, along a row, the first of `doubled`; its ends are repeated.

    Of 2, 4, 8 ... neighbours first; the sums of integers are the same in any order.
    """
    width, reach, length, last = len(box), side // 2, doubled.shape[1], len(doubled) - 1
    row = doubled[0]
    for x in range(reach):
        row[x], row[reach + width + x] = row[reach], row[reach + width - 1]
    for k in range(last):
        hop, n = 1 << k, length - (2 << k) + 1
        _add(doubled[k], doubled[k][hop:], doubled[k + 1][:n])
    total, covered = doubled[last][:width], 1 << last
    for k in range(last - 1, -1, -1):
        if side >> k & 1:
            _gain(total, doubled[k][covered:])
            covered += 1 << k
    _divide(total, side, box)


@compiled_loop
def smoothed_planes(volume, weights, piece, out):  # type: ignore[no-untyped-def]
    """Write a volume, (Z, Y * X), smoothed along its first axis, some pixels of it at once."""
    radius = len(weights) // 2
    for start in range(0, volume.shape[1], piece):
        part = volume[:, start : start + piece]
        ring = np.zeros((2 * radius + 1, part.shape[1]))
        for z in range(radius):
            _enter(part, z, ring)
        for z in range(len(volume)):
            _enter(part, z + radius, ring)
            _across(ring, z, weights, out[z, start : start + piece])


@compiled_loop
def mean_of_planes(volume, side, sums, out):  # type: ignore[no-untyped-def]
    """Write the means along the first axis of a volume, (Z, Y * X), as many at once as `sums`."""
    half, last, piece = side // 2, len(volume) - 1, len(sums)
    for start in range(0, volume.shape[1], piece):
        part = volume[:, start : start + piece]
        total = sums[: part.shape[1]]
        total[:] = 0
        for j in range(-half, half):
            _gain(total, part[min(max(j, 0), last)])
        for z in range(last + 1):
            _gain(total, part[min(z + half, last)])
            _divide(total, side, out[z, start : start + piece])
            _take(total, part[max(z - half, 0)])


@compiled_loop
def _subtract(smooth, box, threshold, largest, out):  # type: ignore[no-untyped-def]
    for x in range(len(out)):
        value = smooth[x] - box[x]
        value = value if value >= threshold else 0.0
        largest[x] = max(largest[x], value)
        out[x] = value


@compiled_loop
def difference(  # type: ignore[no-untyped-def]
    frame, box_of, rows, columns, tall, wide, threshold, floats, ring, ints, doubled, out
):
    """Write a plane's Gaussian less its box, 0 below the threshold, and the largest of columns.

    The box is of `box_of`, which is the plane where no axis has been filtered before. The rows of
    `floats`, zeros at first, are the largest of each column, a smoothed row, and one that is yet
    to be smoothed along itself; `ring` are such rows, `ints` two rows of a type that holds the
    sums, and `doubled` some more.
    """
    height, width = frame.shape
    reach, half, radius, below = wide // 2, tall // 2, len(columns) // 2, len(rows) // 2
    # The row begins with a line of the cache.
    first = (floats.shape[1] - ring.shape[1]) // 2
    row = floats[2][first : first + width]
    padded = floats[2][first - radius : first + width + radius]
    largest, smooth = floats[0][:width], floats[1][:width]
    sums, box = ints[0][:width], ints[1][:width]
    for j in range(-half, half):
        _gain(sums, box_of[min(max(j, 0), height - 1)])
    for y in range(below):
        _enter(frame, y, ring)
    for y in range(height):
        _enter(frame, y + below, ring)
        _across(ring, y, rows, row)
        _along(padded, columns, smooth)
        _gain(sums, box_of[min(y + half, height - 1)])
        _divide(sums, tall, doubled[0][reach : reach + width])
        _take(sums, box_of[max(y - half, 0)])
        _mean(doubled, wide, box)
        _subtract(smooth, box, threshold, largest, out[y])


@compiled_loop
def stretch(values, scale, out):  # type: ignore[no-untyped-def]
    """Write values from 0 on, multiplied by the scale and truncated."""
    for i in range(len(values)):
        out[i] = values[i] * scale
