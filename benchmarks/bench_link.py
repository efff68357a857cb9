"""`link` beside trackpy's: the same rows belong to the same particles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import spotgpu.linking
from benchmarks.interleaved import Case, Work, smoke

SEARCH_RANGE = 5.0
#: Particles in a circle of radius SEARCH_RANGE.
DENSITY = 0.31


def brownian(frames: int, particles: int, seed: int = 0) -> pd.DataFrame:
    """Return spots of particles that step 1 pixel (rms per axis) a frame; 5 % are not seen."""
    rng = np.random.default_rng(seed)
    side = SEARCH_RANGE * np.sqrt(np.pi * particles / DENSITY)
    steps = rng.normal(0, 1, (frames, particles, 2))
    steps[0] = rng.uniform(0, side, (particles, 2))
    frame, particle = np.nonzero(rng.uniform(size=(frames, particles)) >= 0.05)
    order = np.lexsort((rng.uniform(size=len(frame)), frame))
    y, x = steps.cumsum(axis=0)[frame[order], particle[order]].T
    return pd.DataFrame({"y": y, "x": x, "frame": frame[order]})


def same_particles(ours: pd.DataFrame, peer: pd.DataFrame) -> None:
    """Compare the sets of rows that are one particle, whatever its number."""
    peer = peer.sort_index()
    assert np.array_equal(ours["x"], peer["x"])
    pairs = np.unique(np.stack([ours["particle"], peer["particle"]]), axis=1).shape[1]
    assert pairs == ours["particle"].nunique() == peer["particle"].nunique()


def movie(frames: int, particles: int, memory: int) -> Callable[[bool], Work]:
    """Return what makes the work on a movie, or on a small one."""

    def make(small: bool) -> Work:
        import trackpy

        trackpy.quiet()
        f = brownian(*((20, 50) if small else (frames, particles)))
        return Work(
            ours=lambda: spotgpu.linking.link(f, SEARCH_RANGE, memory=memory),
            peer=lambda: trackpy.link(f, SEARCH_RANGE, memory=memory),
            check=same_particles,
        )

    return make


NUMBA = "trackpy 0.7 (numba)"
CASES = [
    Case("link 200 frames x 1,000 spots", NUMBA, movie(200, 1000, 0), 35, 5),
    Case("link 200 frames x 1,000 spots, memory 3", NUMBA, movie(200, 1000, 3), 15, 5),
    Case("link 100 frames x 10,000 spots", NUMBA, movie(100, 10_000, 0), 50, 3),
    Case("link 5,000 frames x 100 spots, memory 3", NUMBA, movie(5000, 100, 3), 8, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
