"""From paths to movies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from spotgpu.errors import SpotgpuError
from spotgpu.io._arrays import array_facts
from spotgpu.io._files import FileFrames, files_in, matching
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._made import made
from spotgpu.io._movie import Movie
from spotgpu.io._npy import NpyFrames
from spotgpu.io._png import PngFrames
from spotgpu.io._sequence import Reader
from spotgpu.io._tiff import TiffSource
from spotgpu.io._zarr import ZarrSource, is_zarr

__all__ = ["from_files", "from_path"]

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
NPY_START = b"\x93NUMPY"
PNG_START = b"\x89PNG"


def from_path(name: str, axes: str | None, channel: int | str | None, series: int | None) -> Movie:
    if "://" in name:
        raise ValueError(f"`source` must be a local path, got {name!r}; pass a zarr.Array instead")
    # A worker that opens it again may be in another folder.
    path = Path(name).absolute()
    if not path.exists():
        if any(sign in name for sign in "*?["):
            return from_files(matching(name), axes, channel, series)
        raise FileNotFoundError(f"`source` must be a file or folder that is there, got {name}")
    if path.is_dir() and not is_zarr(path):
        return from_files(files_in(path), axes, channel, series)
    facts, reader, layout = _file(path, axes, channel, series)
    return made(facts, layout, reader, str(path))


def _file(
    path: Path,
    axes: str | None,
    channel: int | str | None,
    series: int | None,
    alone: bool = True,
) -> tuple[Facts, Any, Layout]:
    """Open one file, by how it begins."""
    if path.is_dir():
        if not is_zarr(path):
            raise ValueError(f"`source` must be files or Zarr folders, got the folder {path}")
        zarrs = ZarrSource(path, series)
        layout = Layout.of(zarrs.facts, axes, channel)
        return zarrs.facts, zarrs.frames(layout), layout
    start = _start(path)
    if start.startswith(TIFF_STARTS):
        tiff = TiffSource(path, axes, series, alone)
        layout = Layout.of(tiff.facts, axes, channel)
        return tiff.facts, tiff.frames(layout), layout
    if series is not None:
        raise ValueError(f"`series` must be None for a file with one image, got {series}: {path}")
    if start.startswith(NPY_START):
        npy = NpyFrames(path)
        array = npy.array()
        facts = array_facts(str(path), array.shape, array.dtype.newbyteorder("="))
        npy.layout = layout = Layout.of(_one_image(facts) if not alone else facts, axes, channel)
        return facts, npy, layout
    if start.startswith(PNG_START):
        png = PngFrames(path)
        png.layout = Layout.of(png.facts, axes, channel)
        return png.facts, png, png.layout
    raise ValueError(
        f"`source` must be a TIFF, PNG, .npy or Zarr file, got {path}, which begins with "
        f"{start[:8]!r}; for other formats pass a reader, for example pims.open(path)"
    )


def _one_image(facts: Facts) -> Facts:
    # In a series of files, an array of two axes is an image.
    return replace(facts, axes="YX") if len(facts.shape) == 2 else facts


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except FileNotFoundError:
        raise FileNotFoundError(f"`source` must be a file that is there, got {path}") from None
    except OSError as error:
        raise SpotgpuError(f"{path} cannot be read: {error.strerror}") from error
    if not start:
        raise SpotgpuError(f"{path} is truncated or corrupt: it is empty")
    return start


class _Opener:
    """Opens one file of several. Can be pickled."""

    def __init__(self, axes: str | None, channel: int | str | None) -> None:
        self._axes, self._channel = axes, channel

    def __call__(self, path: Path) -> tuple[Facts, Reader, Layout]:
        return _file(path, self._axes, self._channel, None, alone=False)

    def __str__(self) -> str:
        return f"axes {self._axes}, channel {self._channel}"


def from_files(
    paths: list[Path], axes: str | None, channel: int | str | None, series: int | None
) -> Movie:
    paths = [path.absolute() for path in paths]
    if len(paths) == 1:
        facts, reader, layout = _file(paths[0], axes, channel, series)
        return made(facts, layout, reader, str(paths[0]))
    if series is not None:
        raise ValueError(f"`series` must be None for several files, got {series}")
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"`source` must be files that are there, got {path}")
    opener = _Opener(axes, channel)
    facts, reader, layout = opener(paths[0])
    if facts.guessed and axes is None and layout.frames > 1:
        raise ValueError(
            f"`axes` must be given: each of {len(paths)} files has {layout.frames} images, as "
            f"{paths[0]}, and nothing says what they are; pass axes='ZYX' if a file is a volume, "
            "or axes='TYX' if it is a part of the movie"
        )
    lengths = [layout.frames] * len(paths)
    if layout.frames > 1 or facts.times is not None:
        lengths = _lengths(paths, opener)
    frames = FileFrames(paths, lengths, opener, reader, layout, facts)
    about = f"{len(paths)} files, {paths[0]} to {paths[-1].name}"
    return made(facts, layout, frames, about, sum(lengths))


def _lengths(paths: list[Path], opener: _Opener) -> list[int]:
    """Return the number of frames of each file; of one-frame files only the first is looked at."""
    lengths: list[int] = []
    last = -1
    for path in paths:
        facts, reader, layout = opener(path)
        reader.close()
        if not lengths:
            shape, dtype = layout.frame_shape, facts.dtype
        if (layout.frame_shape, facts.dtype) != (shape, dtype):
            raise ValueError(
                f"`source` must have frames of one shape and type, got {layout.frame_shape} of "
                f"{facts.dtype} in file {path} after {shape} of {dtype}"
            )
        if facts.times is not None and facts.times[0] <= last:
            raise ValueError(
                f"`source` must have files that follow each other in time, got frame "
                f"{facts.times[0]} in {path} after frame {last}: files of several channels or "
                "depths must be opened one channel or depth at a time, or in another order"
            )
        last = facts.times[-1] if facts.times is not None else last
        lengths.append(layout.frames)
    return lengths
