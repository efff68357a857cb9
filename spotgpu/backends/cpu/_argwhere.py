"""Mirror of the `argwhere` kernels: where the bits of a mask are set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["argwhere"]


def argwhere(mask: npt.NDArray[np.uint32], shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return the indices of the elements whose bit is set.

    Parameters
    ----------
    mask : ndarray of uint32, shape (F, [Z,] Y, ceil(X / 32))
        A bit for each element, 32 elements of the last axis a word, the first one lowest; bits
        beyond the last are 0.
    shape : tuple of int
        (F, [Z,] Y, X).

    Returns
    -------
    ndarray of int64, shape (N, len(shape))
        In C order.
    """
    octets = mask.astype("<u4", copy=False).view(np.uint8)
    return np.argwhere(np.unpackbits(octets, axis=-1, count=shape[-1], bitorder="little"))
