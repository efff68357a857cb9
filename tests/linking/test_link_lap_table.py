"""What `link_lap` does to tables, what it refuses, and what must not change its links."""

from __future__ import annotations

import re
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import spotgpu.linking._candidates as candidates_module
import spotgpu.linking._chunks as chunks_module
import spotgpu.linking._crowd as crowd_module
from spotgpu.linking import Tracks, candidates, link_lap, link_simple_lap

ALL = {"gap_closing_distance": 4, "splitting_distance": 3, "merging_distance": 3}


def line(*rows, ids=None):
    """Return spots of (frame, x)."""
    f = pd.DataFrame(rows, columns=["frame", "x"], dtype=float).assign(y=0.0)
    f["frame"] = f["frame"].astype(int)
    return f if ids is None else f.assign(id=ids)


def found(tracks):
    edges = tracks.edges
    kinds = edges["kind"].astype(str)
    return list(zip(edges["source"].tolist(), edges["target"].tolist(), kinds, strict=True))


def ends(tracks):
    return [edge[:2] for edge in found(tracks)]


# Tables


@pytest.fixture
def spots():
    return pd.DataFrame(
        {
            "frame": [1, 0, 0, 1, 3],
            "y": 5.0,
            "x": [2.0, 8, 1, 9, 2.5],
            "mass": [1, 2, 3, 4, 5],
            "name": list("abcde"),
        },
        index=[10, 11, 12, 12, 14],
    )


def test_table(spots):
    spots.attrs["pixel_size_um"] = 0.16
    before = spots.copy()
    tracks = link_lap(spots, 3, gap_closing_distance=2)
    pd.testing.assert_frame_equal(spots, before)
    assert isinstance(tracks, Tracks)
    assert tracks.t_column == "frame"
    # In the order of frames; without ids, the ids are the rows' numbers in the table that came.
    expected = before.iloc[[1, 2, 0, 3, 4]].reset_index(drop=True).assign(id=[1, 2, 0, 3, 4])
    pd.testing.assert_frame_equal(tracks.spots, expected)
    assert tracks.spots.attrs == spots.attrs
    assert found(tracks) == [(2, 0, "link"), (1, 3, "link"), (0, 4, "gap")]
    assert tracks.edges["cost"].tolist() == [1.0, 1.0, 0.25]
    assert list(tracks.edges) == ["source", "target", "cost", "kind"]
    assert tracks.edges["source"].dtype == tracks.edges["target"].dtype == np.int64
    assert tracks.edges["cost"].dtype == np.float64
    assert tracks.edges["kind"].cat.categories.tolist() == ["link", "gap", "split", "merge"]
    assert isinstance(tracks.edges.index, pd.RangeIndex)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "Int64"])
def test_ids_are_kept(spots, dtype):
    ids = pd.array([50, 3, 40, 20, 100], dtype)
    tracks = link_lap(spots.assign(id=ids), 3, gap_closing_distance=2)
    assert tracks.spots["id"].dtype == dtype
    assert tracks.spots["id"].tolist() == [3, 40, 50, 20, 100]
    assert found(tracks) == [(40, 50, "link"), (3, 20, "link"), (50, 100, "gap")]


@pytest.mark.parametrize("dtype", ["int8", "uint16", "uint64", "float32", "float64", "Int64"])
def test_frame_dtypes(spots, dtype):
    tracks = link_lap(spots.astype({"frame": dtype}), 3, gap_closing_distance=2)
    assert ends(tracks) == [(2, 0), (1, 3), (0, 4)]
    assert tracks.spots["frame"].dtype.kind in "iu"


def test_columns_by_other_names(spots):
    renamed = spots.rename(columns={"frame": "t", "x": "col", "y": "row"})
    tracks = link_lap(renamed, 3, gap_closing_distance=2, pos_columns=["row", "col"], t_column="t")
    assert tracks.t_column == "t"
    assert ends(tracks) == [(2, 0), (1, 3), (0, 4)]
    assert ends(link_lap(spots, 3, pos_columns=["y"])) == [(1, 0), (2, 3)]  # the first, of ties


@pytest.mark.parametrize("frames", [-5, 0, 10**12, -(2**61)])
def test_where_the_frames_begin(spots, frames):
    moved = spots.assign(frame=spots["frame"] + frames)
    assert ends(link_lap(moved, 3, gap_closing_distance=2)) == [(2, 0), (1, 3), (0, 4)]


@pytest.mark.parametrize("options", [{}, ALL, ALL | {"branch_points": "all"}])
def test_no_spots_and_one(options):
    whole = line((4, 1.0), ids=[7])
    for f in (whole, whole.iloc[:0]):
        tracks = link_lap(f, 3, **options)
        assert len(tracks.spots) == len(f)
        assert len(tracks.edges) == 0
        assert tracks.particle.tolist() == list(range(len(f)))


@pytest.mark.parametrize("auxiliary", ["alternative", "minimum"])
def test_two_spots_at_one_place(auxiliary):
    """Links that cost nothing are made, and those of spots at one place are as they come."""
    f = line((0, 1), (0, 1), (1, 1), (1, 1), (2, 1))
    tracks = link_lap(f, 3, auxiliary_cost=auxiliary)
    assert ends(tracks) == [(0, 2), (1, 3), (2, 4)]
    assert tracks.edges["cost"].tolist() == [0.0] * 3
    merged = link_lap(f, 3, **ALL, branch_points="all", auxiliary_cost=auxiliary)
    assert set(ends(merged)) == {(0, 2), (1, 3), (2, 4), (3, 4)}


# The two steps, by hand


def test_nearer_than_the_linking_distance_or_at_the_others():
    f = line((0, 0), (1, 3), (3, 6))
    assert found(link_lap(f, 3)) == []
    assert found(link_lap(f, np.nextafter(3, 4))) == [(0, 1, "link")]
    assert found(link_lap(f, 1, gap_closing_distance=np.nextafter(3, 2))) == []
    # The end of one and the beginning of the next, one frame on: a link, by the second step.
    assert found(link_lap(f, 1, gap_closing_distance=3)) == [(0, 1, "link"), (1, 2, "gap")]
    assert found(link_lap(f, 1, gap_closing_distance=3, max_frame_gap=1)) == [(0, 1, "link")]


def test_a_split_and_a_merge_are_at_the_distance_too():
    whole = [(0, 0), (1, 0), (2, 0), (3, 0)]
    f = line(*whole, (2, 2), (3, 2.5), (0, -2.5), (1, -2))
    at = {"splitting_distance": 2, "merging_distance": 2}
    links = {(0, 1, "link"), (1, 2, "link"), (2, 3, "link"), (4, 5, "link"), (6, 7, "link")}
    tracks = link_lap(f, 1.5, **at)
    assert set(found(tracks)) == links | {(1, 4, "split"), (7, 2, "merge")}
    assert tracks.edges["cost"].max() == 4
    assert set(found(link_lap(f, 1.5, **dict.fromkeys(at, np.nextafter(2, 1))))) == links


def test_where_tracks_split():
    """At a spot inside of a segment; with 'all', at its ends too."""
    f = line((0, 0), (1, 0), (1, 2), (2, 0), (2, 3))
    # 0 - 1 - 3 is a segment; 2 may come from 0, its first spot, and 4 from 1.
    interior = link_lap(f, 1, splitting_distance=3)
    assert set(found(interior)) == {(0, 1, "link"), (1, 3, "link"), (1, 4, "split")}
    everywhere = link_lap(f, 1, splitting_distance=3, branch_points="all")
    assert {(0, 2), (2, 4)} < set(ends(everywhere))


def test_a_spot_inside_splits_once_and_merges_once():
    f = line((0, 0), (1, 0), (2, 0), (0, -2), (0, 2), (2, -2), (2, 2.5))
    tracks = link_lap(f, 1, splitting_distance=3, merging_distance=3)
    # Of two that may merge into the middle the first, of two that may split from it the nearer.
    assert set(found(tracks)) == {
        (0, 1, "link"),
        (1, 2, "link"),
        (3, 1, "merge"),
        (1, 5, "split"),
    }


def test_singletons():
    f = line((0, 0), (2, 0), (3, 0.5), (5, 0.5))
    options = {"gap_closing_distance": 2}
    assert ends(link_lap(f, 1, **options)) == [(0, 1), (1, 2), (2, 3)]
    assert ends(link_lap(f, 1, **options, singletons=False)) == [(1, 2)]
    assert ends(link_lap(f, 1, **options, preset="trackmate")) == [(1, 2)]
    assert ends(link_lap(f, 1, **options, preset="trackmate", singletons=True)) == [
        (0, 1),
        (1, 2),
        (2, 3),
    ]


def test_penalties_shorten_the_distance_or_not():
    f = line((0, 0), (1, 2)).assign(mass=[10.0, 30])
    assert ends(link_lap(f, 4)) == [(0, 1)]
    # 4 * (1 + 3 * 20 / 40)**2 = 25
    assert ends(link_lap(f, 5, penalties={"mass": 1})) == []
    assert ends(link_lap(f, 5.1, penalties={"mass": 1})) == [(0, 1)]
    tracks = link_lap(f, 5, penalties={"mass": 1}, gate="distance")
    assert tracks.edges["cost"].tolist() == [25.0]
    closed = link_lap(f, 1, gap_closing_distance=5, penalties={"mass": 1})
    assert closed.edges["cost"].tolist() == [25.0]
    assert ends(link_lap(f, 1, gap_closing_distance=4.9, penalties={"mass": 1})) == []
    each = {"linking": {"mass": 1}, "splitting": {"mass": 9}}
    assert ends(link_lap(f, 5, penalties=each)) == []
    assert link_lap(f, 5, gap_closing_distance=3, penalties=each).edges["cost"].tolist() == [4.0]


def test_own_cost():
    f = line((0, 0), (1, 1), (1, 2), (2, 1)).assign(kind=list("abac"))

    def same_kind(sources, targets):
        return np.where(sources["kind"] == targets["kind"], 100.0, np.nan)

    tracks = link_lap(f, 3, cost=same_kind)
    assert ends(tracks) == [(0, 2)]
    assert tracks.edges["cost"].tolist() == [100.0]  # beyond the squared distance
    assert ends(link_lap(f, 3, cost=same_kind, gate="cost")) == []
    assert ends(link_lap(f, 3, cost=same_kind, gap_closing_distance=3)) == [(0, 2)]


@pytest.mark.parametrize("columns", [["x"], ["z", "y", "x"]])
def test_a_distance_for_each_axis(columns):
    rng = np.random.default_rng(0)
    f = pd.DataFrame(rng.uniform(0, 9, (150, len(columns))), columns=columns)
    f["frame"] = rng.integers(0, 6, len(f))
    lengths = (6.0, 3.0, 1.5)[-len(columns) :]
    round_ = f.assign(**{c: f[c] * (1.5 / d) for c, d in zip(columns, lengths, strict=True)})
    distances = dict.fromkeys(("linking_distance", *ALL), lengths)
    ours = link_lap(f, **distances, pos_columns=columns)
    expected = link_lap(round_, **dict.fromkeys(distances, 1.5), pos_columns=columns)
    pd.testing.assert_frame_equal(ours.edges, expected.edges)
    assert ours.edges["kind"].nunique() > 2


# Fixed edges


def test_fixed_edges_are_kept():
    f = line((0, 0), (0, 5), (1, 0.5), (1, 5.5), (2, 0), (4, 5), ids=[10, 11, 12, 13, 14, 15])
    free = link_lap(f, 3, **ALL)
    assert found(free) == [(10, 12, "link"), (11, 13, "link"), (12, 14, "link")]
    for pairs in (
        [(10, 13)],
        np.array([(10, 13)]),
        pd.DataFrame([(10, 13)], columns=["source", "target"]),
    ):
        tracks = link_lap(f, 3, fixed_edges=pairs)
        assert found(tracks) == [(10, 13, "link"), (12, 14, "link")]
        assert np.isnan(tracks.edges["cost"][0])
    assert found(link_lap(f, 3, fixed_edges=[(13, 15)], **ALL)) == [*found(free), (13, 15, "gap")]
    for none in (None, [], pd.DataFrame({"source": [], "target": []})):
        assert found(link_lap(f, 3, fixed_edges=none, **ALL)) == found(free)


def test_kinds_of_fixed_edges():
    """They follow from the edges, where they are not given."""
    f = line((0, 0), (1, 0), (1, 1), (3, 0), (3, 1))
    given = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 4)]
    kinds = ["split", "split", "merge", "merge", "split"]
    tracks = link_lap(f, 0.1, fixed_edges=given)
    assert found(tracks) == [(*edge, kind) for edge, kind in zip(given, kinds, strict=True)]
    table = pd.DataFrame(given[:2], columns=["source", "target"]).assign(kind=["link", "split"])
    assert found(link_lap(f, 0.1, fixed_edges=table)) == [(0, 1, "link"), (0, 2, "split")]


def test_what_fixed_branches_leave():
    """A spot with one child by a split goes on; with two it does not; the same back in time."""
    f = line((0, 0), (1, 0), (1, 5), (1, 6))
    split = pd.DataFrame({"source": 0, "target": [2, 3], "kind": "split"})
    assert found(link_lap(f, 3, fixed_edges=split[:1], **ALL)) == [
        (0, 1, "link"),
        (0, 2, "split"),
    ]
    assert found(link_lap(f, 3, fixed_edges=split, **ALL)) == [(0, 2, "split"), (0, 3, "split")]
    f = line((0, 0), (0, 5), (0, 6), (1, 0))
    merge = pd.DataFrame({"source": [1, 2], "target": 3, "kind": "merge"})
    assert found(link_lap(f, 3, fixed_edges=merge[:1], **ALL)) == [
        (0, 3, "link"),
        (1, 3, "merge"),
    ]
    assert found(link_lap(f, 3, fixed_edges=merge, **ALL)) == [(1, 3, "merge"), (2, 3, "merge")]


@pytest.mark.parametrize("kind", ["split", "merge"])
def test_a_fixed_branch_is_not_found_again(kind):
    f = line((0, 0), (1, 1))
    given = pd.DataFrame({"source": [0], "target": [1], "kind": [kind]})
    tracks = link_lap(f, 3, **ALL, branch_points="all", fixed_edges=given)
    assert found(tracks) == [(0, 1, kind)]


def test_where_a_fixed_branch_is_no_other_is():
    """The spot inside splits (merges) already, so that what is near stays alone."""
    f = line((0, 0), (1, 0), (2, 0), (2, 9), (2, 2))
    given = pd.DataFrame({"source": [1], "target": [3], "kind": ["split"]})
    links = {(0, 1, "link"), (1, 2, "link")}
    assert set(found(link_lap(f, 1, **ALL))) == links | {(1, 4, "split")}
    assert set(found(link_lap(f, 1, **ALL, fixed_edges=given))) == links | {(1, 3, "split")}
    f = line((0, 0), (1, 0), (2, 0), (0, 9), (0, 2))
    given = pd.DataFrame({"source": [3], "target": [1], "kind": ["merge"]})
    assert set(found(link_lap(f, 1, **ALL))) == links | {(4, 1, "merge")}
    assert set(found(link_lap(f, 1, **ALL, fixed_edges=given))) == links | {(3, 1, "merge")}


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([(0, 9)], "must join spots that are there, got target 9"),
        ([(-1, 2)], "must join spots that are there, got source -1"),
        ([(2, 0)], "must lead to a later frame, got spot 2 (frame 1) to spot 0 (frame 0)"),
        ([(0, 1)], "must lead to a later frame"),
        ([(0, 0)], "must lead to a later frame"),
        ([(0, 2), (2, 4), (4, 0)], "must lead to a later frame"),  # a cycle
        ([(0, 2), (0, 2)], "must join spots once"),
        ([(0, 2, 4)], "must be a table or pairs of ids, got shape (1, 3)"),
        ([0, 2], "must be a table or pairs of ids, got shape (2,)"),
        ([(0.0, 2.0)], "must be of integer ids, got float64"),
        ([("0", "2")], "must be of integer ids"),
        (pd.DataFrame({"source": [0]}), "target"),
        (pd.DataFrame({"source": [0], "target": [2], "kind": ["join"]}), "must be of the kinds"),
        (
            pd.DataFrame({"source": [0, 1], "target": [2, 2], "kind": "link"}),
            "must give a spot one parent, unless the others are of kind 'merge', got 0 and 1",
        ),
        (
            pd.DataFrame({"source": [0, 0], "target": [2, 3], "kind": "link"}),
            "must give a spot one child, unless the others are of kind 'split', got 2 and 3",
        ),
    ],
)
def test_fixed_edges_that_cannot_be(edges, words):
    f = line((0, 0), (0, 1), (1, 0), (1, 1), (2, 0))
    with pytest.raises(ValueError, match=r"`fixed_edges`|target") as error:
        link_lap(f, 3, fixed_edges=edges)
    assert words in str(error.value)


# What is refused


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"id": [1, 2, 1, 3, 4]}, ValueError, "an `id` for each row alone, got 1 twice"),
        ({"id": [1.0, 2, 3, 4, 5]}, ValueError, "integers in column id, got float64"),
        ({"id": list("abcde")}, ValueError, "integers in column id"),
        ({"frame": [0, 0, 1, 1.5, 2]}, ValueError, "`frame` must be integers, got 1.5 in row 3"),
        ({"frame": [0, 0, 1, np.nan, 2]}, ValueError, "`frame` must be integers, got nan"),
        ({"frame": [0, 0, 1, 2**63, 2]}, ValueError, "`frame` must be integers"),
        ({"frame": list("abcde")}, ValueError, "`frame` must be integers"),
        ({"x": [0, 1, 2, np.nan, 4]}, ValueError, "column `x` must be finite, got nan in row 3"),
        ({"y": [0, np.inf, 2, 3, 4]}, ValueError, "column `y` must be finite, got inf in row 1"),
        ({"y": [0, 1e151, 2, 3, 4]}, ValueError, "column `y` must be finite"),
        ({"y": list("abcde")}, TypeError, "column `y` must be real numbers"),
        ({"y": True}, TypeError, "column `y` must be real numbers, got bool"),
    ],
)
def test_tables_that_cannot_be(spots, change, error, words):
    with pytest.raises(error, match=re.escape(words)):
        link_lap(spots.assign(**change), 3)


@pytest.mark.parametrize("column", ["frame", "x"])
def test_missing_columns(spots, column):
    with pytest.raises(ValueError, match=column):
        link_lap(spots.drop(columns=column), 3)
    with pytest.raises(TypeError, match="`spots`"):
        link_lap(spots.to_numpy(), 3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"linking_distance": 0}, ValueError, "`linking_distance` must be"),
        ({"linking_distance": None}, TypeError, "`linking_distance` must be"),
        ({"linking_distance": (3, 3, 3)}, ValueError, "`linking_distance` must be one value or 2"),
        ({"gap_closing_distance": -1}, ValueError, "`gap_closing_distance` must be"),
        ({"splitting_distance": np.nan}, ValueError, "`splitting_distance` must be"),
        ({"merging_distance": "3"}, TypeError, "`merging_distance` must be"),
        ({"merging_distance": (3, 0)}, ValueError, "`merging_distance` must be"),
        ({"max_frame_gap": 0}, ValueError, "`max_frame_gap` must be"),
        ({"max_frame_gap": 1.5}, TypeError, "`max_frame_gap` must be"),
        ({"alternative_cost_factor": 0}, ValueError, "`alternative_cost_factor` must be"),
        ({"cutoff_percentile": 90}, ValueError, "`cutoff_percentile` must be"),
        ({"cutoff_percentile": -0.1}, ValueError, "`cutoff_percentile` must be"),
        ({"percentile_rank": "linear"}, ValueError, "`percentile_rank` must be one of 'nearest'"),
        ({"auxiliary_cost": 3}, ValueError, "`auxiliary_cost` must be one of"),
        ({"gate": "speed"}, ValueError, "`gate` must be one of 'cost', 'distance'"),
        ({"singletons": "no"}, TypeError, "`singletons` must be True or False"),
        ({"branch_points": "ends"}, ValueError, "`branch_points` must be one of"),
        (
            {"preset": "trackpy"},
            ValueError,
            "`preset` must be one of None, 'trackmate', 'laptrack'",
        ),
        ({"penalties": 3}, TypeError, "`penalties` must be a mapping"),
        ({"penalties": {"size": 1}}, ValueError, "size"),
        ({"penalties": {"name": 1}}, ValueError, "`penalties` must name columns of numbers"),
        ({"penalties": {"mass": -1}}, ValueError, "`penalties['mass']` must be"),
        ({"penalties": {"merging": {"mass": -1}}}, ValueError, "`penalties['mass']` must be"),
        ({"penalties": {"gaps": {"mass": 1}}}, ValueError, "`penalties` must be for linking, gap"),
        ({"penalties": {"linking": {"mass": 1}, "mass": 1}}, ValueError, "got mass"),
        ({"penalties": {"linking": {"mass": 1}, "merging": 1}}, TypeError, "must be a mapping"),
        ({"cost": 3}, TypeError, "`cost` must be callable"),
        ({"cost": lambda a, _b: -a["x"]}, ValueError, "`cost` must return numbers >= 0"),
        ({"cost": lambda _a, _b: [1.0] * 99}, ValueError, "`cost` must return one number a pair"),
        ({"pos_columns": ["y", "w"]}, ValueError, "w"),
        ({"t_column": "time"}, ValueError, "time"),
        ({"device": "tpu"}, ValueError, "device"),
    ],
)
def test_options_that_cannot_be(spots, options, error, words):
    given = {"linking_distance": 3} | options
    with pytest.raises(error, match=re.escape(words)):
        link_lap(spots, **given)


@pytest.mark.parametrize("event", ["linking", "gap_closing", "splitting", "merging"])
def test_too_far(event, monkeypatch):
    """Not the memory but a message, which names the argument and a distance that would do."""
    monkeypatch.setattr(crowd_module, "MOST", 5000)
    rng = np.random.default_rng(0)
    f = pd.DataFrame(rng.uniform(0, 60, (1500, 2)), columns=["y", "x"])
    f["frame"] = rng.integers(0, 5, len(f))
    options = {"linking_distance": 2, "gap_closing_distance": 2, f"{event}_distance": 60}
    with pytest.raises(
        ValueError, match=rf"^`{event}_distance` must make fewer than 5,000"
    ) as error:
        link_lap(f, **options, branch_points="all")
    options[f"{event}_distance"] = float(re.search(r"about (\S+) would", str(error.value))[1])
    assert len(link_lap(f, **options, branch_points="all").edges) > 100


# `link_simple_lap`


@pytest.mark.parametrize("options", [{}, {"gap_closing_distance": (5, 6)}, {"max_frame_gap": 3}])
def test_simple_is_link_lap_with_trackmates_rules(brownian, options):
    f = brownian(10, 40, candidates=1.0, blink=0.2, seed=3).rename(columns={"frame": "t"})
    f = f.rename(columns={"y": "v", "x": "u"})
    options = {"gap_closing_distance": 5, "pos_columns": ["v", "u"], "t_column": "t"} | options
    simple = link_simple_lap(f, 5, **options)
    whole = link_lap(f, 5, **options, preset="trackmate")
    pd.testing.assert_frame_equal(simple.spots, whole.spots)
    pd.testing.assert_frame_equal(simple.edges, whole.edges)
    assert simple.t_column == "t"
    assert set(simple.edges["kind"]) == {"link", "gap"}


@pytest.mark.parametrize("option", ["splitting_distance", "penalties", "preset", "singletons"])
def test_simple_has_no_other_options(spots, option):
    with pytest.raises(TypeError, match=f"no option {option}"):
        link_simple_lap(spots, 3, **{option: None})


# What must change nothing


def random_spots(seed, n, whole):
    """Return spots with features; on a lattice where `whole`, with ties, else without."""
    rng = np.random.default_rng(seed)
    f = pd.DataFrame(rng.uniform(0, 12, (n, 2)), columns=["y", "x"])
    # Multiples of 1 / 1024 whose shifts and scales by powers of 2 are exact.
    f = (f * 1024).round() / 1024
    if whole:
        f = f.round()
    f["frame"] = rng.integers(0, 6, n)
    return f.drop_duplicates(["frame", "y", "x"], ignore_index=True)


options_drawn = st.fixed_dictionaries(
    {
        "linking_distance": st.sampled_from([1.5, 2, 3]),
        "preset": st.sampled_from([None, "trackmate", "laptrack"]),
    },
    optional={
        "gap_closing_distance": st.sampled_from([2, 3]),
        "splitting_distance": st.sampled_from([2, 3]),
        "merging_distance": st.sampled_from([2, 3]),
        "max_frame_gap": st.integers(1, 4),
    },
)
drawn = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 80), st.booleans())


@settings(max_examples=60, deadline=None)
@given(drawn, options_drawn)
def test_order_of_rows(how, options):
    """Another order changes the order of the edges alone; by the positions, ties go the same."""
    f = random_spots(*how)
    f["id"] = np.arange(len(f)) * 3
    rows = np.random.default_rng(how[0]).permutation(len(f))
    tracks, other = link_lap(f, **options), link_lap(f.iloc[rows], **options)
    columns = ["source", "target"]
    pd.testing.assert_frame_equal(
        tracks.edges.sort_values(columns, ignore_index=True),
        other.edges.sort_values(columns, ignore_index=True),
    )


@settings(max_examples=60, deadline=None)
@given(drawn, options_drawn, st.integers(-30, 30), st.tuples(*[st.integers(-50, 50)] * 3))
def test_translation_and_scale(how, options, power, shift):
    f, scale = random_spots(*how), 2.0**power
    moved = (f[["y", "x"]] + np.array(shift[:2])) * scale
    moved["frame"] = f["frame"] + shift[2]
    scaled = {n: v * scale if n.endswith("_distance") else v for n, v in options.items()}
    expected, other = link_lap(f, **options).edges, link_lap(moved, **scaled).edges
    other["cost"] /= scale**2
    pd.testing.assert_frame_equal(other, expected, check_exact=True)


@settings(max_examples=60, deadline=None)
@given(drawn, options_drawn)
def test_edges_are_ordered_and_valid(how, options):
    """`Tracks` checks the edges; the order is that of targets, then sources."""
    tracks = link_lap(random_spots(*how), **options)
    source, target = tracks.rows
    assert np.lexsort((source, target)).tolist() == list(range(len(source)))
    children, parents = (np.bincount(end, minlength=1).max(initial=0) for end in (source, target))
    assert children <= (3 if "splitting_distance" in options else 2)
    if "splitting_distance" not in options and "merging_distance" not in options:
        assert max(children, parents) <= 1
    length = np.diff(tracks.spots["frame"].to_numpy()[[source, target]], axis=0)[0]
    kind = tracks.edges["kind"].to_numpy()
    assert (length[kind != "gap"] == 1).all()
    assert (length[kind == "gap"] > 1).all()
    assert (length <= options.get("max_frame_gap", 2)).all()


@pytest.mark.parametrize("preset", ["trackmate", "laptrack"])
def test_pieces_change_nothing(preset, monkeypatch):
    f = random_spots(3, 300, whole=False)
    options = ALL | {"preset": preset, "max_frame_gap": 3}
    whole = link_lap(f, 2, **options).edges
    assert whole["kind"].nunique() == 4
    monkeypatch.setattr(candidates_module, "PAIRS", 20)
    monkeypatch.setattr(chunks_module, "POINTS", 60)
    pd.testing.assert_frame_equal(link_lap(f, 2, **options).edges, whole)
    monkeypatch.setattr(chunks_module, "FRAMES", 1)
    pd.testing.assert_frame_equal(link_lap(f, 2, **options).edges, whole)


def test_frames_alone_change_nothing():
    """In the first step a frame's links do not depend on other frames."""
    f = random_spots(5, 400, whole=True)
    whole = link_lap(f, 2).edges
    for frame in range(5):
        part = f[f["frame"].isin([frame, frame + 1])]
        here = link_lap(part.assign(id=part.index), 2).edges
        expected = whole[whole["source"].isin(f.index[f["frame"] == frame])]
        pd.testing.assert_frame_equal(here, expected.reset_index(drop=True))


# Size


def crowd(side, frames):
    """Return spots of a square lattice that shake a little: one component of each two frames."""
    rng = np.random.default_rng(0)
    at = np.stack(np.meshgrid(*[2.0 * np.arange(side)] * 2, indexing="ij"), -1).reshape(-1, 2)
    shaken = [at + rng.uniform(-0.5, 0.5, at.shape) for _ in range(frames)]
    f = pd.DataFrame(np.vstack(shaken), columns=["y", "x"])
    return f.assign(frame=np.repeat(np.arange(frames), len(at)))


def test_a_hundred_thousand_spots_in_one_component():
    f = crowd(224, 2)
    assert len(f) > 100_000
    pairs = candidates(f, 2.9)
    graph = coo_array((np.ones(len(pairs.cost)), (pairs.source, pairs.target)), shape=(len(f),) * 2)
    _, label = connected_components(graph, directed=False)
    assert np.bincount(label).max() == len(f)
    tracemalloc.start()
    begin = time.perf_counter()
    tracks = link_lap(f, 2.9)
    seconds = time.perf_counter() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(tracks.edges) > 0.99 * len(f) / 2
    # A dense matrix would have 2.5e9 cells.
    assert peak < 400e6
    assert seconds < 30


def test_many_small_components():
    """A thousand frames: no step takes a time that goes with the square of anything."""
    rng = np.random.default_rng(1)
    f = pd.DataFrame(rng.uniform(0, 400, (100_000, 2)), columns=["y", "x"])
    f["frame"] = rng.integers(0, 1000, len(f))
    begin = time.perf_counter()
    tracks = link_lap(f, 12, **dict.fromkeys(ALL, 12), max_frame_gap=3)
    assert time.perf_counter() - begin < 30
    assert (tracks.edges["kind"].value_counts() > 100).all()


def test_kind_is_what_the_graph_shows():
    """With any spot as a branch point, a split with one child and one parent is a link."""
    spots = pd.DataFrame({"frame": [0, 1, 2], "y": 0.0, "x": [0.0, 4.0, 5.0]})
    wide = dict.fromkeys(("gap_closing_distance", "splitting_distance", "merging_distance"), 5)
    tracks = link_lap(spots, 3, **wide, branch_points="all")
    assert tracks.edges["kind"].tolist() == ["link", "link"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"gate": ""}, ValueError, "`gate` must be one of 'cost', 'distance', got ''"),
        ({"singletons": 1}, TypeError, "`singletons` must be True or False, got 1"),
        ({"penalties": {"mass": 1.0}}, ValueError, "finite numbers or NaN, got mass: inf"),
    ],
)
def test_more_options_that_cannot_be(options, error, message):
    spots = pd.DataFrame({"frame": [0, 1], "y": 0.0, "x": [0.0, 1.0], "mass": [1.0, np.inf]})
    with pytest.raises(error, match=message):
        link_lap(spots, 3, **options)
