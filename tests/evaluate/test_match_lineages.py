"""The measures of the Cell Tracking Challenge, by hand and by what must hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.evaluate import CTC_WEIGHTS, match_lineages
from spotgpu.tables import Tracks, branching_kinds, edge_table
from tests.evaluate.sequences import corrupted, simulated

COUNTS = ("ns", "fn", "fp", "ed", "ea", "ec")


def tracks(spots: dict[str, tuple[int, float]], *edges: str, kind: Any = None) -> Tracks:
    """Return tracks of named spots (frame, x), and edges such as 'ab'."""
    names = list(spots)
    frame, x = np.array(list(spots.values())).reshape(-1, 2).T
    table = pd.DataFrame(
        {"id": range(len(names)), "frame": frame.astype(int), "y": 0.0, "x": x.astype(float)}
    )
    ends = np.array([[names.index(a), names.index(b)] for a, b in edges], int).reshape(-1, 2).T
    kind = branching_kinds(*ends, table["frame"].to_numpy()) if kind is None else kind
    return Tracks(table, edge_table(*ends, kind=kind))


def counts(found: Tracks, truth: Tracks, **options: Any) -> dict[str, int]:
    result = match_lineages(found, truth, 2.0, **options)
    return {name: getattr(result, name) for name in COUNTS if getattr(result, name)}


def test_a_swap_and_a_lost_object() -> None:
    # Two of five tracks swap after frame 9, one is lost in frame 19.
    rows = [(t, 10.0 * p, p) for t in range(20) for p in range(5)]
    table = pd.DataFrame(rows, columns=["frame", "x", "particle"]).assign(y=0.0)
    swapped = table.copy()
    late = table["frame"] > 9
    swapped.loc[late, "particle"] = table["particle"].replace({0: 1, 1: 0})
    swapped = swapped.drop(index=swapped.index[-1])
    result = match_lineages(Tracks.from_dataframe(swapped), Tracks.from_dataframe(table), 2.0)
    assert (result.fn, result.ed, result.ea, result.aogm) == (1, 2, 3, 16.5)
    assert result.tra == pytest.approx(1 - 16.5 / (10 * 100 + 1.5 * 95))
    assert result.det == pytest.approx(1 - 10 / 1000)
    assert result.lnk == pytest.approx(1 - (2 * 1 + 3 * 1.5) / (1.5 * 95))
    assert (result.n_true, result.n_found, result.n_matched) == (100, 99, 99)
    assert (result.n_true_edges, result.n_found_edges) == (95, 94)
    assert np.isnan([result.division_recall, result.division_precision]).all()


ROW = {"a": (0, 0.0), "b": (1, 0.0), "c": (2, 0.0)}


def test_gaps() -> None:
    truth, ends = tracks(ROW, "ab", "bc"), {k: ROW[k] for k in "ac"}
    assert counts(tracks(ends, "ac"), truth) == {"fn": 1, "ea": 2, "ed": 1}
    assert counts(tracks(ends), truth) == {"fn": 1, "ea": 2}
    dark = tracks(ends, "ac")
    assert counts(dark, dark) == {}
    assert counts(tracks(ends), dark) == {"ea": 1}
    assert counts(truth, dark) == {"fp": 1, "ea": 1}  # a spot where the truth has none


Y = {"a": (0, 0.0), "b": (1, 0.0), "c": (2, -9.0), "d": (2, 9.0)}


def test_what_an_edge_is() -> None:
    truth = tracks(Y, "ab", "bc", "bd")
    assert counts(tracks(Y, "ab", "bc"), truth) == {"ea": 1, "ec": 1}
    assert counts(tracks(Y, "ab", "bc", kind=["link", "split"]), truth) == {"ea": 1, "ec": 1}
    # What the edges are called does not matter.
    assert counts(tracks(Y, "ab", "bc", "bd", kind=["link", "link", "split"]), truth) == {}
    # Over a gap, it is one with and without a sister.
    gap = {k: v for k, v in Y.items() if k != "b"}
    assert counts(tracks(gap, "ac"), tracks(gap, "ac", "ad")) == {"ea": 1}
    merge = {"a": (0, 0.0), "b": (0, 9.0), "c": (1, 4.0)}
    assert counts(tracks(merge, "ac"), tracks(merge, "ac", "bc")) == {"ea": 1, "ec": 1}


def test_weights() -> None:
    truth = tracks(Y, "ab", "bc", "bd")
    found = tracks({**Y, "e": (0, 50.0)}, "ab", "bc", "bd")
    assert match_lineages(found, truth, 2).aogm == CTC_WEIGHTS["fp"] == 1
    result = match_lineages(found, truth, 2, weights={"fp": 7, "ea": 0})
    assert (result.aogm, result.tra) == (7, pytest.approx(1 - 7 / 40))
    assert np.isnan(result.lnk)  # costs nothing to make


def fork(at: int, end: int = 8, **lost: int) -> Tracks:
    """Return a mother that divides after frame `at`, without the spots that are lost."""
    spots = {"m": range(at + 1), "p": range(at + 1, end), "q": range(at + 1, end)}
    x = {"m": 0.0, "p": 0.5, "q": -0.5}
    rows = [
        (t, x[name], n)
        for n, (name, frames) in enumerate(spots.items())
        for t in frames
        if lost.get(name) != t
    ]
    table = pd.DataFrame(rows, columns=["frame", "x", "particle"]).assign(y=0.0)
    return Tracks.from_dataframe(table, pd.DataFrame({"parent": [0, 0], "child": [1, 2]}))


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 2])
def test_divisions_at_another_time(late: int) -> None:
    found, truth = fork(4 + late), fork(4)
    for tolerance in range(4):
        result = match_lineages(found, truth, 0.9, frame_tolerance=tolerance)
        right = abs(late) <= tolerance
        assert (result.n_true_divisions, result.n_found_divisions) == (1, 1)
        assert result.division_recall == result.division_precision == result.division_f1 == right


def test_divisions_with_lost_spots() -> None:
    truth = fork(4)
    recall = [
        [match_lineages(found, truth, 0.9, frame_tolerance=i).division_recall for i in range(2)]
        for found in (fork(4, m=2), fork(4, m=4), fork(4, p=5), fork(4, p=6), fork(6))
    ]
    # A gap of the mother before her end or of a daughter after her beginning is no matter; the
    # end and the beginning themselves are a frame off.
    assert recall == [[1, 1], [0, 1], [0, 1], [1, 1], [0, 0]]


def test_divisions_need_all_daughters() -> None:
    three = {**Y, "e": (2, 30.0)}
    both, all_three = tracks(Y, "ab", "bc", "bd"), tracks(three, "ab", "bc", "bd", "be")
    assert match_lineages(all_three, both, 2).n_matched_divisions == 0
    assert match_lineages(both, all_three, 2).n_matched_divisions == 0
    assert match_lineages(all_three, all_three, 2).n_matched_divisions == 1
    other = tracks({**three, "d": (2, 70.0)}, "ab", "bc", "bd")
    assert match_lineages(other, both, 2, frame_tolerance=5).n_matched_divisions == 0
    result = match_lineages(tracks(Y, "ab"), both, 2)
    assert (result.division_recall, result.division_f1) == (0, 0)
    assert np.isnan(result.division_precision)


def test_a_daughter_is_one_of_the_other_daughters() -> None:
    truth = tracks({"m": (0, 0.0), "p": (1, 0.0), "o": (2, 0.0), "q": (2, 9.0)}, "mp", "po", "mq")
    # One jumps from the first daughter to the second, which appears a frame later.
    found = tracks({"m": (0, 0.0), "p": (1, 0.0), "q": (2, 9.0), "r": (1, 50.0)}, "mp", "pq", "mr")
    assert match_lineages(found, truth, 2, frame_tolerance=1).n_matched_divisions == 0


def same(one: Any, other: Any) -> None:
    one, other = asdict(one), asdict(other)
    assert len(one.pop("pairs")) == len(other.pop("pairs"))
    assert one == pytest.approx(other, abs=0, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30), st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(seed: int, random: Any) -> None:
    sequence = simulated(seed, 4, 5)
    truth, found = sequence.tracks(), corrupted(sequence, seed, gaps=True, merges=True).tracks()

    def renamed(given: Tracks) -> Tracks:
        number = random.sample(range(10_000), len(given.spots))
        new = dict(zip(given.spots["id"], number, strict=True))
        spots = given.spots.assign(id=number).sample(frac=1, random_state=random.randrange(99))
        edges = given.edges.assign(
            source=given.edges["source"].map(new), target=given.edges["target"].map(new)
        )
        edges = edges.sample(frac=1, random_state=random.randrange(99))
        return Tracks(spots.rename(columns={"frame": "t"}), edges, "t")

    expected = match_lineages(found, truth, 1.5, frame_tolerance=1)
    again = match_lineages(renamed(found), renamed(truth), 1.5, frame_tolerance=1)
    same(again, expected)
    perfect = match_lineages(renamed(truth), truth, 1.5)
    assert (perfect.tra, perfect.det, perfect.lnk, perfect.aogm) == (1, 1, 1, 0)
    if perfect.n_true_divisions:
        assert perfect.division_recall == perfect.division_precision == 1


def test_pairs_are_ids() -> None:
    truth = simulated(1).tracks()
    found = Tracks(truth.spots.assign(id=truth.spots["id"] + 5000)[::-1], edge_table([], []))
    pairs = match_lineages(found, truth, 30).pairs  # many are near: the nearest is meant
    assert (pairs["found"] == pairs["truth"] + 5000).all()
    assert set(pairs["truth"]) == set(truth.spots["id"])


def test_nothing() -> None:
    some, none = tracks(Y, "ab", "bc", "bd"), tracks({})
    result = match_lineages(none, some, 2)
    assert (result.tra, result.det, result.lnk, result.division_recall) == (0, 0, 0, 0)
    assert (result.fn, result.ea, result.aogm) == (4, 3, 44.5)
    result = match_lineages(some, none, 2)
    assert np.isnan([result.tra, result.det, result.lnk, result.division_recall]).all()
    assert (result.fp, result.aogm, result.division_precision) == (4, 4, 0)
    assert np.isnan(match_lineages(none, none, 2).tra)
    # More mistakes than it takes to begin anew.
    many = tracks({str(i): (0, 100.0 + 9 * i) for i in range(9)})
    assert match_lineages(many, tracks({"a": (0, 0.0)}), 2).tra == 0


def test_bad_input() -> None:
    good = tracks(Y, "ab")
    with pytest.raises(TypeError, match="`found` must be Tracks, got DataFrame"):
        match_lineages(good.spots, good, 1)
    with pytest.raises(ValueError, match="`max_distance` must be"):
        match_lineages(good, good, 0)
    with pytest.raises(ValueError, match="`frame_tolerance` must be an integer >= 0"):
        match_lineages(good, good, 1, frame_tolerance=-1)
    with pytest.raises(ValueError, match=r"`weights` must have names of ns, .*, got 'fq'"):
        match_lineages(good, good, 1, weights={"fq": 1})
    with pytest.raises(ValueError, match=r"`weights\['fp'\]` must be a finite number >= 0"):
        match_lineages(good, good, 1, weights={"fp": -1})
    with pytest.raises(TypeError, match="`weights` must be a mapping, got int"):
        match_lineages(good, good, 1, weights=3)
    with pytest.raises(ValueError, match=r"`truth` must have the column\(s\) z"):
        match_lineages(good, good, 1, pos_columns=["z", "x"])
