"""`open`: from anything that holds frames to a movie."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spotgpu.checks import integer, number, per_axis
from spotgpu.errors import SpotgpuError
from spotgpu.io._arrays import (
    ArrayFrames,
    BlockFrames,
    NpyFrames,
    SequenceFrames,
    array_facts,
    as_image,
    picked,
)
from spotgpu.io._files import FileFrames, files_in, matching
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._movie import Movie, Reader, Stream
from spotgpu.io._tiff import TiffSource
from spotgpu.io._zarr import BROKEN, ZarrSource, chunk_length, is_zarr

__all__ = ["open"]

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
NPY_START = b"\x93NUMPY"

positive = partial(number, above=0)


def open(
    source: Any,
    *,
    axes: str | None = None,
    channel: int | str | None = None,
    series: int | None = None,
    pixel_size_um: float | Sequence[float] | None = None,
    frame_interval_s: float | None = None,
) -> Movie:
    """Open a movie; its frames are read when they are asked for.

    Parameters
    ----------
    source : path, pattern, folder, list of paths, array, sequence or iterable of images, or Movie
        TIFF (OME and ImageJ too), .npy, Zarr (2, 3, OME-Zarr); a folder of TIFF or .npy files or a
        pattern such as ``'run1/*.tif'``, by name with numbers in numerical order; a list of files
        in the order given. Arrays of numpy, dask, zarr and HDF5: (T, Y, X) or (T, Z, Y, X). Lists,
        pims readers and other sequences of images (Y, X) or (Z, Y, X). A generator makes a movie
        without a length, to be gone through once.
    axes : str, optional
        One letter for each axis of the source, in its order: T time, Z depth, C channel, Y row,
        X column, S colour sample. Axes of length 1 may be left out. Needed where the source does
        not say; it overrules what the source says. For a list of images: the axes of one image.
        For a TIFF, three letters ('TYX', 'ZYX') take the pages in the order of the file.
    channel : int or str, optional
        Number (from 0) or name; needed if there are several.
    series : int, optional
        Which image of a file or Zarr group with several.
    pixel_size_um : float or sequence of float, optional
        Side of a pixel in micrometres, one for all axes or one for each in image order; overrules
        what the file says.
    frame_interval_s : float, optional
        Time from frame to frame in seconds; overrules what the file says.

    Returns
    -------
    Movie
        Sequence of frames, with ``axes``, ``shape``, ``dtype``, ``pixel_size_um`` and
        ``frame_interval_s``.

    Raises
    ------
    TypeError
        If `source` is nothing that holds images, or its pixels are not real numbers.
    ValueError
        If the axes are ambiguous, a channel or series must be chosen, images are in colour or not
        alike, or there is no frame.
    FileNotFoundError
        If there is no such file.
    SpotgpuError
        If a file is truncated, corrupt, or cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> movie = open(np.zeros((5, 32, 48), np.uint8), pixel_size_um=0.16, frame_interval_s=0.1)
    >>> movie
    <Movie TYX (5, 32, 48) uint8, pixel y 0.16, x 0.16 µm, 0.1 s a frame, from an array>
    >>> movie[-1].shape, len(movie[::2])
    ((32, 48), 3)
    """
    series = None if series is None else integer("series", series, at_least=0)
    interval = None if frame_interval_s is None else positive("frame_interval_s", frame_interval_s)
    if isinstance(source, Movie):
        movie = _again(source, axes, channel, series)
    elif isinstance(source, (str, os.PathLike)):
        movie = _from_path(os.fspath(source), axes, channel, series)
    elif _are_paths(source):
        movie = _from_files([Path(path) for path in source], axes, channel, series)
    else:
        if series is not None:
            raise ValueError(f"`series` must be None for what is not a file, got {series}")
        movie = _from_object(source, axes, channel)
    changed: dict[str, Any] = {}
    if pixel_size_um is not None:
        spatial = movie.axes[1:]
        sizes = per_axis("pixel_size_um", pixel_size_um, len(spatial), positive)
        changed["sizes_um"] = dict(zip(spatial, sizes, strict=True))
    if interval is not None:
        changed["frame_interval_s"] = interval
    return movie._like(**changed) if changed else movie


def _movie(
    facts: Facts, layout: Layout, reader: Reader, source: str, frames: int | None = None
) -> Movie:
    return Movie(
        reader, range(layout.frames if frames is None else frames), **_known(facts, layout, source)
    )


def _known(facts: Facts, layout: Layout, source: str) -> dict[str, Any]:
    spatial = layout.axes[1:]
    return {
        "axes": layout.axes,
        "frame_shape": layout.frame_shape,
        "dtype": facts.dtype.newbyteorder("="),
        "source": source,
        "sizes_um": {a: facts.sizes_um[a] for a in spatial if a in facts.sizes_um},
        "frame_interval_s": facts.interval_s,
    }


def _again(movie: Movie, axes: str | None, channel: int | str | None, series: int | None) -> Movie:
    if axes is not None and axes.upper() != movie.axes:
        raise ValueError(f"`axes` must be {movie.axes!r} for a movie that is open, got {axes!r}")
    for name, value in (("channel", channel), ("series", series)):
        if value is not None:
            raise ValueError(f"`{name}` must be chosen when the file is opened, got {movie!r}")
    return movie._like()


def _are_paths(source: Any) -> bool:
    return (
        isinstance(source, (list, tuple))
        and len(source) > 0
        and all(isinstance(entry, (str, os.PathLike)) for entry in source)
    )


def _from_path(name: str, axes: str | None, channel: int | str | None, series: int | None) -> Movie:
    if "://" in name:
        raise ValueError(f"`source` must be a local path, got {name!r}; pass a zarr.Array instead")
    path = Path(name)
    if not path.exists():
        if any(sign in name for sign in "*?["):
            return _from_files(matching(name), axes, channel, series)
        raise FileNotFoundError(f"`source` must be a file or folder that is there, got {name}")
    if path.is_dir() and not is_zarr(path):
        return _from_files(files_in(path), axes, channel, series)
    facts, reader, layout = _file(path, axes, channel, series)
    return _movie(facts, layout, reader, str(path))


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
        facts = array_facts(str(path), array.shape, array.dtype)
        npy.layout = layout = Layout.of(_one_image(facts) if not alone else facts, axes, channel)
        return facts, npy, layout
    raise ValueError(
        f"`source` must be a TIFF, .npy or Zarr file, got {path}, which begins with {start[:8]!r}; "
        "for other formats pass a reader, for example pims.open(path)"
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


def _from_files(
    paths: list[Path], axes: str | None, channel: int | str | None, series: int | None
) -> Movie:
    if len(paths) == 1:
        facts, reader, layout = _file(paths[0], axes, channel, series)
        return _movie(facts, layout, reader, str(paths[0]))
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
    frames = FileFrames(paths, lengths, opener, reader, layout, facts.dtype.newbyteorder("="))
    about = f"{len(paths)} files, {paths[0]} to {paths[-1].name}"
    return _movie(facts, layout, frames, about, sum(lengths))


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


def _from_object(source: Any, axes: str | None, channel: int | str | None) -> Movie:
    kind = type(source).__name__
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError("`source` must not be a masked array: pass its .filled(value)")
    if isinstance(source, np.ndarray):
        facts = array_facts("an array", source.shape, source.dtype)
        layout = Layout.of(facts, axes, channel)
        return _movie(facts, layout, ArrayFrames(source, layout), "an array")
    # Readers of pims have a shape, too: that of their frames may be another one.
    if _is_lazy_array(source):
        name = f"a {type(source).__module__.partition('.')[0]} {kind}"
        facts = array_facts(name, tuple(source.shape), source.dtype)
        layout = Layout.of(facts, axes, channel)
        blocks = BlockFrames(source, layout, chunk_length(source, layout), BROKEN)
        return _movie(facts, layout, blocks, name)
    if (
        isinstance(source, (bytes, bytearray, Mapping, set, frozenset))
        or (not hasattr(source, "__iter__")
        and not hasattr(source, "__getitem__"))
    ):
        raise TypeError(
            f"`source` must be a path, an array, or a sequence or iterable of images, got {kind}"
        )
    if hasattr(source, "__len__") and hasattr(source, "__getitem__"):
        return _from_sequence(source, axes, channel)
    return _from_iterable(source, axes, channel)


def _is_lazy_array(source: Any) -> bool:
    return (
        all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))
        and not hasattr(source, "get_frame")
        and not hasattr(source, "frame_shape")
        and isinstance(source.shape, tuple)
    )


def _image_layout(
    image: Any, name: str, axes: str | None, channel: int | str | None
) -> tuple[Facts, Layout]:
    """Return the layout of one image of several."""
    shape = image.shape
    known = {2: "YX", 3: "ZYX"}.get(len(shape), "Q" * len(shape))
    if len(shape) == 3 and shape[-1] in {3, 4}:
        known = "YXS"
    hint = "an image must have axes YX or ZYX; pass axes= for one image, for example 'CYX'"
    facts = Facts(name, known, shape, image.dtype, hint=hint)
    if axes is not None and "T" in axes.upper():
        raise ValueError(f"`axes` must be those of one image, without T, for {name}, got {axes!r}")
    layout = Layout.of(facts, axes, channel)
    return facts, layout


def _from_sequence(source: Any, axes: str | None, channel: int | str | None) -> Movie:
    kind = type(source).__name__
    if len(source) == 0:
        raise ValueError(f"`source` must have at least one frame, got an empty {kind}")
    name = f"a {kind} of images"
    first = as_image(source[0], "frame 0")
    facts, layout = _image_layout(first, name, axes, channel)
    facts = replace(facts, interval_s=_frame_interval(source))
    reader = SequenceFrames(source, layout, first.shape, first.dtype)
    return _movie(facts, layout, reader, name, len(source))


def _frame_interval(source: Any) -> float | None:
    """Return what a reader of pims says."""
    rate = getattr(source, "frame_rate", None)
    if isinstance(rate, (int, float)) and np.isfinite(rate) and rate > 0:
        return 1 / float(rate)
    return None


def _from_iterable(source: Iterable[Any], axes: str | None, channel: int | str | None) -> Movie:
    kind = type(source).__name__
    name = f"a {kind} of images, of unknown number"
    images: Iterator[Any] = iter(source)
    try:
        first = as_image(next(images), "frame 0")
    except StopIteration:
        raise ValueError(f"`source` must have at least one frame, got an empty {kind}") from None
    facts, layout = _image_layout(first, name, axes, channel)
    return Stream(picked(first, images, layout), **_known(facts, layout, name))
