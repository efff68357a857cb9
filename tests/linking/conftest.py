"""Scenes and comparisons for the tests of linking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import pytest
import trackpy


@pytest.fixture(autouse=True)
def _quiet_trackpy() -> Iterator[None]:
    trackpy.quiet()
    yield
    trackpy.quiet(False)


def _brownian(
    frames: int,
    particles: int,
    *,
    seed: int = 0,
    ndim: int = 2,
    candidates: float = 0.4,
    blink: float = 0.05,
    step: float = 1.0,
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    # `candidates` is the mean number of particles in a ball of radius 5.
    ball = {2: np.pi * 5**2, 3: 4 / 3 * np.pi * 5**3}[ndim]
    side = (ball * particles / candidates) ** (1 / ndim)
    steps = rng.normal(0, step, (frames, particles, ndim))
    steps[0] = rng.uniform(0, side, (particles, ndim))
    frame, particle = np.nonzero(rng.uniform(size=(frames, particles)) >= blink)
    order = np.lexsort((rng.uniform(size=len(frame)), frame))
    columns = ["z", "y", "x"][-ndim:]
    f = pd.DataFrame(steps.cumsum(axis=0)[frame[order], particle[order]], columns=columns)
    return f.assign(frame=frame[order])


@pytest.fixture
def brownian() -> Callable[..., pd.DataFrame]:
    """Make a movie of particles in Brownian motion, some of them not seen in some frames."""
    return _brownian


def _canonical(particle: pd.Series) -> list[int]:
    return pd.factorize(particle)[0].tolist()


@pytest.fixture
def partition() -> Callable[[pd.Series], list[int]]:
    """Return the particle of each row, numbered in the order of rows."""
    return _canonical
