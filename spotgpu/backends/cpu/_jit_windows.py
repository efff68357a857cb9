"""Means over windows, compiled by numba.

Places in frames are unsigned: a negative one would be one from the end, which takes time to check.
"""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop
from spotgpu.backends.cpu._jit_lanes import LANES, prefetch, sum_in_lanes

__all__ = ["LANES", "window_means"]

U = np.uint64


@compiled_loop
def _cut_off(frame, zero, shape, centre, runs):  # type: ignore[no-untyped-def]
    """Return the sum and the number of those pixels of a window that are inside the frame."""
    total, count = zero, 0
    for k in range(len(runs)):
        z, y = centre[0] + runs[k, 0], centre[1] + runs[k, 1]
        if 0 <= z < shape[0] and 0 <= y < shape[1]:
            row = (z * shape[1] + y) * shape[2]
            x, end = max(centre[2] + runs[k, 2], 0), min(centre[2] + runs[k, 3], shape[2])
            for i in range(U(row + x), U(row + max(end, x))):
                total += frame[i]
            count += max(end - x, 0)
    return total, count


@compiled_loop
def window_means(  # type: ignore[no-untyped-def]
    pixels,
    line,
    lines,
    zero,
    order,
    first,
    end,
    inside,
    origin,
    begin,
    length,
    pieces,
    masks,
    shape,
    centres,
    runs,
    means,
):
    """Write the means around the points that are in each frame, (T, N) or (1, N).

    In frame t are the points ``order[first[t] : end[t]]``. The runs of a point p that is `inside`
    begin at the places ``origin[p] + begin`` and are `length` pixels long. With `masks`, they are
    also what these leave of the `pieces` of LANES pixels. The windows of other points are cut off
    at the border of the frame of some `shape`. With each point, memory is asked for `lines` lines,
    of so many pixels each, of the next frame.
    """
    whole = np.int64(length.sum())
    for t in range(len(pixels)):
        frame, row = pixels[t], means[min(t, len(means) - 1)]
        following, ahead = pixels[min(t + 1, len(pixels) - 1)], U(0)
        for p in order[first[t] : end[t]]:
            for _ in range(lines):
                ahead += line
                prefetch(following, ahead - line)  # type: ignore[call-arg]
            total, count = zero, whole
            if not inside[p]:
                total, count = _cut_off(frame, zero, shape, centres[p], runs)
            elif masks is not None:
                total = sum_in_lanes(frame, origin[p], pieces, masks)  # type: ignore[call-arg]
            else:
                for k in range(len(begin)):
                    i = origin[p] + begin[k]
                    for j in range(i, i + length[k]):
                        total += frame[j]
            row[p] = np.float64(total) / count if count else np.nan
