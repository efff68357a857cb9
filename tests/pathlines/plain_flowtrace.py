"""flowtrace for Python as it is specified, one window and one pixel formula after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

VIOLET, ORANGE = np.array([90, 10, 250]) / 255, np.array([255, 153, 0]) / 255

Image = npt.NDArray[Any]


def windows(files: list[Any], n: int) -> list[list[Any]]:
    """Return what flowtrace merges for each output of a chunk: its ring of n files."""
    if len(files) <= n:
        return []
    ring = files[:n]
    made = [list(ring)]
    for i in range(1, len(files) - n):
        ring.pop(0)
        ring.append(files[i + n])
        made.append(list(ring))
    return made


def chunks(files: list[Any], n: int, cores: int) -> list[list[Any]]:
    """Return the files of each process."""
    run = math.ceil(len(files) / cores)
    while run < n:
        cores -= 1
        run = math.ceil(len(files) / cores)
    cut = [files[k : k + run] for k in range(0, len(files), run)]
    if len(cut) > 1 and len(cut[-1]) < n:
        last = cut.pop()
        cut[-1] = cut[-1] + last
    extended = []
    for k, chunk in enumerate(cut):
        following = [file for later in cut[k + 1 :] for file in later]
        extended.append(chunk + following[:n])
    return extended


def image(
    frames: list[Image],
    *,
    take_diff: bool = False,
    diff_order: int = 1,
    subtract_median: bool = False,
    subtract_first: bool = False,
    add_first_frame: bool = False,
    invert_color: bool = False,
    color_series: bool = False,
    peak: float | None = None,
    unscaled: bool = False,
) -> Any:
    """Return the picture of one window."""
    stack = np.stack(frames, axis=-1).astype(np.float64)
    original = stack[..., 0].copy()
    if subtract_first:
        stack = stack - stack[..., :1]
    if subtract_median:
        stack = stack - np.median(stack, axis=-1, keepdims=True)
    if take_diff:
        stack = np.diff(stack, n=diff_order, axis=-1)
    if add_first_frame:
        stack = np.concatenate([stack, original[..., None]], axis=-1)
    if color_series:
        ramp = np.linspace(VIOLET, ORANGE, stack.shape[-1]).T / 255
        stack = stack[..., None, :] * ramp
    merged = 255 - stack.min(axis=-1) if invert_color else stack.max(axis=-1)
    largest = merged.max() if peak is None else peak
    if unscaled:
        return largest
    if largest < 0:
        return np.zeros(merged.shape, np.uint8)
    scale = 255.0 / (largest or 1)
    return (np.clip(merged * scale, 0, 255) + 0.5).astype(np.uint8)
