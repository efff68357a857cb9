"""Mirror of the `ramp_max` kernel: maxima over windows of frames, each in a colour of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ramp_max"]


def ramp_max(
    frames: npt.NDArray[Any],
    ramp: npt.NDArray[np.float64],
    base: npt.NDArray[Any] | None = None,
    first: npt.NDArray[Any] | None = None,
    least: bool = False,
) -> npt.NDArray[np.float64]:
    """Return the maximum of each pixel over each window, its frames weighed in each channel.

    Equivalent to, for each window ``i`` of ``m`` frames::

        planes = frames[i : i + m] - base[i] / 2
        planes = np.concatenate([planes, first[i : i + 1]])      # with `first`
        coloured = planes[..., None] * ramp.reshape(-1, *ones, C)
        coloured.max(axis=0)

    Parameters
    ----------
    frames : ndarray of uint8, uint16, int32, float32 or float64, shape (T, ...)
        C-contiguous, finite.
    ramp : ndarray of float64, shape (m, C) or (m + 1, C)
        What each plane of a window is multiplied by, per channel. With `first` it has a row more,
        the last, for that. At least one of `frames`' planes, and at most T.
    base : ndarray of an integer type or float64, shape (T - m + 1, ...), optional
        Twice what is subtracted from the frames of each window, as of `sliding_median`.
    first : ndarray of any type of `frames`, shape (T - m + 1, ...), optional
        One more plane of each window, from which `base` is not subtracted.
    least : bool
        The minimum instead.

    Returns
    -------
    ndarray of float64, shape (T - m + 1, ..., C)
        The channels side by side. A zero is 0.0, never -0.0.
    """
    combine = np.minimum if least else np.maximum
    size = len(ramp) - (first is not None)
    count = len(frames) - size + 1
    extreme = np.empty((count, *frames.shape[1:], ramp.shape[1]))
    for i in range(count):
        planes = frames[i : i + size].astype(np.float64)
        if base is not None:
            planes -= base[i] / 2
        if first is not None:
            planes = np.concatenate([planes, first[i : i + 1]])
        for channel, weights in enumerate(ramp.T):
            coloured = np.array([p * w for p, w in zip(planes, weights, strict=True)])
            extreme[i, ..., channel] = combine.reduce(coloured, axis=0)
    extreme += 0.0
    return extreme
