"""`imsd` and `emsd` beside trackpy's: the same numbers, with gaps and without."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu import motion


def trajectories(tracks: int, frames: int, gaps: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Return Brownian tracks sorted by frame, in any order of particles, as linkers leave them."""
    rng = np.random.default_rng(seed)
    paths = rng.normal(size=(2, frames, tracks)).cumsum(axis=1)
    paths += rng.uniform(0, 500, (2, 1, tracks))
    particle = rng.permuted(np.tile(np.arange(tracks), (frames, 1)), axis=1)
    frame = np.broadcast_to(np.arange(frames)[:, None], particle.shape)
    table = pd.DataFrame({"frame": frame.ravel()})
    for name, path in zip("yx", paths, strict=True):
        table[name] = np.take_along_axis(path, particle, axis=1).ravel()
    table["particle"] = particle.ravel()
    return table[rng.random(len(table)) >= gaps].reset_index(drop=True)


def peer(name: str, *args: Any, **options: Any) -> Callable[[], Any]:
    """Return a call of trackpy without the warnings that it gives with pandas 3."""
    import trackpy

    def call() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(trackpy, name)(*args, **options)

    return call


def same_numbers(ours: Any, theirs: Any) -> None:
    """Compare; without gaps trackpy's Fourier transform of whole coordinates loses digits."""
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-6, equal_nan=True)
    np.testing.assert_allclose(ours.index, theirs.index)


def curves(name: str, tracks: int, frames: int, gaps: float) -> Callable[[bool], Work]:
    """Return what makes the work of `imsd` or `emsd` on tracks of this size."""

    def make(small: bool) -> Work:
        table = trajectories(*((20, 60) if small else (tracks, frames)), gaps)
        function = getattr(motion, name)
        return Work(lambda: function(table, 0.16, 10), peer(name, table, 0.16, 10), same_numbers)

    return make


PEER = "trackpy 0.7"
CASES = [
    Case(f"{name} 1,000 x 1,000, {label}", PEER, curves(name, 1000, 1000, gaps), ratio, rounds)
    for gaps, label, ratio, rounds in ((0.0, "no gaps", 25, 7), (0.05, "5 % gaps", 100, 3))
    for name in ("imsd", "emsd")
]
CASES += [
    Case("imsd 5,000 x 100, no gaps", PEER, curves("imsd", 5000, 100, 0.0), 50, 3),
    Case("imsd 2,000 x 100, 5 % gaps", PEER, curves("imsd", 2000, 100, 0.05), 150, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
