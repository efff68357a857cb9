"""`flowtrace`: from a folder of images to a folder of pathlines."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from loky import cpu_count

from spotgpu.checks import choice, integer
from spotgpu.pathlines._chunks import chunks as parts_of
from spotgpu.pathlines._chunks import without_one
from spotgpu.pathlines._names import file_name
from spotgpu.pathlines._options import Options
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._png_files import write_pngs
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._source import Source, opened
from spotgpu.pathlines._windows import images
from spotgpu.pipeline._progress import Progress, for_terminal
from spotgpu.pipeline._writing import writing

__all__ = ["flowtrace"]

#: The ending of the files that are read.
ENDING = ".tif"


def flowtrace(
    imagedir: str | os.PathLike[str],
    frames_to_merge: int,
    out_dir: str | os.PathLike[str] = "same",
    use_parallel: bool = True,
    max_cores: int = 8,
    frames_to_skip: int = 1,
    *,
    take_diff: bool = False,
    subtract_median: bool = False,
    subtract_first: bool = False,
    add_first_frame: bool = False,
    diff_order: int = 1,
    invert_color: bool = False,
    color_series: bool | str = False,
    windows: str = "flowtrace",
    chunks: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[Path]:
    """Make images of pathlines of a folder of images, as flowtrace for Python does.

    Files are named ``<image>_streamlines_frames<n>.png``, by the first image of the window. They
    appear when they are whole, and replace what had their name.

    Parameters
    ----------
    imagedir : path
        Folder of images that end in .tif, in lower case, one frame each, (Y, X) or (Y, X, 3). They
        follow each other by name: ``10.tif`` before ``2.tif``.
    frames_to_merge : int
        n, the frames of each image.
    out_dir : path
        Where the images go, made if it is not there; 'same' for `imagedir`.
    use_parallel : bool
        Whether threads write images side by side. Flowtrace then cuts the movie into parts for its
        processes, so this changes its images where parts begin.
    max_cores : int
        Threads that write, at most as many as there are cores; and processes of flowtrace.
    frames_to_skip : int
        Take every k-th image.
    take_diff, subtract_median, subtract_first, add_first_frame : bool
        As in `streamlines`.
    diff_order : int
        As in `streamlines`.
    invert_color : bool
        Dark objects: P = 255 - min(S) in the formula of `streamlines`, whatever the type of the
        pixels, after all that is subtracted and coloured.
    color_series : bool or str
        As in `streamlines`; with `invert_color`, the formula above makes it almost white.
    windows : {'flowtrace', 'correct'}
        Flowtrace leaves frame n of each part out of all windows, so that later windows are one
        frame late, and makes N - n images of N. 'correct' makes those of `streamlines`, N - n + 1.
    chunks : int, optional
        Processes for which flowtrace cuts the movie. Default: `max_cores`, as on a machine that
        has so many cores; 1 without `use_parallel`. Where parts would be shorter than n there are
        fewer.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.
    progress : Progress, optional
        Shows how far it is; default: a bar on a terminal.

    Returns
    -------
    list of Path
        The files, in order.

    Raises
    ------
    TypeError, ValueError
        If an option is wrong, there are no images or too few, or one has another shape or type than
        the first, or NaN.
    FileNotFoundError
        If there is no such folder.
    SpotgpuError
        If an image cannot be read or written.

    Notes
    -----
    W. Gilpin, V. N. Prakash, M. Prakash, doi:10.1242/jeb.162511. An image without a pixel above 0
    is black, where flowtrace fails.

    Examples
    --------
    >>> flowtrace("sample_data", 30, "sample_output/", color_series=True)  # doctest: +SKIP
    """
    options = Options.checked(
        frames_to_merge,
        frames_to_skip,
        take_diff=take_diff,
        diff_order=diff_order,
        subtract_median=subtract_median,
        subtract_first=subtract_first,
        add_first_frame=add_first_frame,
        invert_color=invert_color,
        color_series=color_series,
    )
    cores = _cores(use_parallel, max_cores)
    cut = _checked_chunks(windows, chunks, cores)
    projection = Projection(options, device, reference=True)
    folder = Path(imagedir)
    files = _images(folder)[:: options.frames_to_skip]
    _require_enough(files, options.frames_to_merge, windows, folder)
    target = folder if os.fspath(out_dir) == "same" else Path(out_dir)
    source = _opened(files)
    with closing(source):
        called = [f"file {file}" for file in files].__getitem__
        pixels = Pixels(options, False, source.dtype, source.shape, source.colour, called)
        with writing(target):
            target.mkdir(parents=True, exist_ok=True)
        made = _made(source, files, cut, pixels, projection, options)
        total = len(files) - options.frames_to_merge + (cut is None)
        progress = for_terminal() if progress is None else progress
        with progress.stage("pathlines", total) as advance, closing(made):
            named = ((target / name, image) for name, image in made)
            return write_pngs(named, min(cores, int(cpu_count())), advance)


def _cores(use_parallel: Any, max_cores: Any) -> int:
    if not isinstance(use_parallel, (bool, np.bool_)):
        raise TypeError(f"`use_parallel` must be True or False, got {use_parallel!r}")
    cores = integer("max_cores", max_cores, at_least=1)
    return cores if use_parallel else 1


def _checked_chunks(windows: str, chunks: Any, cores: int) -> int | None:
    """Return for how many processes the movie is cut; None where windows are correct."""
    choice("windows", windows, ("flowtrace", "correct"))
    if chunks is None:
        return cores if windows == "flowtrace" else None
    if windows == "correct":
        raise ValueError(f"`chunks` must be None with windows='correct', got {chunks!r}")
    return integer("chunks", chunks, at_least=1)


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"`imagedir` must be a folder that is there, got {folder}")
    names = sorted(
        entry.name
        for entry in os.scandir(folder)
        if entry.name.endswith(ENDING) and not entry.name.startswith(".") and entry.is_file()
    )
    if not names:
        raise ValueError(
            f"`imagedir` must be a folder with images that end in {ENDING}, in lower case, "
            f"got {folder}, where there are none"
        )
    return [folder / name for name in names]


def _require_enough(files: list[Path], merged: int, windows: str, folder: Path) -> None:
    if windows == "flowtrace" and len(files) <= merged:
        raise ValueError(
            f"`frames_to_merge` must be < the number of images, {len(files)}, got {merged}: "
            f"{folder} (<= with windows='correct')"
        )
    if len(files) < merged:
        raise ValueError(
            f"`frames_to_merge` must be <= the number of images, {len(files)}, got {merged}: "
            f"{folder}"
        )


def _opened(files: list[Path]) -> Source:
    """Open images of one frame each, in gray or in colour."""
    source = opened(files)
    frames = len(source.numbers or ())
    if frames != len(files) or len(source.shape) != 2 + source.colour:
        source.close()
        raise ValueError(
            "`imagedir` must have images of one frame, (Y, X) or (Y, X, 3), got "
            f"{frames // len(files)} of {source.shape} in {files[0]}"
        )
    return source


def _made(
    source: Source,
    files: list[Path],
    cut: int | None,
    pixels: Pixels,
    projection: Projection,
    options: Options,
) -> Generator[tuple[str, npt.NDArray[np.uint8]]]:
    """Yield the name of each image and the image."""
    size = options.frames_to_merge
    every = range(len(files))
    for part in [every] if cut is None else parts_of(len(files), size, cut):
        frames = list(part) if cut is None else without_one(part, size)
        merged = images(replace(source, numbers=frames), pixels, projection, size)
        for i, image in enumerate(merged, part.start):
            yield file_name(files[i].name[: -len(ENDING)], size), image
