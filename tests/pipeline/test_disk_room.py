"""A word when the disk will be full before the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spotgpu.pipeline import Silent, _kept_spots, _spot_parts, track


class Noted(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize(("free", "words"), [(10**12, None), (30_000, "has 0.0 MB left")])
def test_room(
    movie: np.ndarray,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    words: str | None,
) -> None:
    def usage(_: Any) -> Any:
        return SimpleNamespace(free=free)

    monkeypatch.setattr(_kept_spots.shutil, "disk_usage", usage)
    monkeypatch.setattr(_spot_parts, "KEEP_SPOTS", 10)
    progress = Noted()
    track(movie, 9, 5, minmass=100, min_length=5, output=tmp_path / "out", progress=progress)
    assert len(progress.notes) == (words is not None)
    for note in progress.notes:
        assert words is not None
        assert words in note
        assert f"The disk of {tmp_path / 'out'}" in note
