"""`flowtrace`: from a folder of images to a folder of pathlines."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from loky import cpu_count

from spotgpu import io
from spotgpu.checks import choice, integer, number
from spotgpu.errors import SpotgpuError
from spotgpu.pathlines._flowtrace_images import FlowtraceImages
from spotgpu.pathlines._lazy_images import Streamlines, Work
from spotgpu.pathlines._options import Options, flag
from spotgpu.pathlines._pixels import Pixels
from spotgpu.pathlines._png_files import write_pngs
from spotgpu.pathlines._projection import Projection
from spotgpu.pathlines._save import TIFFS, VIDEOS, save_streamlines
from spotgpu.pathlines._source import Source, opened
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
    fps: float = 10,
    device: str = "cpu",
    progress: Progress | None = None,
) -> list[Path]:
    """Make images of pathlines of a folder of images, as flowtrace for Python does.

    Files are named ``<image>_streamlines_frames<n>.png``, by the first image of the window. They
    appear when they are whole, and replace what had their name. Flags may be 0 or 1, too.

    Parameters
    ----------
    imagedir : path
        Folder of images that end in .tif, in lower case, one frame each, (Y, X) or (Y, X, 3). They
        follow each other by name: ``10.tif`` before ``2.tif``.
    frames_to_merge : int
        n, the frames of each image.
    out_dir : path
        Where the images go, made if it is not there; 'same' for `imagedir`. One that ends in .tif,
        .mp4 or .gif and is no folder becomes a file of all images.
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
    fps : float
        Images a second, of a video.
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
        the first, or NaN, or is a folder or a link to nothing.
    FileNotFoundError
        If there is no such folder.
    SpotgpuError
        If the folder or an image cannot be read or written, or a video needs ffmpeg, which is not
        installed.

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
        take_diff=_flag(take_diff),
        diff_order=diff_order,
        subtract_median=_flag(subtract_median),
        subtract_first=_flag(subtract_first),
        add_first_frame=_flag(add_first_frame),
        invert_color=_flag(invert_color),
        color_series=_flag(color_series),
    )
    cores = _cores(_flag(use_parallel), max_cores)
    cut = _checked_chunks(windows, chunks, cores)
    rate = number("fps", fps, above=0)
    projection = Projection(options, device, reference=True)
    folder = _path("imagedir", imagedir)
    target = folder if os.fspath(_path("out_dir", out_dir)) == "same" else Path(out_dir)
    one_file = target.suffix.lower() in TIFFS | VIDEOS and not target.is_dir()
    if one_file and target.suffix == ENDING and target.parent.resolve() == folder.resolve():
        raise ValueError(
            f"`out_dir` must not be a {ENDING} file in `imagedir`, one of its images, got {target}"
        )
    files = _images(folder)[:: options.frames_to_skip]
    _require_enough(files, options.frames_to_merge, windows, folder)
    with closing(_opened(files)) as source:
        images = _made(source, files, cut, projection, options)
        progress = for_terminal() if progress is None else progress
        if one_file:
            return save_streamlines(images, target, fps=rate, overwrite=True, progress=progress)
        with writing(target):
            target.mkdir(parents=True, exist_ok=True)
        named = ((target / images.name(i), image) for i, image in enumerate(images))
        with progress.stage("pathlines", len(images)) as advance, closing(named):
            return write_pngs(named, min(cores, int(cpu_count())), advance)


def _flag(value: Any) -> Any:
    """Return what scripts for flowtrace may write for True and False as these."""
    is_one = isinstance(value, (int, np.integer)) and value in {0, 1}
    return bool(value) if is_one else value


def _path(name: str, value: Any) -> Path:
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"`{name}` must be a path, got {value!r}")
    return Path(value)


def _cores(use_parallel: Any, max_cores: Any) -> int:
    parallel = flag("use_parallel", use_parallel)
    cores = integer("max_cores", max_cores, at_least=1)
    return cores if parallel else 1


def _checked_chunks(windows: str, chunks: Any, cores: int) -> int | None:
    """Return for how many processes the movie is cut; None where windows are correct."""
    choice("windows", windows, ("flowtrace", "correct"))
    if chunks is None:
        return cores if windows == "flowtrace" else None
    if windows == "correct":
        raise ValueError(f"`chunks` must be None with windows='correct', got {chunks!r}")
    return integer("chunks", chunks, at_least=1)


def _images(folder: Path) -> list[Path]:
    try:
        if not folder.is_dir():
            raise FileNotFoundError(f"`imagedir` must be a folder that is there, got {folder}")
        names = sorted(name for name in os.listdir(folder) if _is_image(name))  # noqa: PTH208
    except PermissionError as error:
        raise SpotgpuError(
            f"could not read the folder {folder}: {error.strerror}; allow it, then run again"
        ) from error
    if not names:
        raise ValueError(
            f"`imagedir` must be a folder with images that end in {ENDING}, in lower case, "
            f"got {folder}, where there are none"
        )
    files = [folder / name for name in names]
    for file in files:
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "leads to no file"
            raise ValueError(
                f"`imagedir` must have files where names end in {ENDING}, got {file}, which {what}"
            )
    return files


def _is_image(name: str) -> bool:
    return name.endswith(ENDING) and not name.startswith(".")


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
    try:
        source = opened(files)
    except io.ColourError as error:
        raise ValueError(
            "`imagedir` must have images of one frame, (Y, X) or (Y, X, 3), got "
            f"{error.samples} colours in {files[0]}"
        ) from error
    frames = len(source.numbers or ())
    if frames != len(files) or len(source.shape) != 2 + source.colour:
        source.close()
        raise ValueError(
            "`imagedir` must have images of one frame, (Y, X) or (Y, X, 3), got "
            f"{frames // len(files)} of {source.shape} in {files[0]}"
        )
    return source


def _made(
    source: Source, files: list[Path], cut: int | None, projection: Projection, options: Options
) -> Streamlines:
    called = [f"file {file}" for file in files].__getitem__
    pixels = Pixels(
        options, False, source.dtype, source.shape, source.colour, called, argument="imagedir"
    )
    stem = [file.name[: -len(ENDING)] for file in files].__getitem__
    work = Work(source, pixels, projection, options, stem, files)
    if cut is None:
        return Streamlines(work, range(len(files) - options.frames_to_merge + 1))
    return FlowtraceImages(work, cut)
