"""`traces_file`: from a movie and positions or tracks in files to traces in a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spotgpu import io
from spotgpu.pipeline import Progress, Silent
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import check_new_file, new_file
from spotgpu.pipeline._source import opened
from spotgpu.pipeline._stream import length
from spotgpu.pipeline._table_files import check_extension, read_table, write_pieces, write_table
from spotgpu.traces._along_tracks import measured
from spotgpu.traces._dff import dff as relative_change
from spotgpu.traces._table import Wanted, rows_of

__all__ = ["traces_file"]

#: Values of a row group of Parquet, which waits in memory.
VALUES = 1 << 22


def traces_file(
    video: Any,
    output: str | os.PathLike[str],
    *,
    positions: str | os.PathLike[str] | None = None,
    tracks: str | os.PathLike[str] | None = None,
    size: Any = 5,
    window: str | None = None,
    background: Any = None,
    dff: bool = False,
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Write the traces at positions, or along tracks, that are in a file.

    At positions, the table has the rows ``frame`` and a column for each position, as that of
    `trace_table`, and is written as it comes: a movie and its traces may be larger than memory.
    Along tracks, it is that of `along_tracks`, which is held in memory.

    Parameters
    ----------
    video : path, array, sequence or iterable of frames, or Movie
        As in `extract_traces`.
    output : path
        The table, .parquet or .csv.
    positions : path
        Table, .parquet or .csv, with the columns ``x, y``, ``z`` in a volume, and perhaps ``id``.
    tracks : path
        Table, .parquet or .csv, with the columns ``frame, y, x``, and ``z`` in a volume. Either
        this or `positions` must be given.
    size : number or sequence of number
        As in `extract_traces`; if one for each axis, in image order, ([z,] y, x).
    window : {'rect', 'disc', 'pixel'}, optional
        As in `extract_traces`.
    background : pair of number, optional
        As in `trace_table` and `along_tracks`.
    dff : bool
        Whether to write the relative change that `dff` makes of it. At positions, in place of the
        intensity; then the traces are held in memory. Along tracks, as a column ``dff``, for each
        ``particle``, after the background has been subtracted.
    axes : str, optional
        As in `spotgpu.open`.
    channel : int or str, optional
        As in `spotgpu.open`.
    device : {'cpu', 'cuda', 'auto'}
        As in `extract_traces`.
    overwrite : bool
        Whether a file that is there may be replaced.
    progress : Progress, optional
        Where the number of frames done shows.

    Returns
    -------
    tuple of int
        Number of traces, and of frames; along tracks of rows, and of frames.

    Raises
    ------
    TypeError, ValueError
        If an argument or a table is wrong.
    FileNotFoundError
        If a file does not exist.
    SpotgpuError
        If a file cannot be read or written, or there is no such device.
    """
    if (positions is None) == (tracks is None):
        got = "neither" if positions is None else "both"
        raise ValueError(f"`positions` must be given, or `tracks`, got {got}")
    path, given = Path(output), Path(tracks if positions is None else positions)  # type: ignore[arg-type]
    if path.exists() and given.exists() and path.samefile(given):
        raise ValueError(f"`output` must be another file than the input, got {path}")
    check_extension("output", path)
    check_new_file(path, overwrite=overwrite)
    table = read_table("tracks" if positions is None else "positions", given)
    wanted = Wanted(size, window, background, "yx", device)
    run = _positions if positions is not None else _tracks
    with opened(video, axes=axes, channel=channel) as movie:
        source = video if axes is None and channel is None else movie
        stages = Silent() if progress is None else progress
        with new_file(path, overwrite=overwrite) as partial:
            return run(source, movie, table, wanted, partial, stages, relative=dff)


def _positions(
    video: Any,
    movie: io.Movie,
    table: pd.DataFrame,
    wanted: Wanted,
    path: Path,
    progress: Progress,
    *,
    relative: bool,
) -> tuple[int, int]:
    names, rows = rows_of(video, movie, table, wanted)
    names = names.astype(str).rename(None)
    if not names.is_unique or "frame" in names:
        raise ValueError("`positions` must have an id once, and none that is frame")
    attrs = Calibration.of(len(movie.frame_shape), None, None, movie).attrs()
    row_group = max(1, VALUES // (len(names) + 1))
    n_frames = 0

    def counted() -> Iterator[Any]:
        nonlocal n_frames
        with progress.stage("traces", length(movie)) as advance, closing(rows):  # type: ignore[type-var]
            for numbers, values in rows:
                yield numbers, values
                n_frames += len(numbers)
                for _ in numbers:
                    advance()

    groups = _grouped(counted(), None if relative else row_group)
    tables = (_as_table(numbers, values, names, relative) for numbers, values in groups)
    write_pieces(tables, path, attrs, row_group)
    return len(names), n_frames


def _grouped(rows: Iterable[Any], most: int | None) -> Iterator[Any]:
    """Yield numbers of frames and values, `most` at a time or somewhat more; None for all."""
    numbers: list[Any] = []
    values: list[Any] = []
    waiting = 0
    for some, found in rows:
        numbers.append(some)
        values.append(found)
        waiting += len(some)
        if most is not None and waiting >= most:
            yield np.concatenate(numbers), np.concatenate(values)
            numbers, values, waiting = [], [], 0
    if numbers:
        yield np.concatenate(numbers), np.concatenate(values)


def _as_table(numbers: Any, values: Any, names: pd.Index, relative: bool) -> pd.DataFrame:
    if relative:
        values = relative_change(values)
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "frame", numbers)
    return table


def _tracks(
    video: Any,
    movie: io.Movie,
    table: pd.DataFrame,
    wanted: Wanted,
    path: Path,
    progress: Progress,
    *,
    relative: bool,
) -> tuple[int, int]:
    if relative and "particle" not in table:
        raise ValueError("`tracks` must have the column particle for dff, got none")
    with progress.stage("traces", length(movie)) as advance:
        found = measured(video, movie, table, wanted, advance)
    if relative:
        signal = found["intensity"].astype(np.float64)
        if "background" in found:
            signal -= found["background"]
        found["dff"] = signal.groupby(found["particle"]).transform(relative_change)
    write_table(found, path)
    return len(found), found["frame"].nunique()
