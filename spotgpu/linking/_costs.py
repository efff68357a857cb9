"""`costs`: what it costs to link pairs of spots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from spotgpu.backends.pairs import Floats, Pairs
from spotgpu.checks import number
from spotgpu.tables import require_columns

__all__ = ["Cost", "costs", "features_of"]

#: What a user's own cost is: the spots of the sources and those of the targets, row by row.
Cost = Callable[[pd.DataFrame, pd.DataFrame], Any]


def costs(
    spots: pd.DataFrame,
    pairs: Pairs,
    *,
    penalties: Mapping[str, float] | None = None,
    cost: Cost | None = None,
) -> Floats:
    r"""Return what linking each pair costs.

    The squared distance that `pairs` come with, multiplied by [1]_

    .. math:: \left(1 + \sum_i 3 w_i \frac{|a_i - b_i|}{|a_i| + |b_i|}\right)^2

    for features with the values :math:`a_i` and :math:`b_i` of the two spots and weights
    :math:`w_i`.

    Parameters
    ----------
    spots : DataFrame
        One row a spot.
    pairs : Pairs
        As of `candidates`.
    penalties : mapping of str to float, optional
        Columns of `spots`, and their weights. A feature that is NaN in one of the spots does not
        count.
    cost : callable, optional
        Instead of the squared distance: ``cost(sources, targets)`` gets two tables, with a row of
        `spots` for each pair, and returns an array of numbers; NaN and infinity are for pairs that
        cannot be linked.

    Returns
    -------
    ndarray of float64, shape (pairs,)
        Not negative. Infinite for pairs that cannot be linked.

    Raises
    ------
    TypeError
        If `penalties` is not a mapping of names to numbers, or `cost` is not callable.
    ValueError
        If a feature is not a column of numbers, a weight is negative, or `cost` returns something
        else than a number >= 0 a pair.

    References
    ----------
    .. [1] J.-Y. Tinevez et al., "TrackMate: An open and extensible platform for single-particle
       tracking", Methods 115, 80 (2017), https://doi.org/10.1016/j.ymeth.2016.09.016

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 1], "mass": [10.0, 30.0]})
    >>> pair = Pairs(np.array([0]), np.array([1]), np.array([4.0]))
    >>> costs(spots, pair, penalties={"mass": 1.0}).tolist()  # 4 * (1 + 3 * 20 / 40)**2
    [25.0]
    """
    value = pairs.cost if cost is None else _own_cost(spots, pairs, cost)
    features = features_of("penalties", spots, penalties)
    if not features:
        return value
    factor = np.ones(len(pairs.source))
    for feature, weight in features:
        # Halved, as the sum of two large numbers may overflow.
        a, b = feature[pairs.source] / 2, feature[pairs.target] / 2
        size = np.abs(a) + np.abs(b)
        change = np.divide(np.abs(a - b), size, out=np.zeros_like(size), where=size > 0)
        factor += 3 * weight * change
    return value * factor**2


def features_of(
    name: str, spots: pd.DataFrame, penalties: Mapping[str, float] | None
) -> list[tuple[Floats, float]]:
    """Return the values and the weights of the features that are penalised.

    Parameters
    ----------
    name : str
        The argument's name, for messages.
    spots : DataFrame
        One row a spot.
    penalties : mapping of str to float, or None
        Columns and their weights.

    Returns
    -------
    list of tuple of ndarray of float64, shape (N,), and float
        In the order of `penalties`.

    Raises
    ------
    TypeError, ValueError
        If it is not a mapping of columns of numbers to weights >= 0.
    """
    if penalties is None:
        return []
    if not isinstance(penalties, Mapping):
        raise TypeError(
            f"`{name}` must be a mapping of columns to weights, got {type(penalties).__name__}"
        )
    require_columns("spots", spots, penalties)
    features = []
    for column, weight in penalties.items():
        values = spots[column]
        if not is_numeric_dtype(values) or is_bool_dtype(values):
            raise ValueError(f"`{name}` must name columns of numbers, got {column}: {values.dtype}")
        w = number(f"{name}[{column!r}]", weight, at_least=0)
        numbers = values.to_numpy(np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise ValueError(
                f"`{name}` must name columns of finite numbers or NaN, got {column}: inf"
            )
        features.append((numbers, w))
    return features


def _own_cost(spots: pd.DataFrame, pairs: Pairs, cost: Cost) -> Floats:
    """Return what the caller's function makes of the pairs."""
    if not callable(cost):
        raise TypeError(f"`cost` must be callable, got {type(cost).__name__}")
    sources, targets = (
        spots.take(rows).reset_index(drop=True) for rows in (pairs.source, pairs.target)
    )
    value = np.array(cost(sources, targets), np.float64)
    if value.shape != pairs.source.shape:
        raise ValueError(
            f"`cost` must return one number a pair, got shape {value.shape} for "
            f"{len(pairs.source)} pairs"
        )
    if (value < 0).any():
        raise ValueError(f"`cost` must return numbers >= 0, got {value[value < 0][0]}")
    value[np.isnan(value)] = np.inf
    return value
