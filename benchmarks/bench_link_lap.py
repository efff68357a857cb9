"""`link_lap` beside laptrack's tracker, by laptrack's rules: the same edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import spotgpu.linking
from benchmarks.bench_link import SEARCH_RANGE, brownian
from benchmarks.interleaved import Case, Work, smoke

LAPTRACK = "laptrack 0.17"
GAP = 3


def movie(frames: int, particles: int, *events: str) -> Callable[[bool], Work]:
    """Return what makes the work on a movie, or on a small one, with some events."""

    def make(small: bool) -> Work:
        from laptrack import LapTrack

        f = brownian(*((20, 50) if small else (frames, particles)))
        f = f.sort_values("frame", kind="stable", ignore_index=True)
        coordinates = [group[["y", "x"]].to_numpy() for _, group in f.groupby("frame")]
        cutoff = SEARCH_RANGE**2
        peer = LapTrack(
            cutoff=cutoff,
            gap_closing_max_frame_count=GAP,
            **{
                f"{name}_cutoff": cutoff if name in events else False
                for name in ("gap_closing", "splitting", "merging")
            },
        )
        distances: dict[str, Any] = {f"{name}_distance": SEARCH_RANGE for name in events}
        return Work(
            ours=lambda: spotgpu.linking.link_lap(
                f, SEARCH_RANGE, max_frame_gap=GAP, preset="laptrack", **distances
            ),
            peer=lambda: peer.predict(coordinates),
            check=lambda ours, theirs: same_edges(ours, theirs, coordinates),
        )

    return make


def same_edges(ours: spotgpu.linking.Tracks, theirs: Any, coordinates: list[Any]) -> None:
    """Compare pairs of rows; laptrack's nodes are pairs of frame and index."""
    first = np.cumsum([0, *map(len, coordinates)])
    mine = set(map(tuple, ours.edges[["source", "target"]].to_numpy().tolist()))
    peers = {tuple(sorted((first[a] + i, first[b] + j))) for (a, i), (b, j) in theirs.edges}
    assert mine == peers


ALL = ("gap_closing", "splitting", "merging")
CASES = [
    Case("LAP 200 frames x 1,000 spots", LAPTRACK, movie(200, 1000), 50, 5),
    Case("LAP 200 x 1,000, gaps", LAPTRACK, movie(200, 1000, "gap_closing"), 100, 1),
    Case("LAP 200 x 1,000, gaps, splits, merges", LAPTRACK, movie(200, 1000, *ALL), 30, 1),
    Case("LAP 5 frames x 10,000 spots", LAPTRACK, movie(5, 10_000), 150, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
