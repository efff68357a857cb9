"""The table of edges between spots: how it is made, and what must hold of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_integer_dtype

from spotgpu.tables._columns import require_columns

__all__ = ["EDGE_KINDS", "branching_kinds", "check_edges", "check_ids", "edge_table"]

#: What an edge may be.
EDGE_KINDS = ("link", "gap", "split", "merge")

_Ids = npt.ArrayLike


def edge_table(source: _Ids, target: _Ids, cost: Any = np.nan, kind: Any = "link") -> pd.DataFrame:
    """Return a table of edges.

    Parameters
    ----------
    source, target : array_like of int, shape (edges,)
        Ids of the spots that each edge joins.
    cost : float or array_like of float, shape (edges,)
        What each edge cost.
    kind : str or array_like of str, shape (edges,)
        What each edge is.

    Returns
    -------
    DataFrame
        Columns ``source``, ``target`` (int64), ``cost`` (float64) and ``kind`` (a category).
    """
    source = np.asarray(source, np.int64)
    n = len(source)
    kinds = np.broadcast_to(np.asarray(kind, dtype=object), n)
    return pd.DataFrame(
        {
            "source": source,
            "target": np.asarray(target, np.int64),
            "cost": np.broadcast_to(np.asarray(cost, np.float64), n),
            "kind": pd.Categorical(kinds, categories=EDGE_KINDS),
        }
    )


def branching_kinds(
    source: npt.NDArray[np.int64], target: npt.NDArray[np.int64], frame: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Say what edges are, by the graph that they make.

    Parameters
    ----------
    source, target : ndarray of int64, shape (edges,)
        Rows of the spots.
    frame : ndarray of int64, shape (spots,)
        Of each spot.

    Returns
    -------
    ndarray of str, shape (edges,)
        'merge' where the target has another parent; else 'split' where the source has another
        child; else 'gap' where frames lie between, and 'link'.
    """
    n = len(frame)
    kind = np.where(frame[target] - frame[source] > 1, "gap", "link").astype(object)
    kind[np.bincount(source, minlength=n)[source] > 1] = "split"
    kind[np.bincount(target, minlength=n)[target] > 1] = "merge"
    return kind


def check_ids(spots: pd.DataFrame, t_column: str) -> None:
    """Check that the spots have distinct ids and whole frame numbers.

    Parameters
    ----------
    spots : DataFrame
        With the columns ``id`` and `t_column`.
    t_column : str
        Column of the frame numbers.

    Raises
    ------
    ValueError
        If they do not.
    """
    for column in ("id", t_column):
        if not is_integer_dtype(spots[column]) or spots[column].isna().any():
            raise ValueError(
                f"`spots` must have integers in column {column}, got {spots[column].dtype}"
            )
    twice = spots["id"].duplicated()
    if twice.any():
        raise ValueError(
            f"`spots` must have an `id` for each row alone, got {spots['id'][twice].iloc[0]} twice"
        )


def check_edges(edges: pd.DataFrame, spots: pd.DataFrame, t_column: str) -> None:
    """Check that edges join spots that are there, forward in time, and branch by their kinds.

    Parameters
    ----------
    edges : DataFrame
        Edges.
    spots : DataFrame
        With distinct ids.
    t_column : str
        Column of the frame numbers.

    Raises
    ------
    TypeError
        If `edges` is not a DataFrame.
    ValueError
        If a column is missing or something does not hold.
    """
    require_columns("edges", edges, ["source", "target", "cost", "kind"])
    unknown = ~edges["kind"].isin(EDGE_KINDS)
    if unknown.any():
        raise ValueError(
            f"`edges` must be of the kinds {', '.join(EDGE_KINDS)}, "
            f"got {edges['kind'][unknown].iloc[0]!r}"
        )
    frame_of = spots.set_index("id")[t_column]
    frames = {}
    for end in ("source", "target"):
        absent = ~edges[end].isin(frame_of.index)
        if absent.any():
            raise ValueError(
                f"`edges` must join spots that are there, got {end} {edges[end][absent].iloc[0]}"
            )
        frames[end] = frame_of.loc[edges[end]].to_numpy()
    backward = np.flatnonzero(frames["source"] >= frames["target"])
    if len(backward):
        i = backward[0]
        raise ValueError(
            "`edges` must lead to a later frame, got "
            f"spot {edges['source'].iloc[i]} (frame {frames['source'][i]}) to "
            f"spot {edges['target'].iloc[i]} (frame {frames['target'][i]})"
        )
    twice = edges.duplicated(["source", "target"])
    if twice.any():
        source, target = edges[["source", "target"]][twice].to_numpy()[0]
        raise ValueError(f"`edges` must join spots once, got {source} to {target} twice")
    _check_branches(edges)


def _check_branches(edges: pd.DataFrame) -> None:
    """Check that only merges give a spot several parents, and only splits several children."""
    for one, kinds, other, said in (
        ("target", ["merge"], "source", "one parent, unless the others are of kind 'merge'"),
        (
            "source",
            ["split", "merge"],
            "target",
            "one child, unless the others are of kind 'split'",
        ),
    ):
        plain = edges[~edges["kind"].isin(kinds)]
        twice = plain[one].duplicated()
        if twice.any():
            spot = plain[one][twice].iloc[0]
            others = plain[other][plain[one] == spot].tolist()
            raise ValueError(
                f"`edges` must give a spot {said}, got {' and '.join(map(str, others))} for "
                f"spot {spot}"
            )
