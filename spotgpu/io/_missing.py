"""Chunks of Zarr arrays that were never written."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import zarr
from zarr.storage import LocalStore

from spotgpu.errors import SpotgpuError
from spotgpu.io._blocks import BlockFrames
from spotgpu.io._chunk_files import ChunkFiles
from spotgpu.io._files import FileFrames
from spotgpu.io._layout import Layout
from spotgpu.io._movie import Movie

__all__ = ["chunk_files", "local_array", "missing_chunks"]


def missing_chunks(movie: Movie) -> tuple[int, int]:
    """Count the chunks of a movie that are not there: their pixels are the array's fill value.

    No pixels are read: the names of files are looked at. Of a sharded array, shards are counted.

    Parameters
    ----------
    movie : Movie
        Made by `open`. Only the chunks of its frames and of its channel count.

    Returns
    -------
    missing : int
        Chunks that are not there; 0 for what is no Zarr array in a local folder.
    of : int
        Chunks that the frames have; 0 likewise.

    Raises
    ------
    SpotgpuError
        If a folder cannot be looked into.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import missing_chunks, open
    >>> missing_chunks(open(np.zeros((5, 32, 48))))
    (0, 0)
    """
    missing = of = 0
    for reader, numbers in _blocks(movie):
        paths = list(chunk_files(reader, numbers))
        missing += len(paths) - _count_there(paths)
        of += len(paths)
    return missing, of


def _blocks(movie: Movie) -> Iterator[tuple[BlockFrames, Iterable[int]]]:
    """Yield the Zarr arrays that frames lie in, and which of their frames."""
    reader = movie._reader
    if isinstance(reader, BlockFrames):
        yield reader, (int(t) for t in movie._chosen)
    elif isinstance(reader, FileFrames):
        inside: defaultdict[int, list[int]] = defaultdict(list)
        for t in movie._chosen:
            k = bisect_right(reader._ends, int(t))
            inside[k].append(int(t) - (reader._ends[k - 1] if k else 0))
        for k, numbers in inside.items():
            # What is no folder is no Zarr array, and need not be opened.
            part = reader._opener(reader._paths[k])[1] if reader._paths[k].is_dir() else None
            if isinstance(part, BlockFrames):
                yield part, numbers


def chunk_files(reader: BlockFrames, numbers: Iterable[int]) -> Iterator[Path]:
    """Yield the files of the chunks, or shards, that frames lie in.

    Parameters
    ----------
    reader : BlockFrames
        Reads the frames.
    numbers : iterable of int
        Which frames.

    Yields
    ------
    Path
        Each once, in order; whether it is there or not. None for what is not a Zarr array in a
        local folder.
    """
    array = local_array(reader)
    if array is None:
        return
    folder = Path(array.store.root) / array.path
    for at in product(*_places(array, reader._layout, numbers)):
        yield folder / array.metadata.encode_chunk_key(at)


def local_array(reader: object) -> Any:
    """Return the Zarr array in a local folder that frames lie in.

    Parameters
    ----------
    reader : Reader
        Reads the frames.

    Returns
    -------
    zarr.Array or None
        None if they lie elsewhere.
    """
    array = reader._array if isinstance(reader, BlockFrames) else None
    array = array.zarr if isinstance(array, ChunkFiles) else array
    return array if isinstance(array, zarr.Array) and isinstance(array.store, LocalStore) else None


def _places(array: Any, layout: Layout, numbers: Iterable[int]) -> list[Iterable[int]]:
    """Return the numbers of the chunks along each axis."""
    lengths = getattr(array, "shards", None) or array.chunks
    places: list[Iterable[int]] = []
    for axis, (entry, length) in enumerate(zip(layout.selection, lengths, strict=True)):
        if axis == layout.time:
            # A dictionary keeps the order.
            places.append(dict.fromkeys(t // length for t in numbers))
        elif isinstance(entry, slice):
            places.append(range(-(-array.shape[axis] // length)))
        else:
            places.append((entry // length,))
    return places


def _count_there(paths: list[Path]) -> int:
    """Count the files that are there, with one look at a folder of many."""
    wanted = Counter(os.path.dirname(path) for path in paths)  # noqa: PTH120 (many paths)
    listed = {folder: _names(folder) for folder, many in wanted.items() if many > 1}
    there = 0
    for path in paths:
        folder, name = os.path.split(path)
        there += name in listed[folder] if folder in listed else os.path.isfile(path)  # noqa: PTH113
    return there


def _names(folder: str) -> set[str]:
    try:
        return {entry.name for entry in os.scandir(folder) if entry.is_file()}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise SpotgpuError(f"{folder} cannot be looked into: {error.strerror}") from error
