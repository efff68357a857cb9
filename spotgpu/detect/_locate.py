"""`locate`: the public function of the detector."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from spotgpu.detect._locator import Locator

__all__ = ["locate"]


def locate(
    raw_image: Any,
    diameter: Any,
    minmass: float | None = None,
    maxsize: float | None = None,
    separation: Any = None,
    noise_size: Any = 1,
    smoothing_size: Any = None,
    threshold: float | None = None,
    invert: bool = False,
    percentile: float = 64,
    topn: int | None = None,
    preprocess: bool = True,
    max_iterations: int = 10,
    filter_before: object = None,
    filter_after: object = None,
    characterize: bool = True,
    engine: str = "auto",
    *,
    device: str = "cpu",
) -> pd.DataFrame:
    """Find spots in a 2D or 3D image to sub-pixel precision.

    Lengths are in pixels. Where a value per axis is allowed, the order is the image's: ([z,] y, x).

    Parameters
    ----------
    raw_image : array_like, shape ([Z,] Y, X)
        Bright spots on a dark background (or see `invert`); integers of at most 32 bits, float32
        or float64.
    diameter : odd int or tuple of odd int
        A little more than the apparent diameter of the spots, per axis.
    minmass : float, optional
        Spots of this integrated brightness or less are left out. Default 0.
    maxsize : float, optional
        Spots of this radius of gyration or more are left out. Default: none are.
    separation : float or tuple of float, optional
        Of two spots closer than this the dimmer is left out. Default ``diameter + 1``; 0 keeps
        both.
    noise_size : float or tuple of float
        Standard deviation of the Gaussian that suppresses the noise.
    smoothing_size : odd int or tuple of odd int, optional
        Side of the box whose mean is the background. Default `diameter`.
    threshold : float, optional
        Filtered pixels below it become 0. Default 1 for integer images, 1/255 for float images.
    invert : bool
        Find dark spots on a bright background.
    percentile : float
        A spot's central pixel must exceed this percentile of the non-zero filtered pixels.
    topn : int, optional
        Keep the brightest only, this many, in order of brightness.
    preprocess : bool
        False skips the filters.
    max_iterations : int
        How many windows the refinement of a spot evaluates at most.
    filter_before, filter_after : None
        Accepted for old scripts only.
    characterize : bool
        False measures mass only, and saves time.
    engine : {'auto', 'python', 'numba'}
        Accepted for old scripts; all give the same numbers.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; the numbers are the same. 'auto' takes the GPU if there is one, and says
        so if there is none.

    Returns
    -------
    DataFrame
        One row a spot: position (``[z,] y, x``), ``mass`` (integrated brightness above the
        background, in grey levels), ``size`` (radius of gyration; ``size_z, size_y, size_x`` if
        `diameter` differs between axes), ``ecc`` (eccentricity, 0 is circular; NaN in 3D),
        ``signal`` (brightest pixel), ``raw_mass`` (sum of the pixels as they came) and ``ep``
        (standard error of the position from noise; ``ep_z, ep_y, ep_x`` if `diameter` or
        `noise_size` differs between axes). ``frame`` is added if the image has a ``frame_no``.
        An image without spots gives an empty table with the same columns.

    Raises
    ------
    TypeError
        If an argument is of the wrong type, or the image is not of real numbers.
    ValueError
        If an argument is out of range, or the image is in colour, not 2D or 3D, smaller than
        `diameter` or has pixels that are not finite.
    SpotgpuError
        If `device` is 'cuda' and there is none, or its memory does not suffice.

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, "Methods of Digital Video Microscopy for Colloidal
       Studies", J. Colloid Interface Sci. 179, 298 (1996), https://doi.org/10.1006/jcis.1996.0217
    .. [2] T. Savin and P. S. Doyle, Biophys. J. 88, 623 (2005),
       https://doi.org/10.1529/biophysj.104.042457 (``ep``)

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((32, 32), np.uint8)
    >>> image[14:19, 9:12] = 200
    >>> locate(image, 7)[["y", "x"]].round(3)
          y     x
    0  16.0  10.0
    """
    if filter_before is not None:
        raise ValueError("`filter_before` must be None: filter the table that comes back")
    if filter_after is not None:
        warnings.warn("`filter_after` has no effect: filter the table", UserWarning, stacklevel=2)
    return Locator(
        diameter,
        minmass=minmass,
        maxsize=maxsize,
        separation=separation,
        noise_size=noise_size,
        smoothing_size=smoothing_size,
        threshold=threshold,
        invert=invert,
        percentile=percentile,
        topn=topn,
        preprocess=preprocess,
        max_iterations=max_iterations,
        characterize=characterize,
        engine=engine,
        device=device,
    )(raw_image)
