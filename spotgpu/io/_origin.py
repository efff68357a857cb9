"""In which files a movie lies, and where its frames come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spotgpu.io._chunk_files import ChunkFiles
from spotgpu.io._files import FileFrames
from spotgpu.io._movie import Movie
from spotgpu.io._npy import NpyFrames
from spotgpu.io._png import PngFrames
from spotgpu.io._tiff import TiffFrames
from spotgpu.io._zarr import is_zarr

__all__ = ["Origin", "files_of", "origins", "paths_of"]


class Origin(NamedTuple):
    """Where a frame comes from."""

    #: None where it lies in memory, or one cannot tell.
    file: Path | None
    #: Number of the frame in the whole source, from 0.
    number: int
    #: Whether there is no other frame in the file.
    alone: bool


def files_of(source: Any) -> list[Path]:
    """Return the files in which a movie lies.

    Parameters
    ----------
    source : Movie, array or sequence
        Memory-mapped arrays of numpy, Zarr arrays and HDF5 data sets lie in files, too; so does
        what says it by a list of paths, ``files``.

    Returns
    -------
    list of Path
        All files of the movie, also those whose frames were not chosen; the folder of a Zarr
        store; empty for what lies in memory, or where one cannot tell.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import files_of, open
    >>> files_of(open(np.zeros((5, 32, 48))))
    []
    """
    if isinstance(source, Movie):
        reader: Any = source._reader
        if opened := paths_of(reader):
            return opened
        source = getattr(reader, "_array", getattr(reader, "_sequence", None))
    if isinstance(source, ChunkFiles):
        source = source.zarr
    return _of_object(source)


def paths_of(reader: object) -> list[Path]:
    """Return the files that a reader opens.

    Parameters
    ----------
    reader : Reader
        Of a movie.

    Returns
    -------
    list of Path
        Empty where others read: arrays, Zarr.
    """
    if isinstance(reader, FileFrames):
        return list(reader._paths)
    if isinstance(reader, TiffFrames):
        return [reader.pages.path]
    return [reader._path] if isinstance(reader, (PngFrames, NpyFrames)) else []


def _of_object(source: Any) -> list[Path]:
    array = source
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and array.filename is not None:
            return [Path(array.filename)]
        array = array.base
    root = getattr(getattr(source, "store", None), "root", None)
    if isinstance(root, Path):
        return [_store(root)]
    # HDF5.
    name = getattr(getattr(source, "file", None), "filename", None)
    if isinstance(name, str):
        return [Path(name)]
    files = getattr(source, "files", None)
    told = isinstance(files, list) and all(isinstance(file, Path) for file in files)
    return list(files) if told and files else []


def _store(folder: Path) -> Path:
    """Return the outermost group of a Zarr array."""
    while is_zarr(folder.parent):
        folder = folder.parent
    return folder


def origins(movie: Movie) -> list[Origin]:
    """Return where each frame of a movie comes from.

    Parameters
    ----------
    movie : Movie
        With a length.

    Returns
    -------
    list of Origin
        One a frame: ``file``, ``number`` and ``alone``.

    Raises
    ------
    TypeError
        If the movie is a stream.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.io import open, origins
    >>> [origin.number for origin in origins(open(np.zeros((5, 32, 48)))[1::2])]
    [1, 3]
    """
    count, reader = len(movie), movie._reader
    if isinstance(reader, FileFrames):
        places = [(int(t), reader._place(int(t))[0]) for t in movie._chosen]
        lengths = np.diff(reader._ends, prepend=0).tolist()
        return [Origin(reader._paths[k], t, lengths[k] == 1) for t, k in places]
    files = files_of(movie)
    file = files[0] if len(files) == 1 else None
    return [Origin(file, int(t), file is not None and count == 1 and t == 0) for t in movie._chosen]
