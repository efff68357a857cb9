"""Rows sorted by particle and frame, once, for every function of the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from spotgpu.motion._columns import particle_codes, real_numbers, whole_numbers
from spotgpu.tables import require_columns

__all__ = ["Rows", "SortedTracks", "read_rows", "short_gaps", "sort_rows"]

#: Frames (N,) and positions (ndim, N), by track.
Sorted = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]

#: Cells of a table for each row, up to which it is worth filling.
SPARSE = 4


@dataclass(frozen=True)
class SortedTracks:
    """Positions of K tracks, N rows in all, sorted by particle and frame.

    Attributes
    ----------
    labels : Index, length K
        The particles, ascending.
    starts : ndarray of int64, shape (K + 1,)
        Track k has the rows ``starts[k]:starts[k + 1]``.
    frames : ndarray of int64, shape (N,)
        Ascending within a track, none twice.
    positions : ndarray of float64, shape (ndim, N)
        Finite; in the unit that the caller asked for.
    """

    labels: pd.Index
    starts: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float64]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of positions of each track.

        Returns
        -------
        ndarray of int64, shape (K,)
            At least 1.
        """
        return np.diff(self.starts)

    @property
    def spans(self) -> npt.NDArray[np.int64]:
        """Number of frames from the first to the last of each track, both included.

        Returns
        -------
        ndarray of int64, shape (K,)
            At least 1.
        """
        return self.frames[self.starts[1:] - 1] - self.frames[self.starts[:-1]] + 1


@dataclass(frozen=True)
class Rows:
    """The columns of a table of trajectories, checked, as they came but for rows without position.

    Attributes
    ----------
    labels : Index, length K
        The particles, ascending.
    codes, frames : ndarray of int64, shape (N,)
        Which of the particles, and when.
    positions : list of ndarray of float64, shape (N,)
        One for each axis; finite.
    """

    labels: pd.Index
    codes: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    positions: list[npt.NDArray[np.float64]]


def read_rows(
    name: str, table: pd.DataFrame, columns: Sequence[str], one_track: bool = False
) -> Rows:
    """Check the columns of a table; a position of NaN is a frame in which nothing was seen.

    Parameters
    ----------
    name : str
        Name of the argument that `table` came in by, for the messages.
    table : DataFrame
        Trajectories.
    columns : sequence of str
        The position columns.
    one_track : bool
        ``particle`` need not be there, and if it is must be one only.

    Returns
    -------
    Rows
        In the order of the table.
    """
    alone = one_track and "particle" not in table.columns
    require_columns(name, table, [*([] if alone else ["particle"]), "frame", *columns])
    values = [real_numbers(name, table, column) for column in columns]
    frames = whole_numbers(name, table["frame"])
    labels: pd.Index
    if alone:
        codes, labels = np.zeros(len(table), np.int64), pd.RangeIndex(min(1, len(table)))
    else:
        codes, labels, _ = particle_codes(name, table["particle"])
    if one_track and len(labels) > 1:
        raise ValueError(f"`{name}` must have one particle, got {len(labels)}")
    gone = [np.isnan(v) for v in values]
    if any(g.any() for g in gone):
        seen = ~np.logical_or.reduce(gone)
        values, frames = [v[seen] for v in values], frames[seen]
        present, codes = np.unique(codes[seen], return_inverse=True)
        labels = labels[present]
    return Rows(labels, codes, frames, values)


def sort_rows(name: str, rows: Rows) -> SortedTracks:
    """Sort by particle and frame.

    Parameters
    ----------
    name : str
        Name of the argument that they came in by, for the message.
    rows : Rows
        In any order.

    Returns
    -------
    SortedTracks
        The same.
    """
    starts = np.zeros(len(rows.labels) + 1, np.int64)
    np.cumsum(np.bincount(rows.codes, minlength=len(rows.labels)), out=starts[1:])
    frames, positions = _by_cells(rows, starts) or _by_rows(rows)
    result = SortedTracks(rows.labels, starts, frames, positions)
    _check_unique(name, result)
    return result


def short_gaps(
    tracks: SortedTracks, max_lagtime: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Cut gaps to what no pair can bridge, so that memory for all frames follows the rows.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    max_lagtime : int
        Largest lag in frames.

    Returns
    -------
    times : ndarray of int64, shape (N,)
        The frames, or numbers whose differences within a track are the same up to `max_lagtime`.
    spans : ndarray of int64, shape (K,)
        From the first to the last of these of each track, both included.
    """
    steps = np.diff(tracks.frames, prepend=0)
    steps[tracks.starts[:-1]] = 0
    if len(steps) and steps.max() > max_lagtime + 1:
        np.minimum(steps, max_lagtime + 1, out=steps)
        times = np.cumsum(steps)
    else:
        times = tracks.frames
    first, last = times[tracks.starts[:-1]], times[tracks.starts[1:] - 1]
    return times, last - first + 1


def _by_cells(rows: Rows, starts: npt.NDArray[np.int64]) -> Sorted | None:
    """Sort frames and positions by writing them where they belong, None if that does not pay.

    Rows by frame, as linkers leave them, are written to as many places at once as there are
    particles, which a cache holds: faster than fetching them track by track.
    """
    codes, frames = rows.codes, rows.frames
    if not len(codes) or not (frames[1:] >= frames[:-1]).all():
        return None
    first, last = np.empty((2, len(rows.labels)), np.int64)
    first[codes[::-1]] = frames[::-1]  # of several values the last one stays
    last[codes] = frames
    if (last - first + 1.0).sum() > SPARSE * len(codes):
        return None
    ends = np.cumsum(last - first + 1)
    shift = ends - last - 1
    cells = shift[codes]
    cells += frames
    seen = np.zeros(ends[-1], np.bool_)
    seen[cells] = True
    places = np.flatnonzero(seen)
    if len(places) < len(codes):
        return None  # a particle is twice in a frame
    positions = np.empty((len(rows.positions), len(codes)))
    table = np.empty(len(seen))
    for place, values in zip(positions, rows.positions, strict=True):
        table[cells] = values
        table.take(places, out=place, mode="clip")
    return places - np.repeat(shift, np.diff(starts)), positions


def _by_rows(rows: Rows) -> Sorted:
    """Sort frames and positions by sorting the rows' numbers."""
    codes, frames = rows.codes, rows.frames
    by_track = bool((codes[1:] >= codes[:-1]).all())
    if by_track and ((frames[1:] >= frames[:-1]) | (codes[1:] > codes[:-1])).all():
        return frames, np.array(rows.positions)
    if (frames[1:] >= frames[:-1]).all():
        order = _counting_sort(codes, len(rows.labels))
    else:
        order = np.argsort(frames, kind="stable")
        order = order[_counting_sort(codes[order], len(rows.labels))]
    positions = np.empty((len(rows.positions), len(order)))
    for place, values in zip(positions, rows.positions, strict=True):
        values.take(order, out=place, mode="clip")
    return frames.take(order), positions


def _counting_sort(codes: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return the stable order of `codes`, numbers below `n`.

    scipy's conversion of a sparse matrix from columns to rows, one entry a column, is a stable
    counting sort. Equivalent to::

        np.argsort(codes, kind="stable")
    """
    pointers = np.arange(len(codes) + 1)
    entries = np.zeros(len(codes), np.int8)
    matrix = sparse.csc_array((entries, codes, pointers), shape=(n, len(codes)))
    return np.asarray(matrix.tocsr().indices, dtype=np.int64)


def _check_unique(name: str, tracks: SortedTracks) -> None:
    same = np.diff(tracks.frames) == 0
    same[tracks.starts[1:-1] - 1] = False
    if same.any():
        row = int(np.flatnonzero(same)[0])
        track = int(np.searchsorted(tracks.starts, row, side="right")) - 1
        raise ValueError(
            f"`{name}` must have a particle once in a frame, got particle "
            f"{tracks.labels[track]} twice in frame {tracks.frames[row]}"
        )
