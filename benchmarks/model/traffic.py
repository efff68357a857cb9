"""Memory traffic and instructions of the kernels that stream, at a size for the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.model.counted import Launch, cost, launches_of
from benchmarks.model.scenes import movie
from benchmarks.model.timing import instructions

__all__ = ["FIGURES", "STREAMS", "measured"]

#: What is measured of a kernel, and what it is called in a table.
FIGURES = {
    "moved": "bytes / least",
    "sectors": "sectors / least",
    "conflicts": "conflicts / least",
    "instructions": "instructions an element",
}
#: The architecture whose machine code is looked at.
ARCH = 90


def _frames(dtype: str, *shape: int) -> Any:
    import cupy

    return cupy.asarray(movie((2, *(shape or (192, 256))), dtype, 0.001))


def _bandpass(dtype: str, *shape: int) -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _frames(dtype, *shape)
    ndim = frames.ndim - 1
    return lambda: cuda.bandpass(frames, (1.0,) * ndim, (11,) * ndim, 1.0, frames.dtype)


def _percentile(dtype: str) -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _frames(dtype)
    return lambda: cuda.percentile(frames, 64.0)


def _quantise() -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _frames("uint8").astype(float)
    return lambda: cuda.quantise(frames, "uint8")


def _dilation() -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _frames("uint8")
    return lambda: cuda.dilation(frames, 1, 7, 8)


def _local_max() -> Callable[[], Any]:
    import cupy

    from spotgpu.backends import cuda

    frames, level = _frames("uint8"), cupy.asarray([30.0, 30.0])
    return lambda: cuda.local_max(frames, (8, 8), level, (5.0, 5.0))


def _background() -> Callable[[], Any]:
    from spotgpu.backends import cuda

    raw = _frames("uint8")
    filtered = raw * (raw > 30)
    return lambda: cuda.background(filtered, raw, (5, 5))


def _scan() -> Callable[[], Any]:
    import cupy

    from spotgpu.backends import cuda

    counts = cupy.asarray(np.random.default_rng(0).integers(0, 9, 40_000))
    return lambda: cuda.scan(counts)


def _select() -> Callable[[], Any]:
    import cupy

    from spotgpu.backends import cuda

    rng = np.random.default_rng(0)
    keep, rows = cupy.asarray(rng.random(40_000) < 0.5), cupy.asarray(rng.random((40_000, 2)))
    return lambda: cuda.select(keep, rows)


def _stack(dtype: str) -> Any:
    """Return a movie that is long beside the windows of its frames."""
    import cupy

    return cupy.asarray(movie((96, 24, 64), dtype, 0.001))


def _sliding_max(dtype: str) -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _stack(dtype)
    return lambda: cuda.sliding_max(frames, 16)


def _sliding_median(dtype: str) -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _stack(dtype)
    return lambda: cuda.sliding_median(frames, 16)


def _ramp_max() -> Callable[[], Any]:
    import cupy

    from spotgpu.backends import cuda

    frames, ramp = _stack("uint8"), cupy.asarray(np.random.default_rng(0).random((16, 3)))
    return lambda: cuda.ramp_max(frames, ramp)


def _contrast() -> Callable[[], Any]:
    from spotgpu.backends import cuda

    frames = _frames("uint8")
    base = frames.astype("uint16")
    peaks = cuda.peaks(frames, base)

    def run() -> None:
        cuda.peaks(frames, base)
        cuda.contrast(frames, peaks, base)

    return run


def _window_mean(dtype: str) -> Callable[[], Any]:
    import cupy

    from spotgpu.backends import cuda

    frames = _frames(dtype)[:, None]
    rng = np.random.default_rng(0)
    centres = np.zeros((1000, 3), np.int32)
    centres[:, 1:] = rng.integers((0, 0), frames.shape[2:], (1000, 2))
    points = cupy.asarray(centres[np.lexsort(centres.T[::-1])])
    runs = cupy.asarray([(0, y, -2, 3) for y in range(-2, 3)], cupy.int32)
    return lambda: cuda.window_mean(frames, points, runs)


#: By the name of the work: what puts the data on the device and returns what to run.
STREAMS: dict[str, Callable[[], Callable[[], Any]]] = {
    "background, uint8": _background,
    "bandpass, uint8": lambda: _bandpass("uint8"),
    "bandpass, uint16": lambda: _bandpass("uint16"),
    "bandpass, uint8 volume": lambda: _bandpass("uint8", 16, 64, 96),
    "contrast, uint8 and its median": _contrast,
    "dilation, uint8": _dilation,
    "local_max, uint8": _local_max,
    "percentile, uint8": lambda: _percentile("uint8"),
    "percentile, uint16": lambda: _percentile("uint16"),
    "quantise, float64": _quantise,
    "ramp_max, uint8": _ramp_max,
    "scan": _scan,
    "select": _select,
    "sliding_max, uint8": lambda: _sliding_max("uint8"),
    "sliding_max, uint16": lambda: _sliding_max("uint16"),
    "sliding_median, uint8": lambda: _sliding_median("uint8"),
    "sliding_median, uint16": lambda: _sliding_median("uint16"),
    "window_mean, uint8": lambda: _window_mean("uint8"),
}


def measured(name: str) -> Iterator[dict[str, Any]]:
    """Yield, for each kernel of some work, what it moves and how."""
    launches = launches_of(STREAMS[name]()).launches
    kernels: dict[str, list[Launch]] = {}
    for launch in launches:
        kernels.setdefault(f"{launch.stem}.{launch.kernel}", []).append(launch)
    for kernel, own in kernels.items():
        yield {
            "work": name,
            "kernel": kernel,
            "moved": sum(launch.by_block for launch in own) / sum(launch.least for launch in own),
            "sectors": cost(own, "global"),
            "conflicts": cost(own, "shared"),
            "instructions": sum(32 * instructions(launch, ARCH)[0] for launch in own)
            / sum(launch.elements for launch in own),
        }
