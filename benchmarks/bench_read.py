"""Going through a movie frame by frame, opened anew, beside pims and tifffile: the same pixels."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from benchmarks.interleaved import Case, Work, smoke
from benchmarks.scenes import BULK_WATER
from spotgpu import io

FRAMES = 200


@functools.cache
def folder() -> Path:
    """Return a folder that goes with the process."""
    path = Path(tempfile.mkdtemp(prefix="bench_read"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def pixels(small: bool) -> np.ndarray:
    """Return noise like that of a camera."""
    shape = (8, 64, 64) if small else (FRAMES, 512, 512)
    return np.random.default_rng(0).poisson(20, shape).astype(np.uint16)


def rows(frames: Iterable[Any]) -> np.ndarray:
    """Return one row of each frame: enough to compare, little to keep."""
    return np.array([np.array(frame[k % len(frame)]) for k, frame in enumerate(frames)])


def ours(path: Path) -> np.ndarray:
    """Go through a movie with spotgpu."""
    with io.open(path) as movie:
        return rows(movie)


def ahead(path: Path) -> np.ndarray:
    """Go through a movie with spotgpu, decoded ahead by two threads."""
    with io.open(path) as movie:
        return rows(io.read_ahead(movie, threads=2))


def pims_stack(path: Path) -> np.ndarray:
    """Go through a stack with pims."""
    import pims

    with pims.TiffStack(str(path)) as reader:
        return rows(reader)


def each(path: Path) -> np.ndarray:
    """Go through a folder with tifffile."""
    return rows(tifffile.imread(file) for file in sorted(path.glob("*.tif")))


def whole(path: Path) -> np.ndarray:
    """Read a stack at once with tifffile."""
    return rows(tifffile.imread(path))


def zarr_frames(path: Path) -> np.ndarray:
    """Go through an array with zarr."""
    array: Any = zarr.open_array(path, mode="r")
    return rows(array[t] for t in range(array.shape[0]))


def on_file(
    peer: Callable[[Path], np.ndarray],
    write: Callable[[Path, np.ndarray], object],
    read: Callable[[Path], np.ndarray] = ours,
) -> Callable[[bool], Work]:
    """Return what makes the work on a file that `write` writes."""

    def make(small: bool) -> Work:
        path = Path(tempfile.mkdtemp(dir=folder())) / "movie.tif"
        write(path, pixels(small))
        return Work(lambda: read(path), lambda: peer(path), np.testing.assert_array_equal)

    return make


def stack(**stored: Any) -> Callable[[Path, np.ndarray], object]:
    """Return what writes a stack."""
    return lambda path, movie: tifffile.imwrite(path, movie, **stored)


def files(path: Path, movie: np.ndarray) -> None:
    """Write each frame to a file."""
    path.mkdir()
    for k, frame in enumerate(movie):
        tifffile.imwrite(path / f"{k:04d}.tif", frame)


def chunks(
    frames: int, parts: int = 1, shard: int | None = None
) -> Callable[[Path, np.ndarray], object]:
    """Return what writes a Zarr array, in chunks of some frames and so many parts a side."""

    def write(path: Path, movie: np.ndarray) -> None:
        sides = [n // parts for n in movie.shape[1:]]
        shards = None if shard is None else (shard, *movie.shape[1:])
        zarr.create_array(path, data=movie, chunks=(frames, *sides), shards=shards)

    return write


def real(_small: bool) -> Work:
    """Return the work on the real movie."""
    return Work(
        lambda: ours(BULK_WATER), lambda: pims_stack(BULK_WATER), np.testing.assert_array_equal
    )


CASES = [
    Case("read TIFF, uint16 512x512", "pims", on_file(pims_stack, stack()), 3),
    Case("read TIFF, uint16 512x512, at once", "tifffile.imread", on_file(whole, stack()), 1),
    # The decoder is the same.
    Case("read TIFF, zlib", "pims", on_file(pims_stack, stack(compression="zlib"))),
    Case("read TIFF, 100 real frames (zlib)", "pims", real),
    Case("read one TIFF a frame", "tifffile.imread", on_file(each, files)),
    Case("read Zarr, chunks of 10 frames", "zarr", on_file(zarr_frames, chunks(10)), 2),
    Case("read Zarr, chunks of 1 frame", "zarr", on_file(zarr_frames, chunks(1))),
    Case("read ahead, TIFF, uint16 512x512", "pims", on_file(pims_stack, stack(), ahead)),
    Case(
        "read ahead, TIFF, zstd",
        "tifffile.imread",
        on_file(whole, stack(compression="zstd"), ahead),
    ),
    Case("read ahead, Zarr, chunks of 1 frame", "zarr", on_file(zarr_frames, chunks(1), ahead)),
    Case(
        "read ahead, Zarr, chunks of 8 x 256 x 256",
        "zarr",
        on_file(zarr_frames, chunks(8, 2), ahead),
    ),
    Case(
        "read ahead, Zarr, shards of 40 frames",
        "zarr",
        on_file(zarr_frames, chunks(1, 1, 40), ahead),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    """The same rows at a small size."""
    if "real" in case.name and not BULK_WATER.exists():
        pytest.skip("the real frames are not here")
    smoke(case)
