"""`traces_file`: from a movie and positions or tracks to traces in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spotgpu import io
from spotgpu.pipeline import Progress, Silent
from spotgpu.pipeline._calibration import Calibration
from spotgpu.pipeline._folder import check_new_file, new_file
from spotgpu.pipeline._stream import length
from spotgpu.pipeline._table_files import check_extension, read_table, write_pieces, write_table
from spotgpu.pipeline._writing import reading
from spotgpu.traces._along_tracks import measured
from spotgpu.traces._dff import dff as relative_change
from spotgpu.traces._opened import opened
from spotgpu.traces._table import Wanted, rows_of

__all__ = ["traces_file"]

#: Values of a row group of Parquet, which waits in memory.
VALUES = 1 << 22


def traces_file(
    video: Any,
    output: str | os.PathLike[str],
    *,
    positions: str | os.PathLike[str] | pd.DataFrame | None = None,
    tracks: str | os.PathLike[str] | pd.DataFrame | None = None,
    size: Any = 5,
    window: str | None = None,
    background: Any = None,
    dff: bool = False,
    wide: bool = False,
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Write the traces at positions, or along tracks, to a file.

    At positions, the table has the rows ``frame`` and a column for each position, as that of
    `trace_table`, and is written as it comes: a movie and its traces may be larger than memory.
    Along tracks, it is that of `along_tracks`, or with `wide` a column for each particle; it is
    held in memory.

    Parameters
    ----------
    video : path, array, sequence or iterable of frames, or Movie
        As in `extract_traces`.
    output : path
        The table, .parquet or .csv.
    positions : path or DataFrame
        Table, or a .parquet or .csv file of it, with the columns ``x, y``, ``z`` in a volume, and
        perhaps ``id``.
    tracks : path or DataFrame
        Table, or such a file, with the columns ``frame, y, x``, and ``z`` in a volume. Either this
        or `positions` must be given.
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
    wide : bool
        Along tracks, write the rows ``frame`` and a column for each ``particle``, named by its
        number: the intensity without the background, or its relative change. NaN where a particle
        is not. The rows are the frames that have a particle.
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
        Number of traces, and of frames; along tracks, if not `wide`, of rows, and of frames.

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
    if wide and tracks is None:
        raise ValueError("`wide` must be False at positions: there, a column is a position")
    path = Path(output)
    check_extension("output", path)
    table = (
        _table("tracks", tracks, path)
        if positions is None
        else _table("positions", positions, path)
    )
    check_new_file(path, overwrite=overwrite)
    wanted = Wanted(size, window, background, "yx", device)
    stages = Silent() if progress is None else progress
    with opened(video, axes, channel) as (source, movie):
        if positions is None:
            found = _along(source, movie, table, wanted, stages, relative=dff, wide=wide)
            with new_file(path, overwrite=overwrite) as partial:
                write_table(found, partial)
            return (found.shape[1] - 1 if wide else len(found)), found["frame"].nunique()
        with new_file(path, overwrite=overwrite) as partial:
            return _positions(source, movie, table, wanted, partial, stages, relative=dff)


def _table(name: str, given: Any, output: Path) -> pd.DataFrame:
    """Return the table that was passed, or is in a file."""
    if isinstance(given, pd.DataFrame):
        return given
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(f"`{name}` must be a path or a DataFrame, got {type(given).__name__}")
    path = Path(given)
    if output.exists() and path.exists() and output.samefile(path):
        raise ValueError(f"`output` must be another file than the input, got {output}")
    return read_table(name, path)


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
    n_frames = 0

    def counted() -> Iterator[Any]:
        nonlocal n_frames
        with progress.stage("traces", length(movie)) as advance, closing(rows):  # type: ignore[type-var]
            for numbers, values in reading(rows):
                yield numbers, values
                n_frames += len(numbers)
                for _ in numbers:
                    advance()

    with closing(counted()) as pieces:  # type: ignore[type-var]
        parts = _at_once(pieces) if relative else pieces
        tables = (_as_table(numbers, values, names) for numbers, values in parts)
        write_pieces(tables, path, attrs, max(1, VALUES // (len(names) + 1)))
    return len(names), n_frames


def _at_once(pieces: Iterator[Any]) -> Iterator[Any]:
    """Yield the numbers of all frames, and the relative change there."""
    numbers, values = zip(*pieces, strict=True)
    yield np.concatenate(numbers), relative_change(np.concatenate(values))


def _as_table(numbers: Any, values: Any, names: pd.Index) -> pd.DataFrame:
    table = pd.DataFrame(values, columns=names)
    table.insert(0, "frame", numbers)
    return table


def _along(
    video: Any,
    movie: io.Movie,
    tracks: pd.DataFrame,
    wanted: Wanted,
    progress: Progress,
    *,
    relative: bool,
    wide: bool,
) -> pd.DataFrame:
    for name in [name for name, asked in (("dff", relative), ("wide", wide)) if asked]:
        if "particle" not in tracks:
            raise ValueError(f"`tracks` must have the column particle for {name}, got none")
    with progress.stage("traces", length(movie)) as advance:
        found = measured(video, movie, tracks, wanted, advance)
    # An earlier one does not belong to this intensity.
    found = found.drop(columns="dff", errors="ignore")
    if not relative and not wide:
        return found
    signal = found["intensity"].astype(np.float64)
    if "background" in found:
        signal -= found["background"]
    if relative:
        signal = signal.groupby(found["particle"]).transform(relative_change)
    return _wide(found, signal) if wide else found.assign(dff=signal)


def _wide(found: pd.DataFrame, signal: pd.Series) -> pd.DataFrame:
    """Return a table of frames by particles."""
    keys = found[["frame", "particle"]]
    if (twice := keys.duplicated()).any():
        frame, particle = keys[twice].iloc[0]
        raise ValueError(
            f"`tracks` must have a particle once in a frame for wide, got particle {particle} "
            f"twice in frame {frame}"
        )
    table = keys.assign(signal=signal).pivot(index="frame", columns="particle", values="signal")
    table.columns = table.columns.astype(str).rename(None)
    table = table.reset_index()
    table.attrs = found.attrs
    return table
