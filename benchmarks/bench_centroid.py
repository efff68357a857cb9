"""Refinement and measures beside trackpy's compiled loops."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import crowded, filtered
from spotgpu.backends import cpu

RADIUS = (3, 3)


def make(small: bool) -> Work:
    """Return the refinement of the maxima of a filtered image."""
    from trackpy.refine.center_of_mass import refine_com_arr

    raw, image = crowded(small), filtered(small)
    level = cpu.percentile(image[None], 64)
    peaks = cpu.local_max(image[None], (11, 11), level, RADIUS)

    def ours() -> np.ndarray:
        offsets, windows, mass = cpu.centroid(image[None], peaks, RADIUS, 10)
        measured = cpu.characterize(image[None], raw[None], windows, RADIUS)
        rest = (mass, measured.size[:, 0], measured.ecc, measured.signal, measured.raw_mass)
        return np.column_stack([windows[:, 1:] + offsets, *rest])

    return Work(
        ours=ours,
        peer=lambda: refine_com_arr(raw, image, RADIUS, peaks[:, 1:], engine="numba"),
        check=lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9),
    )


CASES = [Case("centroid and characterize, 2,000 spots", "trackpy 0.7 (numba)", make, rounds=31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
