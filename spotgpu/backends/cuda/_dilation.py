"""Launcher of the `dilation` kernel; the mirror `spotgpu.backends.cpu.dilation` specifies it."""

from __future__ import annotations

import math

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["dilation"]

THREADS = 128


def dilation(frames: Array, axis: int, before: int, behind: int) -> Array:
    """As `spotgpu.backends.cpu.dilation`, on the device."""
    words = frames.view(cupy.uint32)
    length = words.shape[axis]
    inner = math.prod(words.shape[axis + 1 :])
    dilated = cupy.empty_like(words)
    if words.size:
        lines = words.size // length
        lanes = 4 // frames.itemsize
        defines = {"THREADS": THREADS, "LANES": lanes, "BEFORE": before, "BEHIND": behind}
        source, out = (array.reshape(-1, length, inner) for array in (words, dilated))
        arguments = (source, lines, length, inner, out)
        launch("dilation", "dilate", blocks(lines, THREADS), THREADS, arguments, defines)
    return dilated.view(frames.dtype)
