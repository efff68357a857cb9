"""The steps of `track` one by one, from file to file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spotgpu import linking, motion
from spotgpu.checks import integer, number
from spotgpu.detect import Locator
from spotgpu.pipeline._analysis import Analysis, analyse, msd_table
from spotgpu.pipeline._batch import spot_pieces
from spotgpu.pipeline._calibration import Calibration, contradictions
from spotgpu.pipeline._folder import check_new_file, new_file
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._progress import Progress
from spotgpu.pipeline._result_files import diffusion_record
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._stream import checked_processes
from spotgpu.pipeline._table_files import check_extension, read_table, write_pieces, write_table
from spotgpu.pipeline._table_store import MemoryTables
from spotgpu.pipeline._track_pieces import TrackPieces
from spotgpu.pipeline._warnings import unknown_units
from spotgpu.tables import position_columns, require_columns

__all__ = ["link_file", "locate_file", "msd_file"]


def locate_file(
    source: Any,
    output: str | os.PathLike[str],
    diameter: Any,
    *,
    axes: str | None = None,
    channel: int | str | None = None,
    processes: Any = "auto",
    max_gb: float | None = None,
    overwrite: bool = False,
    progress: Progress,
    **options: Any,
) -> int:
    """Find the spots of a movie and write their table as they come.

    Parameters
    ----------
    source : path, array, sequence or iterable of frames
        Anything that `spotgpu.open` takes.
    output : path
        The table, .parquet or .csv; pixel size and frame interval go into a .parquet's metadata.
    diameter : odd int or tuple of odd int
        As in `locate`.
    axes : str, optional
        As in `spotgpu.open`.
    channel : int or str, optional
        As in `spotgpu.open`.
    processes : int or 'auto'
        As in `batch`.
    max_gb : float, optional
        As in `track`.
    overwrite : bool
        Whether a file that is there may be replaced.
    progress : Progress
        Where stages show.
    **options
        As in `locate`.

    Returns
    -------
    int
        Number of spots.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or a frame is not an image.
    SpotgpuError
        If a file cannot be read or written.
    """
    path = _output(output, overwrite=overwrite)
    workers = checked_processes(processes)
    locator = Locator(diameter, **options)
    most = frame_budget(max_gb, workers if locator.device == "cpu" else 1)
    frames = FrameLocator(locator, most)
    total = 0

    def counted(tables: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        nonlocal total
        for table in tables:
            total += len(table)
            yield table

    with opened(source, axes=axes, channel=channel) as movie:
        attrs = Calibration.of(len(movie.frame_shape), None, None, movie).attrs()
        with new_file(path, overwrite=overwrite) as partial:
            write_pieces(counted(spot_pieces(movie, frames, workers, progress)), partial, attrs)
    return total


def link_file(
    spots: str | os.PathLike[str],
    output: str | os.PathLike[str],
    search_range: float | Sequence[float],
    *,
    memory: int = 0,
    min_length: int = 1,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress,
) -> pd.DataFrame:
    """Link a table of spots into trajectories and write them.

    Parameters
    ----------
    spots : path
        Table of spots, .parquet or .csv.
    output : path
        Table of trajectories, .parquet or .csv.
    search_range : float or sequence of float
        As in `link`.
    memory : int
        As in `link`.
    min_length : int
        Tracks with fewer spots are left out.
    device : {'cpu', 'cuda', 'auto'}
        As in `link`.
    overwrite : bool
        Whether a file that is there may be replaced.
    progress : Progress
        Where stages show.

    Returns
    -------
    DataFrame
        The trajectories.

    Raises
    ------
    TypeError, ValueError
        If an argument or the table is wrong.
    SpotgpuError
        If a file cannot be written.
    """
    path = _output(output, overwrite=overwrite, table=spots)
    integer("min_length", min_length, at_least=1)
    with progress.stage("read"):
        table = _numeric("spots", read_table("spots", Path(spots)), "frame")
    with progress.stage("link"):
        tracks = linking.link(table, search_range, memory=memory, device=device)
        tracks = motion.filter_stubs(tracks, min_length).reset_index(drop=True)
    tracks.attrs.update(table.attrs)
    with new_file(path, overwrite=overwrite) as partial:
        write_table(tracks, partial)
    return tracks


def msd_file(
    tracks: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    pixel_size_um: Any = None,
    fps: float | None = None,
    max_lagtime: int = 100,
    drift: bool | None = None,
    drift_smoothing: int = 0,
    confidence: float = 0.95,
    device: str = "cpu",
    diffusion: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    progress: Progress,
) -> tuple[Analysis, Calibration, list[str]]:
    """Measure the motion of the trajectories in a table and write the ensemble's MSD.

    Parameters
    ----------
    tracks : path
        Table of trajectories in pixels, .parquet or .csv.
    output : path
        Table of the MSD, .parquet or .csv.
    pixel_size_um : float or tuple of float, optional
        In µm, one or one per axis. Default: what the table's metadata say.
    fps : float, optional
        Frames per second. Default: what the table's metadata say.
    max_lagtime : int
        Longest lag in frames.
    drift : bool, optional
        As in `track`.
    drift_smoothing : int
        As in `track`.
    confidence : float
        Of the diffusion coefficient's interval.
    device : {'cpu', 'cuda', 'auto'}
        As in `imsd`.
    diffusion : path, optional
        Where the diffusion coefficient is written, as in the diffusion.json of `track`.
    overwrite : bool
        Whether files that are there may be replaced.
    progress : Progress
        Where stages show.

    Returns
    -------
    Analysis
        All that was measured.
    Calibration
        Its units.
    list of str
        Warnings: what is unknown, contradicted or missing.

    Raises
    ------
    TypeError, ValueError
        If an argument or the table is wrong.
    SpotgpuError
        If a file cannot be written.
    """
    path = _output(output, overwrite=overwrite, table=tracks)
    record = None if diffusion is None else Path(diffusion)
    if record is not None:
        check_new_file(record, overwrite=overwrite)
    with progress.stage("read"):
        table = _numeric("tracks", read_table("tracks", Path(tracks)), "frame", "particle")
    if table.empty:
        raise ValueError(f"`tracks` must have rows, got none in {tracks}")
    columns = position_columns("tracks", table)
    calibration = Calibration.of(len(columns), pixel_size_um, fps, table.attrs)
    with progress.stage("analyse"):
        analysis = analyse(
            _pieces(table, columns),
            calibration,
            tracks_per_frame=len(table) / table["frame"].nunique(),
            drift=drift,
            drift_smoothing=drift_smoothing,
            max_lagtime=max_lagtime,
            confidence=number("confidence", confidence),
            device=device,
        )
    with new_file(path, overwrite=overwrite) as partial:
        write_table(msd_table(analysis.emsd, calibration), partial)
    if record is not None:
        with new_file(record, overwrite=overwrite) as partial:
            text = json_text(diffusion_record(analysis.diffusion, calibration))
            partial.write_text(text, encoding="utf-8")
    doubts = [*contradictions(calibration, table.attrs), *unknown_units(calibration)]
    if analysis.problem is not None:
        doubts.append(f"No diffusion coefficient: {analysis.problem}.")
    return analysis, calibration, doubts


def _pieces(table: pd.DataFrame, columns: list[str]) -> TrackPieces:
    """Return a table of trajectories, which may have labels of any kind in any order, in pieces."""
    tables = MemoryTables(table.attrs)
    particle, labels = pd.factorize(table["particle"], sort=True)
    if (particle < 0).any():
        raise ValueError(
            f"`tracks` must have a particle in each row, got {np.count_nonzero(particle < 0)} "
            "row(s) without"
        )
    ordered = table[[*columns, "frame"]].assign(particle=particle)
    ordered = ordered.sort_values("frame", kind="stable", ignore_index=True)
    tables.add("tracks", ordered)
    return TrackPieces(tables, columns, np.arange(len(labels)), np.bincount(particle))


def _output(
    output: str | os.PathLike[str],
    *,
    overwrite: bool,
    table: str | os.PathLike[str] | None = None,
) -> Path:
    path = Path(output)
    if table is not None and path.exists() and Path(table).exists() and path.samefile(table):
        raise ValueError(f"`output` must be another file than the input, got {path}")
    check_extension("output", path)
    check_new_file(path, overwrite=overwrite)
    return path


def _numeric(name: str, table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Raise unless the positions and `columns` are there and are numbers."""
    needed = [*position_columns(name, table), *columns]
    require_columns(name, table, needed)
    for column in needed:
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise ValueError(
                f"`{name}` must have numbers in the column {column}, got {table[column].dtype}"
            )
    return table
