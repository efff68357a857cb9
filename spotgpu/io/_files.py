"""Files that are a movie together: which they are, in which order, and their frames."""

from __future__ import annotations

import glob
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._sequence import Reader
from spotgpu.io._stream import Kind, require_alike
from spotgpu.io._tiff import TiffFrames

__all__ = ["KINDS", "FileFrames", "files_in", "matching"]

#: Kind by ending of the files that are taken from a folder.
KINDS = {
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".btf": "TIFF",
    ".tf8": "TIFF",
    ".png": "PNG",
    ".npy": ".npy",
}


def _natural(path: Path) -> tuple[list[Any], str]:
    # Digits compare as numbers: 2 comes before 10.
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if part.isdecimal() else part.lower() for part in parts], path.name


def files_in(folder: Path) -> list[Path]:
    """Return the images in a folder, by name, with numbers in numerical order.

    Parameters
    ----------
    folder : Path
        Its subfolders are not looked into.

    Returns
    -------
    list of Path
        Not empty.

    Raises
    ------
    ValueError
        If there are none, or of several kinds.
    """
    found = [
        entry
        for entry in folder.iterdir()
        if entry.is_file() and entry.suffix.lower() in KINDS and not entry.name.startswith(".")
    ]
    if not found:
        raise ValueError(f"`source` must be a folder with {', '.join(KINDS)} files, got {folder}")
    kinds = sorted({KINDS[entry.suffix.lower()] for entry in found})
    if len(kinds) > 1:
        raise ValueError(
            f"`source` must be a folder with images of one kind, got {' and '.join(kinds)} files "
            f"in {folder}: pass a pattern such as {folder / f'*{min(found).suffix}'}"
        )
    return sorted(found, key=_natural)


def matching(pattern: str) -> list[Path]:
    """Return the files that a pattern fits, by name, with numbers in numerical order.

    Parameters
    ----------
    pattern : str
        With ``*``, ``?`` or ``[...]``.

    Returns
    -------
    list of Path
        Not empty.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    found = [Path(name) for name in glob.glob(pattern)]  # noqa: PTH207 (takes absolute patterns)
    if not found:
        raise FileNotFoundError(f"`source` must be a pattern that fits some file, got {pattern!r}")
    folders = {path.parent for path in found}
    if len(folders) > 1:
        return sorted(found, key=lambda path: [_natural(Path(part)) for part in path.parts])
    return sorted(found, key=_natural)


class FileFrames:
    """Frames of files one after the other, of which one is open at a time. Can be pickled.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    lengths : sequence of int
        Frames in each.
    opener : callable
        ``opener(path)`` returns facts, reader and layout of a file; can be pickled.
    first : Reader
        That of the first file.
    layout : Layout
        Of the first file; the others must be like it.
    facts : Facts
        Of the first file.
    """

    file_backed = True

    def __init__(
        self,
        paths: Sequence[Path],
        lengths: Sequence[int],
        opener: Callable[[Path], tuple[Any, Reader, Layout]],
        first: Reader,
        layout: Layout,
        facts: Facts,
    ) -> None:
        self._paths = list(paths)
        self._ends = list(accumulate(lengths))
        self._opener = opener
        self._shape = layout.frame_shape
        self._dtype = facts.dtype
        self._colour = "S" in facts.axes
        self._open: tuple[int, Reader] | None = (0, first)
        #: Of the frames in the open file.
        self._kind = Kind(self._shape, self._dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_open": None}

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.

        Returns
        -------
        ndarray
            Of shape (Y, X) or (Z, Y, X).

        Raises
        ------
        ValueError
            If its file is not like the first one.
        SpotgpuError
            If its file is broken.
        """
        k, within = self._place(t)
        try:
            frame = self._reader(k).frame(within)
        except SpotgpuError as error:
            raise SpotgpuError(f"frame {t} of the series: {error}") from error
        require_alike(frame, self._shape, self._dtype, f"file {self._paths[k]}")
        return frame

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            As of the file's reader.

        Raises
        ------
        ValueError
            If its file is not like the first one.
        SpotgpuError
            If its file is broken.
        """
        k, within = self._place(t)
        try:
            reader = self._reader(k)
            require_alike(self._kind, self._shape, self._dtype, f"file {self._paths[k]}")
            return reader.part(within, where)
        except SpotgpuError as error:
            raise SpotgpuError(f"frame {t} of the series: {error}") from error

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which a frame is stored, in the file that is open.

        Returns
        -------
        tuple of int
            In pixels.

        Raises
        ------
        SpotgpuError
            If no file is open, and the first is broken.
        """
        return (self._reader(0) if self._open is None else self._open[1]).chunks()

    def _place(self, t: int) -> tuple[int, int]:
        """Return in which file a frame is, and its number there."""
        k = bisect_right(self._ends, t)
        return k, t - (self._ends[k - 1] if k else 0)

    def _reader(self, k: int) -> Reader:
        if self._open is None or self._open[0] != k:
            reader = self._like_the_last(self._paths[k])
            self.close()
            if reader is not None:
                self._open = k, reader
                return reader
            facts, reader, layout = self._opener(self._paths[k])
            length = self._ends[k] - (self._ends[k - 1] if k else 0)
            if layout.frames != length:
                reader.close()
                raise ValueError(
                    f"`source` must have files with one frame each, as the first, got "
                    f"{layout.frames} in file {self._paths[k]}"
                )
            # One channel of it may well look like the first image.
            if ("S" in facts.axes) != self._colour:
                reader.close()
                raise ValueError(
                    "`source` must have images that are all gray or all in colour, got "
                    f"{facts.shape} in file {self._paths[k]} after the other kind"
                )
            self._open = k, reader
            self._kind = Kind(layout.frame_shape, facts.dtype)
        return self._open[1]

    def _like_the_last(self, path: Path) -> Reader | None:
        if self._open is None or not isinstance(self._open[1], TiffFrames):
            return None
        return self._open[1].sibling(path)

    def close(self) -> None:
        """Close the open file."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
