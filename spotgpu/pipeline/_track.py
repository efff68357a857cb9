"""`track`: the whole way from a movie to a diffusion coefficient."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from spotgpu.detect import Locator
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import RUN_FILE, absolute, check_new_folder
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._manifest import Manifest
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._progress import Progress, for_terminal
from spotgpu.pipeline._result import TrackResult
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._stages import Stages
from spotgpu.pipeline._stream import checked_processes
from spotgpu.pipeline._table_store import FolderTables, MemoryTables
from spotgpu.pipeline._track_options import (
    LOCATE_OPTIONS,
    check,
    check_axes,
    here,
    input_files,
    recorded,
)
from spotgpu.pipeline._track_run import TrackRun
from spotgpu.pipeline._work_folder import work_folder
from spotgpu.pipeline._workers import interruptible
from spotgpu.pipeline._writing import writing

__all__ = ["track"]


def track(
    source: Any,
    diameter: Any,
    search_range: Any,
    *,
    minmass: float | None = None,
    maxsize: float | None = None,
    separation: Any = None,
    noise_size: Any = 1,
    smoothing_size: Any = None,
    threshold: float | None = None,
    invert: bool = False,
    percentile: float = 64,
    topn: int | None = None,
    preprocess: bool = True,
    max_iterations: int = 10,
    memory: int = 0,
    min_length: int = 10,
    drift: bool | None = None,
    drift_smoothing: int = 0,
    max_lagtime: int = 100,
    confidence: float = 0.95,
    pixel_size_um: Any = None,
    fps: float | None = None,
    axes: str | None = None,
    channel: int | str | None = None,
    processes: Any = "auto",
    client: Any = None,
    max_gb: float | None = None,
    device: str = "cpu",
    output: str | os.PathLike[str] | None = None,
    csv: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TrackResult:
    """Find the spots of a movie, link them, and measure their motion.

    Parameters
    ----------
    source : path, array, sequence or iterable of frames
        Anything that `spotgpu.open` takes.
    diameter : odd int or tuple of odd int
        As in `locate`: a little more than the apparent diameter of the spots, in pixels.
    search_range : float or tuple of float
        As in `link`: the farthest a particle moves between frames, in pixels.
    minmass, maxsize : float, optional
        As in `locate`.
    separation, noise_size, smoothing_size : number or tuple of number, optional
        As in `locate`.
    threshold : float, optional
        As in `locate`.
    invert : bool
        As in `locate`.
    percentile : float
        As in `locate`.
    topn : int, optional
        As in `locate`.
    preprocess : bool
        As in `locate`.
    max_iterations : int
        As in `locate`.
    memory : int
        As in `link`: for how many frames a particle may be missing.
    min_length : int
        Tracks with fewer spots are left out.
    drift : bool, optional
        Whether the motion that all particles share is subtracted before theirs is measured.
        Default: if there are ten tracks a frame or more, as subtracting the mean of N particles
        takes 1/N of their diffusion away.
    drift_smoothing : int
        Frames over which the drift is averaged; 0 does not.
    max_lagtime : int
        Longest lag of the mean squared displacement, in frames.
    confidence : float
        Of the diffusion coefficient's interval.
    pixel_size_um : float or tuple of float, optional
        Size of a pixel, or one per axis in image order, in µm. Default: what the file says; if it
        says nothing, lengths are in pixels, with a warning; there is one, too, if it says
        something else.
    fps : float, optional
        Frames per second. Default: what the file says; else times are in frames, with a warning.
    axes : str, optional
        As in `spotgpu.open`.
    channel : int or str, optional
        As in `spotgpu.open`.
    processes : int or 'auto'
        As in `batch`.
    client : distributed.Client, optional
        A Dask cluster whose workers find the spots, instead of processes here; the results are the
        same. What lies in files they read themselves, under the same path; other frames are sent
        to them.
    max_gb : float, optional
        GB of memory that finding the spots of a frame may take, in each process; a volume that
        needs more is read and worked on in tiles, with the same result. Default: half of the
        machine's, shared by the processes.
    device : {'cpu', 'cuda', 'auto'}
        Where spots are found and their MSD is computed, as in `locate`. With a `client`, where its
        workers find spots; the MSD is computed here, on the CPU.
    output : path, optional
        Folder for the results, see `TrackResult.save`. Until they are whole, what is done is kept
        in the folder NAME.unfinished beside it: a run that was ended early goes on from there when
        it is called again.
    csv, overwrite : bool
        As in `TrackResult.save`.
    progress : Progress, optional
        Where stages show. Default: bars on standard error if it is a terminal.

    Returns
    -------
    TrackResult
        Tables, diffusion coefficient, warnings.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or a frame is not an image.
    FinishedError
        If `output` has the results of this very run already. It is a ValueError.
    SpotgpuError
        If a file cannot be read or written, or another run is at work on it; if the cluster goes,
        has no worker for five minutes, or its workers die again and again.

    Examples
    --------
    >>> import spotgpu as sg
    >>> movie = sg.simulate.movie(...)                                          # doctest: +SKIP
    >>> result = sg.track(movie, 11, 6, memory=3, pixel_size_um=0.16, fps=10)   # doctest: +SKIP
    >>> result.diffusion.D, result.warnings                                     # doctest: +SKIP
    """
    given = dict(locals())
    stages = Stages(for_terminal() if progress is None else progress)
    keep = input_files(source)
    target = None if output is None else absolute(output)
    # Whether what is there is this run's own, only the opened movie tells.
    if target is not None and not (target / RUN_FILE).is_file():
        check_new_folder(target, overwrite=overwrite, keep=keep)
    check(given)
    locator = Locator(diameter, **{name: given[name] for name in LOCATE_OPTIONS} | here(given))
    workers = checked_processes(processes)
    # On a cluster each worker has a memory of its own.
    most = None
    if max_gb is not None or client is None:
        most = frame_budget(max_gb, workers if locator.device == "cpu" else 1)
    frames = FrameLocator(locator, most)
    with interruptible(), opened(source, axes=axes, channel=channel) as movie:
        check_axes(given, movie)
        calibration = Calibration.of(len(movie.frame_shape), pixel_size_um, fps, movie)
        manifest = Manifest.of(recorded(given), movie)
        run = TrackRun(
            given=given,
            movie=movie,
            frames=frames,
            processes=workers,
            calibration=calibration,
            fingerprint=manifest["fingerprint"],
            stages=stages,
            tables=MemoryTables(calibration.attrs()),
            work=None,
        )
        if target is None:
            return run.result()
        with work_folder(target, manifest, overwrite=overwrite, keep=keep) as work:
            tables = FolderTables(work.result, calibration.attrs(), target)
            try:
                result = replace(run, tables=tables, work=work).result()
            finally:
                tables.abandon()
            with stages.stage("report"), writing(target):
                result.write_files(work.result, csv)
    return replace(result, tables=tables.moved(target))
