"""Tracks from the nodes and edges of a graph that somebody else made."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.tables import EDGE_KINDS, Tracks, branching_kinds, edge_table

__all__ = ["assembled", "check_tracks", "whole_numbers"]

Ints = npt.NDArray[np.int64]


def check_tracks(tracks: object) -> Tracks:
    """Return `tracks` if these are Tracks.

    Parameters
    ----------
    tracks : Tracks
        What the caller passed.

    Returns
    -------
    Tracks
        The same.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if not isinstance(tracks, Tracks):
        raise TypeError(f"`tracks` must be spotgpu.tables.Tracks, got {type(tracks).__name__}")
    return tracks


def whole_numbers(name: str, values: Any) -> Ints:
    """Return numbers as int64.

    Parameters
    ----------
    name : str
        What they are, for the message.
    values : array_like
        Integers, or floats without a fraction.

    Returns
    -------
    ndarray of int64, shape (n,)
        The same numbers.

    Raises
    ------
    ValueError
        If one is no whole number, or is missing.
    """
    given = np.asarray(values)
    if not given.size:
        return np.empty(0, np.int64)
    if given.dtype.kind not in "iuf":
        odd = next((v for v in given.flat if not _is_number(v)), given.flat[0])
        raise ValueError(f"{name} must be whole numbers, got {odd!r}")
    if given.dtype.kind == "f":  # NaN fails every comparison
        whole = (given >= -(2.0**63)) & (given < 2.0**63) & (np.floor(given) == given)
    else:
        whole = given <= np.iinfo(np.int64).max
    if not whole.all():
        raise ValueError(f"{name} must be whole numbers, got {given[~whole][0]}")
    return given.astype(np.int64)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def assembled(
    spots: pd.DataFrame, edges: pd.DataFrame, t_column: str, *, directed: bool = True
) -> Tracks:
    """Return the tracks that nodes and edges make.

    Parameters
    ----------
    spots : DataFrame
        With the columns ``id`` and `t_column`.
    edges : DataFrame
        Columns ``source`` and ``target`` (ids), and any others; ``cost`` is NaN where it is not
        said, and ``kind`` by `spotgpu.tables.branching_kinds`.
    t_column : str
        Column of the frame numbers.
    directed : bool
        If False, edges lead from the earlier spot to the later.

    Returns
    -------
    Tracks
        With a RangeIndex in both tables.

    Raises
    ------
    ValueError
        If these are no tracks.
    """
    Tracks(spots, edge_table([], []), t_column)  # ids are distinct, and frames whole, from here on
    row_of = pd.Index(spots["id"])
    source, target = (row_of.get_indexer(edges[end]) for end in ("source", "target"))
    absent = np.flatnonzero((source < 0) | (target < 0))
    if len(absent):
        ends = edges[["source", "target"]].to_numpy()[absent[0]]
        raise ValueError(f"edges must join spots that are there, got {ends[0]} to {ends[1]}")
    frame, spot_id = spots[t_column].to_numpy(), spots["id"].to_numpy()
    if not directed:
        back = frame[source] > frame[target]
        source, target = np.where(back, target, source), np.where(back, source, target)
    kinds = branching_kinds(source, target, frame)
    if "kind" in edges:
        kinds = edges["kind"].astype(object).where(edges["kind"].notna(), kinds).to_numpy()
    unknown = [kind for kind in kinds if kind not in EDGE_KINDS]
    if unknown:
        raise ValueError(f"edges must be of the kinds {', '.join(EDGE_KINDS)}, got {unknown[0]!r}")
    cost = edges["cost"].to_numpy(np.float64, na_value=np.nan) if "cost" in edges else np.nan
    table = edge_table(spot_id[source], spot_id[target], cost, kinds)
    others = edges.drop(columns=list(table), errors="ignore").reset_index(drop=True)
    return Tracks(spots.reset_index(drop=True), pd.concat([table, others], axis=1), t_column)
