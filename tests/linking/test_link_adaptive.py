"""Adaptive search: the range shrinks where too many particles compete, as trackpy's does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import trackpy
from trackpy.linking.utils import SubnetOversizeException

from spotgpu.linking import SubnetOversizeError, link
from tests.linking.crocker_grier import CrockerGrier, chain, in_order


def oracle(memory=0, search_range=5.0, stop=1.0, step=0.9, strategy="auto"):
    targets = 8 if strategy in {"auto", "hybrid", "numba"} else np.inf
    ranges = [search_range] * (memory + 1)
    return CrockerGrier(ranges, sources=15, targets=targets, stop=stop, step=step)


@pytest.mark.parametrize("strategy", ["auto", "recursive"])
@pytest.mark.parametrize("memory", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(6))
def test_random_movies(seed, memory, strategy, brownian, partition):
    ndim = 2 + seed % 2
    f = in_order(brownian(10, 80, seed=10 * seed + memory, ndim=ndim, candidates=4, blink=0.1))
    if seed % 3 == 0:
        f = f[f["frame"] != 4].reset_index(drop=True)
    options = {"stop": (0.5, 2.0)[seed % 2], "step": (0.95, 0.8, 0.5)[seed % 3]}
    narrowed = oracle(memory, strategy=strategy, **options)
    expected = narrowed.link(f)
    assert narrowed.narrowest < 5
    keywords = {f"adaptive_{name}": value for name, value in options.items()}
    keywords |= {"link_strategy": strategy, "memory": memory}
    ours = link(f, 5, **keywords)["particle"]
    assert ours.tolist() == expected
    peer = trackpy.link(f, 5, **keywords).sort_index()["particle"]
    assert partition(ours) == partition(peer)


@pytest.mark.parametrize("search_range", [(3.0, 7.0), (6.0, 4.0, 5.0)])
@pytest.mark.parametrize("memory", [0, 2])
def test_range_of_each_axis(search_range, memory, brownian, partition):
    """The smallest range is along the axis where `adaptive_stop` is relatively the longest."""
    ndim = len(search_range)
    f = in_order(brownian(8, 60, ndim=ndim, candidates=3, seed=memory))
    options = {"memory": memory, "adaptive_stop": 2.4, "adaptive_step": 0.9}
    stop = 2.4 / min(search_range)
    narrowed = oracle(memory, 1.0, stop, 0.9)
    columns = ["z", "y", "x"][-ndim:]
    scaled = f.assign(**{c: f[c] / r for c, r in zip(columns, search_range, strict=True)})
    expected = narrowed.link(scaled)
    assert stop * 0.9 < narrowed.narrowest < 0.95
    ours = link(f, search_range, **options)["particle"]
    assert ours.tolist() == expected
    peer = trackpy.link(f, search_range, **options).sort_index()["particle"]
    assert partition(ours) == partition(peer)


def test_stop_along_the_axis_of_the_shortest_range(brownian):
    f = in_order(brownian(6, 100, candidates=5))
    scaled = f.assign(y=f["y"] / 3, x=f["x"] / 9)
    narrowed = oracle(0, 1.0, 2.4 / 3, 0.9)
    expected = narrowed.link(scaled)
    assert narrowed.largest > 15
    assert narrowed.narrowest == pytest.approx(0.9**3)  # the first that is at most 0.8
    assert link(f, (3, 9), adaptive_stop=2.4, adaptive_step=0.9)["particle"].tolist() == expected


@pytest.mark.parametrize(
    ("names", "same"),
    [(("auto", "hybrid", "numba"), True), (("recursive", "nonrecursive"), True)],
)
def test_names_of_one_strategy(names, same, brownian):
    f = brownian(10, 80, candidates=4, blink=0.1)
    found = {tuple(link(f, 5, adaptive_stop=1, link_strategy=name)["particle"]) for name in names}
    assert (len(found) == 1) is same


def test_by_hand():
    """Sixteen in a row are searched with 4, 3.2 and 2.56, which is less than they are apart."""
    ways = {"adaptive_stop": 1.0, "adaptive_step": 0.8}
    for n, moved, linked in ((15, 4.2, 15), (16, 4.2, 15), (16, 2.5, 16), (16, 2.6, 15)):
        f = chain(n, moved)
        assert link(f, 5)["particle"].nunique() == n
        assert link(f, 5, **ways)["particle"].nunique() == 2 * n - linked


def test_nothing_shrinks_below_the_stop():
    """At 2.6 the search ends (it is at most the stop), all sixteen still in competition."""
    f = chain(16, 2.58, apart=2.0)
    assert link(f, 5, adaptive_stop=2.6, adaptive_step=0.52)["particle"].nunique() == 16
    assert link(f, 5, adaptive_stop=2.5, adaptive_step=0.52)["particle"].nunique() == 17


def test_the_cost_of_no_link_shrinks_too():
    """Two particles at 0 and 1.5, spots at 1.4 and 2.8: 1.4 squared twice, or 0.1 and one lost."""
    crowd = chain(15, 0.1).assign(y=3.4)  # one more competes with them, and they with it
    pair = pd.DataFrame({"y": 0.0, "x": [0.0, 1.5, 1.4, 2.8], "frame": [0, 0, 1, 1]})
    f = in_order(pd.concat([pair, crowd]))
    first = link(f, 5)["particle"].to_numpy()
    at = f.index[f["y"] == 0]
    assert first[at[2:]].tolist() == first[at[:2]].tolist()  # 2 * 1.96 + 1.69 < 0.01 + 25
    narrow = link(f, 5, adaptive_stop=1.0, adaptive_step=0.3)["particle"].to_numpy()
    assert narrow[at[2]] == narrow[at[1]]  # at 1.5, 0.01 + 2.25 < 2 * 1.96
    assert narrow[at[3]] not in narrow[at[:2]]


def test_too_many_targets():
    """One of two particles has nine spots; recursive solvers take that, compiled ones do not."""
    targets = [1.0 + 0.1 * i for i in range(8)] + [6.0]
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 12.0, *targets], "frame": [0, 0] + [1] * 9})
    options = {"adaptive_stop": 1.0, "adaptive_step": 0.5}
    assert link(f, 10, **options)["particle"].nunique() == 10
    assert link(f, 10, **options, link_strategy="recursive")["particle"].nunique() == 9
    # One particle by itself is linked to the nearest, however many there are.
    x = [0.0, *(6.0 + 0.1 * i for i in range(9))]
    alone = pd.DataFrame({"y": 0.0, "x": x, "frame": [0] + [1] * 9})
    for most in (10, 30):
        linked = link(alone, 10, **options, max_candidates=most)["particle"]
        assert linked.tolist() == [0, 0, *range(1, 9)]


@pytest.mark.parametrize("memory", [0, 2])
@pytest.mark.parametrize("seed", range(4))
def test_beyond_the_stop(seed, memory, brownian):
    """Where trackpy gives up, the links are the best ones at the last range."""
    f = in_order(brownian(8, 100, candidates=5, seed=seed))
    ways = {"memory": memory, "adaptive_stop": 4.6, "adaptive_step": 0.95}
    with pytest.raises(SubnetOversizeException):
        trackpy.link(f, 5, **ways)
    narrowed = oracle(memory, stop=4.6, step=0.95)
    assert link(f, 5, **ways)["particle"].tolist() == narrowed.link(f)
    assert narrowed.largest > 15
    assert narrowed.narrowest == pytest.approx(5 * 0.95**2)
    with pytest.raises(SubnetOversizeError, match=r"at most 15 particles compete, got \d+ .* at 4"):
        link(f, 5, **ways, max_subnet_size=15)
    assert issubclass(SubnetOversizeError, ValueError)
    link(f, 5, **ways, max_subnet_size=100 + 20 * memory)


@pytest.mark.parametrize("options", [{"adaptive_stop": 1.0}, {"link_strategy": "drop"}])
@pytest.mark.parametrize("memory", [0, 2])
def test_on_device(options, memory, brownian, cuda):
    f = brownian(6, 80, candidates=5, blink=0.1)
    expected = link(f, 5, memory=memory, **options)
    pd.testing.assert_frame_equal(link(f, 5, memory=memory, **options, device="cuda"), expected)
    assert expected["particle"].tolist() != link(f, 5, memory=memory)["particle"].tolist()


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"adaptive_stop": 0}, ValueError, "`adaptive_stop` must be .*> 0, got 0"),
        ({"adaptive_stop": np.nan}, ValueError, "`adaptive_stop` must be .*got nan"),
        ({"adaptive_stop": "1"}, TypeError, "`adaptive_stop` must be .*got '1'"),
        ({"adaptive_stop": 1, "adaptive_step": 1}, ValueError, "`adaptive_step` must be < 1"),
        ({"adaptive_stop": 1, "adaptive_step": 0}, ValueError, "`adaptive_step` must be .*> 0"),
        ({"adaptive_step": 1.1}, ValueError, "`adaptive_step` must be .*<= 1, got 1.1"),
        ({"max_subnet_size": 0}, ValueError, "`max_subnet_size` must be .*>= 1, got 0"),
        ({"max_subnet_size": 1.5}, TypeError, "`max_subnet_size` must be an integer"),
        ({"link_strategy": "fast"}, ValueError, "`link_strategy` must be one of .*got 'fast'"),
        ({"link_strategy": max}, TypeError, "`link_strategy` must be a name, got a function"),
        ({"neighbor_strategy": "tree"}, ValueError, "`neighbor_strategy` must be one of"),
    ],
)
def test_bad_values(options, error, match):
    with pytest.raises(error, match=match):
        link(chain(3, 0.1), 5, **options)
