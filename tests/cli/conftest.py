"""A movie in a file, and the program called in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile

from spotgpu.cli import main

#: px per frame along each axis.
STEP = 0.8
SHAPE, FRAMES = (120, 144), 30


@dataclass(frozen=True)
class Done:
    """What a call of the program gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Return a function that runs the program in this process."""

    def run(*arguments: object) -> Done:
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def frames() -> np.ndarray:
    """Return 30 frames with 30 spots that walk."""
    rng = np.random.default_rng(3)
    y, x = np.indices(SHAPE, dtype=float)
    starts = np.stack(np.meshgrid(np.arange(12, 120, 24), np.arange(12, 144, 24)), -1)
    walk = starts.reshape(-1, 2) + np.cumsum(rng.normal(0, STEP, (FRAMES, 30, 2)), axis=0)
    movie = np.empty((FRAMES, *SHAPE), np.uint8)
    for image, centres in zip(movie, walk, strict=True):
        expected = np.full(SHAPE, 20.0)
        for cy, cx in centres:
            expected += 150 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * 1.7**2))
        image[:] = np.clip(rng.normal(expected, 3), 0, 255)
    return movie


@pytest.fixture(scope="session")
def movie(frames: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an ImageJ TIFF that says 0.2 µm and 0.5 s."""
    path = tmp_path_factory.mktemp("movie") / "beads.tif"
    tifffile.imwrite(
        path,
        frames,
        imagej=True,
        resolution=(5, 5),
        metadata={"axes": "TYX", "unit": "um", "finterval": 0.5},
    )
    return path


@pytest.fixture(scope="session")
def options() -> list[str]:
    """Return options with which the movie is tracked well."""
    return [
        *("--diameter", "9", "--minmass", "300", "--search-range", "5"),
        *("--memory", "1", "--min-length", "12"),
    ]
