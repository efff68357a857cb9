"""`selftest`: the CUDA engine against the CPU's, on the machine at hand."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import backends, linking, motion, simulate
from spotgpu.backends import cpu
from spotgpu.backends.cells import Cells
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._batch import batch

__all__ = ["Verdict", "selftest"]

#: Calls that are timed on either side, of which the median counts.
ROUNDS = 5
#: Relative difference that is allowed where the CPU does not sum as the kernels do, but by FFT.
FFT = 1e-8

#: ``prepare(engine)`` brings the input to a backend and returns what computes there: arrays, or a
#: table.
Prepare = Callable[[ModuleType], Callable[[], Any]]


@dataclass(frozen=True)
class Verdict:
    """How one computation came out on the device.

    Attributes
    ----------
    name, data : str
        What was computed, and of what.
    problem : str
        Empty if it came out as on the CPU.
    cpu, cuda : float
        Seconds of a call; on the device with its input and without its output copied.
    tolerance : float
        Relative difference that is allowed; 0 stands for the same bits.
    """

    name: str
    data: str
    problem: str
    cpu: float
    cuda: float
    tolerance: float = 0.0


def selftest(side: int = 512) -> Iterator[Verdict]:
    """Compare every kernel with its mirror, and the whole ways with those of the CPU.

    Parameters
    ----------
    side : int
        Of the frames in pixels; volumes have about as many.

    Yields
    ------
    Verdict
        One for each computation.

    Raises
    ------
    SpotgpuError
        If there is no CUDA device.
    """
    cuda = backends.on("cuda")
    depth = max(16, side // 16)
    across = max(24, int(side / depth**0.5))
    for frames, diameter in (
        (_movie((side, side), np.uint8), 11),
        (_movie((side, side), np.uint16), 11),
        (_movie((side, side), np.uint8).astype(np.float32) / 255, 11),
        (_movie((depth, across, across), np.uint8), 9),
    ):
        data = f"{' x '.join(map(str, frames.shape))} {frames.dtype}"
        for name, *arguments in _detection(frames, diameter):
            yield _verdict(name, data, partial(_call, name, arguments), cuda)
        for name, *arguments in _pathlines(frames):
            yield _verdict(name, data, partial(_call, name, arguments), cuda)
        yield _verdict("locate", data, partial(_locate, frames, diameter), cuda)
    tracks = simulate.brownian_motion(50, side // 4, (side, side), D=2.0, blinking=0.05)
    data = f"{len(tracks)} positions in 50 frames"
    for name, *arguments in (*_linking(tracks, 7.0), *_motion(tracks, 30)):
        yield _verdict(name, data, partial(_call, name, arguments), cuda)
    yield _verdict("link", data, partial(_link, tracks), cuda)
    yield _verdict("imsd", data, partial(_imsd, tracks), cuda, FFT)


def _movie(shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    tracks = simulate.brownian_motion(4, 60, shape, margin=3, seed=1)
    bright = np.iinfo(dtype).max / 2.5
    movie = simulate.movie(
        tracks, shape, signal=bright, background=20.0, read_noise=bright / 30, dtype=dtype
    )
    return np.stack([np.asarray(frame) for frame in movie])


def _detection(frames: npt.NDArray[Any], diameter: int) -> Iterator[tuple[Any, ...]]:
    """Yield the names and arguments of the functions that finding spots calls, in turn."""
    ndim = frames.ndim - 1
    radius, box, separation = (diameter // 2,) * ndim, (diameter,) * ndim, (diameter + 1.0,) * ndim
    is_float = frames.dtype.kind == "f"
    dtype = np.dtype(np.uint8) if is_float else frames.dtype
    filters = (frames, (1.0,) * ndim, box, 1 / 255 if is_float else 1.0, dtype)
    yield "bandpass", *filters
    filtered, scale = cpu.bandpass(*filters)
    yield "quantise", frames.astype(np.float64), dtype
    yield "percentile", filtered, 64.0
    level = cpu.percentile(filtered, 64.0)
    window = tuple(int(2 * s / ndim**0.5) for s in separation)
    wide = np.pad(filtered, [(0, 0)] * ndim + [(0, -filtered.shape[-1] % 32)])
    yield "dilation", wide, ndim - 1, window[-1] // 2, window[-1] // 2
    mask = np.packbits(wide > 0, axis=-1, bitorder="little").view(np.uint32)
    yield "argwhere", mask, filtered.shape
    yield "local_max", filtered, window, level, radius
    peaks = cpu.local_max(filtered, window, level, radius)
    yield "centroid", filtered, peaks, radius, 10
    positions, windows, mass = cpu.centroid(filtered, peaks, radius, 10)
    bright = mass / scale[windows[:, 0]] > np.median(mass / scale[windows[:, 0]])
    yield "select", bright, positions, windows, mass
    yield "where_close", windows[:, 0].copy(), positions, separation, mass
    yield "characterize", filtered, frames, windows, radius
    yield "background", filtered, frames, radius
    volumes = frames.reshape(len(frames), -1, *frames.shape[-2:])
    points = np.argwhere(volumes[0] > np.median(volumes[0])).astype(np.int32)[::9]
    runs = np.array([(z, y, -2, 3) for z in (-1, 0, 1) for y in range(-2, 3)], np.int32)
    yield "window_mean", volumes, points, runs


def _pathlines(frames: npt.NDArray[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the names and arguments of the functions that pathline images call, in turn."""
    size = len(frames) - 1
    yield "sliding_max", frames, size
    extreme, base = cpu.sliding_max(frames, size), cpu.sliding_median(frames, size)
    yield "sliding_median", frames, size
    yield "ramp_max", frames, np.linspace((0.3, 0.1), (0.6, 1.0), size), base
    yield "peaks", extreme, base
    yield "contrast", extreme, cpu.peaks(extreme, base), base


def _linking(spots: pd.DataFrame, reach: float) -> Iterator[tuple[Any, ...]]:
    """Yield the names and arguments of the functions that linking calls, in turn."""
    spots = spots.sort_values("frame", kind="stable")
    positions, frame = spots[["y", "x"]].to_numpy().T.copy(), spots["frame"].to_numpy(np.int64)
    cells = Cells.of(positions, int(frame[-1]) + 1, reach)
    yield "grid", positions, frame, cells
    grid = cpu.grid(positions, frame, cells)
    yield "group", grid.key, cells.total
    points = np.arange(np.searchsorted(frame, 1), len(frame))
    yield "candidates", grid, points, -1, 8
    near = cpu.candidates(grid, points, -1, 8)
    yield "scan", np.diff(near.start)
    graph = near.source, near.query
    yield "components", *graph, len(frame), len(points)
    yield "assign", *graph, near.cost, len(frame), len(points), reach**2


def _motion(tracks: pd.DataFrame, lags: int) -> Iterator[tuple[Any, ...]]:
    """Yield the names and arguments of the functions that mean squared displacements call."""
    whole = tracks.set_index(["particle", "frame"])[["y", "x"]].unstack().stack(future_stack=True)
    positions, k = whole.to_numpy().T.copy(), tracks["particle"].nunique()
    valid, starts = np.isfinite(positions[0]), np.arange(k + 1) * (len(whole) // k)
    yield "msd", positions, valid, starts, lags, True
    means, pairs = cpu.msd(positions, valid, starts, lags, True)
    counts = np.add.reduceat(valid, starts[:-1], dtype=np.int64)
    yield "ensemble", means, pairs, np.diff(starts), counts


def _call(name: str, arguments: list[Any], engine: ModuleType) -> Callable[[], Any]:
    there = [_put(argument, engine) for argument in arguments]
    return lambda: getattr(engine, name)(*there)


def _put(argument: Any, engine: ModuleType) -> Any:
    if isinstance(argument, np.ndarray):
        return engine.put(argument)
    if hasattr(argument, "_fields"):
        return type(argument)(*(_put(field, engine) for field in argument))
    return argument


def _locate(
    frames: npt.NDArray[Any], diameter: int, engine: ModuleType
) -> Callable[[], pd.DataFrame]:
    return lambda: batch(frames, diameter, processes=1, device=_device(engine))


def _link(spots: pd.DataFrame, engine: ModuleType) -> Callable[[], pd.DataFrame]:
    return lambda: linking.link(spots, 7, memory=2, device=_device(engine))


def _imsd(tracks: pd.DataFrame, engine: ModuleType) -> Callable[[], pd.DataFrame]:
    return lambda: motion.imsd(tracks, 1, 1, device=_device(engine))


def _device(engine: ModuleType) -> str:
    return "cpu" if engine is cpu else "cuda"


def _verdict(
    name: str, data: str, prepare: Prepare, cuda: ModuleType, tolerance: float = 0.0
) -> Verdict:
    from spotgpu.backends.cuda.device import FAULTS

    wanted, cpu_time = _timed(prepare(cpu), cpu)
    try:
        found, cuda_time = _timed(prepare(cuda), cuda)
    except (SpotgpuError, *FAULTS) as error:
        return Verdict(name, data, str(error), cpu_time, math.nan, tolerance)
    problem = _difference(found, wanted, tolerance)
    return Verdict(name, data, problem, cpu_time, cuda_time, tolerance)


def _timed(compute: Callable[[], Any], engine: ModuleType) -> tuple[list[npt.NDArray[Any]], float]:
    """Return the arrays of the result, and the seconds of a call after the first."""
    results = [engine.get(array) for array in _arrays(compute())]
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        last = _arrays(compute())
        # A device is done when the last thing that it was asked for is here.
        engine.get(last[-1][:1])
        seconds.append(time.perf_counter() - start)
    return results, statistics.median(seconds)


def _arrays(result: Any) -> list[Any]:
    if isinstance(result, pd.DataFrame):
        return [result.index.to_numpy(), *(result[column].to_numpy() for column in result)]
    if isinstance(result, tuple):
        return [array for part in result for array in _arrays(part)]
    return [result] if hasattr(result, "dtype") else []


def _difference(
    found: list[npt.NDArray[Any]], wanted: list[npt.NDArray[Any]], tolerance: float
) -> str:
    """Say where two results differ first, if they do."""
    if len(found) != len(wanted):
        return f"{len(found)} arrays instead of {len(wanted)}"
    for number, (ours, other) in enumerate(zip(found, wanted, strict=True)):
        if (ours.dtype, ours.shape) != (other.dtype, other.shape):
            return f"output {number} is {ours.dtype} {ours.shape}, not {other.dtype} {other.shape}"
        differs = ours != other
        if other.dtype.kind == "f":
            differs = ~np.isclose(ours, other, rtol=tolerance, atol=0, equal_nan=True)
        if differs.any():
            first = tuple(int(i) for i in np.argwhere(differs)[0])
            return (
                f"output {number} differs in {np.count_nonzero(differs)} of {differs.size} values, "
                f"first at {first}: {ours[first]!r} instead of {other[first]!r}"
            )
    return ""
