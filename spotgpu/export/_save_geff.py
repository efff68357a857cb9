"""`save_geff`: tracks to a GEFF graph, seen only when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_float_dtype, is_integer_dtype

from spotgpu.checks import number
from spotgpu.export._assembled import check_tracks, whole_numbers
from spotgpu.export._geff_axes import axes_told, pixel_sizes
from spotgpu.export._geff_columns import as_property
from spotgpu.export._geff_files import is_graph
from spotgpu.export._library import library
from spotgpu.export._write_folder import write_folder
from spotgpu.tables import Tracks, position_columns

__all__ = ["save_geff"]

#: All that a GEFF graph and nothing else has in its folder, in Zarr's versions 2 and 3.
ENTRIES = {"nodes", "edges", ".zgroup", ".zattrs", ".zmetadata", "zarr.json"}
#: The property of the frame numbers, as OME-Zarr calls the axis.
TIME = "t"


def save_geff(
    path: str | os.PathLike[str],
    tracks: Tracks,
    *,
    pos_columns: Sequence[str] | None = None,
    pixel_size_um: Any = None,
    frame_interval_s: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write tracks to a folder in the Graph Exchange File Format, GEFF [1]_.

    The folder is written under another name beside it and renamed when it is whole: there is never
    half a graph at `path`.

    The nodes are the spots by their ids. All columns are properties of the same names, but the
    frame numbers, which are ``t`` (or keep their name if there is another column t); ``particle``
    and ``lineage`` are written as the format's tracklet and lineage. Edges have ``cost``, ``kind``
    and what other columns there are. The axes are t and the positions, in frames and pixels, with
    scales in seconds and micrometres where these are known.

    Parameters
    ----------
    path : path
        The folder to make. Names like ``tracks.geff`` are usual.
    tracks : Tracks
        Spots and edges; columns of real numbers, bools or text, in which values may be missing.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).
    pixel_size_um : float or sequence of float, optional
        Side of a pixel in micrometres, one for all axes or one for each in image order; by default
        what ``tracks.spots.attrs`` says.
    frame_interval_s : float, optional
        Time from frame to frame in seconds; by default what ``tracks.spots.attrs`` says.
    overwrite : bool
        Whether a GEFF graph that is there may be replaced. Nothing else ever is.

    Raises
    ------
    TypeError
        If `tracks` are no Tracks.
    ValueError
        If `path` exists and must not be replaced, or a column is missing or cannot be written.
    FileNotFoundError
        If the folder that `path` is in is not there.
    SpotgpuError
        If writing fails, for example because the disk is full, or geff is not installed.

    References
    ----------
    .. [1] https://github.com/live-image-tracking-tools/geff

    Examples
    --------
    >>> save_geff("tracks.geff", tracks, pixel_size_um=0.16)  # doctest: +SKIP
    """
    library("geff")
    spots, edges = check_tracks(tracks).to_dataframe(), tracks.edges
    _check_names("tracks.spots", spots)
    _check_names("tracks.edges", edges)
    columns = position_columns("tracks.spots", spots, pos_columns)
    spots = _with_axes(spots, columns)
    target = _checked(Path(path), overwrite)
    time = TIME if tracks.t_column == TIME or TIME not in spots else tracks.t_column
    known = tracks.spots.attrs
    size = known.get("pixel_size_um") if pixel_size_um is None else pixel_size_um
    interval = known.get("frame_interval_s") if frame_interval_s is None else frame_interval_s
    if interval is not None:
        interval = number("frame_interval_s", interval, above=0)
    axes = axes_told((time, tracks.t_column), columns, spots, pixel_sizes(size, columns), interval)
    ids = whole_numbers("`tracks.spots` has ids, which", spots["id"])
    nodes = _properties("tracks.spots", spots, ["id"])
    nodes = {time if name == tracks.t_column else name: held for name, held in nodes.items()}
    ends = edges[["source", "target"]].to_numpy(np.int64)
    files = _files(ids, nodes, ends, _properties("tracks.edges", edges, ["source", "target"]), axes)
    write_folder(target, files, replace=overwrite)


def _files(
    ids: npt.NDArray[np.int64],
    nodes: dict[str, Any],
    ends: npt.NDArray[np.int64],
    edges: dict[str, Any],
    axes: list[dict[str, Any]],
) -> Iterator[tuple[str, bytes]]:
    """Return the names and contents of the files that make the graph."""
    geff, core = library("geff"), library("geff.core_io")
    files: dict[str, Any] = {}
    # In memory: zarr writes to a disk in threads of its own, which go on after a failure.
    store = library("zarr.storage").MemoryStore(files)
    metadata = geff.GeffMetadata(
        directed=True,
        node_props_metadata={},
        edge_props_metadata={},
        track_node_props={"tracklet": "particle", "lineage": "lineage"},
    )
    core.write_arrays(store, ids, nodes, ends, edges, metadata, structure_validation=False)
    # The library would take a NaN for the end of an axis, which is no JSON.
    metadata = geff.GeffMetadata.read(store)
    metadata.axes = axes
    metadata.write(store)
    geff.validate_structure(store)
    return ((name, data.to_bytes()) for name, data in files.items())


def _check_names(name: str, table: pd.DataFrame) -> None:
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"`{name}` must have no column twice, got {twice} twice")


def _with_axes(spots: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the spots with positions of NaN where there are none: axes have no `missing`."""
    for column in columns:
        if not is_float_dtype(spots[column]) and not is_integer_dtype(spots[column]):
            raise ValueError(
                f"`tracks.spots` must have numbers in column {column}, got {spots[column].dtype}"
            )
    return spots.astype({c: np.float64 for c in columns if spots[c].isna().any()})


def _properties(name: str, table: pd.DataFrame, without: list[str]) -> dict[str, Any]:
    """Return the columns as properties."""
    return {c: as_property(name, table, c) for c in table.columns if c not in without}


def _checked(path: Path, overwrite: bool) -> Path:
    """Return `path` if a folder can be made there."""
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"`path` must be in a folder that is there, got {path}")
    if not os.path.lexists(path):
        return path
    if not overwrite:
        raise ValueError(
            f"`path` must be new, got {path}, which exists: "
            "choose another, or allow replacing it with `overwrite`"
        )
    if path.is_symlink() or not path.is_dir() or not is_graph(path):
        raise ValueError(f"`path` must be a GEFF graph to be replaced, got {path}, which is not")
    others = sorted({entry.name for entry in path.iterdir()} - ENTRIES)
    if others:
        raise ValueError(
            f"`path` must hold nothing but a GEFF graph to be replaced, got {path} with {others[0]}"
        )
    return path
