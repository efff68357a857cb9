"""Frames in tiles: each pixel in one core, and the spots of the whole frame, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes import spots
from spotgpu import SpotgpuError
from spotgpu.backends import cpu
from spotgpu.detect import Locator
from spotgpu.detect._in_tiles import find_in_tiles
from spotgpu.detect._tiles import tiles

FLAT = spots((150, 170), 120, (1.8, 1.8), seed=1)
VOLUME = spots((30, 50, 60), 60, (1.2, 1.8, 1.8), seed=2)


@settings(max_examples=80, deadline=None)
@given(
    shape=st.lists(st.integers(1, 12), min_size=2, max_size=3),
    halo=st.integers(0, 3),
    most=st.integers(1, 400),
)
def test_cores_cover_the_frame_once(shape: list[int], halo: int, most: int) -> None:
    seen = np.zeros(shape, int)
    if most < np.prod([min(1 + 2 * halo, n) for n in shape]):
        with pytest.raises(SpotgpuError, match="has room for"):
            list(tiles(shape, [halo] * len(shape), most))
        return
    number = np.arange(seen.size).reshape(shape)
    for tile in tiles(shape, [halo] * len(shape), most):
        seen[tile.core] += 1
        assert number[tile.outer].size <= most
        np.testing.assert_array_equal(number[tile.outer][tile.inner], number[tile.core])
        for core, outer, n in zip(tile.core, tile.outer, shape, strict=True):
            assert (outer.start, outer.stop) == (
                max(core.start - halo, 0),
                min(core.stop + halo, n),
            )
    assert (seen == 1).all()


@pytest.mark.parametrize(
    ("image", "diameter", "options"),
    [
        (FLAT, 7, {}),
        (FLAT, 7, {"minmass": 200, "maxsize": 2.5, "topn": 30}),
        (FLAT.astype(np.uint16) * 250, 7, {"separation": 4}),
        ((FLAT / 255).astype(np.float32), 7, {}),
        (FLAT, (5, 9), {"noise_size": (0.7, 2.0), "max_iterations": 3}),
        (255 - FLAT, 7, {"invert": True, "characterize": False}),
        (FLAT, 7, {"preprocess": False, "percentile": 90}),
        (FLAT / 255, 7, {"preprocess": False, "percentile": 90}),
        (VOLUME, (5, 7, 7), {}),
        (np.zeros((150, 170), np.uint8), 7, {}),
    ],
)
@pytest.mark.parametrize("most", [6_000, 20_000])
def test_as_in_one_piece(image: np.ndarray, diameter: Any, options: dict, most: int) -> None:
    locator = Locator(diameter, **options)
    checked = locator.options(image.ndim, image.dtype.kind == "f")
    most *= 4 if image.ndim == 3 else 1
    found = find_in_tiles(image, checked, cpu, most)
    assert most < image.size
    np.testing.assert_array_equal(found, locator.array(image))
