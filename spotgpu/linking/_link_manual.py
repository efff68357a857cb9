"""`link_manual`: tracks of edges that the caller gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spotgpu.backends.pairs import Ints
from spotgpu.tables import Tracks, branching_kinds, edge_table, require_columns, with_ids

__all__ = ["link_manual"]


def link_manual(spots: pd.DataFrame, edges: Any, *, t_column: str = "frame") -> Tracks:
    """Make tracks of given edges.

    Parameters
    ----------
    spots : DataFrame
        One row a spot, with `t_column` (integers). ``id`` is the row's number, from 0, if it is
        not there.
    edges : DataFrame or array_like of int, shape (edges, 2) or (edges, 2, 2)
        Source and target of each edge, the earlier spot first. As a table: columns ``source`` and
        ``target`` (ids), and ``cost`` and ``kind`` if these are known. As an array: pairs of ids,
        or pairs of (frame, index), where the index counts the spots of that frame from 0 in the
        order of rows.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    Tracks
        The spots and edges in the order given. A cost that is not given is NaN. Kinds that are
        not given are 'merge' where the target has another parent; else 'split' where the source
        has another child; else 'gap' where frames lie between, and 'link'.

    Raises
    ------
    TypeError
        If `spots` is not a DataFrame or the edges are not of integers.
    ValueError
        If a column is missing, the edges have another shape, a spot is not there, an id or an edge
        is there twice, or an edge does not lead to a later frame; if the kinds given do not allow
        the branches that there are.

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 1, 1], "y": 0.0, "x": [5.0, 4.0, 6.0]})
    >>> link_manual(spots, [(0, 1), (0, 2)]).edges["kind"].tolist()
    ['split', 'split']
    >>> link_manual(spots, [((0, 0), (1, 1))]).edges[["source", "target"]].to_numpy().tolist()
    [[0, 2]]
    """
    require_columns("spots", spots, [t_column])
    spots = with_ids(spots.reset_index(drop=True), t_column)
    cost: Any = np.nan
    kind: Any = None
    if isinstance(edges, pd.DataFrame):
        require_columns("edges", edges, ["source", "target"])
        ends = _integers(edges[["source", "target"]])
        cost, kind = edges.get("cost", cost), edges.get("kind")
    else:
        ends = _integers(edges)
        if ends.shape[1:] == (2, 2):
            ends = _ids(spots, ends, t_column)
        elif ends.shape[1:] != (2,):
            raise ValueError(
                f"`edges` must be of shape (edges, 2) or (edges, 2, 2), got {ends.shape}"
            )
    source, target = ends.T
    # Merges may branch in any way: of this kind, Tracks checks only what holds of all edges.
    table = edge_table(source, target, cost, "merge")
    if kind is None:
        rows = Tracks(spots, table, t_column).rows
        kind = branching_kinds(*rows, spots[t_column].to_numpy())
        return Tracks(spots, edge_table(source, target, cost, kind), t_column)
    return Tracks(spots, table.assign(kind=kind.to_numpy()), t_column)


def _integers(edges: Any) -> Ints:
    """Return the ends of the edges as an array."""
    try:
        ends = np.asarray(edges)
    except ValueError:
        raise ValueError("`edges` must be pairs of ids or of (frame, index), got both") from None
    if not ends.size:
        return np.empty((0, 2), np.int64)
    if ends.dtype.kind not in "iu":
        raise TypeError(f"`edges` must be of integers, got {ends.dtype}")
    return ends.astype(np.int64)


def _ids(spots: pd.DataFrame, ends: Ints, t_column: str) -> Ints:
    """Return the ids of spots given by frame and index."""
    index = spots.groupby(t_column).cumcount()
    rows = pd.MultiIndex.from_arrays([spots[t_column], index])
    asked = pd.MultiIndex.from_arrays(list(ends.reshape(-1, 2).T))
    row = rows.get_indexer(asked)
    if (row < 0).any():
        frame, place = asked[row < 0][0]
        raise ValueError(
            f"`edges` must join spots that are there, got spot {place} of frame {frame}"
        )
    found: Ints = spots["id"].to_numpy(np.int64)[row].reshape(-1, 2)
    return found
