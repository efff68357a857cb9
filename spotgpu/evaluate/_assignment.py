"""The best one-to-one pairing of two sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

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
    m, n = row.max() + 1, column.max() + 1
    # Everybody has a stand-in for a partner, so that a full matching of m + n pairs exists: a row
    # and a column that pair leave their stand-ins to each other. All costs are shifted alike, as
    # the solver takes 0 for no edge.
    own_rows, own_columns = np.arange(m), np.arange(n)
    edges = coo_array(
        (
            1 + gain.max() - np.concatenate((gain[contested], np.zeros(len(row) + m + n))),
            (
                np.concatenate((row, m + column, own_rows, m + own_columns)),
                np.concatenate((column, n + row, n + own_rows, own_columns)),
            ),
        ),
        shape=(m + n, m + n),
    ).tocsr()
    partner = np.empty(m + n, np.int64)
    left, right = min_weight_full_bipartite_matching(edges)
    partner[left] = right
    return np.sort(np.concatenate((np.flatnonzero(alone), contested[partner[row] == column])))
