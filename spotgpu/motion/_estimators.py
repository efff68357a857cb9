"""How each method weighs the mean products of displacements."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.motion._displacements import Products

__all__ = ["METHODS", "kinds"]

Array = npt.NDArray[np.float64]


def kinds(method: str, lags: int) -> npt.NDArray[np.int64]:
    """Return which products the method needs; the first is the square of one displacement.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    lags : int
        Largest lag of the MSD.

    Returns
    -------
    ndarray of int64, shape (P, 4)
        The times of `products`.
    """
    if method == "cve":
        return np.array([[0, 1, 0, 1], [0, 1, 1, 2]])
    return np.array([[0, m, 0, m] for m in range(1, lags + 1)])


def _cve(found: Products, axis: int) -> Array:
    """Return the weights of the mean products in step and error, shape (2, 2)."""
    del found, axis
    return np.array([[0.5, 1.0], [0.0, -1.0]])


def _ols(found: Products, axis: int) -> Array:
    """Return the weights of ordinary least squares over the number of lags that suits best."""
    lags = np.count_nonzero(found.totals)
    design = _design(found)
    covariance = found.covariance(*_likely(found, axis))
    best, least = np.zeros(design.T.shape), np.inf
    for used in range(2, lags + 1):
        weights = np.zeros(design.T.shape)
        weights[:, :used] = np.linalg.pinv(design[:used])
        variance = weights[0] @ covariance @ weights[0]
        if variance < least:
            best, least = weights, variance
    return best


def _gls(found: Products, axis: int) -> Array:
    """Return the weights of generalised least squares, its covariance from its own result."""
    lags = np.count_nonzero(found.totals)
    design = _design(found)[:lags]
    weights = np.zeros((2, len(found.times)))
    means = found.means[:, axis]
    step, error = _likely(found, axis)
    for _ in range(10):
        covariance = found.covariance(step, error)[:lags, :lags]
        solved = np.linalg.solve(covariance, design)
        weights[:, :lags] = np.linalg.solve(design.T @ solved, solved.T)
        before = step
        step, error = _possible(float(weights[0] @ means), float(means[0]))
        if abs(step - before) <= 1e-9 * step:
            break
    return weights


def _design(found: Products) -> Array:
    """Return the matrix whose product with (step, error) is the MSD along one axis."""
    return np.column_stack([2.0 * found.times[:, 1], np.full(len(found.times), 2.0)])


def _likely(found: Products, axis: int) -> tuple[float, float]:
    """Return step and error from the MSD at the first two lags."""
    one, two = found.means[:2, axis]
    return _possible(float(two - one) / 2, float(one))


def _possible(step: float, square: float) -> tuple[float, float]:
    """Return the nearest step that a mean square displacement allows, and the error with it."""
    step = min(max(step, 0.01 * square), 0.99 * square)
    return step, square / 2 - step


#: Weights of the mean products, shape (2, P), for step and error along an axis.
METHODS = {"cve": _cve, "ols": _ols, "gls": _gls}
