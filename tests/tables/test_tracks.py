"""`Tracks`: what is derived from the edges, and what edges must be."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotgpu.tables import Tracks, edge_table


def spots(*frames, ids=None):
    n = len(frames)
    return pd.DataFrame(
        {"frame": frames, "y": 0.0, "x": np.arange(n, dtype=float), "id": ids or range(n)}
    )


def test_division_and_merge_by_hand():
    """0 - 1 splits to 2 and 3; 3 - 4 merges into 5, which comes from 2."""
    tracks = Tracks(
        spots(0, 1, 2, 2, 3, 4),
        edge_table(
            [0, 1, 1, 3, 2, 4],
            [1, 2, 3, 4, 5, 5],
            kind=["link", "link", "split", "link", "gap", "merge"],
        ),
    )
    assert tracks.particle.tolist() == [0, 0, 1, 2, 2, 3]
    assert tracks.lineage.tolist() == [0] * 6
    assert tracks.relations().to_numpy().tolist() == [
        [0, 1, "link"],
        [0, 2, "split"],
        [1, 3, "gap"],
        [2, 3, "merge"],
    ]


def test_numbers_follow_the_order_of_appearance():
    tracks = Tracks(spots(2, 0, 1, 0), edge_table([3], [2]))
    assert tracks.particle.tolist() == [2, 0, 1, 1]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), unique=True, max_size=12),
    st.randoms(use_true_random=False),
)
def test_trajectories_there_and_back(rows, random):
    """Trajectories lead to tracks and back; edges are those of consecutive spots of a particle."""
    random.shuffle(rows)
    table = pd.DataFrame(rows, columns=["particle", "frame"], dtype=np.int64)
    tracks = Tracks.from_dataframe(table)
    graph = nx.Graph(zip(tracks.edges["source"], tracks.edges["target"], strict=True))
    graph.add_nodes_from(range(len(table)))
    parts = {frozenset(part) for part in nx.connected_components(graph)}
    assert parts == {frozenset(g.index) for _, g in table.groupby("particle")}
    again = tracks.to_dataframe()
    assert {frozenset(g.index) for _, g in again.groupby("particle")} == parts
    first = again.sort_values("frame", kind="stable").drop_duplicates("particle")
    assert first["particle"].tolist() == list(range(len(parts)))


def test_relations_there_and_back():
    tracks = Tracks(
        spots(0, 1, 1, 2, 2, 5),
        edge_table(
            [0, 0, 1, 2, 3], [1, 2, 3, 4, 5], kind=["split", "split", "link", "link", "gap"]
        ),
    )
    again = Tracks.from_dataframe(tracks.to_dataframe(), tracks.relations())
    key = ["source", "target"]
    pd.testing.assert_frame_equal(
        again.edges.sort_values(key, ignore_index=True),
        tracks.edges.sort_values(key, ignore_index=True),
    )


def test_nothing():
    empty = spots()
    empty["frame"] = empty["frame"].astype(np.int64)
    empty["id"] = empty["id"].astype(np.int64)
    tracks = Tracks(empty, edge_table([], []))
    assert len(tracks.to_dataframe()) == len(tracks.relations()) == 0


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (edge_table([10], [99]), "join spots that are there, got target 99"),
        (edge_table([98], [12]), "join spots that are there, got source 98"),
        (edge_table([12], [11]), r"later frame, got spot 12 \(frame 1\) to spot 11 \(frame 0\)"),
        (edge_table([10], [11]), r"later frame, got spot 10 \(frame 0\) to spot 11 \(frame 0\)"),
        (edge_table([10, 10], [12, 12]), "join spots once, got 10 to 12 twice"),
        (edge_table([10, 11], [12, 12]), "one parent, .*got 10 and 11 for spot 12"),
        (edge_table([10, 10], [12, 13]), "one child, .*got 12 and 13 for spot 10"),
        (edge_table([10], [12]).assign(kind="jump"), "kinds link, gap, split, merge, got 'jump'"),
        (edge_table([10], [12]).drop(columns="cost"), r"column\(s\) cost"),
    ],
)
def test_edges_that_cannot_be(edges, message):
    with pytest.raises(ValueError, match=message):
        Tracks(spots(0, 0, 1, 1, ids=[10, 11, 12, 13]), edges)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (spots(0, 1, ids=[4, 4]), "`id` for each row alone, got 4 twice"),
        (spots(0, 1).astype({"id": float}), "integers in column id, got float64"),
        (spots(0, 1).astype({"frame": float}), "integers in column frame, got float64"),
        (spots(0, 1).drop(columns="id"), r"column\(s\) id"),
    ],
)
def test_spots_that_cannot_be(table, message):
    with pytest.raises(ValueError, match=message):
        Tracks(table, edge_table([], []))


def test_trajectories_that_cannot_be():
    table = pd.DataFrame({"frame": [0, 0], "particle": [1, 1]})
    with pytest.raises(ValueError, match=r"later frame, got spot 0 \(frame 0\) to spot 1"):
        Tracks.from_dataframe(table)
    with pytest.raises(ValueError, match="particles that are there, got child 7"):
        Tracks.from_dataframe(
            table.assign(frame=[0, 1]), pd.DataFrame({"parent": [1], "child": [7]})
        )
    with pytest.raises(TypeError, match="`edges` must be a pandas DataFrame, got list"):
        Tracks(spots(0), [(0, 1)])
