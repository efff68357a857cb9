"""`track`: the whole way from a movie to a diffusion coefficient."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spotgpu import linking, motion
from spotgpu.detect import Locator
from spotgpu.pipeline._analysis import analyse
from spotgpu.pipeline._batch import spots_of
from spotgpu.pipeline._calibration import Calibration, contradictions
from spotgpu.pipeline._folder import check_new_folder
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._progress import Progress, for_terminal
from spotgpu.pipeline._result import TrackResult
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._stream import checked_processes
from spotgpu.pipeline._track_options import (
    ANALYSIS_OPTIONS,
    LOCATE_OPTIONS,
    check,
    check_axes,
    described,
    input_files,
    recorded,
)
from spotgpu.pipeline._versions import versions
from spotgpu.pipeline._warnings import Evidence, doubts

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
    device : {'cpu', 'cuda', 'auto'}
        Where spots are found, linked, and their MSD is computed, as in `locate`.
    output : path, optional
        Folder for the results, see `TrackResult.save`. That it can be made is checked first.
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
    SpotgpuError
        If a file cannot be read or written.

    Examples
    --------
    >>> import spotgpu as sg
    >>> movie = sg.simulate.movie(...)                                          # doctest: +SKIP
    >>> result = sg.track(movie, 11, 6, memory=3, pixel_size_um=0.16, fps=10)   # doctest: +SKIP
    >>> result.diffusion.D, result.warnings                                     # doctest: +SKIP
    """
    given = dict(locals())
    run = _Run(for_terminal() if progress is None else progress)
    if output is not None:
        check_new_folder(Path(output), overwrite=overwrite, keep=input_files(source))
    check(given)
    frames = FrameLocator(Locator(diameter, **{name: given[name] for name in LOCATE_OPTIONS}))
    workers = checked_processes(processes)
    with opened(source, axes=axes, channel=channel) as movie:
        check_axes(given, movie)
        calibration = Calibration.of(len(movie.frame_shape), pixel_size_um, fps, movie)
        contradicted = contradictions(calibration, movie)
        with run.timed("locate"):
            spots = spots_of(movie, frames, workers, run.progress)
        described_input = described(source, movie, frames)
    with run.stage("link"):
        linked = linking.link(spots, search_range, memory=memory, device=device)
    with run.stage("filter"):
        tracks = motion.filter_stubs(linked, min_length).reset_index(drop=True)
    with run.stage("analyse"):
        analysis = analyse(tracks, calibration, **{name: given[name] for name in ANALYSIS_OPTIONS})
    for table in (spots, tracks):
        table.attrs.update(calibration.attrs())
    seen = Evidence(
        image=frames.first,
        frames=frames.count,
        invert=invert,
        spots=spots,
        linked=linked,
        tracks=tracks,
        search_range=search_range,
        min_length=min_length,
        drift=drift,
        calibration=calibration,
        analysis=analysis,
    )
    result = TrackResult(
        spots=spots,
        tracks=tracks,
        drift=analysis.drift,
        imsd=analysis.imsd,
        emsd=analysis.emsd,
        particles=analysis.particles,
        diffusion=analysis.diffusion,
        image=frames.first,
        calibration=calibration,
        parameters=recorded({**given, "processes": workers or "auto"}),
        input=described_input,
        timings=run.timings,
        versions=versions(),
        warnings=(*contradicted, *doubts(seen)),
    )
    if output is not None:
        with run.stage("report"):
            result.save(output, csv, overwrite=overwrite)
    return result


class _Run:
    """Times the stages and shows them."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.timings: dict[str, float] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.timings[name] = round(time.perf_counter() - start, 4)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with self.progress.stage(name), self.timed(name):
            yield
