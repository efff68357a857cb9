"""What identifies the input of a run, and what has changed since."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._arrays import ArrayFrames, SequenceFrames
from spotgpu.io._blocks import BlockFrames
from spotgpu.io._chunk_grid import ChunkGrid
from spotgpu.io._files import FileFrames
from spotgpu.io._missing import local_array
from spotgpu.io._movie import Movie
from spotgpu.io._npy import NpyFrames
from spotgpu.io._origin import paths_of
from spotgpu.io._png import PngFrames
from spotgpu.io._stream import Stream
from spotgpu.io._tiff import TiffFrames

__all__ = ["fingerprint"]

#: Number of what is in the dictionary.
VERSION = 1
#: Files of which each is listed; of more there is one digest.
LISTED = 16
#: Chunks of a Zarr array that are looked at.
CHUNKS = 1024
#: Bytes of the largest frame whose pixels are looked at whole.
MOST = 64 * 2**20
KINDS: list[tuple[type, str]] = [
    (TiffFrames, "TIFF"),
    (PngFrames, "PNG"),
    (NpyFrames, ".npy"),
    (FileFrames, "files"),
    (ArrayFrames, "array"),
    (SequenceFrames, "sequence"),
]
METADATA = ("zarr.json", ".zarray", ".zattrs")


def fingerprint(movie: Movie) -> dict[str, Any]:
    """Return what identifies a movie, to see later whether it is the same.

    Files are known by name, size and time of change, not by their content: it takes a second
    for 10,000 files. Of a Zarr array, the metadata and 1,024 chunks spread over the frames are
    looked at. Of what is in memory, only the first frame is: a change in another one goes unseen.

    Parameters
    ----------
    movie : Movie
        Made by `open`.

    Returns
    -------
    dict
        Of what JSON has: ``version``, ``kind``, ``source``, ``axes``, ``shape`` (the number of
        frames is None for a stream), ``dtype``, ``part`` (the channel, and the order of axes),
        ``frames`` (which of the source), ``files`` (``count``, ``bytes``, ``sha256``, and up to 16
        files one by one), ``metadata`` (of Zarr) and ``pixels`` (SHA-256 of the first frame, or of
        its first plane where a frame has more than 64 MB; None where these are in files, or
        for a stream).

    Raises
    ------
    SpotgpuError
        If a file cannot be looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import differences, fingerprint, open
    >>> movie = open(np.zeros((5, 32, 48)))
    >>> differences(fingerprint(movie), fingerprint(movie[:4]))
    ['5 frames then, 4 now']
    """
    reader = movie._reader
    stream = isinstance(movie, Stream)
    return {
        "version": VERSION,
        "kind": "stream" if stream else _kind(reader),
        "source": movie.source,
        "axes": movie.axes,
        "shape": [None, *movie.frame_shape] if stream else list(movie.shape),
        "dtype": movie.dtype.str,
        "part": _part(reader),
        "frames": None if stream else _frames(movie._chosen),
        "files": _files(_paths(movie)),
        "metadata": _metadata(reader),
        "pixels": None if stream or not len(movie) else _pixels(movie),
    }


def _kind(reader: object) -> str:
    if isinstance(reader, BlockFrames):
        return "Zarr" if reader.file_backed else f"{reader.module} array"
    return next(name for kind, name in KINDS if isinstance(reader, kind))


def _part(reader: Any) -> str | None:
    """Return which part of the source the frames are, and how its axes lie."""
    if isinstance(reader, FileFrames):
        return str(reader._opener)
    layout = getattr(reader, "_layout", getattr(reader, "layout", None))
    if layout is None:
        return None
    chosen = [":" if isinstance(entry, slice) else str(entry) for entry in layout.selection]
    if layout.time is not None:
        chosen[layout.time] = "t"
    turned = "" if list(layout.order) == sorted(layout.order) else f", axes {list(layout.order)}"
    return f"[{', '.join(chosen)}]{turned}"


def _frames(chosen: range | npt.NDArray[np.intp]) -> dict[str, Any]:
    if not len(chosen):
        return {"count": 0}
    ends = {"count": len(chosen), "first": int(chosen[0]), "last": int(chosen[-1])}
    if isinstance(chosen, range):
        chosen = np.arange(chosen.start, chosen.stop, chosen.step)
    return {**ends, "sha256": _digest([chosen.astype("<i8").tobytes()])}


def _digest(pieces: Iterable[bytes]) -> str:
    sum_ = hashlib.sha256()
    for piece in pieces:
        sum_.update(piece)
    return sum_.hexdigest()


def _paths(movie: Movie) -> list[Path]:
    """Return the files that frames lie in; of many chunks, some."""
    reader: Any = movie._reader
    if isinstance(reader, FileFrames):
        used = np.unique(np.searchsorted(reader._ends, np.asarray(movie._chosen), side="right"))
        return [reader._paths[k] for k in used.tolist()]
    if isinstance(reader, BlockFrames):
        return _chunks(reader, movie._chosen)
    return paths_of(reader)


def _chunks(reader: BlockFrames, numbers: Any) -> list[Path]:
    array = local_array(reader)
    if array is None or not len(numbers):
        return []
    # Evenly spread frames first: of many, only these are asked where they lie.
    each = len(ChunkGrid(array, reader._layout, numbers[:1]))
    frames = [int(numbers[k]) for k in _spread(len(numbers), max(2, CHUNKS // each))]
    grid = ChunkGrid(array, reader._layout, frames)
    return [grid[k] for k in _spread(len(grid), CHUNKS)]


def _spread(count: int, most: int) -> list[int]:
    """Return evenly spread numbers below `count`, all if there are few."""
    if count <= most:
        return list(range(count))
    chosen: list[int] = np.linspace(0, count - 1, most).astype(int).tolist()
    return chosen


def _files(paths: list[Path]) -> dict[str, Any] | None:
    if not paths:
        return None
    entries = sorted((str(path), *_stamp(path)) for path in paths)
    told: dict[str, Any] = {
        "count": len(entries),
        "bytes": sum(size or 0 for _, size, _ in entries),
        # Names need not be UTF-8.
        "sha256": _digest(os.fsencode(f"{name}\0{size}\0{time}\n") for name, size, time in entries),
    }
    if len(entries) <= LISTED:
        told["listed"] = [list(entry) for entry in entries]
    return told


def _stamp(path: Path) -> tuple[int | None, int | None]:
    """Return size and time of change, or None twice: a chunk need not be there."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None, None
    except OSError as error:
        raise SpotgpuError(f"{path} cannot be looked at: {error.strerror}") from error
    return stat.st_size, stat.st_mtime_ns


def _metadata(reader: object) -> str | None:
    array = local_array(reader)
    if array is None:
        return None
    folder = Path(array.store.root) / array.path
    try:
        there = [folder / name for name in METADATA if (folder / name).is_file()]
        return _digest(path.name.encode() + b"\0" + path.read_bytes() for path in there)
    except OSError as error:
        raise SpotgpuError(f"{folder} cannot be looked at: {error.strerror}") from error


def _pixels(movie: Movie) -> str | None:
    frame_bytes = math.prod(movie.frame_shape) * movie.dtype.itemsize
    if frame_bytes > MOST:
        return _plane(movie)
    try:
        return _digest([np.ascontiguousarray(movie[0]).tobytes()])
    except SpotgpuError as error:
        # Who reads the movie will say so; a file that is mended is another one.
        return f"unreadable: {error}"


def _plane(movie: Movie) -> str | None:
    """Return the digest of the first plane of a large frame, if it need not be read for it."""
    if not isinstance(movie._reader, ArrayFrames):
        return None
    frame = movie[0]
    plane = frame[0] if frame.ndim == 3 else frame
    # Row by row: no second copy of it.
    return _digest(np.ascontiguousarray(row).tobytes() for row in plane)
