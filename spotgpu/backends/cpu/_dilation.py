"""Mirror of the `dilation` kernel: maxima over windows along one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import running, slide

__all__ = ["dilation"]


def dilation(frames: npt.NDArray[Any], axis: int, before: int, behind: int) -> npt.NDArray[Any]:
    """Return the maximum of what is around each element along one axis.

    Parameters
    ----------
    frames : ndarray of an integer type of 1, 2 or 4 bytes, two axes or more
        Not negative. 0 outside. The bytes of the last axis are a multiple of 4.
    axis : int
        From 0; not the last.
    before, behind : int
        Elements to each side that belong to the window; up to some 30 in all is best.

    Returns
    -------
    ndarray
        As `frames`.
    """
    if before + behind == 0:
        return frames.copy()
    dilated = np.empty_like(frames)
    slide(frames, dilated, axis, (before, behind), running(np.maximum, before + 1 + behind))
    return dilated
