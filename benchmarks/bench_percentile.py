"""The percentile of the non-zero pixels beside numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import filtered
from spotgpu.backends import cpu


def make(small: bool) -> Work:
    """Return the work on a filtered image."""
    image = filtered(small)
    return Work(
        ours=lambda: cpu.percentile(image[None], 64)[0],
        peer=lambda: np.percentile(image[image != 0], 64),
        check=np.testing.assert_array_equal,
    )


CASES = [Case("percentile 512x512", "numpy.percentile", make, rounds=31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
