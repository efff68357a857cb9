"""Work whose time is asked for: how it is run at a size for the simulator, and how far that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.model.scenes import movie, paths, walkers

__all__ = ["CASES", "Case"]

Run = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """Work at two sizes: as it is asked for, and as it is simulated.

    `make` puts the data on the device and returns what to run. All that is counted then is
    multiplied by `times`, but for the launches, of which `batch` such pieces of work share each.
    """

    name: str
    make: Callable[[], Run]
    times: float
    upload: float  # bytes over PCIe
    batch: int = 1
    target: float | None = None  # seconds on the first card


def _detection(shape: tuple[int, ...], dtype: str, diameter: Any, spots: int) -> Callable[[], Run]:
    """Return the way to detection in a frame on the device, of `spots` in 512 x 512 pixels."""

    def make() -> Run:
        import cupy

        from spotgpu.detect._locator import Locator
        from spotgpu.detect._spots import find

        density = spots / 512**2 / (1 if len(shape) == 2 else 32)
        raw = cupy.asarray(movie((1, *shape), dtype, density))
        options = Locator(diameter, minmass=100).options(len(shape), is_float=False)
        return lambda: find(raw, options)

    return make


def _linking() -> Run:
    from spotgpu import link

    table = pd.DataFrame(walkers(10, 1000))
    return lambda: link(table, 3, device="cuda")


def _displacements() -> Run:
    from spotgpu.backends import cuda

    arguments = paths(16, 1000)
    return lambda: cuda.msd(*arguments, 100)


#: Frames, those of a window, and the side of those that are simulated.
_LONG, _WINDOW, _SIDE = 149, 30, 64


def _pathlines(median: bool) -> Callable[[], Run]:
    """Return the way to images of the paths in a movie on the device."""

    def make() -> Run:
        import cupy

        from spotgpu.backends import cuda

        frames = cupy.asarray(movie((_LONG, _SIDE, _SIDE), "uint8", 200 / 512**2))

        def run() -> Any:
            base = cuda.sliding_median(frames, _WINDOW) if median else None
            extreme = cuda.sliding_max(frames, _WINDOW)
            return cuda.contrast(extreme, cuda.peaks(extreme, base), base)

        return run

    return make


_FLAT, _DEEP = (512, 512), (32, 128, 128)
CASES = [
    Case(
        "512 x 512 uint8, 200 spots",
        _detection(_FLAT, "uint8", 11, 200),
        times=1,
        upload=512**2,
        batch=256,
        target=5e-6,
    ),
    Case(
        "2048 x 2048 uint16, 3,200 spots",
        _detection(_FLAT, "uint16", 11, 200),
        times=16,
        upload=2 * 2048**2,
        batch=16,
    ),
    Case(
        "32 x 512 x 512 uint8, 2,000 spots",
        _detection(_DEEP, "uint8", (5, 9, 9), 2000),
        times=512**2 / np.prod(_DEEP[1:]),
        upload=32 * 512**2,
        batch=8,
    ),
    Case(
        "link of 100 x 10,000 points",
        _linking,
        times=100,
        upload=1e6 * 2 * 8,
        target=1e-3,
    ),
    Case(
        "MSD of 1,000 tracks x 1,000 frames, 100 lags",
        _displacements,
        times=1000 / 16,
        upload=1e6 * (2 * 8 + 1),
        target=1e-4,
    ),
    *(
        Case(
            f"512 x 512 uint8, paths over {_WINDOW} frames{name}",
            _pathlines(median),
            times=512**2 / _SIDE**2 / (_LONG - _WINDOW + 1),
            upload=512**2,
            batch=256,
        )
        for name, median in (("", False), (", median subtracted", True))
    ),
]
