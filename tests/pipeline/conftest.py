"""What several modules use."""

from __future__ import annotations

from typing import Any

import faulty
import numpy as np
import pytest
from walking_spots import draw, grid_of, walk

from spotgpu.pipeline._frames import FrameLocator


@pytest.fixture(scope="session")
def movie() -> np.ndarray:
    """Return 12 frames of 96 x 80 pixels with 12 walking spots; frame 5 is empty."""
    starts = grid_of((96, 80), 24)
    noise = np.random.default_rng(1).integers(0, 6, (12, 96, 80), dtype=np.uint8)
    frames = np.stack([draw((96, 80), at) for at in walk(12, starts, 0.7)]) + noise
    frames[5] = 10
    return frames


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make runs small, and return the numbers of the frames in which spots are found."""
    faulty.make_small(monkeypatch)
    numbers: list[int] = []
    rows = FrameLocator.rows

    def seen(self: FrameLocator, image: object, number: int) -> Any:
        numbers.append(number)
        return rows(self, image, number)

    monkeypatch.setattr(FrameLocator, "rows", seen)
    return numbers
