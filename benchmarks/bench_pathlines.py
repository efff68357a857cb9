"""`streamlines` beside each window's maximum, and the files beside the encoding of PNG alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from loky import cpu_count

from benchmarks.interleaved import Case, Work, smoke
from spotgpu import simulate
from spotgpu.pathlines import flowtrace, streamlines
from spotgpu.pathlines._png_files import write_pngs
from spotgpu.pipeline import Silent

MERGED = 30


@cache
def movie(small: bool) -> npt.NDArray[np.uint8]:
    """Return 300 frames of 512 x 512 with 200 particles, or a few small ones."""
    frames, side, particles = (40, 64, 5) if small else (300, 512, 200)
    tracks = simulate.brownian_motion(frames, particles, (side, side), D=2, margin=10, seed=1)
    return np.stack(list(simulate.movie(tracks, (side, side), sigma=2, signal=120, seed=1)))


def plain(
    frames: npt.NDArray[np.uint8], *, median: bool = False
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the image of each window, by numpy's own functions."""
    for i in range(len(frames) - MERGED + 1):
        window = np.stack(frames[i : i + MERGED])
        merged: npt.NDArray[Any] = window.max(axis=0)
        if median:
            merged = merged - np.median(window, axis=0)
        scaled = np.clip(merged * (255.0 / merged.max()), 0, 255)
        yield (scaled + 0.5).astype(np.uint8)


def thinned(images: Iterable[npt.NDArray[np.uint8]]) -> npt.NDArray[np.uint8]:
    """Go through images one by one and keep some pixels of each."""
    return np.stack([image[::16, ::16].copy() for image in images])


def in_memory(
    median: bool, kept: Callable[[Iterable[npt.NDArray[np.uint8]]], Any], small: bool
) -> Work:
    """Return the images of the whole movie; with the median, of its first 60 frames."""
    frames = movie(small)
    frames = frames[:60] if median else frames
    return Work(
        lambda: kept(streamlines(frames, MERGED, subtract_median=median)),
        lambda: kept(plain(frames, median=median)),
        np.testing.assert_array_equal,
    )


@cache
def folder() -> Path:
    """Return a folder that goes when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="spotgpu-bench-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def as_files(small: bool) -> Path:
    """Return a folder of one .tif a frame."""
    images = folder() / ("small" if small else "images")
    if not images.is_dir():
        images.mkdir()
        for t, frame in enumerate(movie(small)):
            tifffile.imwrite(images / f"{t:04d}.tif", frame)
    return images


def written(out: Path) -> list[npt.NDArray[np.uint8]]:
    """Return the images in a folder."""
    return [imagecodecs.png_decode(file.read_bytes()) for file in sorted(out.iterdir())]


def same(ours: Path, theirs: Path) -> None:
    """Compare what two folders have."""
    np.testing.assert_array_equal(written(ours), written(theirs))


def files(floor: Callable[..., None], options: dict[str, Any], small: bool) -> Work:
    """Return the way from files to files, and images in memory to the same files."""
    source, threads = as_files(small), int(cpu_count())
    ours, theirs = folder() / "ours", folder() / "theirs"
    for out in (ours, theirs):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
    images = np.asarray(streamlines([*sorted(source.iterdir())], MERGED, **options))

    def whole() -> Path:
        flowtrace(source, MERGED, ours, windows="correct", progress=Silent(), **options)
        return ours

    def alone() -> Path:
        floor(theirs, images, threads)
        return theirs

    return Work(whole, alone, same)


def our_png(out: Path, images: npt.NDArray[np.uint8], threads: int) -> None:
    """Write images as `flowtrace` does."""
    write_pngs(((out / f"{i:04d}.png", image) for i, image in enumerate(images)), threads)


def libpng(out: Path, images: npt.NDArray[np.uint8], _: int) -> None:
    """Write images one after the other, at libpng's own level."""
    for i, image in enumerate(images):
        (out / f"{i:04d}.png").write_bytes(imagecodecs.png_encode(image))


NAME = "300 frames 512x512 uint8, n=30"
CASES = [
    Case(
        f"streamlines, {NAME}, one after the other",
        "numpy, window by window",
        lambda small: in_memory(False, thinned, small),
        10,
    ),
    Case(
        f"streamlines, {NAME}, all kept",
        "numpy, window by window",
        lambda small: in_memory(False, list, small),
    ),
    Case(
        "streamlines, subtract_median, 60 frames 512x512 uint8, n=30",
        "numpy, window by window",
        lambda small: in_memory(True, thinned, small),
        3,
        3,
    ),
    Case(
        f"flowtrace, files, {NAME}",
        "its PNG writing alone",
        lambda small: files(our_png, {}, small),
        None,
        5,
    ),
    Case(
        f"flowtrace, files, in colour, {NAME}",
        "its PNG writing alone",
        lambda small: files(our_png, {"color_series": True}, small),
        None,
        3,
    ),
    Case(
        f"flowtrace, files, {NAME}, against libpng",
        "imagecodecs' libpng alone, one thread",
        lambda small: files(libpng, {}, small),
        None,
        3,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    smoke(case)
