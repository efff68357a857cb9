"""`open_geff`: tracks from a GEFF graph, which is not trusted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from spotgpu.errors import SpotgpuError
from spotgpu.export._assembled import assembled, whole_numbers
from spotgpu.export._geff_axes import scales_told
from spotgpu.export._geff_columns import as_column
from spotgpu.export._geff_files import check_codecs, is_graph
from spotgpu.export._library import library
from spotgpu.tables import Tracks

__all__ = ["open_geff"]

#: What zarr, its codecs and geff meet broken data with.
BROKEN: tuple[type[Exception], ...] = (
    ValueError, TypeError, LookupError, RuntimeError, OSError, ArithmeticError, AttributeError,
    EOFError, MemoryError, AssertionError,
)  # fmt: skip
#: What tracks say themselves.
DERIVED = ("particle", "lineage")


def open_geff(path: str | os.PathLike[str], *, t_column: str = "frame") -> Tracks:
    """Read tracks from a folder in the Graph Exchange File Format, GEFF [1]_.

    Properties are columns of the same names, except that the axis of time becomes `t_column`, and
    that ``particle`` and ``lineage`` are left to the tracks. Edges without a ``cost`` cost NaN,
    and without a ``kind`` are of the kind that the graph gives
    (`spotgpu.tables.branching_kinds`). In an undirected graph they lead forward in time.

    Nobody vouches for such files: nothing in them is run (a graph compressed with pickle is
    refused) and no links to other folders are followed.

    Parameters
    ----------
    path : path
        The folder. Of Zarr's version 2 or 3.
    t_column : str
        Column to make of the frame numbers. If a property of this name is there, it is taken
        for them in place of the axis of time.

    Returns
    -------
    Tracks
        A spot for each node, in the order of the file. ``spots.attrs`` has ``pixel_size_um`` and
        ``frame_interval_s`` where the axes tell them: these are the sizes of one unit of the
        positions and of one frame. Offsets of axes are not applied.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it is no GEFF graph, or has no frame numbers that are whole.
    SpotgpuError
        If the file is broken, or its graph shows no tracks; if geff is not installed.

    References
    ----------
    .. [1] https://github.com/live-image-tracking-tools/geff

    Examples
    --------
    >>> tracks = open_geff("tracks.geff")  # doctest: +SKIP
    >>> tracks.spots.attrs  # doctest: +SKIP
    {'length_unit': 'px', 'time_unit': 'frame', 'pixel_size_um': [0.16, 0.16]}
    """
    core, storage = library("geff.core_io"), library("zarr.storage")
    folder = Path(path)
    if not folder.exists():
        raise FileNotFoundError(f"`path` must be a folder, got {folder}, which does not exist")
    if not is_graph(folder):
        raise ValueError(f"`path` must be the folder of a GEFF graph, got {folder}")
    check_codecs(folder)
    try:
        graph = core.read_to_memory(storage.LocalStore(folder))
        nodes = _table(graph["node_props"], graph["metadata"].node_props_metadata)
        edges = _table(graph["edge_props"], graph["metadata"].edge_props_metadata)
    except BROKEN as error:
        raise SpotgpuError(
            f"{folder} is broken, or no valid GEFF: {' '.join(str(error).split())}"
        ) from error
    axes = graph["metadata"].axes or []
    if t_column not in nodes:
        nodes = nodes.rename(columns={_time(folder, axes, nodes, t_column): t_column})
    nodes[t_column] = whole_numbers(f"`path` has times, {folder}, which", nodes[t_column])
    nodes.attrs |= {"length_unit": "px", "time_unit": "frame", **scales_told(axes)}
    try:
        return _tracks(graph, nodes, edges, t_column)
    except (TypeError, ValueError) as error:
        raise SpotgpuError(f"{folder} shows no tracks: {error}") from error


def _table(properties: dict[str, Any], order: Iterable[str]) -> pd.DataFrame:
    """Return properties as columns, in the order of the metadata: that of folders is by chance."""
    return pd.DataFrame({name: as_column(**properties[name]) for name in order})


def _time(folder: Path, axes: Sequence[Any], nodes: pd.DataFrame, t_column: str) -> str:
    """Return the property that has the times."""
    for axis in axes:
        if axis.type == "time":
            return str(axis.name)
    raise ValueError(
        f"`t_column` must be a property of {folder}, where no axis is of time, got {t_column!r}: "
        f"choose one of {', '.join(map(str, nodes)) or 'none'}"
    )


def _tracks(graph: Any, nodes: pd.DataFrame, edges: pd.DataFrame, t_column: str) -> Tracks:
    """Return the tracks of a graph that was read."""
    ids = whole_numbers("the ids of the nodes", graph["node_ids"])
    if "id" in nodes and (nodes["id"].to_numpy() != ids).any():
        raise ValueError("it has a property id beside the ids of its nodes: rename it")
    nodes = nodes.drop(columns=["id", *DERIVED], errors="ignore")
    nodes.insert(0, "id", ids)
    edges = edges.drop(columns=["source", "target"], errors="ignore")
    for place, end in enumerate(("source", "target")):
        edges.insert(
            place, end, whole_numbers("the ends of the edges", graph["edge_ids"][:, place])
        )
    return assembled(nodes, edges, t_column, directed=graph["metadata"].directed)
