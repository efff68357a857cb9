"""`to_networkx`, `from_networkx`: there and back, and graphs made elsewhere."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from branching import assert_same, tracks
from hypothesis import given, settings

from spotgpu.export import from_networkx, to_networkx
from spotgpu.tables import Tracks, edge_table


@given(tracks())
@settings(max_examples=50, deadline=None)
def test_there_and_back(made):
    graph = to_networkx(made)
    assert nx.is_directed_acyclic_graph(graph)
    # A graph without nodes has no attributes of nodes, one without edges none of edges.
    if not len(made.edges):
        made = Tracks(made.spots, edge_table([], []))
    if not len(made.spots):
        made = Tracks(made.spots[["id", "frame"]], made.edges)
    assert_same(from_networkx(graph), made, exactly=False)


@given(tracks())
@settings(max_examples=50, deadline=None)
def test_lineages_and_particles_are_networkx_s(made):
    graph = to_networkx(made)
    ids = made.spots["id"].to_numpy()
    assert _groups(ids, made.lineage) == set(map(frozenset, nx.weakly_connected_components(graph)))
    branching = [
        (a, b) for a, b in graph.edges if graph.out_degree(a) > 1 or graph.in_degree(b) > 1
    ]
    graph.remove_edges_from(branching)
    assert _groups(ids, made.particle) == set(map(frozenset, nx.weakly_connected_components(graph)))


def _groups(ids, number):
    return {frozenset(ids[number == i].tolist()) for i in set(number)}


def test_attributes_by_hand():
    spots = pd.DataFrame(
        {
            "id": [10, 20],
            "frame": [0, 2],
            "y": [1.5, 2.5],
            "x": [3.0, np.nan],
            "label": ["a", "b"],
            "count": pd.array([3, None], dtype="Int64"),
        }
    )
    spots.attrs = {"pixel_size_um": [0.2, 0.1], "frame_interval_s": 0.5, "other": object()}
    graph = to_networkx(Tracks(spots, edge_table([10], [20], cost=1.5, kind="gap")))
    assert graph.nodes[10] == {
        "id": 10, "frame": 0, "y": 1.5, "x": 3.0, "label": "a", "count": 3,
    }  # fmt: skip
    assert graph.nodes[20]["count"] is None
    assert {type(value) for value in graph.nodes[10].values()} == {int, float, str}
    assert list(graph.edges(data=True)) == [(10, 20, {"cost": 1.5, "kind": "gap"})]
    assert graph.graph == {"pixel_size_um": [0.2, 0.1], "frame_interval_s": 0.5}
    assert from_networkx(graph).spots.attrs == graph.graph


def test_graph_made_elsewhere():
    """Names that are text, the frame by another name and as a float, no cost and no kind."""
    graph = nx.DiGraph(creator="someone")
    graph.add_node("m", t=0.0, area=5)
    graph.add_node("d1", t=1.0, area=2)
    graph.add_node("d2", t=1.0)
    graph.add_node(("d1", 2), t=4.0, area=1)
    graph.add_edges_from([("m", "d1"), ("m", "d2"), ("d1", ("d1", 2))])
    made = from_networkx(graph, t_column="t", name_column="name")
    assert made.spots["name"].tolist() == ["m", "d1", "d2", ("d1", 2)]
    assert made.spots["id"].tolist() == [0, 1, 2, 3]
    assert made.spots["t"].tolist() == [0, 1, 1, 4]
    assert made.spots["t"].dtype == np.int64
    assert made.spots["area"].isna().tolist() == [False, False, True, False]
    assert made.spots.attrs == {}
    assert made.edges[["source", "target", "kind"]].to_numpy().tolist() == [
        [0, 1, "split"],
        [0, 2, "split"],
        [1, 3, "gap"],
    ]
    assert made.edges["cost"].isna().all()


def test_integer_names_are_the_ids():
    graph = nx.DiGraph([(np.int64(7), 5), (3, 5)])
    nx.set_node_attributes(graph, {7: 0, 3: 1, 5: 2}, "frame")
    made = from_networkx(graph)
    assert made.spots["id"].tolist() == [7, 5, 3]
    assert "node" not in made.spots
    assert made.edges["kind"].tolist() == ["merge", "merge"]


@pytest.mark.parametrize("largest", [2**63 - 1, -(2**63), 2**53 + 1])
def test_ids_are_exact(largest):
    graph = nx.DiGraph([(largest, 5)])
    nx.set_node_attributes(graph, {largest: 0, 5: 1}, "frame")
    made = from_networkx(graph)
    assert made.spots["id"].tolist() == made.edges.to_numpy()[0, :2].tolist() == [largest, 5]
    # Larger ones are names.
    graph = nx.relabel_nodes(graph, {largest: 2**63})
    assert from_networkx(graph).spots["node"].tolist() == [2**63, 5]


@given(tracks())
@settings(max_examples=50, deadline=None)
def test_names_may_change(made):
    """Text for names: the ids are the attribute."""
    graph = nx.relabel_nodes(to_networkx(made), {i: f"spot {i}" for i in made.spots["id"]})
    found = from_networkx(graph)
    assert found.spots["id"].tolist() == made.spots["id"].tolist()
    assert list(found.spots.get("node", [])) == [f"spot {i}" for i in made.spots["id"]]


def test_undirected_edges_lead_forward():
    graph = nx.Graph([(1, 2), (2, 3)])
    nx.set_node_attributes(graph, {1: 5, 2: 3, 3: 0}, "frame")
    made = from_networkx(graph)
    assert sorted(zip(made.edges["source"], made.edges["target"], strict=True)) == [(2, 1), (3, 2)]
    assert made.edges["kind"].tolist() == ["gap", "gap"]


def test_some_edges_say_their_kind():
    graph = nx.DiGraph()
    graph.add_nodes_from([(0, {"frame": 0}), (1, {"frame": 1}), (2, {"frame": 1})])
    graph.add_edge(0, 1, kind="link")
    graph.add_edge(0, 2, cost=3)
    made = from_networkx(graph)
    assert made.edges["kind"].tolist() == ["link", "split"]
    assert made.edges["cost"].tolist()[1] == 3.0


def graph_of(*frames, edges=(), **attributes):
    graph = nx.DiGraph()
    graph.add_nodes_from((i, {"frame": frame, **attributes}) for i, frame in enumerate(frames))
    graph.add_edges_from(edges)
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nx.DiGraph([(1, 2)]), "the attribute frame at each node, got 1 without"),
        (graph_of(0, None), "frame, which must be whole numbers, got nan"),
        (graph_of(0, 1.5), "frame, which must be whole numbers, got 1.5"),
        (graph_of(0, "1"), "frame, which must be whole numbers, got '1'"),
        (graph_of(0, 2.0**63), "frame, which must be whole numbers, got 9"),
        (graph_of(1, 0, edges=[(0, 1)]), "must show tracks, but .*later frame"),
        (graph_of(0, 1, edges=[(0, 1, {"kind": "jump"})]), "kinds link, .*got 'jump'"),
        (graph_of(0, 1, edges=[(0, 1, {"kind": ["link"]})]), r"kinds link, .*got \['link'\]"),
        (graph_of(0, 1, edges=[(0, 1, {"cost": "high"})]), "must show tracks, but .*'high'"),
        (graph_of(0, id="a"), "no attribute id .* got 'a' at node 0"),
        (nx.MultiDiGraph(graph_of(0, 1, edges=[(0, 1)])), None),
        (graph_of(0, 1, edges=[(0, 1, {"kind": "link"})]), None),
    ],
)
def test_graphs_that_cannot_be(graph, message):
    if message is None:
        assert from_networkx(graph).edges["kind"].tolist() == ["link"]
        return
    with pytest.raises(ValueError, match=message):
        from_networkx(graph)


def test_arguments():
    twice = nx.MultiDiGraph(graph_of(0, 1, edges=[(0, 1)]))
    twice.add_edge(0, 1)
    with pytest.raises(ValueError, match=r"must show tracks, but .*0 to 1 twice"):
        from_networkx(twice)
    named = nx.relabel_nodes(graph_of(0, node=3), {0: "a"})
    with pytest.raises(ValueError, match=r"`name_column` must not be an attribute .*got 'node'"):
        from_networkx(named)
    with pytest.raises(TypeError, match=r"`graph` must be a networkx graph, got dict"):
        from_networkx({})
    with pytest.raises(TypeError, match=r"`tracks` must be spotgpu.tables.Tracks, got DataFrame"):
        to_networkx(pd.DataFrame())
