"""Exact solvers for one component of the linking problem, and which of them is in use."""

from __future__ import annotations

import importlib.util

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from spotgpu.backends.pairs import Floats, Ints

__all__ = ["solve_dense", "solve_sparse", "solver_name"]

HAS_LAPJV = importlib.util.find_spec("lapjv") is not None
#: Sides of the blocks that lapjv gets. On smaller ones a call of it takes several times as long as
#: scipy's; on larger ones, whose many equal entries it handles badly, up to a hundred times.
LAPJV_SIDES = range(32, 65)


def solver_name() -> str:
    """Return the name of the solver of components of medium size.

    Returns
    -------
    str
        ``"lapjv"``, or ``"scipy"`` where lapjv is not installed. Both find links of the same,
        least cost.
    """
    return "lapjv" if HAS_LAPJV else "scipy"


def solve_dense(gain: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Assign rows to columns such that the sum of the entries is least.

    Parameters
    ----------
    gain : ndarray of float64, shape (sources, targets)
        Squared distance less squared range; 0 stands for no link.

    Returns
    -------
    tuple of ndarray of int
        Rows and their columns; of the longer side, some stay out.
    """
    n = max(gain.shape)
    if not HAS_LAPJV or n not in LAPJV_SIDES:
        rows, columns = linear_sum_assignment(gain)
        return rows, columns
    import lapjv

    square = np.zeros((n, n))
    square[: gain.shape[0], : gain.shape[1]] = gain
    # Without force_doubles it computes in float32.
    columns = lapjv.lapjv(square, force_doubles=True)[0].astype(np.intp)
    rows = np.flatnonzero(columns[: gain.shape[0]] < gain.shape[1])
    return rows, columns[rows]


def solve_sparse(
    source: Ints, target: Ints, gain: Floats, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Choose the pairs that make the sum of their gains least.

    Parameters
    ----------
    source, target : ndarray of int64, shape (pairs,)
        Row and column of each pair.
    gain : ndarray of float64, shape (pairs,)
        Squared distance less squared range, not positive.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True for those pairs.

    Notes
    -----
    The solver wants a square problem with a full matching: a source of its own for each target and
    a target of its own for each source stand for "not linked", and where a source and a target are
    a pair, these two are one as well, of the same cost. So whatever set of links is best costs
    twice what it costs here. With costs of 0 for the second pair the optimum is the same, but the
    solver goes through plateaus of equal costs: at 10,000 sources it takes 50 times as long.
    """
    n, m = shape
    alone = -gain.min(initial=0)
    cost = gain + alone
    rows = np.concatenate([source, np.arange(n), np.arange(n, n + m), n + target])
    columns = np.concatenate([target, np.arange(m, m + n), np.arange(m), m + source])
    # Weights must not be 0; one constant added to all leaves the optimum where it is.
    weight = np.concatenate([cost, np.full(n + m, alone), cost]) + (alone * 2.0**-20 or 1.0)
    graph = coo_array((weight, (rows, columns)), shape=(n + m, n + m)).tocsr()
    _, partner = min_weight_full_bipartite_matching(graph)
    linked: npt.NDArray[np.bool_] = partner[source] == target
    return linked
