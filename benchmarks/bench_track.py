"""From a file to the ensemble's MSD: a long movie beside trackpy, end to end."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import tifffile
import zarr

import spotgpu
from benchmarks.interleaved import Case, Work, smoke
from spotgpu.pipeline import Silent
from spotgpu.pipeline._workers import end_workers

MPP, FPS = 0.16, 10.0
DIAMETER, MINMASS, RANGE, MEMORY, LEAST = 9, 3000, 5, 3, 10
KINDS = {"raw TIFF": None, "zstd TIFF": "zstd", "Zarr": None}


@cache
def folder() -> Path:
    """Return a folder that goes when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="spotgpu-bench-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def movie(frames: int, side: int, kind: str) -> Path:
    """Return a file of a 16-bit camera's frames, with about 200 particles in 512 x 512 pixels."""
    path = folder() / f"{frames}-{side}-{kind.replace(' ', '-')}{'.tif' if 'TIFF' in kind else ''}"
    if path.exists():
        return path
    images = simulated(frames, side)
    if kind == "Zarr":
        stored = zarr.create_array(
            path, shape=images.shape, chunks=(8, side, side), dtype=images.dtype
        )
        stored[:] = images
    else:
        tifffile.imwrite(
            path,
            images,
            compression=KINDS[kind],
            photometric="minisblack",
            metadata={"axes": "TYX"},
        )
    return path


def simulated(frames: int, side: int) -> npt.NDArray[np.uint16]:
    """Return the frames."""
    tracks = spotgpu.simulate.brownian_motion(
        frames, max(200 * side**2 // 512**2, 8), (side, side), D=0.5, margin=12, seed=1
    )
    made = spotgpu.simulate.movie(
        tracks,
        (side, side),
        sigma=1.8,
        signal=900,
        background=200,
        read_noise=8,
        dtype="uint16",
        seed=2,
    )
    return np.stack(list(made))


def ours(path: Path) -> Any:
    """Run `track` as the command line does, tables and report included."""
    output = folder() / "out"
    try:
        result = spotgpu.track(
            path,
            DIAMETER,
            RANGE,
            minmass=MINMASS,
            memory=MEMORY,
            min_length=LEAST,
            drift=False,
            pixel_size_um=MPP,
            fps=FPS,
            axes="TYX",
            output=output,
            progress=Silent(),
        )
        return result.tracks, result.emsd["msd"].to_numpy()
    finally:
        shutil.rmtree(output, ignore_errors=True)


def trackpys(path: Path) -> Any:
    """Do the same with trackpy: all processes that help, links, ensemble MSD."""
    import trackpy

    frames = tifffile.imread(path) if path.suffix else zarr.open_array(path, mode="r")[:]
    spots = trackpy.batch(frames, DIAMETER, minmass=MINMASS, engine="numba", processes="auto")
    tracks = trackpy.filter_stubs(trackpy.link(spots, RANGE, memory=MEMORY), LEAST)
    return tracks, trackpy.emsd(tracks, MPP, FPS).to_numpy()


def same(a: Any, b: Any) -> None:
    """Compare spots in tracks, and the MSD."""
    key = ["frame", "y", "x"]
    left, right = (
        tracks[key].reset_index(drop=True).sort_values(key, ignore_index=True)
        for tracks, _ in (a, b)
    )
    np.testing.assert_allclose(left, right, rtol=1e-9)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-8)


def make(kind: str, small: bool) -> Work:
    """Return 2,000 frames of 512 x 512, or a few small ones."""
    import trackpy

    trackpy.quiet()
    path = movie(20, 96, kind) if small else movie(2000, 512, kind)
    return Work(lambda: ours(path), lambda: trackpys(path), same)


def case(kind: str) -> Case:
    """Return the case of one kind of file."""
    name = f"track, 2,000 frames 512x512 uint16, {kind}"
    return Case(name, "trackpy 0.7 (numba)", lambda small: make(kind, small), 6, 3)


def make_workers(small: bool) -> Work:
    """Return the detection of the long movie, by two workers and by one."""
    path = movie(20, 96, "raw TIFF") if small else movie(2000, 512, "raw TIFF")

    def spots(processes: int) -> Any:
        # From the start, as in a run of its own.
        end_workers()
        return spotgpu.batch(
            spotgpu.open(path, axes="TYX"), DIAMETER, minmass=MINMASS, processes=processes
        )

    return Work(lambda: spots(2), lambda: spots(1), pd.testing.assert_frame_equal)


CASES = [
    *(case(kind) for kind in KINDS),
    Case("batch, 2,000 frames 512x512 uint16, two workers", "one worker", make_workers, 1.4, 5),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
