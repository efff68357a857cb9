"""Images stretched by their largest value beside the formula in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu.backends import cpu


def ours(images: np.ndarray) -> np.ndarray:
    """Return the images stretched."""
    return cpu.contrast(images, cpu.peaks(images))


def formula(images: np.ndarray) -> np.ndarray:
    """Return the images stretched, as the formula says."""
    found = []
    for image in images:
        values = image.astype(float)
        found.append((np.clip(values * (255.0 / values.max()), 0, 255) + 0.5).astype(np.uint8))
    return np.array(found)


def make(small: bool, dtype: str) -> Work:
    """Return the work on some images."""
    shape = (4, 16, 16) if small else (60, 512, 512)
    images = np.random.default_rng(0).integers(0, 200, shape).astype(dtype)
    return Work(
        ours=lambda: ours(images),
        peer=lambda: formula(images),
        check=np.testing.assert_array_equal,
    )


CASES = [
    Case("contrast of 60x512x512 uint8", "numpy", lambda small: make(small, "uint8")),
    Case("contrast of 60x512x512 float32", "numpy", lambda small: make(small, "float32")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
