"""Weights and masks that the kernels take as tables, computed once on the host.

Both backends use these functions, so that no kernel evaluates `exp` or `cos` and the results are
the same bits everywhere.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["angle_tables", "ellipsoid", "gaussian_weights", "mask_offsets"]


@lru_cache(maxsize=64)
def gaussian_weights(sigma: float, truncate: float = 4.0) -> npt.NDArray[np.float64]:
    """Return a normalised, sampled Gaussian.

    Parameters
    ----------
    sigma : float
        Standard deviation in pixels; 0 gives the single weight 1.
    truncate : float
        The kernel reaches ``int(truncate * sigma + 0.5)`` pixels to each side.

    Returns
    -------
    ndarray of float64, shape (2 * radius + 1,)
        Symmetric weights that sum to 1; read-only.
    """
    radius = int(truncate * sigma + 0.5)
    if radius == 0:
        sigma = 1.0
    offsets = np.arange(-radius, radius + 1)
    # This form's rounding is trackpy's.
    weights: npt.NDArray[np.float64] = np.exp(offsets**2 / (-2 * sigma**2))
    weights /= weights.sum()
    weights.flags.writeable = False
    return weights


@lru_cache(maxsize=64)
def ellipsoid(radius: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return the mask of a spot: the pixels k with sum((k_i / r_i)^2) <= 1.

    The sum is evaluated in float64 as written, as Crocker and Grier's implementations do; at some
    radii (13, for one) rounding leaves out pixels that lie exactly on the rim.

    Parameters
    ----------
    radius : tuple of int
        Half-axes in image order, ([z,] y, x).

    Returns
    -------
    ndarray of bool, shape (2 * radius + 1) per axis
        Read-only.
    """
    axes = [np.arange(-r, r + 1) for r in radius]
    grids = np.meshgrid(*axes, indexing="ij")
    squares = [(k / r) ** 2 for k, r in zip(grids, radius, strict=True)]
    mask: npt.NDArray[np.bool_] = np.asarray(sum(squares)) <= 1
    mask.flags.writeable = False
    return mask


@lru_cache(maxsize=64)
def mask_offsets(radius: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return the offsets of the mask's pixels from its centre, in C order.

    Parameters
    ----------
    radius : tuple of int
        Half-axes in image order, ([z,] y, x).

    Returns
    -------
    ndarray of int64, shape (pixels, ndim)
        Read-only.
    """
    offsets: npt.NDArray[np.int64] = np.argwhere(ellipsoid(radius)) - np.asarray(radius)
    offsets.flags.writeable = False
    return offsets


@lru_cache(maxsize=64)
def angle_tables(
    radius: tuple[int, ...],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return cos(2 theta) and sin(2 theta) of the mask's pixels, theta = atan2(k_y, k_x).

    Parameters
    ----------
    radius : tuple of int
        Half-axes (y, x) of a 2D mask, in pixels.

    Returns
    -------
    cosine, sine : ndarray of float64, shape (pixels,)
        Read-only; 1 and 0 at the centre.
    """
    y, x = mask_offsets(radius).T
    theta = np.arctan2(y, x)
    cosine, sine = np.cos(2 * theta), np.sin(2 * theta)
    cosine.flags.writeable = sine.flags.writeable = False
    return cosine, sine
