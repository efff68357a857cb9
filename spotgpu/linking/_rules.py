"""The rules of Crocker-Grier linking."""

from __future__ import annotations

from typing import NamedTuple

from spotgpu.backends.pairs import Floats
from spotgpu.linking._limits import Limits

__all__ = ["RIM", "Rules"]

#: trackpy's: points as far apart as the search range are candidates, in spite of rounding.
RIM = 1e-7


class Rules(NamedTuple):
    """What may be linked.

    Attributes
    ----------
    ranges : ndarray of float64, shape (memory + 1,)
        How far a particle may move, by the number of frames since it was seen, from 1 on.
    most : int
        Candidates of a target, the nearest ones.
    limits : Limits
        What a component may be.
    """

    ranges: Floats
    most: int
    limits: Limits = Limits()

    @property
    def memory(self) -> int:
        """Return how many frames a particle may be missing for.

        Returns
        -------
        int
            0 or more.
        """
        return len(self.ranges) - 1

    @property
    def reach(self) -> float:
        """Return the distance that candidates are nearer than, at any gap.

        Returns
        -------
        float
            A little more than the widest range.
        """
        return float(self.ranges.max()) + RIM

    @property
    def null_cost(self) -> float:
        """Return the cost of a source of the frame before without a link.

        Returns
        -------
        float
            The squared range.
        """
        return float(self.ranges[0] ** 2)

    @property
    def constant(self) -> bool:
        """Return whether the range is the same at all gaps.

        Returns
        -------
        bool
            True if it is.
        """
        return bool((self.ranges == self.ranges[0]).all())
