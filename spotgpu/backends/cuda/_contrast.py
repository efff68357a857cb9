"""Launchers of the `contrast` kernels, specified by `spotgpu.backends.cpu.contrast`."""

from __future__ import annotations

from typing import Any

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch, optional

__all__ = ["contrast", "peaks"]

THREADS, ITEMS = 256, 8


def peaks(
    extreme: Array,
    base: Array | None = None,
    first: Array | None = None,
    white: float | None = None,
) -> Array:
    """As `spotgpu.backends.cpu.peaks`, on the device."""
    n, number = extreme[:1].size, len(extreme)
    if extreme.size == 0:
        return cupy.full(number, -cupy.inf)
    values = extreme.reshape(number, n)
    others, defines = _others(n, base, first, white)
    while True:
        parts = blocks(n, THREADS * ITEMS)
        found = cupy.empty((number, parts))
        defines["EXTREME"] = values.dtype.name
        arguments = (values, n, parts, *others, found)
        launch("contrast", "find_peaks", parts * number, THREADS, arguments, defines)
        if parts == 1:
            return found.reshape(number)
        # Those of the parts are an image of their own.
        values, n = found, parts
        others, defines = _others(n, None, None, None)


def contrast(
    extreme: Array,
    peaks: Array,
    base: Array | None = None,
    first: Array | None = None,
    white: float | None = None,
) -> Array:
    """As `spotgpu.backends.cpu.contrast`, on the device."""
    n, number = extreme[:1].size, len(extreme)
    images = cupy.empty(extreme.shape, cupy.uint8)
    if extreme.size:
        others, defines = _others(n, base, first, white)
        defines["EXTREME"] = extreme.dtype.name
        parts = blocks(n, THREADS * ITEMS)
        source, out = extreme.reshape(number, n), images.reshape(number, n)
        arguments = (source, n, parts, peaks, *others, out)
        launch("contrast", "stretch", parts * number, THREADS, arguments, defines)
    return images


def _others(
    n: int, base: Array | None, first: Array | None, white: float | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the other arguments of both kernels, and what they are compiled with."""
    arrays, defines = optional(n, BASE=base, FIRST=first)
    defines |= {"THREADS": THREADS, "ITEMS": ITEMS, "WHITENED": int(white is not None)}
    return (*arrays, 0.0 if white is None else float(white)), defines
