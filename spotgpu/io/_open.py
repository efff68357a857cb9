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
from spotgpu.io._arrays import ArrayFrames, SequenceFrames, array_facts, as_image, picked
from spotgpu.io._blocks import BlockFrames, chunk_length
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._made import known, made
from spotgpu.io._movie import Movie
from spotgpu.io._open_files import from_files, from_path
from spotgpu.io._stream import Stream
from spotgpu.io._zarr import BROKEN

__all__ = ["open"]

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
        TIFF (OME and ImageJ too), PNG, .npy, Zarr (2, 3, OME-Zarr); a folder of TIFF, PNG or .npy
        files or a pattern such as ``'run1/*.png'``, by name with numbers in numerical order; a list
        of files in the order given. Arrays of numpy, dask, zarr and HDF5: (T, Y, X) or
        (T, Z, Y, X). Lists, pims readers and other sequences of images (Y, X) or (Z, Y, X). A
        generator makes a movie without a length, to be gone through once.
    axes : str, optional
        One letter for each axis of the source, in its order: T time, Z depth, C channel, Y row,
        X column, S colour sample. Axes of length 1 may be left out. Needed where the source does
        not say; it overrules what the source says. For a list of images: the axes of one image.
        For a TIFF, three letters ('TYX', 'ZYX') take the pages in the order of the file.
    channel : int or str, optional
        Number (from 0) or name; needed if there are several. `Colours` for all colours of images
        without depth, as planes of a volume.
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
        movie = from_path(os.fspath(source), axes, channel, series)
    elif _are_paths(source):
        movie = from_files([Path(path) for path in source], axes, channel, series)
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


def _from_object(source: Any, axes: str | None, channel: int | str | None) -> Movie:
    kind = type(source).__name__
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError("`source` must not be a masked array: pass its .filled(value)")
    if isinstance(source, np.ndarray):
        facts = array_facts("an array", source.shape, source.dtype)
        layout = Layout.of(facts, axes, channel)
        return made(facts, layout, ArrayFrames(source, layout), "an array")
    # Readers of pims have a shape, too: that of their frames may be another one.
    if _is_lazy_array(source):
        name = f"a {type(source).__module__.partition('.')[0]} {kind}"
        facts = array_facts(name, source.shape, np.dtype(source.dtype).newbyteorder("="))
        layout = Layout.of(facts, axes, channel)
        blocks = BlockFrames(source, layout, chunk_length(source, layout), name, BROKEN)
        return made(facts, layout, blocks, name)
    if isinstance(source, (bytes, bytearray, Mapping, set, frozenset)) or (
        not hasattr(source, "__iter__") and not hasattr(source, "__getitem__")
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
        # What is indexed by one number alone.
        and not isinstance(source, Sequence)
        and isinstance(source.shape, tuple)
    )


def _image_layout(
    image: Any, name: str, axes: str | None, channel: int | str | None
) -> tuple[Facts, Layout]:
    """Return the layout of one image of several."""
    shape = image.shape
    letters = {2: "YX", 3: "ZYX"}.get(len(shape), "Q" * len(shape))
    if len(shape) == 3 and shape[-1] in {3, 4}:
        letters = "YXS"
    hint = "an image must have axes YX or ZYX; pass axes= for one image, for example 'CYX'"
    facts = Facts(name, letters, shape, image.dtype, hint=hint)
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
    sizes = getattr(source, "pixel_size_um", None)
    if isinstance(sizes, tuple) and len(sizes) == len(layout.axes) - 1:
        facts = replace(facts, sizes_um=dict(zip(layout.axes[1:], sizes, strict=True)))
    facts = replace(facts, interval_s=_frame_interval(source))
    reader = SequenceFrames(source, layout, first.shape, first.dtype)
    return made(facts, layout, reader, name, len(source))


def _frame_interval(source: Any) -> float | None:
    """Return what a simulated movie or a reader of pims says."""
    interval = getattr(source, "frame_interval_s", None)
    rate = getattr(source, "frame_rate", None)
    if interval is None and isinstance(rate, (int, float)) and np.isfinite(rate) and rate > 0:
        interval = 1 / float(rate)
    return interval


def _from_iterable(source: Iterable[Any], axes: str | None, channel: int | str | None) -> Movie:
    kind = type(source).__name__
    name = f"a {kind} of images, of unknown number"
    images: Iterator[Any] = iter(source)
    try:
        first = as_image(next(images), "frame 0")
    except StopIteration:
        raise ValueError(f"`source` must have at least one frame, got an empty {kind}") from None
    facts, layout = _image_layout(first, name, axes, channel)
    return Stream(picked(first, images, layout), **known(facts, layout, name))
