"""The table of edges between spots: how it is made, and what must hold of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_integer_dtype

from spotgpu.tables._columns import require_columns

__all__ = [
    "EDGE_KINDS",
    "branching_kinds",
    "check_edges",
    "check_ids",
    "edge_table",
    "row_numbers",
    "with_ids",
]

#: What an edge may be.
EDGE_KINDS = ("link", "gap", "split", "merge")

_Ids = npt.ArrayLike
Ints = npt.NDArray[np.int64]
_KIND = pd.CategoricalDtype(list(EDGE_KINDS))


def edge_table(source: _Ids, target: _Ids, cost: Any = np.nan, kind: Any = "link") -> pd.DataFrame:
    """Return a table of edges.

    Parameters
    ----------
    source, target : array_like of int, shape (edges,)
        Ids of the spots that each edge joins.
    cost : float or array_like of float, shape (edges,)
        What each edge cost.
    kind : str, or array of str or int8, shape (edges,)
        What each edge is: a name, or its place in `EDGE_KINDS`.

    Returns
    -------
    DataFrame
        Columns ``source``, ``target`` (int64), ``cost`` (float64) and ``kind`` (a category).
    """
    source = np.asarray(source, np.int64)
    n = len(source)
    if isinstance(kind, str):
        kind = np.full(n, EDGE_KINDS.index(kind), np.int8)
    if isinstance(kind, np.ndarray) and kind.dtype == np.int8:
        kind = pd.Categorical.from_codes(kind, dtype=_KIND)
    return pd.DataFrame(
        {
            "source": source,
            "target": np.asarray(target, np.int64),
            "cost": np.broadcast_to(np.asarray(cost, np.float64), n),
            "kind": pd.Categorical(kind, dtype=_KIND),
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


def with_ids(spots: pd.DataFrame, t_column: str) -> pd.DataFrame:
    """Return spots with distinct ids: their own, or the numbers of their rows.

    Parameters
    ----------
    spots : DataFrame
        With the index 0, 1, ...; a column ``id`` is added if there is none.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    DataFrame
        `spots` itself.

    Raises
    ------
    ValueError
        As of `check_ids`.
    """
    if "id" not in spots:
        spots["id"] = np.arange(len(spots))
    check_ids(spots, t_column)
    return spots


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


def row_numbers(ids: pd.Series[Any], wanted: pd.Series[Any]) -> Ints:
    """Return the rows that have the wanted ids.

    Parameters
    ----------
    ids : Series of int
        Distinct.
    wanted : Series of int
        What to look for.

    Returns
    -------
    ndarray of int64, shape (len(wanted),)
        Rows, counted from 0; -1 for ids that are not there.
    """
    values, look = ids.to_numpy(), wanted.to_numpy()
    n = len(values)
    if look.dtype.kind in "iu" and np.array_equal(values, np.arange(n)):  # no table needed
        return np.where((look >= 0) & (look < n), look, -1).astype(np.int64)
    return pd.Index(values).get_indexer(pd.Index(look)).astype(np.int64)


def check_edges(
    edges: pd.DataFrame, spots: pd.DataFrame, t_column: str, name: str = "edges"
) -> None:
    """Check that edges join spots that are there, forward in time, and branch by their kinds.

    Parameters
    ----------
    edges : DataFrame
        Edges.
    spots : DataFrame
        With distinct ids.
    t_column : str
        Column of the frame numbers.
    name : str
        What `edges` is called, for messages.

    Raises
    ------
    TypeError
        If `edges` is not a DataFrame.
    ValueError
        If a column is missing or something does not hold.
    """
    require_columns(name, edges, ["source", "target", "cost", "kind"])
    kind = _kind_codes(edges["kind"], name)
    rows = {end: row_numbers(spots["id"], edges[end]) for end in ("source", "target")}
    for end, row in rows.items():
        if (row < 0).any():
            raise ValueError(
                f"`{name}` must join spots that are there, got {end} {edges[end][row < 0].iloc[0]}"
            )
    frame = spots[t_column].to_numpy()
    backward = np.flatnonzero(frame[rows["source"]] >= frame[rows["target"]])
    if len(backward):
        said = " to ".join(
            f"spot {edges[end].iloc[backward[0]]} (frame {frame[row[backward[0]]]})"
            for end, row in rows.items()
        )
        raise ValueError(f"`{name}` must lead to a later frame, got {said}")
    _check_branches(edges, rows, kind, name)


def _kind_codes(kind: pd.Series[Any], name: str) -> npt.NDArray[np.int8]:
    """Return the place of each edge's kind in `EDGE_KINDS`."""
    unknown = kind.isna() if kind.dtype == _KIND else ~kind.isin(EDGE_KINDS)
    if unknown.any():
        raise ValueError(
            f"`{name}` must be of the kinds {', '.join(EDGE_KINDS)}, got {kind[unknown].iloc[0]!r}"
        )
    return pd.Categorical(kind, dtype=_KIND).codes


def _check_branches(
    edges: pd.DataFrame, rows: dict[str, Ints], kind: npt.NDArray[np.int8], name: str
) -> None:
    """Check that no edge is there twice, and that only merges and splits make branches."""
    several = np.bincount(rows["target"], minlength=1)[rows["target"]] > 1
    ends = edges.loc[several, ["source", "target"]]
    if (twice := ends.duplicated()).any():
        source, target = ends[twice].to_numpy()[0]
        raise ValueError(f"`{name}` must join spots once, got {source} to {target} twice")
    for one, kinds, other, said in (
        ("target", ["merge"], "source", "one parent, unless the others are of kind 'merge'"),
        (
            "source",
            ["split", "merge"],
            "target",
            "one child, unless the others are of kind 'split'",
        ),
    ):
        branching = np.isin(np.arange(len(EDGE_KINDS)), [EDGE_KINDS.index(k) for k in kinds])
        plain = np.flatnonzero(~branching[kind])
        row = rows[one][plain]
        crowded = plain[np.bincount(row, minlength=1)[row] > 1]
        if len(crowded):
            spot = edges[one].iloc[crowded[0]]
            others = edges[other].iloc[crowded][edges[one].iloc[crowded] == spot]
            raise ValueError(
                f"`{name}` must give a spot {said}, got {' and '.join(map(str, others))} for "
                f"spot {spot}"
            )
