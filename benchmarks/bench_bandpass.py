"""The bandpass beside trackpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import crowded
from spotgpu.backends import cpu


def make(dtype: Any) -> Any:
    """Return what makes the work for one type of image."""

    def work(small: bool) -> Work:
        from trackpy.preprocessing import bandpass, convert_to_int

        image = crowded(small).astype(dtype)
        return Work(
            ours=lambda: cpu.bandpass(image[None], (1, 1), (7, 7), 1, dtype)[0][0],
            peer=lambda: convert_to_int(bandpass(image, (1, 1), (7, 7), 1), dtype)[1],
            check=np.testing.assert_array_equal,
        )

    return work


CASES = [
    Case("bandpass 512x512 uint8", "trackpy 0.7", make(np.uint8), rounds=31),
    Case("bandpass 512x512 uint16", "trackpy 0.7", make(np.uint16), rounds=31),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
