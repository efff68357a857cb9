"""Exact solvers for one component of the linking problem, and which of them is in use."""

from __future__ import annotations

import importlib.util

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from spotgpu.backends.pairs import Floats

__all__ = ["solve_dense", "solver_name"]

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
