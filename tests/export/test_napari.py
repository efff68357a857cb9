"""`to_napari`, `from_napari`: there and back, and what napari asks for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from branching import assert_same, tracks
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.export import from_napari, to_napari
from spotgpu.tables import Tracks, branching_kinds, edge_table


def edges_drawn(data, graph, ids):
    """Return the edges that napari draws: along tracks, and from a parent's end to a child."""
    rows = {}
    for row, track in enumerate(data[:, 0]):
        rows.setdefault(int(track), []).append(row)
    along = {pair for track in rows.values() for pair in pairwise(track)}
    joined = {(rows[p][-1], rows[child][0]) for child, parents in graph.items() for p in parents}
    assert not along & joined
    return {(ids[a], ids[b]) for a, b in along | joined}


@given(tracks(first_frame=0))
@settings(max_examples=50, deadline=None)
def test_layer_is_what_napari_takes(made):
    data, features, graph = to_napari(made)
    assert data.dtype == np.float64
    assert data.shape == (len(made.spots), 5 if "z" in made.spots else 4)
    assert np.lexsort((data[:, 1], data[:, 0])).tolist() == list(range(len(data)))
    assert len({(track, t) for track, t, *_ in data.tolist()}) == len(data)
    assert {*graph, *(p for parents in graph.values() for p in parents)} <= set(data[:, 0])
    assert edges_drawn(data, graph, features["id"].tolist()) == set(
        zip(made.edges["source"], made.edges["target"], strict=True)
    )
    spots = made.spots.set_index("id").loc[features["id"]]
    np.testing.assert_array_equal(data[:, 1], spots["frame"])
    np.testing.assert_array_equal(data[:, -1], spots["x"])
    assert set(features) == {*made.spots, "lineage"} - {"frame", "z", "y", "x"}


@given(tracks(), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_there_and_back(made, random):
    """Rows in another order; kinds and costs are not in the layer."""
    data, features, graph = to_napari(made)
    order = list(range(len(data)))
    random.shuffle(order)
    found = from_napari(data[order], graph, features.iloc[order])
    row_of = pd.Index(made.spots["id"])
    wanted = made.spots.iloc[row_of.get_indexer(found.spots["id"])]
    kind = branching_kinds(*made.rows, made.spots["frame"].to_numpy())
    edges = edge_table(made.edges["source"], made.edges["target"], kind=kind)
    assert_same(found, Tracks(wanted, edges))


def test_by_hand():
    """5 splits into 6 and 7; 7 and 8 merge into 9, which another follows after a gap."""
    spots = pd.DataFrame({"t": [3, 1, 2, 2, 0, 5], "z": 1.0, "row": 2.0, "col": range(6)})
    spots["id"] = [9, 6, 7, 8, 5, 4]
    kinds = ["split", "split", "merge", "merge", "gap"]
    made = Tracks(spots, edge_table([5, 5, 7, 8, 9], [6, 7, 9, 9, 4], kind=kinds), "t")
    data, features, graph = to_napari(made, pos_columns=["row", "col"])
    assert data.tolist() == [
        [0, 0, 2, 4], [1, 1, 2, 1], [2, 2, 2, 2], [3, 2, 2, 3], [4, 3, 2, 0], [4, 5, 2, 5],
    ]  # fmt: skip
    assert features["id"].tolist() == [5, 6, 7, 8, 9, 4]
    assert features["lineage"].tolist() == [0, 0, 0, 0, 0, 0]
    assert graph == {1: [0], 2: [0], 4: [2, 3]}


def test_layer_made_elsewhere():
    """The columns that a layer's features share with its data, a scalar parent, no ids."""
    data = np.array([[1, 0, 0, 0], [1, 1, 0, 1], [4, 2, 0, 1], [9, 2, 0, 3]])
    features = {"track_id": [1, 1, 4, 9], "frame": [0, 0, 0, 0], "state": ["a", "b", "c", "d"]}
    made = from_napari(data, {4: 1, 9: [1]}, features)
    assert made.spots["frame"].tolist() == [0, 1, 2, 2]
    assert sorted(made.spots) == ["frame", "id", "state", "x", "y"]
    assert made.edges[["source", "target", "kind"]].to_numpy().tolist() == [
        [0, 1, "link"],
        [1, 2, "split"],
        [1, 3, "split"],
    ]
    assert list(from_napari(data, pos_columns=["row", "col"], t_column="t").spots) == [
        "t", "row", "col", "id",
    ]  # fmt: skip
    assert len(from_napari(np.empty((0, 5))).spots) == 0


DATA = [[1, 0, 0, 0], [1, 1, 0, 1], [2, 1, 0, 1]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 2, 3]],), r"shape \(spots, 4 or 5\), got \(1, 3\)"),
        (([1, 2, 3, 4],), r"shape \(spots, 4 or 5\), got \(4,\)"),
        (([[0.5, 0, 0, 0]],), "tracks, which must be whole numbers, got 0.5"),
        (([[0, 0.5, 0, 0]],), "times, which must be whole numbers, got 0.5"),
        (([[0, np.nan, 0, 0]],), "times, which must be whole numbers, got nan"),
        (([[0, 0, 0, 0], [0, 0, 1, 1]],), "must make tracks, but .*later frame"),
        ((DATA, {2: [3]}), "`graph` must name tracks of `data`, got 2: 3"),
        ((DATA, {3: 1}), "`graph` must name tracks of `data`, got 3: 1"),
        ((DATA, {2: [1]}), "must make tracks, but .*later frame"),
        ((DATA, None, {"a": [1]}), "`features` must have 3 rows, got 1"),
        ((DATA, None, {"a": [1], "b": [1, 2]}), "`features` must be columns of one length"),
        ((DATA, None, {"id": [1, 1, 2]}), "must make tracks, but .*got 1 twice"),
    ],
)
def test_layers_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_napari(*arguments)


def test_arguments():
    with pytest.raises(TypeError, match=r"`graph` must be a dict, got list"):
        from_napari(DATA, [2, 1])
    with pytest.raises(ValueError, match=r"`pos_columns` must be 2 distinct columns"):
        from_napari(DATA, pos_columns=["x"])
    spots = pd.DataFrame({"id": [1], "frame": [0], "x": [1.0]})
    with pytest.raises(ValueError, match=r"`pos_columns` must be two or three columns, got"):
        to_napari(Tracks(spots, edge_table([], [])), pos_columns=["x"])
    with pytest.raises(ValueError, match=r"`tracks.spots` must have the column\(s\) y"):
        to_napari(Tracks(spots, edge_table([], [])))
    with pytest.raises(TypeError, match=r"`tracks` must be spotgpu.tables.Tracks, got NoneType"):
        to_napari(None)
