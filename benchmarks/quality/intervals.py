"""Means over seeds, and how sure they are."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and half the width of its interval (Student's t)."""

    mean: float
    half: float

    @property
    def sign(self) -> int:
        """1 or -1 if the interval is above or below 0, else 0."""
        return 0 if not abs(self.mean) > self.half else int(math.copysign(1, self.mean))


def interval(values: npt.ArrayLike) -> Interval:
    """Return the mean of values, two at least, and the interval that it is in."""
    sample = np.asarray(values, float)
    n = len(sample)
    error = float(sample.std(ddof=1)) / math.sqrt(n)
    return Interval(float(sample.mean()), float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * error)
