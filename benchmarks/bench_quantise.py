"""Quantisation beside trackpy's."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import crowded
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    from trackpy.preprocessing import convert_to_int

    image = crowded(small).astype(np.float64)
    return Work(
        ours=lambda: cpu.quantise(image[None], np.uint8)[0][0],
        peer=lambda: convert_to_int(image, np.uint8)[1],
        check=np.testing.assert_array_equal,
    )


CASES = [Case("quantise 512x512", "trackpy 0.7", make, rounds=31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
