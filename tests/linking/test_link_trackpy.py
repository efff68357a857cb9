"""`link` finds trackpy's trajectories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import trackpy
from trackpy.linking.utils import SubnetOversizeException

from spotgpu.linking import link

BULK_WATER = Path(__file__).parents[3] / "shared" / "data" / "bulk_water_000-099.tif"


def trackpys(f, *args, **kwargs):
    """Return trackpy's particles in the order of rows that `link` has."""
    f = f.reset_index(drop=True)
    linked = trackpy.link(f, *args, **kwargs).sort_index()
    return linked["particle"].iloc[np.argsort(f["frame"].to_numpy(), kind="stable")]


@pytest.mark.parametrize("seed", range(60))
def test_random_movies(seed, brownian, partition):
    rng = np.random.default_rng(seed)
    ndim, frames = int(rng.integers(2, 4)), int(rng.integers(2, 30))
    f = brownian(
        frames,
        int(rng.integers(2, 80)),
        seed=seed,
        ndim=ndim,
        candidates=rng.uniform(0.05, 1.2),
        blink=rng.uniform(0, 0.4),
        step=rng.uniform(0.3, 2),
    )
    if seed % 3 == 0:  # gaps in the frame numbers, which need not start at 0
        f = f[~f["frame"].isin(rng.integers(1, frames, 3))]
        f["frame"] += 7
    if seed % 4 == 0:
        f = f.sample(frac=1, random_state=seed)
    search_range = 5 if seed % 2 else tuple(rng.uniform(4, 7, ndim))
    memory = int(rng.integers(0, 5))
    ours = link(f, search_range, memory=memory)
    peer = trackpys(f, search_range, memory=memory)
    assert partition(ours["particle"]) == partition(peer)
    assert ours["particle"].tolist() == partition(ours["particle"])


@pytest.mark.parametrize("memory", [0, 2])
def test_larger_movie(memory, brownian, partition):
    f = brownian(60, 800, candidates=0.6)
    assert partition(link(f, 5, memory=memory)["particle"]) == partition(
        trackpys(f, 5, memory=memory)
    )


def test_long_memory(brownian, partition):
    f = brownian(80, 30, candidates=0.5, blink=0.5)
    assert partition(link(f, 5, memory=40)["particle"]) == partition(trackpys(f, 5, memory=40))


def test_more_candidates_than_count(partition):
    """Of 30 sources within range, a target has the 10 nearest only, in trackpy too."""
    rng = np.random.default_rng(3)
    sources = pd.DataFrame(rng.uniform(0, 3, (25, 2)), columns=["y", "x"]).assign(frame=0)
    targets = pd.DataFrame(rng.uniform(0, 3, (2, 2)), columns=["y", "x"]).assign(frame=1)
    f = pd.concat([sources, targets], ignore_index=True)
    assert partition(link(f, 5)["particle"]) == partition(trackpys(f, 5))


def test_no_component_is_too_large(brownian):
    f = brownian(5, 150, candidates=4)
    with pytest.raises(SubnetOversizeException):
        trackpy.link(f, 5)
    assert squares(link(f, 5), 5) <= squares(link(f, 5, max_candidates=2), 5)


@pytest.mark.parametrize("distance", [5 - 1e-6, 5, 5 + 5e-8, 5 + 2e-7])
def test_at_the_range(distance, partition):
    f = pd.DataFrame({"y": [0.0, 0.0], "x": [0.0, distance], "frame": [0, 1]})
    assert partition(link(f, 5)["particle"]) == partition(trackpys(f, 5))


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8])
def test_dtypes_of_positions(dtype, brownian, partition):
    f = brownian(10, 40, candidates=0.2)
    f[["y", "x"]] = (f[["y", "x"]] - f[["y", "x"]].min()).astype(dtype)
    ours, peer = link(f, 4), trackpys(f, 4)
    # Whole numbers tie; the cost is the same whichever is chosen.
    if dtype == np.float32:
        assert partition(ours["particle"]) == partition(peer)
    assert squares(ours, 4) == pytest.approx(squares(f.assign(particle=peer), 4), rel=1e-9)


def squares(tracks, search_range):
    """Return the cost of the links from frame to frame."""
    tracks = tracks.sort_values(["particle", "frame"])
    steps = tracks[["particle", "frame", "y", "x"]].astype(float).diff()
    joined = (steps["particle"] == 0) & (steps["frame"] == 1)
    last = tracks["frame"].max()
    sources = int((tracks["frame"] < last).sum())
    cost = float((steps.loc[joined, ["y", "x"]] ** 2).to_numpy().sum())
    return cost + search_range**2 * (sources - int(joined.sum()))


@pytest.mark.skipif(not BULK_WATER.exists(), reason="real frames are not here")
@pytest.mark.parametrize("memory", [0, 3])
def test_real_spots(memory, partition):
    import tifffile

    from spotgpu.detect import locate

    frames = tifffile.imread(BULK_WATER, key=range(12))
    f = pd.concat(
        [
            locate(image, 11, minmass=20, invert=True).assign(frame=i)
            for i, image in enumerate(frames)
        ]
    )
    assert partition(link(f, 5, memory=memory)["particle"]) == partition(
        trackpys(f, 5, memory=memory)
    )
