"""`link_manual`: edges by ids, or by frame and index."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spotgpu.linking import link_manual


@pytest.fixture
def spots():
    """Return spots whose rows are not in the order of frames."""
    frame = [1, 0, 1, 2, 5, 0]
    return pd.DataFrame({"frame": frame, "y": 0.0, "x": np.arange(6.0), "id": range(10, 16)})


def rows(tracks):
    return [tuple(row) for row in tracks.edges[["source", "target", "kind"]].to_numpy()]


EDGES = [(11, 10), (11, 12), (10, 13), (12, 13), (13, 14)]
KINDS = ["split", "split", "merge", "merge", "gap"]


def test_kinds_follow_from_the_edges(spots):
    tracks = link_manual(spots, EDGES)
    assert rows(tracks) == [(*edge, kind) for edge, kind in zip(EDGES, KINDS, strict=True)]
    assert tracks.edges["cost"].isna().all()
    assert tracks.particle.tolist() == [2, 0, 3, 4, 4, 1]
    assert tracks.lineage.tolist() == [0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("given", [np.array, pd.DataFrame])
def test_given_as(spots, given):
    edges = given(EDGES)
    if given is pd.DataFrame:
        edges.columns = ["source", "target"]
        edges.index = [3] * 5
    assert rows(link_manual(spots, edges)) == rows(link_manual(spots, EDGES))


def test_frame_and_index(spots):
    """Spot 15 is the second of frame 0, spot 12 the second of frame 1."""
    edges = [((0, 1), (1, 1)), ((1, 0), (2, 0))]
    assert rows(link_manual(spots, edges)) == [(15, 12, "link"), (10, 13, "link")]
    assert rows(link_manual(spots.drop(columns="id"), edges)) == [(5, 2, "link"), (0, 3, "link")]


def test_costs_and_kinds_given(spots):
    edges = pd.DataFrame({"source": [11, 11], "target": [10, 12], "cost": [-1, 2]}, index=[7, 7])
    assert link_manual(spots, edges).edges["cost"].tolist() == [-1, 2]
    edges["kind"] = ["link", "split"]
    tracks = link_manual(spots, edges)
    assert rows(tracks) == [(11, 10, "link"), (11, 12, "split")]
    assert tracks.edges["cost"].tolist() == [-1, 2]
    with pytest.raises(ValueError, match="got 'jump'"):
        link_manual(spots, edges.assign(kind="jump"))
    with pytest.raises(ValueError, match=r"one child, .*got 10 and 12 for spot 11"):
        link_manual(spots, edges.assign(kind="link"))


@pytest.mark.parametrize(
    "none", [[], np.empty((0, 2), int), pd.DataFrame({"source": [], "target": []})]
)
def test_no_edges(spots, none):
    tracks = link_manual(spots, none)
    assert len(tracks.edges) == 0
    assert tracks.spots.equals(spots)


def test_no_spots(spots):
    assert len(link_manual(spots[:0], []).spots) == 0


def test_table_stays(spots):
    spots.index = [4] * 6
    before = spots.copy()
    assert link_manual(spots.drop(columns="id"), []).spots["id"].tolist() == list(range(6))
    pd.testing.assert_frame_equal(spots, before)


def test_frames_by_another_name(spots):
    tracks = link_manual(spots.rename(columns={"frame": "t"}), EDGES, t_column="t")
    assert tracks.t_column == "t"
    assert rows(tracks) == rows(link_manual(spots, EDGES))


@pytest.mark.parametrize(
    ("edges", "error", "message"),
    [
        ([(11, 99)], ValueError, "join spots that are there, got target 99"),
        ([((0, 2), (1, 0))], ValueError, "join spots that are there, got spot 2 of frame 0"),
        ([((0, -1), (1, 0))], ValueError, "join spots that are there, got spot -1 of frame 0"),
        ([(10, 11)], ValueError, r"later frame, got spot 10 \(frame 1\) to spot 11 \(frame 0\)"),
        ([(10, 12)], ValueError, "to a later frame"),
        ([(11, 10), (11, 10)], ValueError, "join spots once, got 11 to 10 twice"),
        ([(11, 10, 12)], ValueError, r"shape \(edges, 2\) or \(edges, 2, 2\), got \(1, 3\)"),
        ([11, 10], ValueError, r"shape \(edges, 2\) or \(edges, 2, 2\), got \(2,\)"),
        ([(11, (0, 1))], ValueError, "pairs of ids or of"),
        ([(11.0, 10.0)], TypeError, "of integers, got float64"),
        ([("a", "b")], TypeError, "of integers, got <U1"),
        (pd.DataFrame({"source": [11]}), ValueError, r"the column\(s\) target, got source"),
    ],
)
def test_bad_edges(spots, edges, error, message):
    with pytest.raises(error, match=f"`edges` must .*{message}"):
        link_manual(spots, edges)


def test_bad_spots(spots):
    with pytest.raises(TypeError, match="`spots` must be a pandas DataFrame, got list"):
        link_manual([], [])
    with pytest.raises(ValueError, match=r"the column\(s\) frame"):
        link_manual(spots.drop(columns="frame"), [])
    with pytest.raises(ValueError, match="got 10 twice"):
        link_manual(spots.assign(id=10), [])
