"""Tracks as the data of a napari layer, and such data as tracks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.export._assembled import check_tracks, whole_numbers
from spotgpu.tables import POSITION_COLUMNS, Tracks, position_columns

__all__ = ["from_napari", "to_napari"]

#: Of tables: what the tracks themselves say. napari adds track_id.
DERIVED = ("particle", "lineage", "track_id")


def to_napari(
    tracks: Tracks, *, pos_columns: Sequence[str] | None = None
) -> tuple[npt.NDArray[np.float64], pd.DataFrame, dict[int, list[int]]]:
    """Return tracks as ``napari.layers.Tracks`` takes them.

    Parameters
    ----------
    tracks : Tracks
        Spots and edges. napari wants no frame below 0.
    pos_columns : sequence of str, optional
        Position columns, two or three in image order. Default: ([z,] y, x).

    Returns
    -------
    data : ndarray of float64, shape (spots, 4 or 5)
        Track, frame and ([z,] y, x) of each spot, by track and then by frame. A track is a
        particle of `tracks`: a piece without branches.
    features : DataFrame
        The other columns of the spots in the same order, ``lineage`` (what splits and merges
        connect) among them.
    graph : dict of int to list of int
        The parents of each track that has any.

    Raises
    ------
    TypeError
        If `tracks` are no Tracks.
    ValueError
        If a column is missing, or there are not two or three of positions.

    Notes
    -----
    Costs and kinds of edges have no place in it. `from_napari` takes the kinds from the graph.

    Examples
    --------
    >>> from spotgpu.tables import edge_table
    >>> spots = pd.DataFrame({"frame": [0, 1, 1], "y": 0.0, "x": [5.0, 4.0, 6.0], "id": [7, 8, 9]})
    >>> tracks = Tracks(spots, edge_table([7, 7], [8, 9], kind="split"))
    >>> data, features, graph = to_napari(tracks)
    >>> data.tolist()
    [[0.0, 0.0, 0.0, 5.0], [1.0, 1.0, 0.0, 4.0], [2.0, 1.0, 0.0, 6.0]]
    >>> graph
    {1: [0], 2: [0]}
    >>> viewer.add_tracks(data, features=features, graph=graph)  # doctest: +SKIP
    """
    table = check_tracks(tracks).to_dataframe()
    columns = position_columns("tracks.spots", table, pos_columns)
    if len(columns) not in (2, 3):
        raise ValueError(f"`pos_columns` must be two or three columns, got {pos_columns!r}")
    table = table.sort_values(["particle", tracks.t_column], ignore_index=True)
    held = ["particle", tracks.t_column, *columns]
    graph: dict[int, list[int]] = {}
    for parent, child in sorted(tracks.relations()[["parent", "child"]].to_numpy().tolist()):
        graph.setdefault(child, []).append(parent)
    return table[held].to_numpy(np.float64), table.drop(columns=held), graph


def from_napari(
    data: npt.ArrayLike,
    graph: Mapping[int, int | Iterable[int]] | None = None,
    features: pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    t_column: str = "frame",
    pos_columns: Sequence[str] | None = None,
) -> Tracks:
    """Return the tracks of a napari layer.

    Parameters
    ----------
    data : array_like, shape (spots, 4 or 5)
        ``layer.data``: track, frame and ([z,] y, x) of each spot, in any order.
    graph : dict, optional
        ``layer.graph``: the parent or the parents of each track that has any. The last spot of a
        parent is joined to the first of the track.
    features : DataFrame or dict of array_like, optional
        ``layer.features``: more columns, in the order of `data`. ``id``, if there, has the ids of
        the spots; columns of the tracks and positions that `data` has are left out.
    t_column : str
        Column to make of the frame numbers.
    pos_columns : sequence of str, optional
        Columns to make of the positions. Default: ([z,] y, x).

    Returns
    -------
    Tracks
        In the order of `data`. Kinds are derived from the graph
        (`spotgpu.tables.branching_kinds`), costs are NaN.

    Raises
    ------
    TypeError
        If `graph` is no dict.
    ValueError
        If a shape does not fit, a track or frame number is not whole, `graph` names a track that
        is not there, or these are no tracks: if a track is twice in a frame, say.

    Examples
    --------
    >>> data = [[3, 0, 10.0, 20.0], [3, 1, 11.0, 20.0], [8, 2, 12.0, 19.0], [9, 2, 12.0, 23.0]]
    >>> from_napari(data, {8: [3], 9: [3]}).edges["kind"].tolist()
    ['link', 'split', 'split']
    """
    array = np.asarray(data, np.float64)
    if array.ndim != 2 or array.shape[1] not in (4, 5):
        raise ValueError(f"`data` must be of shape (spots, 4 or 5), got {array.shape}")
    given = POSITION_COLUMNS[5 - array.shape[1] :] if pos_columns is None else tuple(pos_columns)
    names = [t_column, *given]
    if len(names) != array.shape[1] - 1 or len(set(names)) != len(names):
        raise ValueError(
            f"`pos_columns` must be {array.shape[1] - 2} distinct columns, got {pos_columns!r}"
        )
    table = pd.DataFrame(dict(zip(names, array.T[1:], strict=True)))
    table[t_column] = whole_numbers("`data` has times, which", array[:, 1])
    table["particle"] = whole_numbers("`data` has tracks, which", array[:, 0])
    if features is not None:
        table = pd.concat([table, _more(features, table)], axis=1)
    try:
        return Tracks.from_dataframe(table, _relations(graph, table), t_column)
    except ValueError as error:
        raise ValueError(f"`data` and `graph` must make tracks, but {error}") from error


def _more(features: pd.DataFrame | Mapping[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that `table` does not have."""
    try:
        more = pd.DataFrame(features).reset_index(drop=True)
    except ValueError as error:
        raise ValueError(f"`features` must be columns of one length, got {error}") from error
    if len(more) != len(table) and len(more.columns):
        raise ValueError(f"`features` must have {len(table)} rows, got {len(more)}")
    more = more.reindex(table.index)
    return more.drop(columns=[*table, *DERIVED], errors="ignore")


def _relations(
    graph: Mapping[int, int | Iterable[int]] | None, table: pd.DataFrame
) -> pd.DataFrame:
    """Return the pairs of parents and children."""
    if not isinstance(graph, Mapping | None):
        raise TypeError(f"`graph` must be a dict, got {type(graph).__name__}")
    pairs = [
        (parent, child)
        for child, parents in (graph or {}).items()
        for parent in (parents if isinstance(parents, Iterable) else [parents])
    ]
    known = set(table["particle"].tolist())
    for parent, child in pairs:
        if parent not in known or child not in known:
            raise ValueError(f"`graph` must name tracks of `data`, got {child}: {parent}")
    return pd.DataFrame(pairs, columns=["parent", "child"], dtype=np.int64)
