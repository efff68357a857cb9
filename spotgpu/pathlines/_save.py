"""`save_streamlines`: images of pathlines to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from loky import cpu_count

from spotgpu.checks import number
from spotgpu.pathlines._lazy_images import Streamlines
from spotgpu.pathlines._png_files import write_pngs
from spotgpu.pathlines._tiff_stack import write_tiff
from spotgpu.pathlines._video import FPS, ffmpeg, write_video
from spotgpu.pipeline._folder import check_new_file, check_not_input, check_place, new_file
from spotgpu.pipeline._progress import Advance, Progress, for_terminal
from spotgpu.pipeline._stream import length
from spotgpu.pipeline._writing import reading, writing

__all__ = ["save_streamlines"]

TIFFS, VIDEOS = {".tif", ".tiff"}, {".mp4", ".gif"}
#: What nobody means as a folder.
OTHERS = {".png", ".jpg", ".jpeg", ".bmp", ".avi", ".mov", ".mkv", ".webm"}


def save_streamlines(
    images: Streamlines,
    output: str | os.PathLike[str],
    *,
    fps: float = 10,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Write images of pathlines: PNG files in a folder, a TIFF, or a video.

    Images are made while they are written; memory does not grow with their number. A file has its
    name when it is whole.

    Parameters
    ----------
    images : Streamlines
        Made by `streamlines`.
    output : path
        A .tif, .mp4 or .gif file; anything else is a folder, for one PNG file an image, called as
        in ``images.names``. Folders that are not there are made.
    fps : float
        Images a second, of a video. A GIF has times in units of 10 ms, so at most 100.
    overwrite : bool
        Whether files that are there may be replaced. In a folder, those of other names stay, also
        images of an earlier call.
    progress : Progress, optional
        Shows how far it is; default: a bar on a terminal.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    TypeError
        If `images` are something else.
    ValueError
        If an output is there and must not be replaced, is the movie or has it inside, or volumes
        should go to PNG or video; if there are no images, or a video cannot have such `fps`.
    SpotgpuError
        If a file cannot be written, or a video needs ffmpeg, which is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from spotgpu.pathlines import streamlines
    >>> images = streamlines(np.zeros((50, 32, 48), np.uint8), 30)
    >>> save_streamlines(images, "pathlines.mp4", fps=25)  # doctest: +SKIP
    """
    if not isinstance(images, Streamlines):
        raise TypeError(f"`images` must be Streamlines, got {type(images).__name__}")
    path = Path(output)
    rate = number("fps", fps, above=0)
    with writing(path):
        _check(images, path, rate, overwrite)
    kind = path.suffix.lower()
    progress = for_terminal() if progress is None else progress
    if kind in TIFFS | VIDEOS:
        with _stage(images, progress) as made, new_file(path, overwrite=overwrite) as partial:
            if kind in TIFFS:
                write_tiff(partial, made, images)
            else:
                write_video(partial, path, made, images.image_shape, rate)
        return [path]
    return _to_folder(images, path, progress)


def _check(images: Streamlines, path: Path, rate: float, overwrite: bool) -> None:
    """Raise if something is wrong: better now than after the work."""
    kind = path.suffix.lower()
    if kind in OTHERS:
        raise ValueError(f"`output` must be a .tif, .mp4 or .gif file, or a folder, got {path}")
    if kind not in TIFFS and len(images.image_shape) != 2 + images.colour:
        raise ValueError(
            f"`output` must be a .tif file for volumes, got {path}: or make images of them with "
            "project='max'"
        )
    if not images:
        raise ValueError(f"`images` must have at least one image, got {images!r}")
    if kind in VIDEOS:
        _check_rate(rate, kind)
        ffmpeg()
    if kind not in TIFFS | VIDEOS:
        _check_folder(path, images, overwrite)
        return
    if path.is_file() and any(file.exists() and path.samefile(file) for file in images.files):
        raise ValueError(f"`output` must be another file than the movie, got {path}")
    check_new_file(path, overwrite=overwrite)


def _check_rate(rate: float, kind: str) -> None:
    least, most = FPS[kind]
    if not least <= rate <= most:
        raise ValueError(
            f"`fps` must be from {least:g} to {most:g}, which is what a {kind} file can hold, "
            f"got {rate:g}"
        )


def _check_folder(folder: Path, images: Streamlines, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"`output` must be a folder, got the file {folder}")
    check_not_input(folder, images.files)
    if not overwrite and folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f"`output` must be a new or empty folder, got {folder}: choose another, or allow "
            "replacing files with `overwrite` (--overwrite)"
        )
    check_place(folder)


@contextmanager
def _stage(images: Streamlines, progress: Progress) -> Iterator[Iterator[npt.NDArray[np.uint8]]]:
    with progress.stage("pathlines", length(images)) as advance:
        yield _counted(images, advance)


def _counted(images: Streamlines, advance: Callable[[], None]) -> Iterator[npt.NDArray[np.uint8]]:
    for image in reading(images):
        yield image
        advance()


def _to_folder(images: Streamlines, folder: Path, progress: Progress) -> list[Path]:
    advance: Advance
    with progress.stage("pathlines", length(images)) as advance:
        made = iter(images)
        # Where there is none, no folder is made.
        first = next(made)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        named = ((folder / images.name(i), image) for i, image in enumerate(chain([first], made)))
        return write_pngs(named, int(cpu_count()), advance)
