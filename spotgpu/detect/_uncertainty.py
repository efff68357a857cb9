"""How far noise in the image moves a position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spotgpu.backends.windows import mask_offsets

__all__ = ["static_error"]


def static_error(
    mass: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    radius: tuple[int, ...],
    noise_size: tuple[float, ...],
) -> npt.NDArray[np.float64]:
    """Return the standard deviation that pixel noise gives to each position.

    ``ep_i = noise / mass * noise_size_i * sqrt(sum(k_i^2))``, the sum over the pixels k of the
    mask. A mass below the background gives a negative error, as a sign that it has no meaning.

    Parameters
    ----------
    mass : ndarray of float64, shape (N,)
        Sum of the raw pixels in the mask less the background.
    noise : ndarray of float64, shape (N,)
        Standard deviation of the background of each spot's frame; NaN if unknown.
    radius : tuple of int
        Half-axes of the mask in image order, in pixels.
    noise_size : tuple of float
        Standard deviation of the Gaussian that smoothed the image, per axis, in pixels.

    Returns
    -------
    ndarray of float64, shape (N, 1) or (N, ndim)
        In pixels; one column if radius and noise size are the same on all axes.

    References
    ----------
    .. [1] T. Savin and P. S. Doyle, Biophys. J. 88, 623 (2005),
       https://doi.org/10.1529/biophysj.104.042457, equation 18.
    """
    spread = np.sqrt((mask_offsets(radius).astype(np.float64) ** 2).sum(axis=0))
    if len(set(radius)) == 1 and len(set(noise_size)) == 1:
        spread, noise_size = spread[:1], noise_size[:1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (noise / mass)[:, None] * (np.asarray(noise_size) * spread)
