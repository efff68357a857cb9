"""What the files of images are called."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spotgpu import io

__all__ = ["Stem", "file_name", "files_of", "stems"]

#: From a frame's number in the source to how its file's name begins.
Stem = Callable[[int], str]


def file_name(stem: str, frames_to_merge: int) -> str:
    """Return flowtrace's name of an image.

    Parameters
    ----------
    stem : str
        Name of the first frame's file, without its ending.
    frames_to_merge : int
        Frames of a window.

    Returns
    -------
    str
        Ends in .png.
    """
    return f"{stem}_streamlines_frames{frames_to_merge}.png"


def files_of(source: Any) -> list[Path]:
    """Return the files of a source.

    Parameters
    ----------
    source : object
        What the caller passed.

    Returns
    -------
    list of Path
        In order; empty if it has none, or one cannot tell.
    """
    if isinstance(source, io.Movie):
        # Several files are no path.
        path = Path(source.source)
        return [path] if path.is_file() else []
    if isinstance(source, (list, tuple)):
        paths = all(isinstance(entry, (str, os.PathLike)) for entry in source)
        return [Path(entry) for entry in source] if paths else []
    if not isinstance(source, (str, os.PathLike)):
        return []
    path = Path(os.fspath(source))
    if path.is_file():
        return [path]
    if not path.is_dir():
        return io.matching(os.fspath(source))
    try:
        return io.files_in(path)
    except ValueError:
        # A folder may be a Zarr array.
        return []


def stems(files: list[Path], frames: int | None) -> Stem:
    """Return what names the frames of a source.

    Parameters
    ----------
    files : list of Path
        Of the source.
    frames : int or None
        How many it has, if that is known.

    Returns
    -------
    callable
        A frame that has a file of its own is called as that, if no other is; others by the name
        of their file and their number.
    """
    names = [file.stem for file in files]
    if len(files) == frames and len(set(names)) == frames:
        return names.__getitem__
    start = names[0] if len(names) == 1 else "frame"
    return lambda number: f"{start}_{number:05d}"
