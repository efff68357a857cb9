"""Rows sorted by particle and frame, once, for every function of the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from spotgpu.checks import integer, number, per_axis
from spotgpu.tables import require_columns

__all__ = ["SortedTracks", "checked_units", "particle_codes", "sort_tracks", "whole_numbers"]


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
        """Positions of each track, shape (K,)."""
        return np.diff(self.starts)

    @property
    def spans(self) -> npt.NDArray[np.int64]:
        """Frames from the first to the last of each track, both included, shape (K,)."""
        return self.frames[self.starts[1:] - 1] - self.frames[self.starts[:-1]] + 1


def checked_units(
    mpp: object, fps: object, columns: Sequence[str]
) -> tuple[npt.NDArray[np.float64], float]:
    """Return the pixel size for each of `columns` and the frame rate, both checked."""
    sizes = per_axis("mpp", mpp, len(columns), lambda name, item: number(name, item, above=0))
    return np.array(sizes), number("fps", fps, above=0)


def sort_tracks(
    name: str,
    table: pd.DataFrame,
    columns: Sequence[str],
    scale: npt.NDArray[np.float64] | None = None,
    one_track: bool = False,
) -> SortedTracks:
    """Sort the rows of `table` by particle and frame.

    A row whose position is NaN in any of `columns` counts as a frame in which the particle was
    not seen.

    Parameters
    ----------
    name : str
        Name of the argument that `table` came in by, for the messages.
    table : DataFrame
        Trajectories: ``frame``, `columns` and ``particle``.
    columns : sequence of str
        The position columns.
    scale : ndarray of float64, shape (ndim,), optional
        Positions are multiplied by it. Default 1.
    one_track : bool
        ``particle`` need not be there, and if it is there must be one only.

    Returns
    -------
    SortedTracks
        Its `labels` are those of the particles that have a position.
    """
    needed = [] if one_track and "particle" not in table.columns else ["particle"]
    require_columns(name, table, [*needed, "frame", *columns])
    values = [_real_numbers(name, table, column) for column in columns]
    frames = whole_numbers(name, table["frame"])
    if needed:
        codes, labels = particle_codes(name, table["particle"])
    else:
        codes, labels = np.zeros(len(table), np.int64), pd.RangeIndex(min(1, len(table)))
    seen = ~np.isnan(sum(values, np.zeros(len(table))))
    if not seen.all():
        values, frames = [v[seen] for v in values], frames[seen]
        present, codes = np.unique(codes[seen], return_inverse=True)
        labels = labels[present]
    if one_track and len(labels) > 1:
        raise ValueError(f"`{name}` must have one particle, got {len(labels)}")
    rows, starts = _order(codes, frames, len(labels))
    positions = np.empty((len(columns), len(codes)))
    for axis, column in enumerate(values):
        positions[axis] = column if rows is None else column.take(rows)
        if scale is not None:
            positions[axis] *= scale[axis]
    result = SortedTracks(labels, starts, frames if rows is None else frames.take(rows), positions)
    _check_unique(name, result)
    return result


def particle_codes(name: str, column: pd.Series[Any]) -> tuple[npt.NDArray[np.int64], pd.Index]:
    """Return a number from 0 for each row, and the particles that they stand for, ascending."""
    if column.hasnans:
        raise ValueError(f"`{name}` must have a particle in every row, got a missing value")
    values = column.to_numpy()
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        # A table of the numbers between is cheaper than sorting, unless it is mostly holes.
        if high - low < 4 * len(values) + 1024:
            codes = values.astype(np.int64) - low
            present = np.bincount(codes, minlength=high - low + 1) > 0
            labels = np.flatnonzero(present)
            if len(labels) < len(present):
                codes = (np.cumsum(present) - 1)[codes]
            return codes, pd.Index((labels + low).astype(values.dtype))
    codes, labels = pd.factorize(values, sort=True)
    return codes.astype(np.int64), pd.Index(labels)


def whole_numbers(name: str, column: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Return the column as int64, or raise if it holds anything but whole numbers."""
    values = column.to_numpy()
    if values.dtype.kind in "iu":
        return values.astype(np.int64, copy=False)
    wanted = f"`{name}` must have whole numbers in column {column.name!r}"
    if values.dtype.kind != "f":
        raise TypeError(f"{wanted}, got {values.dtype}")
    whole = values == np.floor(values)
    whole &= np.abs(values) < 2.0**53
    if not whole.all():
        raise ValueError(f"{wanted}, got {values[~whole][0]}")
    return values.astype(np.int64)


def _real_numbers(name: str, table: pd.DataFrame, column: str) -> npt.NDArray[np.float64]:
    values = table[column].to_numpy()
    if values.dtype.kind not in "iuf":
        raise TypeError(f"`{name}` must have numbers in column {column!r}, got {values.dtype}")
    values = values.astype(np.float64, copy=False)
    if np.isinf(values).any():
        raise ValueError(f"`{name}` must have finite numbers in column {column!r}, got inf")
    return values


def _order(
    codes: npt.NDArray[np.int64], frames: npt.NDArray[np.int64], n_tracks: int
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64]]:
    """Return the rows by track and frame, None if they are so already, and where tracks start."""
    starts = np.zeros(n_tracks + 1, np.int64)
    np.cumsum(np.bincount(codes, minlength=n_tracks), out=starts[1:])
    step = np.diff(frames)
    later_track = np.diff(codes)
    if ((later_track > 0) | ((later_track == 0) & (step >= 0))).all():
        return None, starts
    if (step >= 0).all():
        return _counting_sort(codes, n_tracks), starts
    by_frame = np.argsort(frames, kind="stable")
    return by_frame[_counting_sort(codes[by_frame], n_tracks)], starts


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


def checked_lags(max_lagtime: object) -> int:
    """Return `max_lagtime` as an int of at least 1."""
    return integer("max_lagtime", max_lagtime, at_least=1)
