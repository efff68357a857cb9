"""Mirror of the `scan` kernels: where each run starts, if runs follow one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["scan"]


def scan(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the exclusive prefix sums of some counts, and their total.

    Parameters
    ----------
    counts : ndarray of int64, shape (N,)
        How long each run is.

    Returns
    -------
    ndarray of int64, shape (N + 1,)
        ``start[i] = sum(counts[:i])``.
    """
    start = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=start[1:])
    return start
