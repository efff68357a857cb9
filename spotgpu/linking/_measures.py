"""Pairs of objects that overlap, and the measures of how much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import number, per_axis

__all__ = ["COEFFICIENTS", "LONGEST", "Overlapping", "checked_coefficients"]

#: The cost is 1 less the share of the target that the source covers.
COEFFICIENTS = (1.0, 0.0, 0.0, 0.0, -1.0)
#: Cubes of larger lengths overflow.
LONGEST = 1e100


class Overlapping(NamedTuple):
    """Pairs of objects that overlap.

    Attributes
    ----------
    source, target : ndarray of int64, shape (pairs,)
        Rows of the objects in their table.
    overlap : ndarray of int64 or float64, shape (pairs,)
        Area or volume that they share, > 0.
    source_size, target_size : ndarray of int64 or float64, shape (pairs,)
        Their own.
    """

    source: Ints
    target: Ints
    overlap: npt.NDArray[Any]
    source_size: npt.NDArray[Any]
    target_size: npt.NDArray[Any]

    @classmethod
    def joined(cls, parts: Iterable[Overlapping]) -> Overlapping:
        """Return several sets of pairs as one, sorted by target, then source.

        Parameters
        ----------
        parts : iterable of Overlapping
            One at least.

        Returns
        -------
        Overlapping
            All pairs.
        """
        pairs = cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        return pairs.rows(np.lexsort((pairs.source, pairs.target)))

    @property
    def iou(self) -> Floats:
        """Return what the pairs share over what they cover together.

        Returns
        -------
        ndarray of float64, shape (pairs,)
            In (0, 1].
        """
        iou: Floats = self.overlap / (self.source_size + self.target_size - self.overlap)
        return iou

    def rows(self, chosen: npt.NDArray[Any]) -> Overlapping:
        """Return some of the pairs.

        Parameters
        ----------
        chosen : ndarray of int or bool
            Which.

        Returns
        -------
        Overlapping
            These pairs.
        """
        return Overlapping(*(column[chosen] for column in self))

    def table(self, source: Ints, target: Ints, coefficients: Sequence[float]) -> pd.DataFrame:
        """Return the pairs with all measures.

        Parameters
        ----------
        source, target : ndarray of int64
            Id or label of the object in each row.
        coefficients : sequence of float
            Of 1, overlap, iou, ratio_1 and ratio_2, whose sum is the cost.

        Returns
        -------
        DataFrame
            Columns ``source``, ``target``, ``overlap``, ``iou``, ``ratio_1``, ``ratio_2``,
            ``cost``.
        """
        measures = {
            "overlap": self.overlap,
            "iou": self.iou,
            "ratio_1": self.overlap / self.source_size,
            "ratio_2": self.overlap / self.target_size,
        }
        cost = np.full(len(self.source), coefficients[0])
        for factor, measure in zip(coefficients[1:], measures.values(), strict=True):
            cost += factor * measure
        ends = {"source": source[self.source], "target": target[self.target]}
        return pd.DataFrame({**ends, **measures, "cost": cost})


def checked_coefficients(coefficients: object) -> tuple[float, ...]:
    """Return the five coefficients of the cost.

    Parameters
    ----------
    coefficients : sequence of float
        What the caller passed.

    Returns
    -------
    tuple of float
        The same.

    Raises
    ------
    TypeError
        If one is not a number.
    ValueError
        If there are not five, or one is not finite.
    """
    if not isinstance(coefficients, Iterable) or len(given := list(coefficients)) != len(
        COEFFICIENTS
    ):
        raise ValueError(
            "`coefficients` must be five: of 1, overlap, iou, ratio_1 and ratio_2, "
            f"got {coefficients!r}"
        )
    return per_axis("coefficients", given, len(COEFFICIENTS), number)
