"""Tracks as graphs of networkx, and graphs as tracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spotgpu.export._assembled import assembled, check_tracks, whole_numbers
from spotgpu.export._attributes import known_attributes
from spotgpu.export._library import library
from spotgpu.tables import Tracks

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["from_networkx", "to_networkx"]


def to_networkx(tracks: Tracks) -> nx.DiGraph:
    """Return tracks as a directed graph.

    Parameters
    ----------
    tracks : Tracks
        Spots and edges.

    Returns
    -------
    networkx.DiGraph
        The nodes are the ids of the spots, in the order of the table, and have its columns as
        attributes; the edges lead forward in time and have ``cost``, ``kind`` and what other
        columns there are. Values are Python's own int, float, str and bool. Pixel size, frame
        interval and units (``tracks.spots.attrs``) are attributes of the graph.

    Raises
    ------
    TypeError
        If `tracks` are no Tracks.
    SpotgpuError
        If networkx is not installed.

    Examples
    --------
    >>> from spotgpu.tables import edge_table
    >>> spots = pd.DataFrame({"frame": [0, 1, 1], "y": 0.0, "x": [5.0, 4.0, 6.0], "id": [7, 8, 9]})
    >>> graph = to_networkx(Tracks(spots, edge_table([7, 7], [8, 9], kind="split")))
    >>> graph.nodes[8]
    {'frame': 1, 'y': 0.0, 'x': 4.0, 'id': 8}
    >>> list(graph.successors(7))
    [8, 9]
    """
    networkx = library("networkx")
    spots, edges = check_tracks(tracks).spots, tracks.edges
    graph = networkx.DiGraph(**known_attributes(spots.attrs))
    graph.add_nodes_from(zip(spots["id"].tolist(), _rows(spots), strict=True))
    ends = edges["source"].tolist(), edges["target"].tolist()
    graph.add_edges_from(zip(*ends, _rows(edges.drop(columns=["source", "target"])), strict=True))
    return graph


def from_networkx(graph: nx.Graph, *, t_column: str = "frame", name_column: str = "node") -> Tracks:
    """Return the tracks that a graph shows.

    Parameters
    ----------
    graph : networkx.Graph or DiGraph
        Nodes with the attribute `t_column` at least. Edges lead forward in time; those of an
        undirected graph are taken so. What an edge lacks of ``cost`` is NaN, and of ``kind`` is
        derived from the graph (`spotgpu.tables.branching_kinds`).
    t_column : str
        Attribute of the frame numbers, and their column.
    name_column : str
        Column for the names of the nodes, if these are no integers. The ids are then the
        attribute ``id``, or numbers from 0 in the order of the nodes.

    Returns
    -------
    Tracks
        A spot for each node, in their order, with the attributes as columns; what a node lacks is
        NaN or None. The ids are the names of the nodes if these are integers.

    Raises
    ------
    TypeError
        If `graph` is no graph of networkx.
    ValueError
        If a node has no frame number, or an attribute ``id`` or `name_column` that would be
        overwritten, or if the graph shows no tracks: if an edge leads backward in time, say.
    SpotgpuError
        If networkx is not installed.

    Examples
    --------
    >>> import networkx as nx
    >>> graph = nx.DiGraph([("mother", "left"), ("mother", "right")])
    >>> nx.set_node_attributes(graph, {"mother": 0, "left": 1, "right": 1}, "t")
    >>> tracks = from_networkx(graph, t_column="t")
    >>> tracks.edges["kind"].tolist()
    ['split', 'split']
    """
    networkx = library("networkx")
    if not isinstance(graph, networkx.Graph):
        raise TypeError(f"`graph` must be a networkx graph, got {type(graph).__name__}")
    names = list(graph.nodes)
    for name, attributes in graph.nodes.items():
        if t_column not in attributes:
            raise ValueError(
                f"`graph` must have the attribute {t_column} at each node, got {name!r} without"
            )
    spots = _identified(names, pd.DataFrame(list(graph.nodes.values())), name_column)
    frame = spots[t_column] if names else ()
    spots[t_column] = whole_numbers(f"`graph` has the attribute {t_column}, which", frame)
    spots.attrs |= known_attributes(graph.graph)
    id_of = dict(zip(names, spots["id"].tolist(), strict=True))
    ends = [(id_of[source], id_of[target]) for source, target in graph.edges()]
    table = pd.DataFrame([attributes for *_, attributes in graph.edges(data=True)])
    edges = pd.DataFrame(ends, columns=["source", "target"], dtype=np.int64)
    edges = pd.concat([edges, table.drop(columns=list(edges), errors="ignore")], axis=1)
    try:
        return assembled(spots, edges, t_column, directed=graph.is_directed())
    except (TypeError, ValueError) as error:
        raise ValueError(f"`graph` must show tracks, but {error}") from error


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    """Return a dictionary for each row; None for what is missing but is not NaN."""
    names = table.columns.tolist()
    values = [
        [None if value is pd.NA else value for value in table[name].tolist()] for name in names
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _identified(names: Sequence[Any], spots: pd.DataFrame, name_column: str) -> pd.DataFrame:
    """Add the ids, and the names where these are something else."""
    if all(_is_id(name) for name in names):
        ids = np.array(names, np.int64)
        if "id" in spots and (spots["id"] != ids).any():
            i = np.flatnonzero(spots["id"] != ids)[0]
            raise ValueError(
                "`graph` must have no attribute id that is not the name of the node, got "
                f"{spots['id'].iloc[i]!r} at node {names[i]!r}: rename one or the other"
            )
        return spots.assign(id=ids)
    if name_column in spots:
        raise ValueError(
            f"`name_column` must not be an attribute of the nodes, got {name_column!r}"
        )
    spots[name_column] = pd.Series(names, dtype=object)
    if "id" not in spots:
        spots["id"] = np.arange(len(spots))
    return spots


def _is_id(name: object) -> bool:
    return (
        isinstance(name, (int, np.integer))
        and not isinstance(name, bool)
        and bool(-(2**63) <= name < 2**63)
    )
