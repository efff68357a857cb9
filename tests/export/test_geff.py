"""`save_geff`, `open_geff`: there and back, what geff itself says, and graphs made elsewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geff
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from branching import assert_same, tracks
from geff.core_io import construct_var_len_props, read_to_memory, write_arrays
from geff.validate.data import ValidationConfig
from hypothesis import given, settings

from spotgpu.errors import SpotgpuError
from spotgpu.export import open_geff, save_geff, to_networkx
from spotgpu.tables import Tracks, branching_kinds, edge_table

ALL = ValidationConfig(graph=True, lineage=True, tracklet=True)


def two_spots(**columns):
    """Return two spots that an edge joins."""
    spots = pd.DataFrame({"id": [5, 3], "frame": [0, 1], "y": [1.0, 2.0], "x": [3.0, 4.0]})
    return Tracks(spots.assign(**columns), edge_table([5], [3], cost=0.5))


@given(tracks())
@settings(max_examples=15, deadline=None)
def test_there_and_back(made):
    """Also by geff's own validation of structure, graph, lineages and tracklets, and its reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tracks.geff")
        save_geff(path, made)
        assert [entry.name for entry in Path(folder).iterdir()] == ["tracks.geff"]
        assert_same(open_geff(path), made)
        geff.validate_structure(path)
        read_to_memory(path, data_validation=ALL)
        graph, metadata = geff.read(path)
    wanted = to_networkx(made)
    assert metadata.directed
    assert set(graph.edges) == set(wanted.edges)
    for *ends, attributes in wanted.edges(data=True):
        np.testing.assert_equal(dict(graph.edges[ends]), attributes)
    lineages = dict(zip(made.spots["id"], made.lineage, strict=True))
    for node, attributes in graph.nodes.items():
        told = dict(wanted.nodes[node])
        assert attributes.pop("lineage") == lineages[node]
        assert attributes.pop("t") == told.pop("frame")
        assert told.pop("id") == node
        attributes.pop("particle")
        assert attributes.keys() == told.keys()
        for name, value in told.items():
            np.testing.assert_array_equal(attributes[name], value)


def test_axes_by_hand(tmp_path):
    made = two_spots(z=[np.nan, 7.0])
    made.spots.attrs = {"pixel_size_um": [0.5, 0.2, 0.1], "frame_interval_s": 2.5}
    save_geff(tmp_path / "a.geff", made)
    axes = geff.GeffMetadata.read(tmp_path / "a.geff").axes
    told = [
        (axis.name, axis.type, axis.unit, axis.scale, axis.scaled_unit, axis.min, axis.max)
        for axis in axes
    ]
    assert told == [
        ("t", "time", "frame", 2.5, "second", 0, 1),
        ("z", "space", "pixel", 0.5, "micrometer", 7, 7),
        ("y", "space", "pixel", 0.2, "micrometer", 1, 2),
        ("x", "space", "pixel", 0.1, "micrometer", 3, 4),
    ]
    assert "NaN" not in (tmp_path / "a.geff/.zattrs").read_text()
    units = {"length_unit": "px", "time_unit": "frame"}
    assert open_geff(tmp_path / "a.geff").spots.attrs == units | made.spots.attrs
    save_geff(tmp_path / "b.geff", made, pixel_size_um=3, frame_interval_s=1)
    known = open_geff(tmp_path / "b.geff").spots.attrs
    assert known == units | {"pixel_size_um": [3.0, 3.0, 3.0], "frame_interval_s": 1.0}
    save_geff(tmp_path / "c.geff", made, pos_columns=["y", "x"])
    assert [axis.scale for axis in geff.GeffMetadata.read(tmp_path / "c.geff").axes] == [
        2.5, 0.2, 0.1,
    ]  # fmt: skip
    save_geff(tmp_path / "d.geff", two_spots())
    assert open_geff(tmp_path / "d.geff").spots.attrs == units


def test_columns_with_missing_values(tmp_path):
    made = two_spots(
        count=pd.array([None, 4], dtype="Int16"),
        is_good=pd.array([True, None], dtype="boolean"),
        label=["a", None],
        nothing=[None, None],
        mixed=pd.Series([7, None], dtype=object),
        kind=pd.Categorical(["u", None]),
        half=np.array([0.5, np.nan], np.float16),
        y=pd.array([None, 3], dtype="Int64"),
    )
    save_geff(tmp_path / "a.geff", made)
    found = open_geff(tmp_path / "a.geff").spots
    assert found["count"].dtype == "Int16"
    assert found["is_good"].dtype == "boolean"
    assert found["half"].tolist()[0] == 0.5
    assert found["y"].dtype == np.float64
    for name in ("count", "is_good", "label", "nothing", "mixed", "kind", "half", "y"):
        assert found[name].isna().tolist() == made.spots[name].isna().tolist()
        assert found[name].dropna().tolist() == made.spots[name].dropna().tolist()
    # What geff itself reads: attributes that are missing are not there.
    graph, _ = geff.read(tmp_path / "a.geff")
    assert "count" not in graph.nodes[5]
    assert graph.nodes[3]["count"] == 4


@pytest.mark.parametrize("largest", [2**63 - 1, -(2**63), 2**53 + 1])
def test_ids_are_exact(tmp_path, largest):
    made = two_spots()
    made = Tracks(made.spots.assign(id=[5, largest]), edge_table([5], [largest]))
    save_geff(tmp_path / "a.geff", made)
    assert_same(open_geff(tmp_path / "a.geff"), made)


def test_time_has_another_name(tmp_path):
    made = Tracks(two_spots().spots.rename(columns={"frame": "step"}), two_spots().edges, "step")
    save_geff(tmp_path / "a.geff", made)
    assert_same(open_geff(tmp_path / "a.geff", t_column="step"), made)
    assert open_geff(tmp_path / "a.geff").t_column == "frame"
    both = two_spots(t=[0.25, 0.75])
    save_geff(tmp_path / "b.geff", both)
    assert_same(open_geff(tmp_path / "b.geff"), both)


def foreign(path, zarr_format=2, directed=True, axes=None, edge_props=None, **node_props):
    """Write three nodes, of which the first leads to the others."""
    props = {
        name: value if isinstance(value, dict) else {"values": np.asarray(value), "missing": None}
        for name, value in node_props.items()
    }
    metadata = geff.GeffMetadata(
        directed=directed, axes=axes, node_props_metadata={}, edge_props_metadata={}
    )
    write_arrays(
        path, np.array([4, 2, 9], np.uint16), props,
        np.array([[4, 2], [4, 9]], np.uint16), edge_props, metadata, zarr_format=zarr_format,
    )  # fmt: skip


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_graph_made_elsewhere(tmp_path, zarr_format):
    """Units of length and time, a property of arrays, one of arrays of several lengths."""
    outlines = [np.zeros((2, 2)), np.ones((1, 2)), None]
    foreign(
        tmp_path / "a.zarr",
        zarr_format,
        axes=[
            {"name": "time", "type": "time", "unit": "minute"},
            {"name": "x", "type": "space", "unit": "nanometer"},
            {
                "name": "y",
                "type": "space",
                "unit": "pixel",
                "scale": 2,
                "scaled_unit": "millimeter",
            },
        ],
        time=np.array([0, 1, 2], np.float32),
        x=[1, 2, 3],
        y=[4.0, 5.0, 6.0],
        colour=[[1, 2], [3, 4], [5, 6]],
        outline=construct_var_len_props(outlines),
        lineage=[0, 0, 0],
    )
    made = open_geff(tmp_path / "a.zarr")
    assert sorted(made.spots) == ["colour", "frame", "id", "outline", "x", "y"]
    assert made.spots["id"].tolist() == [4, 2, 9]
    assert made.spots["frame"].tolist() == [0, 1, 2]
    assert made.spots["colour"][2].tolist() == [5, 6]
    assert made.spots["outline"][1].tolist() == [[1, 1]]
    assert made.spots["outline"][2] is None
    assert made.edges[["source", "target", "kind"]].to_numpy().tolist() == [
        [4, 2, "split"],
        [4, 9, "split"],
    ]
    assert made.edges["cost"].isna().all()
    assert made.spots.attrs["pixel_size_um"] == [2000.0, 0.001]
    assert made.spots.attrs["frame_interval_s"] == 60.0


def test_graph_of_networkx(tmp_path):
    """Written by geff, undirected."""
    graph = nx.Graph()
    graph.add_node(1, frame=4, x=0.5, y=1.0)
    graph.add_node(2, frame=2, x=1.5, y=1.0)
    graph.add_edge(1, 2, cost=2)
    geff.write(graph, tmp_path / "a.geff", axis_names=["y", "x"])
    made = open_geff(tmp_path / "a.geff")
    assert made.edges.to_numpy().tolist() == [[2, 1, 2.0, "gap"]]
    assert "pixel_size_um" not in made.spots.attrs
    with pytest.raises(ValueError, match=r"`t_column` must be a property of .*a\.geff.*choose one"):
        open_geff(tmp_path / "a.geff", t_column="t")


def test_some_edges_say_their_kind(tmp_path):
    kind = {"values": np.array(["link", ""]), "missing": np.array([False, True])}
    foreign(tmp_path / "a.geff", frame=[0, 1, 1], edge_props={"kind": kind})
    assert open_geff(tmp_path / "a.geff").edges["kind"].tolist() == ["link", "split"]


@pytest.mark.parametrize(
    ("properties", "error", "message"),
    [
        ({"frame": [1, 0, 2]}, SpotgpuError, "shows no tracks: .*later frame"),
        ({"frame": [0, 0.5, 2]}, ValueError, "must be whole numbers, got 0.5"),
        ({"frame": ["0", "1", "2"]}, ValueError, "must be whole numbers, got '0'"),
        ({"frame": [[0, 1], [1, 1], [2, 1]]}, ValueError, "must be whole numbers"),
        ({"frame": [0, 1, 1], "id": [1, 2, 3]}, SpotgpuError, "a property id beside the ids"),
        ({}, ValueError, "`t_column` must be a property of .*got 'frame'.*choose one of none"),
    ],
)
def test_graphs_that_show_no_tracks(tmp_path, properties, error, message):
    foreign(tmp_path / "odd.geff", **properties)
    with pytest.raises(error, match=message) as caught:
        open_geff(tmp_path / "odd.geff")
    assert "odd.geff" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"when": pd.to_datetime(["2020-01-01", "2020-01-02"])}, "got when of datetime64"),
        ({"phase": [1 + 2j, 3]}, "got phase of complex128"),
        ({"both": [1, "a"]}, "got both of object"),
        ({"list": [[1], [2]]}, "got list of object"),
        ({"text": ["a\0", "b"]}, r"a zero at its end, got 'a\\x00' in text"),
        ({"text": pd.Series(["a", "\ud800"], dtype=object)}, "half a character .* in text"),
        ({"a/b": [1, 2]}, "names can be those of folders, got 'a/b'"),
        ({"..": [1, 2]}, r"names can be those of folders, got '\.\.'"),
        ({"zarr.json": [1, 2]}, r"names can be those of folders, got 'zarr\.json'"),
        ({"x": ["a", "b"]}, "numbers in column x, got"),
        ({"z": [1 + 2j, 3]}, "numbers in column z, got complex128"),
        ({"x": [True, False]}, "numbers in column x, got bool"),
    ],
)
def test_columns_that_cannot_be_written(tmp_path, columns, message):
    with pytest.raises(ValueError, match=message):
        save_geff(tmp_path / "a.geff", two_spots(**columns))
    assert not list(tmp_path.iterdir())


def test_arguments(tmp_path):
    made = two_spots()
    with pytest.raises(TypeError, match=r"`tracks` must be spotgpu\.tables\.Tracks, got str"):
        save_geff(made, "a.geff")
    with pytest.raises(ValueError, match="`pixel_size_um` must be a finite number > 0, got -1"):
        save_geff(tmp_path / "a.geff", made, pixel_size_um=-1)
    with pytest.raises(ValueError, match="`pixel_size_um` must be one value or one for each of y"):
        save_geff(tmp_path / "a.geff", made, pixel_size_um=[1, 1, 1, 1])
    with pytest.raises(ValueError, match="`frame_interval_s` must be a finite number > 0, got 0"):
        save_geff(tmp_path / "a.geff", made, frame_interval_s=0)
    with pytest.raises(ValueError, match=r"`tracks\.spots` must have the column\(s\) z"):
        save_geff(tmp_path / "a.geff", made, pos_columns=["z", "y", "x"])
    with pytest.raises(FileNotFoundError, match="`path` must be in a folder that is there"):
        save_geff(tmp_path / "none/a.geff", made)
    with pytest.raises(FileNotFoundError, match=r"`path` must be a folder, got .*which does not"):
        open_geff(tmp_path / "none.geff")
    twice = pd.concat([made.spots, made.spots[["x"]]], axis=1)
    with pytest.raises(ValueError, match="no column twice, got x twice"):
        save_geff(tmp_path / "a.geff", Tracks(twice, made.edges))
    assert not list(tmp_path.iterdir())


def test_many_spots_there_and_back(tmp_path):
    """As many as fill several of the file's blocks, of all kinds of edges."""
    rng, n = np.random.default_rng(0), 1_100_000
    frame = rng.integers(0, 1000, n)
    spots = pd.DataFrame({"id": rng.permutation(n) * 7, "frame": frame, "y": rng.random(n)})
    spots = spots.assign(x=rng.random(n), label=rng.choice(["a", "bc", ""], n))
    spots["label"] = spots["label"].astype("str")
    source, target = rng.integers(0, n, (2, 200_000))
    forward = frame[source] < frame[target]
    pairs = pd.DataFrame({"s": source[forward], "t": target[forward]}).drop_duplicates()
    source, target = pairs["s"].to_numpy(), pairs["t"].to_numpy()
    kind = branching_kinds(source, target, frame)
    assert set(kind) == {"link", "gap", "split", "merge"}
    ids = spots["id"].to_numpy()
    made = Tracks(spots, edge_table(ids[source], ids[target], rng.random(len(source)), kind))
    save_geff(tmp_path / "a.geff", made)
    assert len(list((tmp_path / "a.geff/nodes/ids").glob("[0-9]*"))) > 1
    assert_same(open_geff(tmp_path / "a.geff"), made)
