"""Trajectories that the tests of the motion room share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

Make = Callable[..., pd.DataFrame]


def brownian(
    tracks: int,
    frames: int,
    *,
    ndim: int = 2,
    diffusion: float = 0.5,
    error: float = 0.0,
    gaps: float = 0.0,
    ragged: bool = False,
    exposure: float = 0.0,
    rng: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Return Brownian tracks in pixels and frames, sorted by frame as a linker leaves them.

    `gaps` is the share of rows left out at random, `ragged` lets tracks begin and end anywhere,
    `exposure` is the share of the frame interval over which a position is averaged.
    """
    rng = np.random.default_rng(rng)
    parts = 20 if exposure else 1
    steps = rng.normal(0, np.sqrt(2 * diffusion / parts), (ndim, frames * parts, tracks))
    path = steps.cumsum(axis=1).reshape(ndim, frames, parts, tracks)
    seen = path[:, :, : max(1, round(parts * exposure))].mean(axis=2)
    seen = seen + rng.normal(0, error, seen.shape) + rng.uniform(0, 500, (ndim, 1, tracks))
    table = pd.DataFrame({"frame": np.repeat(np.arange(frames), tracks)})
    for name, values in zip("xyz", seen, strict=False):
        table[name] = values.ravel()
    table["particle"] = np.tile(np.arange(tracks), frames)
    keep = rng.random(len(table)) >= gaps
    if ragged:
        begin, length = rng.integers(0, frames, tracks), rng.integers(1, frames, tracks)
        age = table["frame"].to_numpy() - begin[table["particle"]]
        keep &= (age >= 0) & (age < length[table["particle"]])
    return table[keep].reset_index(drop=True)


@pytest.fixture(scope="session")
def make_tracks() -> Make:
    return brownian
