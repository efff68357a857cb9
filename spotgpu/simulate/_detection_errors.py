"""What noise does to the detection of spots, by theory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr

from spotgpu.checks import number
from spotgpu.simulate._motion import image_shape
from spotgpu.simulate._render import spot_widths

__all__ = ["LOWEST_THRESHOLD", "DetectionErrors", "detection_errors", "relative_variance"]

Array = npt.NDArray[np.float64]

#: Standard deviations of the noise; the density of false maxima falls with the threshold from here
#: on, in 2D and 3D.
LOWEST_THRESHOLD = math.sqrt(3)


@dataclass(frozen=True)
class DetectionErrors:
    """What a matched filter makes of spots in Poisson noise; `detection_errors` computes it.

    Attributes
    ----------
    signal : float
        Height of a spot above the background, in photons.
    mass : float
        Photons of a spot.
    mass_error : float
        Standard deviation of the mass measured of a spot, in photons.
    mass_noise : float
        The same where there is no spot.
    error : tuple of float
        Standard deviation of the position of a spot of this mass, along ([z,] y, x), in px.
    threshold : float
        Least mass that is a detection, in photons.
    missed : float
        Probability that a spot is missed.
    false : float
        Mean number of false spots in a frame.
    """

    signal: float
    mass: float
    mass_error: float
    mass_noise: float
    error: tuple[float, ...]
    threshold: float
    missed: float
    false: float


def detection_errors(
    snr: float,
    n_spots: float,
    shape: Sequence[int],
    *,
    sigma: Any = 0.9,
    background: float = 10.0,
) -> DetectionErrors:
    r"""Compute how well spots are detected that have a given signal-to-noise ratio.

    A Gaussian spot of height :math:`S` on a background of :math:`B` photons per pixel, in Poisson
    noise, has [1]_

    .. math:: \mathrm{SNR} = S / \sqrt{S + B}, \qquad N = S\,(2\pi)^{d/2} \prod_a \sigma_a

    photons in :math:`d` dimensions. Its position is found with the variance [2]_ [3]_

    .. math:: \mathrm{var}(x_a) = \frac{s_a^2}{N} \left(1 + 2 q + \sqrt{\frac{q}{1 + 2 q}}\right),
        \quad q = \frac{V B}{N}, \quad V = (2 \sqrt{\pi})^d \prod_a s_a,
        \quad s_a^2 = \sigma_a^2 + \frac{1}{12}

    which is Cramér and Rao's bound within 2 %, in 2D and 3D; without the root it is Thompson's
    formula. A filter of the spot's own shape measures :math:`N` with the variance :math:`v = (2 /
    \sqrt 3)^d N + V B`, and :math:`V B` where no spot is. What it gives above a threshold of
    :math:`t \sqrt{V B}` is a detection: a spot is missed with the probability
    :math:`\Phi((t \sqrt{V B} - N) / \sqrt v)`, and noise alone has

    .. math:: (2\pi)^{-(d+1)/2}\, \mathrm{He}_{d-1}(t)\, e^{-t^2/2} \prod_a (\sqrt{2} s_a)^{-1}

    maxima above it per pixel, with :math:`\mathrm{He}_1 = t` and :math:`\mathrm{He}_2 = t^2 - 1`
    [4]_. The threshold is the one at which as many spots are missed as are false, but
    :math:`t^2 \ge 3`.

    Parameters
    ----------
    snr : float
        Signal-to-noise ratio, > 0.
    n_spots : float
        Mean number of true spots in a frame, >= 0; it decides about the threshold only.
    shape : tuple of int
        Shape of a frame, ([Z,] Y, X), in pixels.
    sigma : float or sequence of float
        Standard deviation of a spot in px; several values are for ([z,] y, x).
    background : float
        Photons per pixel without spots, > 0.

    Returns
    -------
    DetectionErrors
        Numbers for one frame.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If one is out of range.

    References
    ----------
    .. [1] N. Chenouard et al., "Objective comparison of particle tracking methods", Nature Methods
       11, 281 (2014), https://doi.org/10.1038/nmeth.2808
    .. [2] R. E. Thompson, D. R. Larson and W. W. Webb, "Precise nanometer localization analysis
       for individual fluorescent probes", Biophysical Journal 82, 2775 (2002),
       https://doi.org/10.1016/S0006-3495(02)75618-X
    .. [3] B. Rieger and S. Stallinga, "The lateral and axial localization uncertainty in
       super-resolution light microscopy", ChemPhysChem 15, 664 (2014),
       https://doi.org/10.1002/cphc.201300711
    .. [4] R. J. Adler and J. E. Taylor, "Random Fields and Geometry" (2007),
       https://doi.org/10.1007/978-0-387-48116-6 (the expected Euler characteristic, which is the
       number of maxima if `t` is high)

    Examples
    --------
    >>> expected = detection_errors(2, 500, (512, 512))
    >>> round(expected.missed, 2), round(expected.false), round(expected.error[0], 2)
    (0.25, 125, 0.37)
    """
    lengths = image_shape(shape)
    ndim = len(lengths)
    ratio = number("snr", snr, above=0)
    spots = number("n_spots", n_spots, at_least=0)
    photons = number("background", background, above=0)
    sigmas = np.array(spot_widths(sigma, ndim))
    signal = (ratio**2 + ratio * math.sqrt(ratio**2 + 4 * photons)) / 2
    mass = signal * math.sqrt(2 * math.pi) ** ndim * float(sigmas.prod())
    widths = np.sqrt(sigmas**2 + 1 / 12)
    noise = math.sqrt((2 * math.sqrt(math.pi)) ** ndim * float(widths.prod()) * photons)
    spread = math.sqrt((2 / math.sqrt(3)) ** ndim * mass + noise**2)
    error = widths * np.sqrt(relative_variance(np.array(mass), noise))

    def missed(t: float) -> float:
        return float(ndtr((t * noise - mass) / spread))

    def false(t: float) -> float:
        cells = math.prod(lengths) / float((math.sqrt(2) * widths).prod())
        hermite = t if ndim == 2 else t**2 - 1
        return cells * (2 * math.pi) ** (-(ndim + 1) / 2) * hermite * math.exp(-(t**2) / 2)

    def surplus(t: float) -> float:
        return false(t) - spots * missed(t)

    low, high = LOWEST_THRESHOLD, mass / noise + 40
    t = low if surplus(low) <= 0 else high if surplus(high) >= 0 else brentq(surplus, low, high)
    return DetectionErrors(
        signal=signal,
        mass=mass,
        mass_error=spread,
        mass_noise=noise,
        error=tuple(error.tolist()),
        threshold=t * noise,
        missed=missed(t),
        false=false(t),
    )


def relative_variance(mass: Array, noise: float) -> Array:
    """Return the variance of positions in units of the squared width of the spots.

    Parameters
    ----------
    mass : ndarray of float64
        Photons of each spot.
    noise : float
        Standard deviation of the mass measured where no spot is, in photons.

    Returns
    -------
    ndarray of float64
        As of `detection_errors`.
    """
    q = noise**2 / mass
    variance: Array = (1 + 2 * q + np.sqrt(q / (1 + 2 * q))) / mass
    return variance
