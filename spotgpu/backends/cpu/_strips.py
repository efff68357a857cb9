"""Windows along one axis, as shifts of flat arrays.

A filter along any axis of any array is the same loop: copy a strip that fits the cache into a
padded buffer, and combine the buffer with itself shifted by multiples of one stride. All the work
is then contiguous and vectorised, whatever the axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK", "Window", "running", "slide"]

#: Bytes of a strip: small beside a frame's traffic to memory, large beside numpy's cost of a call.
STRIP = 1 << 17

#: Elements of a block of float64 of that size.
BLOCK = STRIP // 8

#: ``window(buffer, stride, length)`` returns `length` results, the i-th computed from
#: ``buffer[i + stride * j]`` for j = 0 ... before + after.
Window = Callable[[npt.NDArray[Any], int, int], npt.NDArray[Any]]


def slide(
    source: npt.NDArray[Any],
    out: npt.NDArray[Any],
    axis: int,
    reach: tuple[int, int],
    window: Window,
    *,
    nearest: bool = False,
) -> None:
    """Apply `window` along one axis.

    Parameters
    ----------
    source : ndarray
        C-contiguous.
    out : ndarray
        Same shape, C-contiguous; may be `source`. Its dtype is that of the buffers.
    axis : int
        The axis to slide along, not negative.
    reach : tuple of int
        How many pixels the window reaches before and after the current one.
    window : callable
        See `Window`.
    nearest : bool
        Repeat the edge pixel outside the image, instead of 0.
    """
    length = source.shape[axis]
    inner = int(np.prod(source.shape[axis + 1 :]))
    if inner == 1:
        _slide_rows(source.reshape(-1, length), out.reshape(-1, length), reach, window, nearest)
        return
    shape = (-1, length, inner)
    for plane, target in zip(source.reshape(shape), out.reshape(shape), strict=True):
        _slide_columns(plane, target, reach, window, nearest)


def _slide_rows(
    source: npt.NDArray[Any],
    out: npt.NDArray[Any],
    reach: tuple[int, int],
    window: Window,
    nearest: bool,
) -> None:
    rows, length = source.shape
    before, after = reach
    pitch = before + length + after
    step = min(rows, max(1, STRIP // (pitch * out.itemsize)))
    buffer = np.zeros(step * pitch + before + after, out.dtype)
    padded = buffer[: step * pitch].reshape(step, pitch)
    for start in range(0, rows, step):
        n = min(step, rows - start)
        strip = source[start : start + n]
        padded[:n, before : before + length] = strip
        if nearest:
            padded[:n, :before] = strip[:, :1]
            padded[:n, before + length :] = strip[:, -1:]
        result = window(buffer[: n * pitch + before + after], 1, n * pitch)
        out[start : start + n] = result.reshape(n, pitch)[:, :length]


def _slide_columns(
    source: npt.NDArray[Any],
    out: npt.NDArray[Any],
    reach: tuple[int, int],
    window: Window,
    nearest: bool,
) -> None:
    length, columns = source.shape
    before, after = reach
    step = min(columns, max(64, STRIP // ((before + length + after) * out.itemsize)))
    buffer = np.zeros((before + length + after) * step, out.dtype)
    for start in range(0, columns, step):
        n = min(step, columns - start)
        strip = source[:, start : start + n]
        if n < step:
            buffer = np.zeros((before + length + after) * n, out.dtype)
        padded = buffer.reshape(-1, n)
        padded[before : before + length] = strip
        if nearest:
            padded[:before] = strip[0]
            padded[before + length :] = strip[-1]
        out[:, start : start + n] = window(buffer, n, length * n).reshape(length, n)


def running(combine: np.ufunc, size: int) -> Window:
    """Return the window that combines `size` neighbours in a fixed order, by doubling.

    With ``c_1[i] = x[i]`` and ``c_2m[i] = combine(c_m[i], c_m[i + m])`` for powers of two, the
    window is put together from the binary digits of `size`, the highest first:
    11 = 8 + 2 + 1 gives ``combine(combine(c_8[i], c_2[i + 8]), c_1[i + 10])``. The number of
    operations grows with the logarithm of the size, and the order of a floating-point sum does
    not depend on where in an image the window lies. Maxima may overlap, which saves some.

    Parameters
    ----------
    combine : numpy.ufunc
        `numpy.add` or `numpy.maximum`.
    size : int
        Pixels in the window, > 0.

    Returns
    -------
    callable
        A `Window` for ``reach[0] + reach[1] == size - 1``.
    """

    def window(buffer: npt.NDArray[Any], stride: int, length: int) -> npt.NDArray[Any]:
        doubled = {1: buffer}
        while 2 * max(doubled) <= size:
            m = max(doubled)
            half = doubled[m]
            doubled[2 * m] = combine(half[: len(half) - m * stride], half[m * stride :])
        covered = max(doubled)
        result = doubled[covered][:length]
        if combine is np.maximum and covered < size:
            return combine(result, doubled[covered][(size - covered) * stride :][:length])
        for m in sorted(doubled, reverse=True)[1:]:
            if size & m:
                shift = covered * stride
                result = combine(result, doubled[m][shift : shift + length])
                covered += m
        return result

    return window
