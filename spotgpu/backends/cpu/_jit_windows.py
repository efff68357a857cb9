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
def window_means(  # type: ignore[no-untyped-def]
    pixels,
    line,
    lines,
    zero,
    order,
    first,
    end,
    window,
    origin,
    begin,
    length,
    pieces,
    masks,
    means,
):
    """Write the means around the points that are in each frame, (T, N) or (1, N).

    In frame t are the points ``order[first[t] : end[t]]``. The runs of point ``order[p]`` begin at
    the places ``origin[p] + begin[window[p]]`` and are ``length[window[p]]`` pixels long. With
    `masks`, those of window 0 are also what these leave of the `pieces` of LANES pixels. With each
    point, memory is asked for `lines` lines, of so many pixels each, of the next frame.
    """
    counts = length.sum(axis=1).astype(np.float64)
    for t in range(len(pixels)):
        frame, row = pixels[t], means[min(t, len(means) - 1)]
        following, ahead = pixels[min(t + 1, len(pixels) - 1)], U(0)
        for p in range(U(first[t]), U(end[t])):
            for _ in range(lines):
                ahead += line
                prefetch(following, ahead - line)  # type: ignore[call-arg]
            w, total, centre = window[p], zero, origin[p]
            if masks is not None and w == 0:
                total = sum_in_lanes(frame, centre, pieces, masks)  # type: ignore[call-arg]
            else:
                for k in range(U(begin.shape[1])):
                    i, left = centre + begin[w, k], length[w, k]
                    # Four at a time, in the same order: less to count.
                    while left >= U(4):
                        total += frame[i]
                        total += frame[i + U(1)]
                        total += frame[i + U(2)]
                        total += frame[i + U(3)]
                        i, left = i + U(4), left - U(4)
                    if left >= U(2):
                        total += frame[i]
                        total += frame[i + U(1)]
                        i, left = i + U(2), left - U(2)
                    if left:
                        total += frame[i]
            row[order[p]] = np.float64(total) / counts[w] if counts[w] else np.nan
