"""Edges that the user has decided on, which trackers keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spotgpu.linking._links import MERGE, SPLIT, Links, Taken
from spotgpu.tables import EDGE_KINDS, branching_kinds, check_edges, require_columns, row_numbers

__all__ = ["fixed_links"]


def fixed_links(edges: Any, table: pd.DataFrame, t_column: str) -> tuple[Links, Taken]:
    """Check edges, and say which spots they leave to the tracker.

    Parameters
    ----------
    edges : DataFrame, sequence of pairs of int, or None
        Ids of the spots that are joined: columns ``source`` and ``target``, and, optionally,
        ``kind`` and ``cost``.
    table : DataFrame
        Spots with ids.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    links : Links
        Between rows of the table; of the cost NaN where none is given.
    taken : Taken
        Spots that need nothing more. A spot with one child by a split may be linked on, and a spot
        with one parent by a merge may be linked to.

    Raises
    ------
    TypeError, ValueError
        If an edge cannot be.
    """
    n = len(table)
    if edges is None:
        none = np.empty(0, np.int64)
        return Links(none, none, np.empty(0), np.empty(0, np.int8)), Taken.none(n)
    given = _edge_table(edges)
    rows = [row_numbers(table["id"], given[end]) for end in ("source", "target")]
    source, target = rows
    if "kind" not in given and len(given) and min(source.min(), target.min()) >= 0:
        given["kind"] = branching_kinds(source, target, table[t_column].to_numpy())
    elif "kind" not in given:
        given["kind"] = EDGE_KINDS[0]
    if "cost" not in given:
        given["cost"] = np.nan
    check_edges(given, table, t_column, "fixed_edges")
    kind = np.array([EDGE_KINDS.index(name) for name in given["kind"]], np.int8)
    links = Links(source, target, given["cost"].to_numpy(np.float64), kind)
    children, parents = np.bincount(source, minlength=n), np.bincount(target, minlength=n)
    split = np.bincount(source[kind == SPLIT], minlength=n)
    merged = np.bincount(target[kind == MERGE], minlength=n)
    taken = Taken(
        continued=(children > split) | (children > 1),
        begun=(parents > merged) | (parents > 1),
        split=split > 0,
        merged=merged > 0,
    )
    return links, taken


def _edge_table(edges: Any) -> pd.DataFrame:
    """Return the edges as a table of their own."""
    if isinstance(edges, pd.DataFrame):
        require_columns("fixed_edges", edges, ["source", "target"])
        table = edges.reset_index(drop=True)
    else:
        pairs = np.asarray(list(edges))
        if pairs.size == 0:
            pairs = np.empty((0, 2), np.int64)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(
                f"`fixed_edges` must be a table or pairs of ids, got shape {pairs.shape}"
            )
        table = pd.DataFrame(pairs, columns=["source", "target"])
    for end in ("source", "target"):
        if len(table) and table[end].dtype.kind not in "iu":
            raise ValueError(f"`fixed_edges` must be of integer ids, got {table[end].dtype}")
    return table
