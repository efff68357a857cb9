"""The core of the trackers by itself: pairs, costs and assignments, each against another way."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

import spotgpu.linking._candidates as candidates_module
import spotgpu.linking._chunks as chunks_module
import spotgpu.linking._crowd as crowd_module
import spotgpu.linking._lap as lap_module
import spotgpu.linking._problem as problem_module
from spotgpu.linking import Pairs, assign, candidates, costs

AXES = ["z", "y", "x"]


def movie(n, frames, ndim, side, seed=0):
    """Return spots anywhere, in the order of no axis, with empty frames; the first is not 0."""
    rng = np.random.default_rng(seed)
    there = rng.choice(np.arange(-3, 2 * frames), frames, replace=False)
    f = pd.DataFrame(rng.uniform(0, side, (n, ndim)), columns=AXES[-ndim:])
    return f.assign(frame=rng.choice(there, n))


def by_trees(f, lengths, gap):
    """Return the pairs that trees find, frame by frame, with their squared distances."""
    columns = [axis for axis in AXES if axis in f]
    places = f[columns].to_numpy() * (lengths[-1] / np.broadcast_to(lengths, len(columns)))
    rows = {frame: np.flatnonzero(f["frame"] == frame) for frame in np.unique(f["frame"])}
    found = {}
    for a, b in product(rows, rows):
        if 1 <= b - a <= gap:
            trees = cKDTree(places[rows[a]]), cKDTree(places[rows[b]])
            near = trees[0].sparse_distance_matrix(trees[1], lengths[-1], output_type="ndarray")
            for i, j, distance in near:
                found[int(rows[a][i]), int(rows[b][j])] = distance**2
    return found


def agree(pairs, expected):
    found = list(zip(pairs.source.tolist(), pairs.target.tolist(), strict=True))
    assert len(found) == len(set(found))
    assert set(found) == expected.keys()
    np.testing.assert_allclose(pairs.cost, [expected[pair] for pair in found], rtol=1e-9)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("gap", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_candidates_are_those_of_a_tree(ndim, gap, seed):
    f = movie(400, 12, ndim, {1: 200, 2: 30, 3: 15}[ndim], seed)
    expected = by_trees(f, (4.0,) * ndim, gap)
    assert len(expected) > 50 * gap
    options = {"pos_columns": ["x"]} if ndim == 1 else {}
    pairs = candidates(f, 4, max_frame_gap=gap, **options)
    agree(pairs, expected)
    frame = f["frame"].to_numpy()
    assert len(np.unique(frame)) < np.ptp(frame)  # some are empty
    # Unsorted rows: pairs come in the order of targets, by frame and row, then of sources.
    order = np.lexsort((pairs.source, frame[pairs.source], pairs.target, frame[pairs.target]))
    assert order.tolist() == list(range(len(order)))


@pytest.mark.parametrize("lengths", [(2.0, 4.0, 8.0), (9.0, 3.0, 3.0), (5.0, 5.0, 0.5)])
def test_candidates_in_an_ellipsoid(lengths):
    """Costs are in units of the last axis."""
    f = movie(400, 8, 3, 15, seed=1)
    expected = by_trees(f, lengths, 2)
    assert len(expected) > 50
    agree(candidates(f, lengths, max_frame_gap=2), expected)


def test_candidates_must_be_nearer_than_the_distance():
    f = pd.DataFrame({"frame": [0, 1, 1, 1], "y": [0.0, 3, 3, 3], "x": [0.0, 4, 3, 5]})
    pairs = candidates(f, 5)
    assert [column.tolist() for column in pairs] == [[0], [2], [18.0]]
    pairs = candidates(f, np.nextafter(5, 6))
    assert [column.tolist() for column in pairs] == [[0, 0], [1, 2], [25.0, 18.0]]


@pytest.mark.parametrize("rows", [[], [0], [0, 0], [4, 5], [4, 4, 5, 7, 2**40, 2**40 + 2]])
def test_candidates_of_hardly_any_spots(rows):
    f = pd.DataFrame({"frame": np.array(rows, np.int64), "y": 0.0, "x": np.arange(len(rows)) / 9})
    agree(candidates(f, 5, max_frame_gap=2), by_trees(f, (5.0, 5.0), 2))


@pytest.mark.parametrize("gap", [1, 4])
@pytest.mark.parametrize(
    ("points", "pairs", "frames"), [(1, 4_000_000, 1), (40, 1, 9), (90, 30, 3)]
)
def test_pieces_change_no_candidates(gap, points, pairs, frames, monkeypatch):
    f = movie(400, 20, 2, 20, seed=2)
    whole = candidates(f, 4, max_frame_gap=gap)
    assert len(whole.cost) > 150
    monkeypatch.setattr(chunks_module, "POINTS", points)
    monkeypatch.setattr(chunks_module, "FRAMES", frames)
    monkeypatch.setattr(candidates_module, "PAIRS", pairs)
    for column, expected in zip(candidates(f, 4, max_frame_gap=gap), whole, strict=True):
        np.testing.assert_array_equal(column, expected)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("distance", [15.0, 25.0, 1e6])
def test_too_far(ndim, distance, monkeypatch):
    monkeypatch.setattr(crowd_module, "MOST", 20_000)
    f = movie(1500, 4, ndim, 20, seed=3)
    with pytest.raises(ValueError, match=r"^`distance` must make fewer than 20,000 pairs") as error:
        candidates(f, distance)
    assert f"got {distance:g}, " in str(error.value)
    fits = float(re.search(r"about (\S+) would do", str(error.value))[1])
    assert len(candidates(f, fits).cost) > 500


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"distance": 0}, ValueError, "`distance` must be a finite number > 0"),
        ({"distance": -1}, ValueError, "`distance` must be"),
        ({"distance": np.nan}, ValueError, "`distance` must be"),
        ({"distance": np.inf}, ValueError, "`distance` must be"),
        ({"distance": 1e200}, ValueError, "`distance` must be"),
        ({"distance": "3"}, TypeError, "`distance` must be"),
        ({"distance": None}, TypeError, "`distance` must be"),
        ({"distance": (1, 2, 3)}, ValueError, "`distance` must be one value or 2"),
        ({"distance": 1, "max_frame_gap": 0}, ValueError, "`max_frame_gap` must be"),
        ({"distance": 1, "max_frame_gap": 1.5}, TypeError, "`max_frame_gap` must be"),
        ({"distance": 1, "pos_columns": ["y", "w"]}, ValueError, "w"),
        ({"distance": 1, "t_column": "time"}, ValueError, "time"),
        ({"distance": 1, "device": "tpu"}, ValueError, "device"),
    ],
)
def test_candidates_refuse(options, error, words):
    f = pd.DataFrame({"frame": [0, 1], "y": 0.0, "x": 0.0})
    with pytest.raises(error, match=re.escape(words)):
        candidates(f, **options)


# costs


def pairs_of(*rows):
    source, target, cost = (np.array(column) for column in zip(*rows, strict=True))
    return Pairs(source, target, cost.astype(float))


def trackmates(distance, a, b, weights):
    """Return TrackMate's cost, where a mean of the features is not negative, for one pair.

    The distance grows by 1.5 times the weight for each time that the features' difference is as
    large as their mean; TrackMate leaves out a feature that one of the spots has not.
    """
    factor = 1.0
    for name, weight in weights.items():
        mean = (abs(a[name]) + abs(b[name])) / 2
        if mean > 0:  # neither zeros nor NaN
            factor += 1.5 * weight * abs(a[name] - b[name]) / mean
    return (distance * factor) ** 2


def test_costs_by_hand():
    spots = pd.DataFrame(
        {"frame": 0, "mass": [10.0, 30, 0, np.nan, -10], "size": [1, 1, 3, 5, 0], "x": 0.0}
    )
    pairs = pairs_of((0, 1, 4), (1, 0, 4), (2, 2, 4), (0, 3, 4), (0, 4, 4), (0, 2, 4), (3, 3, 0))
    found = costs(spots, pairs, penalties={"mass": 1.0})
    # 20 / 40, either way; zeros; NaN; opposite signs and a zero are as far apart as can be
    assert found.tolist() == [25.0, 25.0, 4.0, 4.0, 64.0, 64.0, 0.0]
    both = costs(spots, pairs, penalties={"mass": 1.0, "size": 2.0})
    # and 6 times 0, 0, 0, 4 / 6, 1 / 1, 2 / 4, 0
    assert both.tolist() == [25.0, 25.0, 4.0, 100.0, 400.0, 196.0, 0.0]
    for none in (None, {}, {"mass": 0}):
        assert costs(spots, pairs, penalties=none).tolist() == pairs.cost.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_costs_are_trackmates(seed):
    rng = np.random.default_rng(seed)
    spots = pd.DataFrame(
        {
            "area": rng.integers(0, 4, 30),
            "mass": np.where(rng.uniform(size=30) < 0.2, np.nan, rng.normal(0, 5, 30)),
            "few": pd.array(rng.choice([1, 2, None], 30), "Int64"),
            "narrow": rng.uniform(0, 1, 30).astype(np.float32),
        }
    )
    weights = dict(zip(spots, rng.uniform(0, 2, 4), strict=True))
    distance = rng.uniform(0, 9, 200)
    source, target = rng.integers(0, 30, (2, 200))
    found = costs(spots, Pairs(source, target, distance**2), penalties=weights)
    rows = spots.astype({"few": float}).astype(float).to_dict("records")
    expected = [
        trackmates(d, rows[i], rows[j], weights)
        for d, i, j in zip(distance, source, target, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_own_cost():
    spots = pd.DataFrame({"frame": [0, 0, 1], "kind": list("aba")}, index=[7, 7, 9])
    pairs = pairs_of((1, 2, 4), (0, 2, 1), (0, 0, 9))
    values = np.array([3, np.nan, np.inf])
    seen = []

    def cost(sources, targets):
        seen.extend([sources, targets])
        return values

    assert costs(spots, pairs, cost=cost).tolist() == [3.0, np.inf, np.inf]
    assert np.isnan(values[1])  # what the function returns is left alone
    for table, kinds in zip(seen, (["b", "a", "a"], ["a", "a", "a"]), strict=True):
        assert list(table) == ["frame", "kind"]
        assert table["kind"].tolist() == kinds
        assert table.index.tolist() == [0, 1, 2]
    # It takes the place of the squared distance alone.
    spots["mass"] = [10.0, 30, 10]
    assert costs(spots, pairs, cost=cost, penalties={"mass": 1.0}).tolist() == [
        3 * 2.5**2,
        np.inf,
        np.inf,
    ]


@pytest.mark.parametrize(
    "returned", [pd.Series([1, 0, 2], index=[5, 6, 7]), [1, 0, 2], np.array([1, 0, 2], np.uint8)]
)
def test_own_cost_returns(returned):
    pairs = pairs_of((1, 2, 4), (0, 2, 1), (0, 0, 9))
    found = costs(pd.DataFrame({"frame": [0, 0, 1]}), pairs, cost=lambda _a, _b: returned)
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 0.0, 2.0]


def test_costs_of_no_pairs():
    spots = pd.DataFrame({"frame": [0, 0, 1], "mass": 1.0})

    def cost(sources, targets):
        return (sources["mass"] - targets["mass"]) ** 2

    for own in (None, cost):
        assert costs(spots, Pairs.joined([]), cost=own, penalties={"mass": 1}).tolist() == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"cost": 3}, TypeError, "`cost` must be callable, got int"),
        ({"cost": lambda _a, _b: 1.0}, ValueError, "`cost` must return one number a pair"),
        ({"cost": lambda _a, _b: [1.0]}, ValueError, "got shape (1,) for 2 pairs"),
        ({"cost": lambda _a, _b: [1.0, -2.0]}, ValueError, "numbers >= 0, got -2.0"),
        ({"cost": lambda _a, _b: [1.0, -np.inf]}, ValueError, "numbers >= 0, got -inf"),
        ({"penalties": ["mass"]}, TypeError, "`penalties` must be a mapping"),
        ({"penalties": {"size": 1}}, ValueError, "size"),
        ({"penalties": {"name": 1}}, ValueError, "columns of numbers, got name"),
        ({"penalties": {"seen": 1}}, ValueError, "columns of numbers, got seen: bool"),
        ({"penalties": {"mass": -1}}, ValueError, "`penalties['mass']` must be"),
        ({"penalties": {"mass": np.nan}}, ValueError, "`penalties['mass']` must be"),
        ({"penalties": {"mass": "1"}}, TypeError, "`penalties['mass']` must be"),
    ],
)
def test_costs_refuse(options, error, words):
    spots = pd.DataFrame({"frame": [0, 1], "mass": 1.0, "name": "a", "seen": True})
    with pytest.raises(error, match=re.escape(words)):
        costs(spots, pairs_of((0, 1, 4), (0, 0, 1)), **options)


# assign


def matchings(pairs, n_sources):
    """Yield all sets of links: for each source the number of its pair, or None."""
    of = [[k for k, s in enumerate(pairs.source) if s == i] for i in range(n_sources)]
    for way in product(*([*ks, None] for ks in of)):
        used = [int(pairs.target[k]) for k in way if k is not None]
        if len(used) == len(set(used)):
            yield way


def total(way, pairs, end_cost, start_cost, link_cost):
    """Return what is paid: links, sources without, targets without."""
    linked = [k for k in way if k is not None]
    taken = {int(pairs.target[k]) for k in linked}
    return (
        sum(pairs.cost[k] + link_cost[k] for k in linked)
        + sum(end_cost[i] for i, k in enumerate(way) if k is None)
        + sum(start for j, start in enumerate(start_cost) if j not in taken)
    )


def problem(rng, n, m, density, whole=False):
    """Return pairs in no order, and costs of ends, starts and links; `whole` for many ties."""
    source, target = np.nonzero(rng.uniform(size=(n, m)) < density)
    order = rng.permutation(len(source))
    if whole:
        cost = rng.integers(0, 3, len(source)).astype(float)
        others = [rng.integers(0, 2, size).astype(float) for size in (n, m, len(source))]
    else:
        cost = rng.uniform(0, 9, len(source))
        others = [rng.uniform(-1, 5, size) for size in (n, m, len(source))]
    return Pairs(source[order], target[order], cost), *others


@pytest.mark.parametrize("seed", range(60))
def test_assign_by_all_sets(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 7, 2)
    pairs, end, start, link = problem(rng, n, m, rng.uniform(0.2, 1))
    totals = {way: total(way, pairs, end, start, link) for way in matchings(pairs, n)}
    best = min(totals, key=totals.get)
    others = [value for way, value in totals.items() if way != best]
    assert not others or min(others) > totals[best] + 1e-9
    chosen = assign(pairs, n, m, end_cost=end, start_cost=start, link_cost=link)
    assert chosen.dtype == np.bool_
    assert np.flatnonzero(chosen).tolist() == sorted(k for k in best if k is not None)


@pytest.mark.parametrize("seed", range(60))
def test_ties_of_assign(seed):
    """The first source has the first target that a best set allows; links go before none."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6, 2)
    pairs, end, start, link = problem(rng, n, m, rng.uniform(0.4, 1), whole=True)
    totals = {way: total(way, pairs, end, start, link) for way in matchings(pairs, n)}
    ties = [way for way, value in totals.items() if value == min(totals.values())]
    first = min(ties, key=lambda way: [m if k is None else int(pairs.target[k]) for k in way])
    chosen = assign(pairs, n, m, end_cost=end, start_cost=start, link_cost=link)
    assert np.flatnonzero(chosen).tolist() == sorted(k for k in first if k is not None)


def test_ties_are_there():
    """The test above would notice another rule: most of its problems have several best sets."""
    several = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, m = rng.integers(1, 6, 2)
        pairs, *others = problem(rng, n, m, rng.uniform(0.4, 1), whole=True)
        totals = [total(way, pairs, *others) for way in matchings(pairs, n)]
        several += totals.count(min(totals)) > 1
    assert several > 30


def square(pairs, n, m, end, start, corner):
    """Return Jaqaman's matrix of n + m rows and columns; what cannot be is 1e9."""
    matrix = np.full((n + m, m + n), 1e9)
    matrix[pairs.source, pairs.target] = pairs.cost
    matrix[np.arange(n), m + np.arange(n)] = end
    matrix[n + np.arange(m), np.arange(m)] = start
    matrix[n + pairs.target, m + pairs.source] = corner
    return matrix


@pytest.mark.parametrize("corner", ["least", "alternative", "other ends"])
@pytest.mark.parametrize("density", [0.02, 0.1, 0.6])
@pytest.mark.parametrize("shape", [(60, 60), (90, 25), (25, 90)])
def test_assign_is_the_square_problem(shape, density, corner):
    rng = np.random.default_rng(4)
    n, m = shape
    pairs, *_ = problem(rng, n, m, density)
    end = start = alternative = 1.05 * pairs.cost.max()
    link = alternative if corner == "alternative" else pairs.cost.min()
    if corner == "other ends":
        end, start = rng.uniform(0.2, 0.6, n) * end, rng.uniform(0.2, 0.6, m) * start
    matrix = square(pairs, n, m, end, start, link)
    rows, columns = linear_sum_assignment(matrix)
    there = rows[(rows < n) & (columns < m)]
    expected = set(zip(there.tolist(), columns[there].tolist(), strict=True))
    assert len(expected) > 5
    chosen = assign(pairs, n, m, end_cost=end, start_cost=start, link_cost=link)
    found = list(zip(pairs.source[chosen].tolist(), pairs.target[chosen].tolist(), strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)


def in_space(n, density, seed):
    """Return the pairs of `n` spots and where they moved, which hang together at high density."""
    rng = np.random.default_rng(seed)
    here = rng.uniform(0, np.sqrt(n * np.pi * 9 / density), (n, 2))
    there = (here + rng.normal(0, 1, here.shape))[rng.permutation(n)[: n - 20]]
    near = cKDTree(here).sparse_distance_matrix(cKDTree(there), 3, output_type="ndarray")
    return Pairs(near["i"].astype(np.int64), near["j"].astype(np.int64), near["v"] ** 2)


@pytest.mark.parametrize("way", ["as is", "dense", "sparse", "scipy", "lapjv", "few cells"])
@pytest.mark.parametrize("density", [1, 2.5, 8])
def test_solvers_of_large_components(way, density, monkeypatch):
    if way == "lapjv" and not lap_module.HAS_LAPJV:
        pytest.skip("lapjv is not installed")
    monkeypatch.setattr(problem_module, "DENSE", {"sparse": 3, "dense": 10**6}.get(way, 2000))
    monkeypatch.setattr(lap_module, "HAS_LAPJV", way == "lapjv")
    monkeypatch.setattr(lap_module, "LAPJV_SIDES", range(1, 10**6))
    monkeypatch.setattr(problem_module, "CELLS", 100 if way == "few cells" else 1 << 20)
    n, m = 300, 280
    pairs = in_space(n, density, seed=7)
    link = pairs.cost.min()
    matrix = square(pairs, n, m, 9.45, 9.45, link)
    rows, columns = linear_sum_assignment(matrix)
    least = matrix[rows, columns].sum()
    chosen = assign(pairs, n, m, end_cost=9.45, start_cost=9.45, link_cost=link)
    for end in (pairs.source[chosen], pairs.target[chosen]):
        assert len(np.unique(end)) == len(end)
    links = np.count_nonzero(chosen)
    paid = (pairs.cost[chosen] + link).sum() + 9.45 * (n + m - 2 * links)
    assert paid == pytest.approx(least, rel=1e-12)
    assert links > 100


def test_a_very_large_component():
    """About 2,500 spots in one component: what is past the dense solvers with the limits as is."""
    pairs = in_space(1300, 8, seed=9)
    cost = np.full((1300, 1280 + 1300), 1e9)
    cost[pairs.source, pairs.target] = pairs.cost
    cost[np.arange(1300), 1280 + np.arange(1300)] = 9
    rows, columns = linear_sum_assignment(cost)
    chosen = assign(pairs, 1300, 1280, end_cost=9)
    expected = {(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if j < 1280}
    found = set(zip(pairs.source[chosen].tolist(), pairs.target[chosen].tolist(), strict=True))
    assert found == expected


@given(st.integers(0, 2**32 - 1), st.integers(-20, 20), st.booleans())
def test_order_and_scale_change_no_links(seed, power, whole):
    """Pairs in another order are the same problem, ties included; so are all costs times 2**k."""
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 6, 2)
    pairs, end, start, link = problem(rng, n, m, rng.uniform(0.3, 1), whole)
    chosen = assign(pairs, n, m, end_cost=end, start_cost=start, link_cost=link)
    order, scale = rng.permutation(len(chosen)), 2.0**power
    other = Pairs(pairs.source[order], pairs.target[order], pairs.cost[order] * scale)
    end, start, link = end * scale, start * scale, link[order] * scale
    again = assign(other, n, m, end_cost=end, start_cost=start, link_cost=link)
    assert again.tolist() == chosen[order].tolist()


def test_numbers_without_pairs():
    """Sources and targets that are in no pair change nothing; nor do pairs that cannot be."""
    pairs = pairs_of((3, 8, 1), (3, 5, 2), (5, 5, np.inf), (0, 8, 4))
    assert assign(pairs, 9, 20, end_cost=9).tolist() == [False, True, False, True]
    assert assign(pairs, 9, 20, end_cost=0).tolist() == [False] * 4
    assert assign(pairs, 9, 20, end_cost=0, start_cost=3).tolist() == [True, False, False, False]
    assert assign(pairs, 9, 20, end_cost=4, link_cost=3).tolist() == [True, False, False, False]
    assert assign(Pairs.joined([]), 3, 0, end_cost=[1, 2, 3]).tolist() == []
    assert assign(Pairs.joined([]), 0, 0, end_cost=1).tolist() == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n_sources": -1}, ValueError, "`n_sources` must be"),
        ({"n_targets": 1.5}, TypeError, "`n_targets` must be"),
        ({"n_sources": 1}, ValueError, "`pairs` must have a source from 0 to 0, got 1"),
        ({"n_targets": 2}, ValueError, "`pairs` must have a target from 0 to 1, got 2"),
        ({"end_cost": [1, 2, 3]}, ValueError, "`end_cost` must be one number or 2"),
        ({"start_cost": [1, 2]}, ValueError, "`start_cost` must be one number or 3"),
        ({"link_cost": [[1, 2]]}, ValueError, "`link_cost` must be one number or 2"),
        ({"end_cost": np.nan}, ValueError, "costs must be numbers, got NaN"),
        ({"link_cost": [0, np.nan]}, ValueError, "costs must be numbers, got NaN"),
        ({"device": "tpu"}, ValueError, "device"),
    ],
)
def test_assign_refuses(change, error, words):
    options = {"n_sources": 2, "n_targets": 3, "end_cost": 9.0} | change
    with pytest.raises(error, match=re.escape(words)):
        assign(pairs_of((0, 2, 1), (1, 0, 2)), **options)


def test_assign_refuses_numbers_below_0():
    with pytest.raises(ValueError, match="must have a target from 0 to 2"):
        assign(pairs_of((0, -1, 1), (1, 0, 2)), 2, 3, end_cost=9)


def test_the_three_together():
    """Two frames, by hand: the pairs, their costs with a penalty, the links that are best."""
    spots = pd.DataFrame(
        {"frame": [0, 0, 1, 1], "y": 0.0, "x": [0.0, 3, 1, 2], "mass": [10.0, 30, 30, 10]}
    )
    pairs = candidates(spots, 4)
    value = costs(spots, pairs, penalties={"mass": 1.0})
    assert list(zip(*(column.tolist() for column in (*pairs, value)), strict=True)) == [
        (0, 2, 1.0, 6.25),
        (1, 2, 4.0, 4.0),
        (0, 3, 4.0, 4.0),
        (1, 3, 1.0, 6.25),
    ]
    local = Pairs(pairs.source, pairs.target - 2, value)
    assert assign(local, 2, 2, end_cost=9).tolist() == [False, True, True, False]
    assert assign(local._replace(cost=pairs.cost), 2, 2, end_cost=9).tolist() == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("pairs", "costs", "error", "message"),
    [
        (([0, 0], [0, 0], [1.0, 2.0]), {}, ValueError, "each pair once, got 0 and 0 twice"),
        (([0, -1], [0, 0], [1.0, 2.0]), {}, ValueError, "a source from 0 to 1, got -1"),
        (([0, 1], [0, 5], [1.0, 2.0]), {}, ValueError, "a target from 0 to 1, got 5"),
        (([0, 1], [0], [1.0, 2.0]), {}, ValueError, "columns of one length"),
        (([0.0, 1.0], [0, 1], [1.0, 2.0]), {}, TypeError, "an array of integers as source"),
        (([0, 1], [0, 1], [1.0, 2.0]), {"end_cost": np.inf}, ValueError, "`end_cost` must be fin"),
    ],
)
def test_assign_refuses_pairs(pairs, costs, error, message):
    columns = Pairs(*(np.array(column) for column in pairs))
    with pytest.raises(error, match=message):
        assign(columns, 2, 2, **{"end_cost": 3.0, **costs})


def test_costs_of_huge_features():
    spots = pd.DataFrame({"frame": [0, 1], "mass": [1e308, -1e308]})
    pair = Pairs(np.array([0]), np.array([1]), np.array([1.0]))
    assert costs(spots, pair, penalties={"mass": 1.0}).tolist() == [16.0]
