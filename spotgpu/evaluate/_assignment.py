"""The best one-to-one pairing of two sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.backends.matching import solve_sparse

__all__ = ["best_pairs"]

Ints = npt.NDArray[np.int64]


def best_pairs(rows: Ints, columns: Ints, gain: npt.NDArray[np.float64]) -> Ints:
    """Choose pairs so that none shares a row or a column and the sum of the gains is largest.

    Parameters
    ----------
    rows, columns : array of int64, shape (n,)
        The pairs that may be chosen, each once.
    gain : array of float64, shape (n,)
        What each of them brings, > 0.

    Returns
    -------
    array of int64
        Places of the chosen pairs, ascending.
    """
    alone = (np.bincount(rows)[rows] == 1) & (np.bincount(columns)[columns] == 1)
    contested = np.flatnonzero(~alone)
    if not len(contested):
        return np.flatnonzero(alone)
    _, row = np.unique(rows[contested], return_inverse=True)
    _, column = np.unique(columns[contested], return_inverse=True)
    shape = int(row.max()) + 1, int(column.max()) + 1
    chosen = solve_sparse(row, column, -gain[contested], shape)
    return np.sort(np.concatenate((np.flatnonzero(alone), contested[chosen])))
