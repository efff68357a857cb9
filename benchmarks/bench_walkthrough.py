"""From frames to the ensemble's MSD: the whole walkthrough beside trackpy's, one process each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tifffile

import spotgpu
from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import BULK_WATER

MPP, FPS = 1 / 2.85, 24


def walk(module: Any, frames: np.ndarray, shortest: int, **options: Any) -> tuple[Any, Any, Any]:
    """Return trajectories, drift and ensemble MSD; imsd is computed as the others are."""
    spots = module.batch(frames, 11, minmass=20, invert=True, processes=1, **options)
    tracks = module.filter_stubs(module.link(spots, 5, memory=3), shortest)
    drift = module.compute_drift(tracks)
    still = module.subtract_drift(tracks.reset_index(drop=True), drift)
    module.imsd(still, MPP, FPS)
    return tracks, drift, module.emsd(still, MPP, FPS)


def same_walk(ours: tuple[Any, Any, Any], peer: tuple[Any, Any, Any]) -> None:
    """Compare the trajectories up to their numbers, and what follows from them."""
    key = ["frame", "y", "x"]
    a, b = (
        walk[0].reset_index(drop=True).sort_values(key, ignore_index=True) for walk in (ours, peer)
    )
    np.testing.assert_allclose(a[key], b[key], rtol=1e-9)
    pairs = set(zip(a["particle"], b["particle"], strict=True))
    assert len(pairs) == a["particle"].nunique() == b["particle"].nunique() > 0
    np.testing.assert_allclose(ours[1][["y", "x"]], peer[1][["y", "x"]], atol=1e-9)
    np.testing.assert_allclose(ours[2].to_numpy(), peer[2].to_numpy(), rtol=1e-8)


def make(small: bool) -> Work:
    """Return the walkthrough on the 100 real frames, or on a corner of the first ones."""
    import trackpy

    trackpy.quiet()
    frames = tifffile.imread(BULK_WATER)
    shortest = 25
    if small:
        frames, shortest = frames[:12, :128, :128], 6
    return Work(
        ours=lambda: walk(spotgpu, frames, shortest),
        peer=lambda: walk(trackpy, frames, shortest, engine="numba"),
        check=same_walk,
    )


CASES = (
    [Case("walkthrough, 100 real frames", "trackpy 0.7 (numba)", make, 10, 3)]
    if BULK_WATER.exists()
    else []
)


@pytest.mark.skipif(not CASES, reason=f"{BULK_WATER.name} is not there")
def test_smoke() -> None:
    smoke(CASES[0])
