"""Images of Gaussian spots."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import erf

from spotgpu.checks import number, per_axis
from spotgpu.simulate._motion import image_shape
from spotgpu.tables import position_columns

__all__ = ["REACH", "draw_spots", "grey_background", "render", "spot_signals", "spot_widths"]

Array = npt.NDArray[np.float64]

#: Standard deviations beyond which a spot is cut off: 4e-6 of its peak.
REACH = 5.0


def render(
    positions: Any,
    shape: Sequence[int],
    *,
    sigma: Any = 2.0,
    signal: Any = 100.0,
    background: Any = 0.0,
    integrate: bool = False,
) -> Array:
    r"""Draw Gaussian spots, without noise.

    .. math:: I(p) = B + \sum_i S_i \prod_a g\left(\frac{p_a - c_{ia}}{\sigma_a}\right)

    with :math:`g(u) = e^{-u^2/2}`, or its mean over the pixel. A spot ends five standard
    deviations from its pixel.

    Parameters
    ----------
    positions : DataFrame or array_like, shape (n, ndim)
        Centres in px, from columns ``[z,] y, x`` or in image order. Those outside the image count
        with what reaches into it.
    shape : tuple of int
        Shape of the image, ([Z,] Y, X).
    sigma : float or sequence of float
        Standard deviation of a spot in px; several values are for ([z,] y, x). A `diameter` of
        `locate` that suits is an odd number of 4 to 5 times this.
    signal : float or array_like of float
        Height of the spots above the background, in grey levels; several values are one a spot.
    background : float or array_like of float
        Grey level without spots; an array must broadcast to `shape`.
    integrate : bool
        Average the Gaussian over each pixel, as a camera does, instead of taking its value at the
        pixel's centre. It matters where `sigma` is less than about 1. The total intensity of a
        spot is then :math:`S (2\pi)^{d/2} \prod_a \sigma_a` wherever its centre is.

    Returns
    -------
    array of float64, shape ([Z,] Y, X)
        Expected grey levels.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range or of the wrong shape.

    Examples
    --------
    >>> image = render([[10.0, 12.5]], (21, 25), sigma=1.5, signal=80, background=20)
    >>> float(image[10, 12].round(2)), float(image[0, 0])
    (95.68, 20.0)
    """
    lengths = image_shape(shape)
    widths = spot_widths(sigma, len(lengths))
    if isinstance(positions, pd.DataFrame):
        positions = positions[position_columns("positions", positions)]
    centres = np.asarray(positions, dtype=float)
    if centres.size == 0:
        centres = centres.reshape(0, len(lengths))
    if centres.ndim != 2 or centres.shape[1] != len(lengths):
        raise ValueError(
            f"`positions` must be of shape (n, {len(lengths)}) for an image of shape {lengths}, "
            f"got {centres.shape}"
        )
    if not np.isfinite(centres).all():
        raise ValueError("`positions` must be finite, got NaN or infinity")
    heights = spot_signals(signal, len(centres))
    levels = grey_background(background, lengths)
    return draw_spots(lengths, levels, centres, heights, widths, integrate)


def spot_widths(sigma: Any, ndim: int) -> tuple[float, ...]:
    """Return the standard deviation of the spots along each axis, in px.

    Parameters
    ----------
    sigma : float or sequence of float
        What the caller passed.
    ndim : int
        Axes of the image.

    Returns
    -------
    tuple of float
        All > 0.

    Raises
    ------
    TypeError, ValueError
        If one is not, or there is not one for each axis.
    """
    return per_axis("sigma", sigma, ndim, partial(number, above=0))


def spot_signals(signal: Any, n: int) -> Array:
    """Return the height of each of `n` spots, in grey levels.

    Parameters
    ----------
    signal : float or array_like of float
        What the caller passed.
    n : int
        Number of spots.

    Returns
    -------
    array of float64, shape (n,)
        All >= 0.

    Raises
    ------
    TypeError, ValueError
        If one is not, or there is not one for each spot.
    """
    if not isinstance(signal, Iterable):
        return np.full(n, number("signal", signal, at_least=0))
    values = np.asarray(signal, dtype=float)
    if values.shape != (n,):
        raise ValueError(f"`signal` must be one number or {n}, got the shape {values.shape}")
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError("`signal` must be finite and >= 0, got other values")
    return values


def grey_background(background: Any, shape: tuple[int, ...]) -> Array:
    """Return the grey level without spots.

    Parameters
    ----------
    background : float or array_like of float
        What the caller passed.
    shape : tuple of int
        Shape of the image.

    Returns
    -------
    array of float64
        All >= 0; it broadcasts to `shape`.

    Raises
    ------
    TypeError, ValueError
        If a value is negative or not finite, or the shape does not fit.
    """
    if not isinstance(background, Iterable):
        return np.array(number("background", background, at_least=0))
    try:
        levels = np.array(background, dtype=float)
        np.broadcast_to(levels, shape)
    except ValueError:
        raise ValueError(
            f"`background` must be numbers that broadcast to {shape}, got other values"
        ) from None
    if not (np.isfinite(levels) & (levels >= 0)).all():
        raise ValueError("`background` must be finite and >= 0, got other values")
    return levels


def draw_spots(
    shape: tuple[int, ...],
    background: Array,
    centres: Array,
    heights: Array,
    sigma: Sequence[float],
    integrate: bool,
) -> Array:
    """Return an image of spots.

    Parameters
    ----------
    shape : tuple of int
        Shape of the image.
    background : array of float64
        Grey level without spots; it broadcasts to `shape`.
    centres : array of float64, shape (n, ndim)
        In px.
    heights : array of float64, shape (n,)
        In grey levels.
    sigma : sequence of float
        Standard deviation along each axis, in px.
    integrate : bool
        Average over each pixel.

    Returns
    -------
    array of float64, shape ([Z,] Y, X)
        A new one.
    """
    image = np.empty(shape)
    image[...] = background
    reach = np.array([math.ceil(REACH * s) for s in sigma])
    nearest = np.floor(centres + 0.5)
    seen = ((nearest + reach >= 0) & (nearest - reach < image.shape)).all(axis=1)
    centres, heights, corners = centres[seen], heights[seen], (nearest[seen] - reach).astype(int)
    profiles = [
        _profiles(centres[:, a] - corners[:, a], reach[a], sigma[a], integrate)
        for a in range(image.ndim)
    ]
    profiles[-1] *= heights[:, None]
    starts = np.clip(-corners, 0, None)
    stops = np.minimum(2 * reach + 1, image.shape - corners)
    boxes = zip(starts.tolist(), stops.tolist(), corners.tolist(), strict=True)
    for i, (first, last, corner) in enumerate(boxes):
        spot = profiles[0][i, first[0] : last[0]]
        for axis in range(1, image.ndim):
            spot = np.multiply.outer(spot, profiles[axis][i, first[axis] : last[axis]])
        inner = zip(first, last, corner, strict=True)
        image[tuple(slice(c + f, c + e) for f, e, c in inner)] += spot
    return image


def _profiles(offsets: Array, reach: int, sigma: float, integrate: bool) -> Array:
    """Return one row a spot: the Gaussian, or its mean over each pixel, around its centre."""
    steps = np.arange(2 * reach + 1) - offsets[:, None]
    if not integrate:
        result: Array = np.exp(-((steps / sigma) ** 2) / 2)
        return result
    root = math.sqrt(2) * sigma
    area = math.sqrt(math.pi / 2) * sigma
    return area * (erf((steps + 0.5) / root) - erf((steps - 0.5) / root))
