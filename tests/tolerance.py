"""Every difference between two ways to the same number that a test allows, with its reason.

A value is never raised without the old one, the observed error and why, in `reason`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """A relative difference allowed, and the largest one seen."""

    allowed: float
    observed: float
    reason: str


MSD_FFT = Tolerance(
    allowed=1e-8,
    observed=7e-10,
    reason="imsd by FFT against the direct sums of the msd mirror and kernels: the sum is a "
    "difference of terms of the track's moment, so that its error is some 1e-15 of that; what is "
    "below 1e-6 of it is summed directly.",
)
