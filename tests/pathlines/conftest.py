"""Folders of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

#: A spot that walks, a second one that shows later, and a background.
FRAMES = np.array(
    [[[10, 0, 4]], [[0, 20, 4]], [[0, 0, 4]], [[80, 0, 4]], [[0, 0, 6]]], dtype=np.uint8
)


@pytest.fixture
def frames() -> np.ndarray:
    """Return 5 frames of 1 x 3 pixels."""
    return FRAMES.copy()


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[np.ndarray], Path]:
    """Return a function that writes a folder of .tif files, f00.tif and so on."""

    def write(images: np.ndarray, name: str = "images") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for i, pixels in enumerate(images):
            colour = "rgb" if pixels.ndim == 3 else "minisblack"
            tifffile.imwrite(folder / f"f{i:02d}.tif", pixels, photometric=colour)
        return folder

    return write


@pytest.fixture
def random_frames() -> Callable[..., np.ndarray]:
    """Return a function that makes frames."""

    def make(*shape: int, dtype: str = "uint8", seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        most = np.iinfo(dtype).max if np.dtype(dtype).kind in "ui" else 1
        if np.dtype(dtype).kind == "f":
            return rng.normal(0, most, shape).astype(dtype)
        return rng.integers(np.iinfo(dtype).min, most, shape, endpoint=True).astype(dtype)

    return make
