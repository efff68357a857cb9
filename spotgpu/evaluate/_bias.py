"""Whether positions depend on where the pixels are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from spotgpu.tables import position_columns, require_columns

__all__ = ["BIAS_LIMIT", "subpixel_bias"]

#: Difference of the errors within a pixel, in px, from which `subpixel_bias` calls an axis biased.
BIAS_LIMIT = 0.1

#: Probability that unbiased, independent positions exceed `chance`.
CHANCE = 0.001


def subpixel_bias(f: pd.DataFrame, pos_columns: Sequence[str] | None = None) -> pd.DataFrame:
    r"""Measure how much the positions are drawn to certain places in the pixels.

    Particles do not know of pixels, so that the fractional parts :math:`\phi` of their positions
    are distributed evenly. If those found are not, and have the distribution function
    :math:`F(\phi)`, then the position :math:`\phi` is off by :math:`\phi - F(\phi)`, apart from a
    constant [1]_. `bias` is the range of this error over the pixel, which is Kuiper's statistic
    [2]_:

    .. math:: V = \max_\phi [F(\phi) - \phi] - \min_\phi [F(\phi) - \phi].

    Parameters
    ----------
    f : DataFrame
        Spots or trajectories, in pixels.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).

    Returns
    -------
    DataFrame
        A row for each axis: ``n``, positions; ``bias``, difference of the largest and the least
        error within a pixel, in px; ``chance``, what `bias` of unbiased positions exceeds once in
        a thousand times (if they are independent, which those of particles at rest are not);
        ``pull``, mean of :math:`\cos 2\pi\phi`, > 0 if positions are drawn to the centres of the
        pixels (pixel locking: the diameter is too small) and < 0 if to the edges; ``biased``,
        whether ``bias > max(chance, 0.1)`` (`BIAS_LIMIT`). NaN if there are no positions.

    Raises
    ------
    TypeError
        If `f` is not a table.
    ValueError
        If a column is missing.

    References
    ----------
    .. [1] S. Burov et al., "Single-pixel interior filling function approach for detecting and
       correcting errors in particle tracking", Proc. Natl. Acad. Sci. 114, 221 (2017),
       https://doi.org/10.1073/pnas.1619104114
    .. [2] M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramér-Von Mises and related statistics
       without extensive tables", J. R. Stat. Soc. B 32, 115 (1970),
       https://doi.org/10.1111/j.2517-6161.1970.tb00821.x

    Examples
    --------
    >>> drawn = pd.DataFrame({"y": np.arange(0, 50, 0.01), "x": np.arange(5000) % 50 + 0.1})
    >>> subpixel_bias(drawn)["biased"].tolist()
    [False, True]
    """
    require_columns("f", f, [])
    rows = {}
    for column in position_columns("f", f, pos_columns):
        values = f[column].to_numpy(float)
        phase = np.sort(values[np.isfinite(values)] % 1.0)
        n = len(phase)
        excess = np.arange(n) / max(1, n) - phase
        bias = float(np.ptp(excess) + 1 / n) if n else math.nan
        chance = _chance(n)
        rows[column] = {
            "n": n,
            "bias": bias,
            "chance": chance,
            "pull": float(np.cos(2 * np.pi * phase).mean()) if n else math.nan,
            "biased": bias > max(chance, BIAS_LIMIT),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("axis")


def _tail(scaled: float) -> float:
    """Return the probability that Kuiper's statistic, scaled, exceeds this."""
    squares = (np.arange(1, 50) * scaled) ** 2
    return float(2 * ((4 * squares - 1) * np.exp(-2 * squares)).sum())


def _chance(n: int) -> float:
    """Return what Kuiper's statistic of `n` even positions exceeds with the probability CHANCE."""
    if not n:
        return math.nan
    scaled = brentq(lambda value: _tail(value) - CHANCE, 1.0, 4.0)
    return float(min(1.0, scaled / (math.sqrt(n) + 0.155 + 0.24 / math.sqrt(n))))
