"""`along_tracks`: intensity in windows that follow particles."""

from __future__ import annotations

from contextlib import closing
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu import io
from spotgpu.pipeline._stream import length
from spotgpu.tables import Tracks, require_columns
from spotgpu.traces._coordinates import once, pixels_of
from spotgpu.traces._means import Points, moving_means, type_of
from spotgpu.traces._opened import opened
from spotgpu.traces._table import Wanted

__all__ = ["along_tracks", "measured"]

MEASURED = ("intensity", "background")
#: No frame has a number as large, or larger.
LARGEST = 2.0**63


def along_tracks(
    video: Any,
    tracks: pd.DataFrame | Tracks,
    size: Any = 5,
    window: str | None = None,
    *,
    background: Any = None,
    axes: str | None = None,
    channel: int | str | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """Return trajectories, or spots, with the intensity around each position in its frame.

    Parameters
    ----------
    video : path, array, sequence or iterable of frames, or Movie
        As in `extract_traces`; gone through once.
    tracks : DataFrame or Tracks
        One row a spot: ``frame`` and ``[z] y x`` in pixels; other columns are kept.
    size : number or sequence of number
        As in `extract_traces`; if one for each axis, in image order, ([z,] y, x).
    window : {'rect', 'disc', 'pixel'}, optional
        As in `extract_traces`.
    background : pair of number, optional
        Inner and outer radius of a ring, as in `trace_table`. Nothing is subtracted here.
    axes : str, optional
        As in `extract_traces`.
    channel : int or str, optional
        As in `extract_traces`.
    device : {'cpu', 'cuda', 'auto'}
        As in `extract_traces`.

    Returns
    -------
    DataFrame
        The rows of `tracks` in their order, with ``intensity``, the mean in the window around the
        nearest pixel, and with `background` the mean in the ring, ``background``. Columns of
        `tracks` with these two names are left out. Of `Tracks`, also with ``particle`` and
        ``lineage``.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, a position is outside, or the movie has no such frame.
    SpotgpuError
        If a file cannot be read, or there is no such device.

    Examples
    --------
    >>> video = np.zeros((2, 5, 9), np.uint8)
    >>> video[0, 2, 3] = video[1, 2, 5] = 90
    >>> tracks = pd.DataFrame({"frame": [0, 1], "y": 2.0, "x": [3.2, 4.9], "particle": 0})
    >>> along_tracks(video, tracks, size=3)["intensity"].tolist()
    [10.0, 10.0]
    """
    wanted = Wanted(size, window, background, "yx", device)
    with opened(video, axes, channel) as (source, movie):
        return measured(source, movie, tracks, wanted)


def measured(
    video: Any,
    movie: io.Movie,
    tracks: pd.DataFrame | Tracks,
    wanted: Wanted,
    advance: Any = lambda: None,
) -> pd.DataFrame:
    """Do what `along_tracks` does with a movie that is open.

    Parameters
    ----------
    video : object
        What the caller passed.
    movie : Movie
        The same, opened.
    tracks : DataFrame or Tracks
        As in `along_tracks`.
    wanted : Wanted
        What is measured.
    advance : callable
        Called for each frame.

    Returns
    -------
    DataFrame
        As of `along_tracks`.

    Raises
    ------
    TypeError, ValueError
        As `along_tracks`.
    """
    t_column = tracks.t_column if isinstance(tracks, Tracks) else "frame"
    table = tracks.to_dataframe() if isinstance(tracks, Tracks) else tracks
    once("tracks", require_columns("tracks", table, [t_column]))
    pixels, _ = pixels_of(table, movie.frame_shape, "yx", "tracks")
    frame = _frame_numbers(table[t_column], movie)
    windows = wanted.windows(movie.frame_shape)
    found = [np.empty(len(table), type_of(movie, window)) for window in windows]
    seen = np.zeros(len(table), np.bool_)
    points = Points(pixels, frame)
    with closing(moving_means(video, movie, points, windows, wanted.device)) as parts:  # type: ignore[type-var]
        for n_frames, rows, means in parts:
            seen[rows] = True
            for column, values in zip(found, means, strict=True):
                column[rows] = values
            for _ in range(n_frames):
                advance()
    if not seen.all():
        raise _missing(frame[~seen])
    # An earlier background does not belong to this intensity.
    result = table.reset_index(drop=True).drop(columns=list(MEASURED), errors="ignore")
    result = result.assign(**dict(zip(MEASURED, found, strict=False)))
    result.attrs = deepcopy(table.attrs)
    return result


def _frame_numbers(column: pd.Series, movie: io.Movie) -> npt.NDArray[np.int64]:
    """Return the frames of the rows; what a file cannot have is refused before it is read."""
    if len(column) == 0:
        return np.empty(0, np.int64)
    if column.dtype.kind not in "iuf":
        raise TypeError(f"`tracks` must have numbers in the column frame, got {column.dtype}")
    values = column.to_numpy(np.float64, na_value=np.nan)
    whole = np.isfinite(values) & (np.floor(values) == values)
    if not whole.all():
        first = int(np.argmin(whole))
        raise ValueError(f"`tracks` must have whole frames, got {values[first]} at index {first}")
    n_frames = length(movie) if movie.file_backed else None
    outside = (values < 0) | (values >= (LARGEST if n_frames is None else n_frames))
    if outside.any():
        raise _missing(column.to_numpy()[outside])
    return column.to_numpy(np.int64)


def _missing(frames: npt.NDArray[Any]) -> ValueError:
    return ValueError(f"`tracks` must have frames of the movie only, got frame {frames[0]}")
