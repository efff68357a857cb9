"""Adaptive search, predictors and streams beside trackpy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spotgpu.linking
from benchmarks.bench_link import NUMBA, SEARCH_RANGE, brownian, same_particles
from benchmarks.interleaved import Case, Work, smoke

#: Pixels a frame, along x.
DRIFT = 2.0


def _trackpy() -> Any:
    import trackpy

    trackpy.quiet()
    return trackpy


def _movie(small: bool, particles: int = 1000) -> pd.DataFrame:
    return brownian(20, 50) if small else brownian(200, particles)


def linked(**options: Any) -> Callable[[bool], Work]:
    """Return what makes the work on a movie, or on a small one, by `link` with options."""

    def make(small: bool) -> Work:
        trackpy, f = _trackpy(), _movie(small)
        return Work(
            ours=lambda: spotgpu.linking.link(f, SEARCH_RANGE, **options),
            peer=lambda: trackpy.link(f, SEARCH_RANGE, **options),
            check=same_particles,
        )

    return make


def crowded(small: bool) -> Work:
    """Return the work on a movie so dense that the range has to shrink."""
    trackpy, f = _trackpy(), _movie(small)
    f[["y", "x"]] /= 2.5  # about two particles within the range of each
    options = {"adaptive_stop": 0.5, "adaptive_step": 0.9}
    return Work(
        ours=lambda: spotgpu.linking.link(f, SEARCH_RANGE, **options),
        peer=lambda: trackpy.link(f, SEARCH_RANGE, **options),
        check=same_particles,
    )


def predicted(name: str, memory: int, **options: Any) -> Callable[[bool], Work]:
    """Return what makes the work on a movie of particles that drift."""

    def make(small: bool) -> Work:
        import trackpy.predict

        _trackpy()
        f = _movie(small)
        f["x"] += DRIFT * f["frame"]
        peer, ours = getattr(trackpy.predict, name), getattr(spotgpu.linking, name)
        return Work(
            ours=lambda: spotgpu.linking.link(
                f, SEARCH_RANGE, memory=memory, predictor=ours(**options)
            ),
            peer=lambda: peer(**options).link_df(f, SEARCH_RANGE, memory=memory),
            check=same_particles,
        )

    return make


def streamed(memory: int) -> Callable[[bool], Work]:
    """Return what makes the work on a stream of positions."""

    def make(small: bool) -> Work:
        trackpy, f = _trackpy(), _movie(small)
        start = np.flatnonzero(np.diff(f["frame"], prepend=-1))
        frames = np.split(f[["y", "x"]].to_numpy(), start[1:])

        def particles(link_iter: Callable[..., Any]) -> pd.DataFrame:
            found = [number for _, number in link_iter(iter(frames), SEARCH_RANGE, memory=memory)]
            return f.assign(particle=np.concatenate(found))

        return Work(
            ours=lambda: particles(spotgpu.linking.link_iter),
            peer=lambda: particles(trackpy.link_iter),
            check=same_particles,
        )

    return make


SIZE = "200 frames x 1,000 spots"
CHANNEL = {"bin_size": 50, "minsamples": 5}
CASES = [
    Case(f"link {SIZE}, adaptive", NUMBA, linked(adaptive_stop=1.0), 35, 5),
    Case(f"link {SIZE}, adaptive, memory 3", NUMBA, linked(adaptive_stop=1.0, memory=3), 15, 5),
    Case(f"link {SIZE}, adaptive, crowded", NUMBA, crowded, None, 3),
    Case(f"link {SIZE}, drift predicted", NUMBA, predicted("DriftPredict", 0), 35, 3),
    Case(f"link {SIZE}, drift predicted, memory 3", NUMBA, predicted("DriftPredict", 3), 15, 3),
    Case(f"link {SIZE}, nearest velocity", NUMBA, predicted("NearestVelocityPredict", 0), 35, 3),
    Case(f"link {SIZE}, channel", NUMBA, predicted("ChannelPredict", 0, **CHANNEL), 35, 3),
    Case(f"link_iter {SIZE}", NUMBA, streamed(0), 35, 3),
    Case(f"link_iter {SIZE}, memory 3", NUMBA, streamed(3), 15, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
