"""`link_partial` and `reconnect_traj_patch`: some frames linked again."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import trackpy

from spotgpu.linking import link, link_partial, reconnect_traj_patch
from tests.linking.crocker_grier import in_order


def linked_before(brownian, seed, memory=0, blink=0.0):
    """Return a movie linked with too short a range; particles have their numbers in any order."""
    f = in_order(brownian(12, 15, seed=seed, candidates=1.0, blink=blink))
    f = link(f, 2, memory=memory)
    numbers = np.random.default_rng(seed).permutation(f["particle"].max() + 1)
    return f.assign(particle=numbers[f["particle"]])


def twice(f):
    """Return how many rows have the number of another particle of the frame."""
    return int(f.duplicated(["frame", "particle"]).sum())


@pytest.mark.parametrize("seed", range(60))
def test_what_is_kept(seed, brownian, partition):
    memory = seed % 4
    old = linked_before(brownian, seed, memory, blink=0.2 * (memory > 0))
    start = seed % 8
    stop = start + 1 + seed % 5
    result = link_partial(old, 5, (start, stop))
    pd.testing.assert_frame_equal(result.drop(columns="particle"), old.drop(columns="particle"))
    assert result["particle"].dtype == np.int64
    frame, before, now = old["frame"], old["particle"], result["particle"]
    inside = (frame >= start) & (frame < stop)
    anew = link(old[inside], 5)["particle"]
    assert partition(now[inside]) == partition(anew)
    assert now[frame < start].equals(before[frame < start])
    assert now[frame == start].equals(before[frame == start])
    after = frame >= stop
    assert partition(now[after]) == partition(before[after])
    last = frame == stop - 1
    goes_on = dict(zip(before[last], now[last], strict=True))
    there = after & before.isin(list(goes_on))
    assert now[there].tolist() == [goes_on[number] for number in before[there]]
    assert twice(result) == 0
    # A particle that begins in the range has the number of its last spot, if that is free.
    first = set(now[frame == start])
    begun = last & ~now.isin(first) & ~before.isin(first)
    assert now[begun].equals(before[begun])


def test_as_trackpy(brownian, partition):
    """trackpy's numbers are not always of one particle each; where they are, they are ours."""
    compared = 0
    for seed in range(40):
        old = linked_before(brownian, seed)
        span = seed % 8, seed % 8 + 1 + seed % 5
        peer = trackpy.link_partial(old, 5, span).sort_index()["particle"]
        inside = old["frame"].between(span[0], span[1] - 1)
        anew = link(old[inside], 5)["particle"]
        ours = link_partial(old, 5, span)["particle"]
        if partition(peer[inside]) == partition(anew) and not twice(old.assign(particle=peer)):
            compared += 1
            assert partition(ours) == partition(peer)
    assert compared > 10


def test_by_hand():
    """The particles 5 and 8 were taken for each other in frame 1."""
    f = pd.DataFrame(
        {
            "x": [5.0, 10, 15, 20, 10, 14, 19],
            "y": [0.0, 0, 0, 0, 2, 4, 6],
            "particle": [5, 5, 8, 8, 8, 5, 5],
            "frame": [0, 1, 2, 3, 1, 2, 3],
        }
    )
    kept = f.copy()
    for span in ((1, 3), (1, 4)):
        result = link_partial(f, 20, span)
        top = result["y"] == 0
        assert set(result["particle"][top]) == {5}
        assert set(result["particle"][~top]) == {8}
        peer = trackpy.link_partial(f, 20, span).sort_values(["frame", "y"], kind="stable")
        assert result["particle"].tolist() == peer["particle"].tolist()
    pd.testing.assert_frame_equal(f, kept)


def rows(*spots):
    """Return a table of (frame, x, particle)."""
    return pd.DataFrame(spots, columns=["frame", "x", "particle"]).assign(y=0.0)


def test_one_number_each_in_the_range():
    """A particle that is new gets a number that nothing has; trackpy takes 0, which is another's.

    Frames 1 to 3 are linked again. The particle at 0 had the number 7, and has it still; the one
    at 20 begins in frame 2 and ends in frame 3 as number 0, so it is 0. The one at 40 begins and
    ends in the range.
    """
    f = rows((0, 0, 7), (1, 0, 7), (2, 0, 7), (2, 20, 1), (2, 40, 2), (3, 0, 7), (3, 20, 0))
    f = pd.concat([f, rows((4, 0, 7))], ignore_index=True)
    peer = trackpy.link_partial(f, 5, (1, 4)).sort_index()["particle"]
    at = f["frame"].eq(2)
    assert peer[at].nunique() == 2
    ours = link_partial(f, 5, (1, 4))["particle"]
    assert ours[at].tolist() == [7, 0, 1]
    assert ours.tolist() == [7, 7, 7, 0, 1, 7, 0, 7]


def test_one_number_each_after_the_range():
    """What comes after a gap at the end of the range gives way to what goes on there.

    7 is at 0, in frame 3 as 8, which goes on, so 8 becomes 7 from there. But 7 comes again in
    frame 5, at 50: that is no longer the same particle.
    """
    f = rows((2, 0, 7), (3, 1, 8), (4, 1, 8), (5, 2, 8), (5, 50, 7), (6, 50, 7), (6, 90, 3))
    assert twice(trackpy.link_partial(f, 5, (2, 4))) == 1
    assert link_partial(f, 5, (2, 4))["particle"].tolist() == [7, 7, 7, 7, 0, 0, 3]


def test_nothing_linked_before(brownian):
    f = in_order(brownian(10, 15, candidates=0.5))
    result = link_partial(f, 5, (3, 7))
    inside = f["frame"].between(3, 6)
    assert (result["particle"][~inside] == -1).all()
    assert result["particle"][inside].tolist() == link(f[inside], 5)["particle"].tolist()
    # What was not linked has no number to pass on.
    again = link_partial(result, 5, (2, 9))
    inside = f["frame"].between(2, 8)
    assert twice(again[inside]) == 0
    assert again["particle"][inside].min() >= 0
    assert (again["particle"][~inside] == -1).all()


@pytest.mark.parametrize("span", [(None, None), (0, 12), (-5, 100), (None, 50)])
def test_the_whole_movie(span, brownian):
    old = linked_before(brownian, 0)
    pd.testing.assert_frame_equal(link_partial(old, 5, span, memory=2), link(old, 5, memory=2))


def test_open_ends(brownian):
    old = linked_before(brownian, 0)
    for open_, closed in (((None, 5), (0, 5)), ((5, None), (5, 12)), ((5, 99), (5, 12))):
        result = link_partial(old, 5, open_)
        pd.testing.assert_frame_equal(result, link_partial(old, 5, closed))


def test_tables(brownian):
    """Rows come in any order, frames as floats, with names of the user's own."""
    old = linked_before(brownian, 3)
    expected = link_partial(old, 5, (3, 7))
    names = {"y": "b", "x": "a", "frame": "t"}
    other = old.rename(columns=names).astype({"t": float})
    kept = other.copy()
    result = link_partial(other, 5, (3, 7), pos_columns=["b", "a"], t_column="t")
    pd.testing.assert_frame_equal(result.rename(columns={v: k for k, v in names.items()}), expected)
    pd.testing.assert_frame_equal(other, kept)
    mixed = link_partial(old.sample(frac=1, random_state=0), 5, (3, 7))
    assert mixed["frame"].is_monotonic_increasing
    key = ["frame", "x"]
    both = (f.sort_values(key)["particle"].to_numpy() for f in (mixed, expected))
    # New numbers go by the order of rows, so that those may differ.
    pairs = np.unique(np.stack(list(both)), axis=1)
    assert pairs.shape[1] == expected["particle"].nunique() == mixed["particle"].nunique()


def test_options_are_those_of_link(brownian):
    old = linked_before(brownian, 2, blink=0.2)
    with pytest.warns(UserWarning, match="not remembered across the ends"):
        result = link_partial(old, 5, (3, 9), memory=2, max_candidates=1)
    inside = old["frame"].between(3, 8)
    anew = link(old[inside], 5, memory=2, max_candidates=1)["particle"]
    assert pd.factorize(result["particle"][inside])[0].tolist() == anew.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        link_partial(old, 5, (3, 9), memory=0)
        link_partial(old, 5, (0, 12), memory=2)


def test_reconnecting_by_hand():
    f = rows(
        (0, 0, 0), (0, 9, 1), (1, 0, 10), (1, 9, 11), (2, 0, 10), (2, 9, 12), (3, 0, 1), (3, 9, 5)
    )
    f["old"] = [0, 1, 0, 1, 1, 5, 1, 5]
    expected = [0, 1, 0, 1, 0, 5, 0, 5]
    peer = f.copy()
    trackpy.linking.partial.reconnect_traj_patch(peer, (1, 3), "old")
    assert peer["particle"].tolist() == expected
    kept = f.copy()
    assert reconnect_traj_patch(f, (1, 3), "old")["particle"].tolist() == expected
    pd.testing.assert_frame_equal(f, kept)


@pytest.mark.parametrize(
    ("span", "error", "match"),
    [
        ((3, 3), ValueError, "`link_range` must not be empty, got 3 to 3"),
        ((5, 3), ValueError, "`link_range` must not be empty, got 5 to 3"),
        ((1.5, 3), TypeError, "`link_range` must be an integer, got 1.5"),
        (("a", 3), TypeError, "`link_range` must be an integer, got 'a'"),
        (3, TypeError, "`link_range` must be a pair of integers, got 3"),
        ((1, 2, 3), TypeError, "`link_range` must be a pair of integers"),
        ((50, 60), ValueError, "`link_range` must"),
        ((-9, -3), ValueError, "`link_range` must"),
    ],
)
def test_bad_ranges(span, error, match, brownian):
    with pytest.raises(error, match=match):
        link_partial(linked_before(brownian, 0), 5, span)


def test_bad_tables(brownian):
    old = linked_before(brownian, 0)
    with pytest.raises(ValueError, match=r"`f` must have the column\(s\) before"):
        reconnect_traj_patch(old, (0, 3), "before")
    with pytest.raises(TypeError, match="`link_range` must be two integers"):
        reconnect_traj_patch(old.assign(before=0), (None, 3), "before")
    with pytest.raises(TypeError, match="`f` must be a pandas DataFrame"):
        link_partial(None, 5, (0, 3))
    with pytest.raises(ValueError, match="`search_range` must"):
        link_partial(old, 0, (0, 3))
