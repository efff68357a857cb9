"""Mirror of the `quantise` kernels: frames stretched over the range of an integer type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.cpu._strips import BLOCK

__all__ = ["quantise"]


def quantise(
    frames: npt.NDArray[np.float64],
    dtype: npt.DTypeLike,
    peak: npt.NDArray[np.float64] | None = None,
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """Stretch each frame over the range of an integer type.

    Equivalent to, for each frame::

        peak = frame.max()
        scale = np.iinfo(dtype).max / peak if peak > 0 else 1.0
        quantised = (scale * np.clip(frame, 0, None)).astype(dtype)     # truncates

    Parameters
    ----------
    frames : ndarray of float64, shape (F, [Z,] Y, X)
        What is negative becomes 0.
    dtype : dtype
        Integer type of at most 32 bits.
    peak : ndarray of float64, shape (F,), optional
        The largest value of each, if the frames are parts of larger ones.

    Returns
    -------
    quantised : ndarray of `dtype`, shape (F, [Z,] Y, X)
        The integer frames.
    scale : ndarray of float64, shape (F,)
        What each frame was multiplied by.
    """
    quantised = np.empty(frames.shape, dtype)
    largest = frames.max(axis=tuple(range(1, frames.ndim)), initial=0.0) if peak is None else peak
    top = float(np.iinfo(quantised.dtype).max)
    scale = np.divide(top, largest, out=np.ones(len(frames)), where=largest > 0)
    for frame, target, factor in zip(frames, quantised, scale, strict=True):
        flat, out = frame.reshape(-1), target.reshape(-1)
        for start in range(0, flat.size, BLOCK):
            strip = slice(start, start + BLOCK)
            stretched = np.maximum(flat[strip], 0.0)
            stretched *= factor
            out[strip] = stretched.astype(dtype)
    return quantised, scale
