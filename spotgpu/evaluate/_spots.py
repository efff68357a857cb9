"""Spots against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.evaluate._assignment import best_pairs
from spotgpu.evaluate._neighbours import near, shared_columns

__all__ = ["SpotMatch", "match_spots", "ratio"]


def ratio(part: float, whole: float) -> float:
    """Return `part` of `whole`.

    Parameters
    ----------
    part, whole : float
        Numbers.

    Returns
    -------
    float
        NaN if `whole` is 0.
    """
    return part / whole if whole else float("nan")


@dataclass(frozen=True, eq=False)
class SpotMatch:
    """Found spots against true ones; numbers that have no meaning, like 0/0, are NaN.

    Attributes
    ----------
    n_true, n_found, n_matched : int
        Spots that had to be found, spots found, pairs of both.
    precision : float
        ``n_matched / n_found``.
    recall : float
        ``n_matched / n_true``.
    f1 : float
        ``2 n_matched / (n_true + n_found)``.
    jaccard : float
        ``n_matched / (n_true + n_found - n_matched)``, JSC in [1]_.
    rmse : float
        Root mean square distance of the pairs: the localisation error.
    rmse_per_axis : dict of str to float
        The same along each axis.
    bias : dict of str to float
        Mean of found minus true position along each axis, over the pairs.
    pairs : DataFrame
        A row for each pair: ``frame``, ``found`` and ``truth`` (places of the rows in the tables
        given), found minus true position by axis (``dz, dy, dx``) and ``distance``.

    References
    ----------
    .. [1] N. Chenouard et al., Nat. Methods 11, 281 (2014), https://doi.org/10.1038/nmeth.2808
    """

    n_true: int
    n_found: int
    n_matched: int
    precision: float
    recall: float
    f1: float
    jaccard: float
    rmse: float
    rmse_per_axis: dict[str, float]
    bias: dict[str, float]
    pairs: pd.DataFrame


def match_spots(
    found: pd.DataFrame,
    truth: pd.DataFrame,
    max_distance: Any,
    *,
    required: Any = None,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
) -> SpotMatch:
    r"""Compare found spots with true ones.

    In each frame, found and true spots nearer than :math:`\epsilon` (`max_distance`) are paired
    one to one such that :math:`\sum_\mathrm{pairs} (\epsilon - d)` is largest: what is the same,
    the sum of the distances is least if a spot without a partner counts as :math:`\epsilon`
    (Chenouard et al. [1]_).

    Parameters
    ----------
    found : DataFrame
        Spots, as from `spotgpu.batch`: ``frame`` and ``[z,] y, x``.
    truth : DataFrame
        The same of the true spots.
    max_distance : float or sequence of float
        Distance at which two spots have nothing to do with each other, in the unit of the
        positions; several values are half-axes of an ellipse, for ([z,] y, x).
    required : array_like of bool, shape (len(truth),), optional
        False for true spots that may be missed, such as those too near to the edge (see
        `spotgpu.simulate.inside`). Neither they nor what is paired with them counts.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).
    t_column : str
        Column of the frame.

    Returns
    -------
    SpotMatch
        Counts, shares, errors and the pairs.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, a position is NaN, or `max_distance` or `required` does not fit.

    References
    ----------
    .. [1] N. Chenouard et al., "Objective comparison of particle tracking methods",
       Nat. Methods 11, 281 (2014), https://doi.org/10.1038/nmeth.2808

    Examples
    --------
    >>> truth = pd.DataFrame({"frame": [0, 0, 1], "y": [5.0, 20.0, 6.0], "x": [5.0, 20.0, 6.0]})
    >>> found = pd.DataFrame({"frame": [0, 0, 1], "y": [5.0, 40.0, 6.0], "x": [5.5, 40.0, 6.5]})
    >>> result = match_spots(found, truth, max_distance=2)
    >>> result.n_matched, round(result.recall, 3), result.bias
    (2, 0.667, {'y': 0.0, 'x': 0.5})
    """
    columns = shared_columns(found, truth, pos_columns, [t_column])
    must = _required(required, len(truth))
    close = near(found, truth, max_distance, columns, t_column)
    chosen = best_pairs(close.found, close.truth, 1 - close.distance)
    left, right = close.found[chosen], close.truth[chosen]
    n_found = len(found) - int(np.count_nonzero(~must[right]))
    left, right = left[must[right]], right[must[right]]
    pairs = pd.DataFrame({"frame": truth[t_column].to_numpy()[right], "found": left})
    pairs["truth"] = right
    shifts = found[columns].to_numpy(float)[left] - truth[columns].to_numpy(float)[right]
    pairs[[f"d{column}" for column in columns]] = shifts
    pairs["distance"] = np.sqrt((shifts**2).sum(axis=1))
    n, n_true = len(pairs), int(np.count_nonzero(must))
    squares = [ratio(float(d @ d), n) for d in shifts.T]
    return SpotMatch(
        n_true=n_true,
        n_found=n_found,
        n_matched=n,
        precision=ratio(n, n_found),
        recall=ratio(n, n_true),
        f1=ratio(2 * n, n_true + n_found),
        jaccard=ratio(n, n_true + n_found - n),
        rmse=sum(squares) ** 0.5,
        rmse_per_axis={c: square**0.5 for c, square in zip(columns, squares, strict=True)},
        bias={c: ratio(float(d.sum()), n) for c, d in zip(columns, shifts.T, strict=True)},
        pairs=pairs,
    )


def _required(given: Any, n: int) -> npt.NDArray[np.bool_]:
    if given is None:
        return np.ones(n, np.bool_)
    values: npt.NDArray[np.bool_] = np.asarray(given)
    if values.dtype != np.bool_ or values.shape != (n,):
        raise ValueError(
            f"`required` must be {n} bools, one for each row of `truth`, got {values.dtype} of "
            f"shape {values.shape}"
        )
    return values
