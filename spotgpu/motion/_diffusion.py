"""The diffusion coefficient, with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.checks import choice, integer, number
from spotgpu.motion._columns import checked_units
from spotgpu.motion._confidence import interval
from spotgpu.motion._displacements import Products, products
from spotgpu.motion._estimators import METHODS, kinds
from spotgpu.motion._tracks import read_rows, sort_rows
from spotgpu.tables import position_columns, require_columns

__all__ = ["Diffusion", "DiffusionFit", "fit_diffusion"]


@dataclass(frozen=True)
class Diffusion:
    """A diffusion coefficient and how well it is known.

    Attributes
    ----------
    D : float
        Diffusion coefficient, µm²/s.
    ci_low, ci_high : float
        Confidence interval of `D`.
    confidence : float
        Its probability.
    sigma : float
        Localisation error along one axis (root mean square over the axes), µm; 0 where the
        estimate of its square is negative: too small to tell.
    method : str
        ``cve``, ``gls`` or ``ols``.
    ndim : int
        Number of position columns.
    n_tracks : int
        Tracks with two displacements between consecutive frames that follow each other.
    n_displacements : int
        Displacements between consecutive frames.
    """

    D: float
    ci_low: float
    ci_high: float
    confidence: float
    sigma: float
    method: str
    ndim: int
    n_tracks: int
    n_displacements: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name.

        Returns
        -------
        dict
            Plain numbers and strings, for JSON.
        """
        return asdict(self)


def fit_diffusion(
    tracks: pd.DataFrame,
    mpp: float | Sequence[float],
    fps: float,
    *,
    method: str = "cve",
    max_lagtime: int = 10,
    confidence: float = 0.95,
    exposure: float = 0.0,
    pos_columns: Sequence[str] | None = None,
) -> Diffusion:
    """Estimate the diffusion coefficient that the particles share, and the localisation error.

    Along each axis, for a frame interval dt, a localisation error sigma and the motion blur
    R = exposure / (6 dt), Brownian motion has displacements d[n] between consecutive frames with ::

        <d[n]^2>     = 2 D dt + 2 sigma^2 - 4 R D dt
        <d[n] d[n+1]> = -sigma^2 + 2 R D dt
        MSD(m dt)    = 2 D m dt + 2 sigma^2 - 4 R D dt

    Only positions in consecutive frames are used: a missing frame ends one run and starts another.
    Sums go over all runs of all tracks, so that a track counts by its length; the result is the
    mean over the axes.

    Parameters
    ----------
    tracks : DataFrame
        Trajectories: ``particle``, ``frame`` and the positions in pixels, in any order of rows;
        without drift (see `subtract_drift`). Positions of NaN count as not seen.
    mpp : float or sequence of float
        Pixel size in µm; several values are for `pos_columns`.
    fps : float
        Frames per second.
    method : {'cve', 'gls', 'ols'}
        ``cve``, covariance-based: D = <d[n]^2> / (2 dt) + <d[n] d[n+1]> / dt, equation 14 of
        [1]_. Unbiased, and close to the best possible while sigma^2 < D dt.
        ``gls``: line through the MSD by generalised least squares, with the covariance of the MSD
        of Brownian motion with this D and sigma [2]_. The most precise where sigma^2 > D dt.
        ``ols``: line through the MSD by ordinary least squares, over the number of lags with the
        smallest predicted variance [2]_ [3]_.
    max_lagtime : int
        Largest lag of the MSD in frames, 2 to 50, for ``gls`` and ``ols``.
    confidence : float
        Probability of the confidence interval.
    exposure : float
        Time in s that a frame is exposed, at constant intensity; 0 to 1 / `fps`.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).

    Returns
    -------
    Diffusion
        The estimates. The interval holds the D that would not make the estimate an unlikely one:
        those less than the normal quantile of standard errors away, with the variance that
        Brownian motion of this D would give the estimate (exact, by Isserlis' theorem, and for
        long tracks equation 17 of [1]_), larger if the scatter of ten tracks or more says so.

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, a particle is twice in a frame, or there
        is too little data: no track with three consecutive frames, no movement along an axis, or
        no upper limit at this `confidence`.

    References
    ----------
    .. [1] C. L. Vestergaard, P. C. Blainey and H. Flyvbjerg, Phys. Rev. E 89, 022726 (2014),
       https://doi.org/10.1103/PhysRevE.89.022726, equations 5 (R), 14 (D), 15 (sigma), 17
       (variance).
    .. [2] X. Michalet and A. J. Berglund, Phys. Rev. E 85, 061916 (2012),
       https://doi.org/10.1103/PhysRevE.85.061916
    .. [3] X. Michalet, Phys. Rev. E 82, 041914 (2010),
       https://doi.org/10.1103/PhysRevE.82.041914

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.random.default_rng(0).normal(0, np.sqrt(2 * 0.5 * 0.1), (2, 2000))
    >>> y, x = steps.cumsum(axis=1)
    >>> track = pd.DataFrame({"frame": range(2000), "y": y, "x": x, "particle": 0})
    >>> fit = fit_diffusion(track, mpp=1, fps=10)
    >>> bool(fit.ci_low < 0.5 < fit.ci_high)
    True
    """
    fit = DiffusionFit(
        mpp,
        fps,
        method=method,
        max_lagtime=max_lagtime,
        confidence=confidence,
        exposure=exposure,
        pos_columns=pos_columns,
    )
    fit.add(tracks)
    return fit.result()


class DiffusionFit:
    """`fit_diffusion` of trajectories that come in several tables. Memory: that of one table.

    Parameters
    ----------
    mpp : float or sequence of float
        As for `fit_diffusion`.
    fps : float
        As for `fit_diffusion`.
    method : {'cve', 'gls', 'ols'}
        As for `fit_diffusion`.
    max_lagtime : int
        As for `fit_diffusion`.
    confidence : float
        As for `fit_diffusion`.
    exposure : float
        As for `fit_diffusion`.
    pos_columns : sequence of str, optional
        As for `fit_diffusion`.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """

    def __init__(
        self,
        mpp: float | Sequence[float],
        fps: float,
        *,
        method: str = "cve",
        max_lagtime: int = 10,
        confidence: float = 0.95,
        exposure: float = 0.0,
        pos_columns: Sequence[str] | None = None,
    ) -> None:
        self._units = mpp, fps
        self._method = choice("method", method, METHODS)
        lags = integer("max_lagtime", max_lagtime, at_least=2, at_most=50)
        self._kinds = kinds(method, lags)
        self._confidence = number("confidence", confidence)
        if not 0 < self._confidence < 1:
            raise ValueError(f"`confidence` must be a number between 0 and 1, got {confidence:g}")
        rate = number("fps", fps, above=0)
        self._blur = number("exposure", exposure, at_least=0, at_most=1 / rate) * rate / 6
        self._given_columns = pos_columns
        self._found: Products | None = None
        self._columns: list[str] = []
        self._rate = rate

    def add(self, tracks: pd.DataFrame) -> None:
        """Take trajectories.

        Parameters
        ----------
        tracks : DataFrame
            As for `fit_diffusion`: whole trajectories, of particles that were in no table before.

        Raises
        ------
        TypeError, ValueError
            As `fit_diffusion`.
        """
        require_columns("tracks", tracks, ["frame"])
        self._columns = position_columns("tracks", tracks, self._given_columns)
        scale, self._rate = checked_units(*self._units, self._columns)
        rows = read_rows("tracks", tracks, self._columns)
        rows.positions[:] = [x * size for x, size in zip(rows.positions, scale, strict=True)]
        found = products(sort_rows("tracks", rows), self._kinds)
        self._found = found if self._found is None else self._found + found

    def result(self) -> Diffusion:
        """Return the estimates from all trajectories so far.

        Returns
        -------
        Diffusion
            As of `fit_diffusion`.

        Raises
        ------
        ValueError
            As `fit_diffusion`.
        """
        found, columns = self._found, self._columns
        if found is None:
            raise ValueError("`tracks` must be added first, got none")
        _check_enough(found, columns)
        method = METHODS[self._method]
        weights = np.array([method(found, axis) for axis in range(len(columns))])
        steps, errors = np.einsum("akp,pa->ka", weights, found.means)
        low, high = interval(found, weights[:, 0], float(steps.mean()), self._confidence)
        variance = float(np.mean(errors + 2 * self._blur * steps))
        return Diffusion(
            D=float(steps.mean()) * self._rate,
            ci_low=low * self._rate,
            ci_high=high * self._rate,
            confidence=self._confidence,
            sigma=math.sqrt(max(variance, 0.0)),
            method=self._method,
            ndim=len(columns),
            n_tracks=found.n_tracks,
            n_displacements=int(found.totals[0]),
        )


def _check_enough(found: Products, columns: Sequence[str]) -> None:
    if found.totals[1] == 0:
        raise ValueError(
            "`tracks` must have a particle in three consecutive frames, "
            f"got {found.totals[0]} displacement(s) between consecutive frames"
        )
    for column, square in zip(columns, found.means[0], strict=True):
        if square == 0:
            raise ValueError(
                f"`tracks` must have positions that change along {column!r}, got none; "
                "leave it out of `pos_columns`"
            )
