"""Loops over spots, compiled by numba: refinement, what characterises them, which are too close."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cpu._jit import compiled_loop, group
from spotgpu.backends.cpu._jit_between import cells_of, laid_out, rows_around
from spotgpu.backends.cpu._ordered import WARP

__all__ = ["centroid", "characterize", "where_close"]


@compiled_loop
def _gather(pixels, at, flat, values):  # type: ignore[no-untyped-def]
    """Write the pixels of the window `at` a flat pixel; return their sum."""
    total = np.int64(0)
    for p in range(len(flat)):
        values[p] = pixels[at + flat[p]]
        total += values[p]
    return total


@compiled_loop
def _dot(values, weights):  # type: ignore[no-untyped-def]
    """Return the sum of products of integers."""
    total = np.int64(0)
    for p in range(len(values)):
        total += values[p] * weights[p]
    return total


@compiled_loop
def _move(window, offset, low, high, shift):  # type: ignore[no-untyped-def]
    """Move a window to where its offset points; return whether it has moved."""
    moved = False
    for axis in range(len(window)):
        there = window[axis] + (offset[axis] > shift) - (offset[axis] < -shift)
        there = max(min(there, high[axis]), low[axis])
        moved |= there != window[axis]
        window[axis] = there
    return moved


@compiled_loop
def centroid(  # type: ignore[no-untyped-def]
    pixels, start, pitch, mask, flat, low, high, shift, iterations, windows, offsets, mass
):
    """As `spotgpu.backends.cpu.centroid`, for windows whose frames begin at `start`.

    `mask` are the offsets of its pixels from the corner, (ndim, P), `flat` those in the flat
    frames from the centre. `windows`, (N, ndim), are the maxima at first.
    """
    ndim, n_pixels = mask.shape
    values = np.empty(n_pixels, np.int64)
    for i in range(len(windows)):
        window, offset = windows[i], offsets[i]
        for step in range(iterations):
            if step > 0 and not _move(window, offset, low, high, shift):
                break
            at = start[i]
            for axis in range(ndim):
                at += window[axis] * pitch[axis]
            total = np.float64(_gather(pixels, at, flat, values))
            mass[i] = total
            for axis in range(ndim):
                moment = np.float64(_dot(values, mask[axis]))
                offset[axis] = moment / total - low[axis] if total > 0 else np.nan


@compiled_loop
def _warp_sum(values, weights, lanes):  # type: ignore[no-untyped-def]
    """Return the sum of products in the order of `warp_sum`."""
    for lane in range(WARP):
        lanes[lane] = 0.0
    for start in range(0, len(values), WARP):
        for lane in range(min(WARP, len(values) - start)):
            lanes[lane] += np.float64(values[start + lane]) * weights[start + lane]
    width = WARP
    while width > 1:
        width //= 2
        for lane in range(width):
            lanes[lane] += lanes[lane + width]
    return lanes[0]


@compiled_loop
def characterize(pixels, raw, at, flat, squares, cosine, sine, result):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.characterize`, for windows centred `at` flat pixels.

    The rows of `result` are the sizes, eccentricity, signal and sum of the raw pixels. Without
    cosine and sine, the eccentricity is left as it is.
    """
    n_sizes, n_pixels = squares.shape
    values, before = np.empty(n_pixels, np.int64), np.empty(n_pixels, np.int64)
    lanes = np.empty(WARP)
    for i in range(len(at)):
        total, largest = _gather(pixels, at[i], flat, values), np.int64(0)
        mass = np.float64(total)
        for p in range(n_pixels):
            largest = max(largest, values[p])
        for k in range(n_sizes):
            moment = n_sizes * np.float64(_dot(values, squares[k]))
            result[k, i] = np.sqrt(moment / mass) if total > 0 else np.nan
        if len(cosine) > 0:
            along, across = _warp_sum(values, cosine, lanes), _warp_sum(values, sine, lanes)
            rim = mass - np.float64(pixels[at[i]])
            result[n_sizes, i] = np.sqrt(along * along + across * across) / (rim + 1e-6)
        result[n_sizes + 1, i] = largest
        result[n_sizes + 2, i] = _gather(raw, at[i], flat, before)


@compiled_loop
def where_close(at, mass, limit, marked):  # type: ignore[no-untyped-def]
    """As `spotgpu.backends.cpu.where_close`, for points of one frame, (ndim, N), scaled."""
    ndim, n = at.shape
    low, side, shape = laid_out(at, 1.0, 8 * n + 64.0 * 3.0**ndim)
    cell, offsets = cells_of(at, low, side, shape), rows_around(shape)
    n_cells = np.int64(1)
    for length in shape:
        n_cells *= length
    order, start = group(cell, n_cells)
    for i in range(n):
        for offset in offsets:
            for k in range(start[cell[i] + offset], start[cell[i] + offset + 3]):
                j = order[k]
                if j <= i:
                    continue
                distance2, first, second = 0.0, 0.0, 0.0
                for axis in range(ndim):
                    delta = at[axis, i] - at[axis, j]
                    distance2 += delta * delta
                    first += at[axis, i]
                    second += at[axis, j]
                if distance2 > limit:
                    continue
                keeps_first = mass[i] > mass[j] or (mass[i] == mass[j] and first - second > 0)
                marked[j if keeps_first else i] = True
