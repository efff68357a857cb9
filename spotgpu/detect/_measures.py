"""What characterises spots around given pixels, in images of any type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.backends.windows import angle_tables, mask_offsets
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["measures"]

#: Pixels gathered at once.
BLOCK = 1 << 20


def measures(
    image: npt.NDArray[Any], centres: npt.NDArray[np.int64], radius: tuple[int, ...]
) -> dict[str, npt.NDArray[np.float64]]:
    """Measure spots as trackpy's `characterize` does.

    Parameters
    ----------
    image : ndarray, shape ([Z,] Y, X)
        Of numbers.
    centres : ndarray of int64, shape (N, ndim)
        Pixels.
    radius : tuple of int
        Half-axes of the mask in image order, in pixels.

    Returns
    -------
    dict of str to ndarray of float64, shape (N,)
        ``mass`` (sum of the pixels), ``size`` (radius of gyration; one an axis if the radii
        differ), ``ecc`` (NaN unless 2D) and ``signal`` (brightest pixel). NaN for a mask that
        leaves the image.
    """
    n, ndim = centres.shape
    low, high = np.array(radius), np.array(image.shape) - 1 - np.array(radius)
    inside = np.flatnonzero(((centres >= low) & (centres <= high)).all(axis=1))
    offsets = mask_offsets(radius)
    one_size = len(set(radius)) == 1
    names = ["size"] if one_size else [f"size_{axis}" for axis in POSITION_COLUMNS[-ndim:]]
    result = {name: np.full(n, np.nan) for name in ("mass", *names, "ecc", "signal")}
    step = max(1, BLOCK // len(offsets))
    for start in range(0, len(inside), step):
        some = inside[start : start + step]
        index = tuple((centres[some, None] + offsets).transpose(2, 0, 1))
        pixels = image[index].astype(np.float64)
        mass = pixels.sum(axis=1)
        result["mass"][some] = mass
        result["signal"][some] = pixels.max(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            if one_size:
                result["size"][some] = np.sqrt(pixels @ (offsets**2).sum(axis=1) / mass)
            else:
                for name, k in zip(names, offsets.T, strict=True):
                    result[name][some] = np.sqrt(ndim * (pixels @ k**2) / mass)
            if ndim == 2:
                cosine, sine = angle_tables(radius)
                rim = mass - pixels[:, len(offsets) // 2] + 1e-6
                result["ecc"][some] = np.hypot(pixels @ cosine, pixels @ sine) / rim
    return result
