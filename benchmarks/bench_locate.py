"""`locate` beside trackpy's, with its numba engine: the same rows, to 1e-9."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

import spotgpu.detect
from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import BULK_WATER, camera, spots
from spotgpu.backends.compiled import ENOUGH, compiled


def same_rows(ours: pd.DataFrame, peer: pd.DataFrame) -> None:
    """Compare the tables, in the order that they come in."""
    assert list(ours.columns) == list(peer.columns)
    np.testing.assert_allclose(ours.to_numpy(float), peer.to_numpy(float), rtol=1e-9, atol=1e-9)


def on_image(image: np.ndarray, diameter: Any, **options: Any) -> Work:
    """Find the spots of one image."""
    import trackpy

    return Work(
        ours=lambda: spotgpu.detect.locate(image, diameter, **options),
        peer=lambda: trackpy.locate(image, diameter, engine="numba", **options),
        check=same_rows,
    )


def simulated(shape: tuple[int, ...], n: int, diameter: Any, sigma: tuple[float, ...]) -> Any:
    """Return what makes the work on a simulated image, or on a corner of it."""

    def make(small: bool) -> Work:
        size, count = (tuple(min(64, s) for s in shape), 20) if small else (shape, n)
        # trackpy leaves its minmass filter out of tables whose diameter differs between axes.
        minmass = 100 if np.ndim(diameter) == 0 else 0
        if not small:
            compiled(ENOUGH)  # as in a movie of some 70 frames and more
        return on_image(spots(size, count, sigma), diameter, minmass=minmass)

    return make


def from_camera(n: int, brightest: int | None = None) -> Any:
    """Return what makes the work on a frame of 16 bits, or on a corner of one."""

    def make(small: bool) -> Work:
        frame = camera((64, 64) if small else (512, 512), 20 if small else n)
        if brightest is not None:
            frame = (frame * (brightest / frame.max())).astype(np.uint16)
        if not small:
            compiled(ENOUGH)
        return on_image(frame, 7, minmass=100)

    return make


def real(small: bool) -> Work:
    """Return the work on the first real frame, or on a corner of it."""
    frame = tifffile.imread(BULK_WATER, key=0)
    if not small:
        compiled(ENOUGH)
    return on_image(frame[:128, :128] if small else frame, 11, invert=True, minmass=100)


NUMBA = "trackpy 0.7 (numba)"
CASES = [
    Case("locate 512x512, 200 spots", NUMBA, simulated((512, 512), 200, 11, (2.5, 2.5)), 6, 151),
    Case("locate 512x512, 2,000 spots", NUMBA, simulated((512, 512), 2000, 7, (1.5, 1.5)), 6, 151),
    Case("locate 512x512, 100 spots, 16 bits", NUMBA, from_camera(100), 6, 151),
    Case("locate 512x512, 400 spots, 16 bits", NUMBA, from_camera(400), 6, 151),
    Case("locate 512x512, 2,000 spots, 16 bits", NUMBA, from_camera(2000), 6, 151),
    Case("locate 512x512, 2,000 spots, 16 bits full", NUMBA, from_camera(2000, 65535), 6, 151),
    Case("locate 1024x1024, 4,000 spots", NUMBA, simulated((1024,) * 2, 4000, 9, (2, 2)), 6, 51),
    Case(
        "locate 32x512x512, 2,000 spots",
        NUMBA,
        simulated((32, 512, 512), 2000, (5, 9, 9), (1.2, 2, 2)),
        5,
        5,
    ),
]
if BULK_WATER.exists():
    CASES.append(Case("locate bulk_water, 424x640", NUMBA, real, 5.5, 151))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
