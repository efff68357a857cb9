"""Means over windows beside optimap and plain numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu import traces
from spotgpu.backends import compiled

PEER = "optimap 0.3.1"


def fixed(dtype: str, window: str, size: int = 5) -> Callable[[bool], Work]:
    """Return what makes the work of windows that stay where they are."""

    def make(small: bool) -> Work:
        from optimap import trace

        frames, side, n = (20, 64, 30) if small else (1000, 256, 1000)
        rng = np.random.default_rng(0)
        video = rng.integers(0, 256, (frames, side, side)).astype(dtype)
        coords = [(int(x), int(y)) for x, y in rng.integers(0, side, (n, 2))]
        compiled.compiled(0 if small else compiled.ENOUGH)
        return Work(
            ours=lambda: traces.extract_traces(video, coords, size, window=window),
            peer=lambda: trace.extract_traces(video, coords, size, window=window),
            check=lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6),
        )

    return make


def moving(small: bool) -> Work:
    """Return the work of windows along tracks, and of a loop over their rows."""
    frames, side, n = (20, 64, 5) if small else (200, 256, 100)
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (frames, side, side), np.uint8)
    table = pd.DataFrame(rng.integers(2, side - 2, (frames * n, 2)), columns=["y", "x"])
    table["frame"] = np.repeat(np.arange(frames), n)
    compiled.compiled(0 if small else compiled.ENOUGH)

    def loop() -> Any:
        rows = zip(table["frame"], table["y"], table["x"], strict=True)
        return [video[t, y - 2 : y + 3, x - 2 : x + 3].mean() for t, y, x in rows]

    return Work(
        ours=lambda: traces.along_tracks(video, table)["intensity"],
        peer=loop,
        check=np.testing.assert_array_equal,
    )


CASES = [
    Case(
        "traces, 1,000 windows of 5 x 5, 1,000 frames 256 x 256", PEER, fixed("uint8", "rect"), 20
    ),
    Case("traces, the same, 16 bits", PEER, fixed("uint16", "rect")),
    Case("traces, the same, float32", PEER, fixed("float32", "rect")),
    Case("traces, the same, 8 bits, discs", PEER, fixed("uint8", "disc"), 20),
    Case("traces along 100 tracks in 200 frames 256 x 256", "numpy, row by row", moving),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    pytest.importorskip("optimap", reason="needs optimap")
    smoke(case)
