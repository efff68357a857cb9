"""Chunks of Zarr arrays that were never written."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.storage import LocalStore

from spotgpu.io._blocks import BlockFrames
from spotgpu.io._chunk_files import ChunkFiles
from spotgpu.io._chunk_grid import ChunkGrid
from spotgpu.io._files import FileFrames
from spotgpu.io._movie import Movie

__all__ = ["local_array", "missing_chunks"]

#: Numbers of frames.
Numbers = Sequence[int] | npt.NDArray[np.intp]


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
        array = local_array(reader)
        if array is None:
            continue
        grid = ChunkGrid(array, reader._layout, numbers)
        missing += len(grid) - grid.count_there()
        of += len(grid)
    return missing, of


def _blocks(movie: Movie) -> Iterator[tuple[BlockFrames, Numbers]]:
    """Yield the Zarr arrays that frames lie in, and which of their frames."""
    reader = movie._reader
    if isinstance(reader, BlockFrames):
        yield reader, movie._chosen
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
