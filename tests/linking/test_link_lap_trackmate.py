"""`link_lap` finds the edges that TrackMate found, at their costs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from spotgpu.linking import link_lap, link_simple_lap

DATA = Path(__file__).parents[3] / "shared" / "data"


def reference(which):
    """Return the spots that TrackMate was given and the edges that it returned."""
    path = DATA / f"trackmate_tracks_{which}_gap_closing_spots.csv"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    spots = pd.read_csv(path, index_col=0)
    edges = pd.read_csv(path.with_name(path.name.replace("spots", "edges")), index_col=0)
    return spots.rename(columns={"position_x": "x", "position_y": "y"}), edges


def costs_by_edge(spots, edges):
    """Return the costs by source and target; TrackMate's edges may lead either way in time."""
    frame = spots.set_index("id")["frame"]
    ends = edges[["spot_source_id", "spot_target_id"]].to_numpy().tolist()
    assert len({frozenset(pair) for pair in ends}) == len(edges)
    ordered = [tuple(sorted(pair, key=frame.get)) for pair in ends]
    return dict(zip(ordered, edges["link_cost"], strict=True))


def found(tracks):
    edges = tracks.edges
    return dict(zip(zip(edges["source"], edges["target"], strict=True), edges["cost"], strict=True))


@pytest.mark.parametrize(("which", "gap"), [("without", None), ("with", 15)])
@pytest.mark.parametrize("tracker", ["link_lap", "link_simple_lap"])
@pytest.mark.parametrize("shuffled", [False, True])
def test_edges_and_costs(which, gap, tracker, shuffled):
    spots, edges = reference(which)
    expected = costs_by_edge(spots, edges)
    assert len(expected) > 100
    if shuffled:
        spots = spots.sample(frac=1, random_state=0)
    if tracker == "link_lap":
        tracks = link_lap(spots, 15, gap_closing_distance=gap, preset="trackmate")
    else:
        tracks = link_simple_lap(spots, 15, gap_closing_distance=gap)
    assert found(tracks) == expected


def test_tracks():
    """What TrackMate calls tracks are the lineages of two spots or more."""
    spots, edges = reference("with")
    tracks = link_simple_lap(spots, 15, gap_closing_distance=15)
    table = tracks.to_dataframe()
    ours = [frozenset(g) for _, g in table.groupby("lineage")["id"] if len(g) > 1]
    theirs = [
        frozenset(g[["spot_source_id", "spot_target_id"]].to_numpy().ravel())
        for _, g in edges.groupby("track_id")
    ]
    assert set(ours) == set(theirs)
    assert tracks.edges["kind"].value_counts()[["gap", "split", "merge"]].tolist() == [1, 0, 0]
