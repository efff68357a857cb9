"""Memory does not grow with the movie: measured, on a short one and one ten times as long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
from faulty import OPTIONS
from walking_spots import draw, grid_of

from spotgpu.backends import compiled
from spotgpu.pipeline import (
    _analysis,
    _overview,
    _spot_parts,
    _spot_table,
    _table_feed,
    _table_file,
    _track_pieces,
    track,
)
from spotgpu.pipeline._frames import FrameLocator

SIDE, SPOTS = 128, 64
MB = 1e6


class Flicker:
    """Frames that are made when they are asked for: spots that step to and fro.

    After `life` frames each, they give way to others; `bad` is a frame that cannot be read.
    """

    def __init__(self, n_frames: int, life: int, bad: int | None = None) -> None:
        grid = grid_of((SIDE, SIDE), 16)
        self.images = [draw((SIDE, SIDE), grid), draw((SIDE, SIDE), grid[:-5] + 7)]
        self.n_frames, self.life, self.bad = n_frames, life, bad

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, k: int) -> np.ndarray:
        if k == self.bad:
            raise KeyboardInterrupt
        return np.roll(self.images[k // self.life % 2], k % 3, axis=1)


def placed(self: FrameLocator, image: object, number: int, life: int) -> np.ndarray:
    """Stand for the detector: as many spots, in no time."""
    self.pixels(image, number)
    rows = np.random.default_rng(number).random((SPOTS, len(self.columns)))
    rows[:, :2] += grid_of((SIDE, SIDE), 16) + 8 * (number // life % 2)
    return rows


def make_small(life: int | None) -> None:
    """Make what is held in memory small beside the tables."""
    faulty.make_small()
    _spot_parts.KEEP_SPOTS = _table_feed.BLOCK = _table_file.ROW_GROUP = 1 << 12
    _overview.SAMPLE = _analysis.SHOWN_SPOTS = 1 << 12
    _spot_table.BLOCK, _track_pieces.ROWS = 1 << 12, 1 << 13
    # Numba takes 100 MB, whenever it is that it pays.
    compiled.ENOUGH = 1
    if life is not None:
        FrameLocator.rows = lambda self, image, number: placed(self, image, number, life)


def _measure(movie: Flicker, output: Path, prepare: Callable[[], Any], sender: Any) -> None:
    prepare()
    with suppress(KeyboardInterrupt):
        track(movie, output=output, **{**OPTIONS, "diameter": 7, "search_range": 3})
    told = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    sender.send(int(told) * 1024)


def peak(movie: Flicker, output: Path, prepare: Callable[[], Any]) -> float:
    """Return the most memory that a run takes, in bytes, in a process of its own."""
    context = faulty._server()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(movie, output, prepare, sender))
    process.start()
    sender.close()
    peak = receiver.recv()
    process.join()
    return float(peak)


def growth(life: int, n_frames: int, home: Path, prepare: Callable[[], Any]) -> tuple[float, ...]:
    """Return how much more memory ten times as many frames take, at once and going on."""
    peaks = {}
    for name, n in (("short", n_frames), ("long", 10 * n_frames)):
        peaks[name] = peak(Flicker(n, life), home / name, prepare)
        # Nine tenths are kept, then the rest is found.
        peak(Flicker(n, life, n * 9 // 10), home / f"{name}, going on", prepare)
        assert (home / f"{name}, going on.unfinished").exists()
        peaks[f"{name}, going on"] = peak(Flicker(n, life), home / f"{name}, going on", prepare)
        found = faulty.tables_in(home / f"{name}, going on")
        assert found == faulty.tables_in(home / name)
    size = sum((home / "long" / f"{name}.parquet").stat().st_size for name in ("spots", "tracks"))
    going = peaks["long, going on"] - peaks["short, going on"]
    return peaks["long"] - peaks["short"], going, float(size)


def test_memory_does_not_grow(tmp_path: Path) -> None:
    found = growth(20, 300, tmp_path, partial(make_small, 20))
    once, going, tables = (round(n_bytes / MB, 1) for n_bytes in found)
    assert tables > 20
    # What the allocator keeps varies by some megabytes.
    assert once < 15, (once, going, tables)
    assert going < 15, (once, going, tables)


@pytest.mark.slow
@pytest.mark.parametrize("life", [10, 10**6], ids=["short tracks", "long tracks"])
@pytest.mark.parametrize("detector", [False, True])
def test_memory_of_more_frames(tmp_path: Path, life: int, detector: bool) -> None:
    n_frames = 400 if detector else 1000
    found = growth(life, n_frames, tmp_path, partial(make_small, None if detector else life))
    once, going, tables = (round(n_bytes / MB, 1) for n_bytes in found)
    # What the detector finds is the same again and again, which files make small.
    assert tables > (0.3 if detector else 80)
    assert once < 15, (once, going, tables)
    assert going < 15, (once, going, tables)
