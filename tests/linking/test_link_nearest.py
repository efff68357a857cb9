"""`link_nearest`: the nearest pairs first, against a plain loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spotgpu.linking._candidates as candidates_module
import spotgpu.linking._chunks as chunks_module
from spotgpu.linking import link_nearest
from tests.linking.crocker_grier import in_order


def greedy(f, lengths):
    """Return (source, target, cost) of all links: each frame and the next, pair by pair."""
    columns = [c for c in "zyx" if c in f]
    lengths = np.broadcast_to(lengths, len(columns))
    at = f[columns].to_numpy(float)
    scale = lengths[-1] / lengths
    if (lengths == lengths[-1]).all():
        scale = 1.0
    at = at * scale
    links = []
    for t in np.unique(f["frame"]):
        pairs = [
            (((at[i] - at[j]) ** 2).sum(), tuple(at[i]), tuple(at[j]), i, j)
            for i in np.flatnonzero(f["frame"] == t)
            for j in np.flatnonzero(f["frame"] == t + 1)
        ]
        used, taken = set(), set()
        for cost, _, _, i, j in sorted(pairs):
            if cost <= lengths[-1] ** 2 and i not in used and j not in taken:
                links.append((i, j, cost))
                used.add(i)
                taken.add(j)
    return sorted(links, key=lambda link: (link[1], link[0]))


def found(f, distance, **options):
    edges = link_nearest(f, distance, **options).edges
    assert (edges["kind"] == "link").all()
    return [tuple(row) for row in edges[["source", "target", "cost"]].itertuples(index=False)]


def ends(links):
    return [(i, j) for i, j, _ in links]


@pytest.mark.parametrize("seed", range(12))
def test_plain_loop(seed, brownian):
    ndim = 2 + seed % 2
    density = (0.3, 2.0, 8.0)[seed % 3]
    f = in_order(brownian(6, 40, seed=seed, ndim=ndim, candidates=density, blink=0.1))
    if seed % 4 == 0:
        f = f[f["frame"] != 3].reset_index(drop=True)
    distance = 5 if seed % 2 else tuple(np.linspace(3, 7, ndim))
    expected = greedy(f, distance)
    links = found(f, distance)
    assert ends(links) == ends(expected)
    np.testing.assert_allclose([c for *_, c in links], [c for *_, c in expected], rtol=1e-12)
    assert len(links) > 10


@pytest.mark.parametrize("distance", [1.0, 2.0, np.sqrt(5), 2.9])
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_ties(seed, ndim, distance):
    """On a lattice nearly all pairs are tied; the first source, then target, by position wins."""
    rng = np.random.default_rng(seed)
    places = np.argwhere(rng.uniform(size=(3, *[7 - ndim] * ndim)) < 0.5)
    columns = ["frame", *["z", "y", "x"][-ndim:]]
    f = in_order(pd.DataFrame(rng.permutation(places), columns=columns).astype(float))
    expected = greedy(f, distance)
    assert ends(found(f, distance)) == ends(expected)
    assert len({cost for *_, cost in expected}) < len(expected) / 2


def test_by_hand():
    """The nearest pair takes the spot that would serve another better on the whole."""
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 3.0, 2.0, 5.9], "frame": [0, 0, 1, 1]})
    assert found(f, 3) == [(1, 2, 1.0)]
    assert ends(found(f, 6)) == [(1, 2), (0, 3)]
    assert found(f, 0.5) == []


def test_range_is_inclusive():
    for x, n in ((4.0, 1), (np.nextafter(4.0, 5), 0)):
        f = pd.DataFrame({"y": [0.0, 3.0], "x": [0.0, x], "frame": [0, 1]})
        assert len(found(f, 5)) == n


def test_spots_in_one_place():
    f = pd.DataFrame({"y": 1.0, "x": 2.0, "frame": [0, 0, 0, 1, 1]})
    links = found(f, 1)
    assert [cost for *_, cost in links] == [0, 0]
    assert [j for _, j, _ in links] == [3, 4]
    assert len({i for i, *_ in links}) == 2


def test_only_the_next_frame():
    f = pd.DataFrame({"y": 0.0, "x": 0.0, "frame": [0, 2, 3, 2**40]})
    assert ends(found(f, 1)) == [(1, 2)]


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shift=st.tuples(*[st.integers(-(2**20), 2**20)] * 2),
    later=st.integers(-100, 100),
)
def test_where_and_in_what_order_does_not_matter(seed, shift, later):
    rng = np.random.default_rng(seed)
    f = pd.DataFrame(rng.integers(0, 2**10, (60, 2)) / 2**6, columns=["y", "x"])
    f = f.drop_duplicates().assign(frame=lambda g: rng.integers(0, 4, len(g)), id=lambda g: g.index)
    links = found(f, 3)
    moved = f.assign(y=f["y"] + shift[0], x=f["x"] + shift[1], frame=f["frame"] + later)
    mixed = moved.sample(frac=1, random_state=seed % 2**31)
    assert sorted(found(mixed, 3)) == sorted(links)
    assert sorted(found(f.assign(y=f["y"] * 8, x=f["x"] * 8), 24)) == [
        (i, j, 64 * cost) for i, j, cost in sorted(links)
    ]


def test_pieces_change_nothing(brownian, monkeypatch):
    f = brownian(20, 60, candidates=3)
    whole = found(f, 5)
    monkeypatch.setattr(chunks_module, "POINTS", 70)
    monkeypatch.setattr(candidates_module, "PAIRS", 100)
    assert found(f, 5) == whole


def test_tables(brownian):
    f = brownian(5, 20, candidates=0.3).assign(mass=1.0)
    tracks = link_nearest(f, 5)
    assert tracks.spots.drop(columns="id").equals(in_order(f))
    names = f.rename(columns={"y": "b", "x": "a", "frame": "t"}).assign(id=lambda g: g.index * 7)
    other = link_nearest(names, 5, pos_columns=["b", "a"], t_column="t")
    assert (other.edges["source"] == 7 * tracks.edges["source"]).all()
    assert len(link_nearest(f[:0], 5).edges) == 0
    assert len(link_nearest(f[:1], 5).spots) == 1


@pytest.mark.parametrize(("ndim", "distance"), [(2, 5), (3, 5), (2, (3.0, 6.0))])
def test_on_device(ndim, distance, brownian, cuda):
    f = brownian(6, 50, ndim=ndim, candidates=3, blink=0.1)
    assert found(f, distance, device="cuda") == found(f, distance)


@pytest.mark.parametrize(
    ("distance", "error", "match"),
    [
        (0, ValueError, "`linking_distance` must be .*> 0.*got 0"),
        (np.inf, ValueError, "`linking_distance` must be a finite number"),
        ("5", TypeError, "`linking_distance` must"),
        ((5, 5, 5), ValueError, "`linking_distance` must be one value or 2"),
    ],
)
def test_bad_distances(distance, error, match, brownian):
    with pytest.raises(error, match=match):
        link_nearest(brownian(3, 5), distance)
