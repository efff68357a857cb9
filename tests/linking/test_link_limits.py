"""`max_subnet_size`, and the strategy that links only what does not compete."""

from __future__ import annotations

import pandas as pd
import pytest
import trackpy
from trackpy.linking.utils import SubnetOversizeException

from spotgpu.linking import SubnetOversizeError, link
from tests.linking.crocker_grier import CrockerGrier, chain, in_order


@pytest.mark.parametrize("n", [29, 30, 31])
def test_trackpys_limit(n):
    f = chain(n, 0.1)
    if n > 30:
        with pytest.raises(SubnetOversizeException):
            trackpy.link(f, 5, link_strategy="recursive")
        with pytest.raises(SubnetOversizeError, match=r"at most 30 particles .*, got 31 .* 5;"):
            link(f, 5, max_subnet_size=30)
    else:
        assert trackpy.link(f, 5, link_strategy="recursive")["particle"].nunique() == n
        assert link(f, 5, max_subnet_size=30)["particle"].nunique() == n
    assert link(f, 5)["particle"].nunique() == n


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("memory", [0, 1, 3])
def test_limit_of_any_size(most, memory, brownian):
    raised = 0
    for seed in range(8):
        f = in_order(brownian(8, 30, candidates=0.3, blink=0.25, seed=seed))
        plain = CrockerGrier([5.0] * (memory + 1))
        expected = plain.link(f)
        raised += plain.largest > most
        if plain.largest > most:
            with pytest.raises(SubnetOversizeError):
                link(f, 5, memory=memory, max_subnet_size=most)
        else:
            assert link(f, 5, memory=memory, max_subnet_size=most)["particle"].tolist() == expected
    assert raised if most < 4 else raised < 8


@pytest.mark.parametrize("memory", [0, 1, 3])
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_drop(seed, ndim, memory, brownian, partition):
    f = in_order(brownian(12, 60, candidates=0.3, blink=0.1, ndim=ndim, seed=seed))
    ours = link(f, 5, memory=memory, link_strategy="drop")["particle"]
    peer = trackpy.link(f, 5, memory=memory, link_strategy="drop").sort_index()["particle"]
    assert partition(ours) == partition(peer)
    assert ours.nunique() > link(f, 5, memory=memory)["particle"].nunique()


def test_drop_by_hand():
    """A particle with two spots, two with one, and one alone that is linked."""
    x = {0: [0.0, 20, 24, 50], 1: [1.0, -1, 22, 51]}
    f = pd.concat([pd.DataFrame({"y": 0.0, "x": x[i], "frame": i}) for i in x], ignore_index=True)
    assert link(f, 3, link_strategy="drop")["particle"].tolist() == [0, 1, 2, 3, 4, 5, 6, 3]
    # trackpy refuses more than 30; there is nothing to solve.
    assert link(chain(40, 0.1), 5, link_strategy="drop")["particle"].nunique() == 80


def test_limit_counts_what_competes_in_the_end():
    """Particles that are linked after all do not compete later, however the links are found."""
    y, x = [45.2, 47.7, 46.9, 46.2, 50.3, 47.9], [41.6, 36.4, 40.6, 35.8, 34.4, 37.4]
    f = pd.DataFrame({"y": y, "x": x, "frame": range(3, 9)})
    plain = CrockerGrier([5.0] * 3)
    expected = plain.link(f)
    assert plain.largest == 2
    assert link(f, 5, memory=2, max_subnet_size=2)["particle"].tolist() == expected
    with pytest.raises(SubnetOversizeError):
        link(f, 5, memory=2, max_subnet_size=1)


def test_limit_counts_particles():
    """Two particles compete, for more spots than a compiled solver of trackpy takes."""
    f = pd.DataFrame({"y": 0.0, "x": [0.0, 12.0, *range(2, 11)], "frame": [0, 0] + [1] * 9})
    for options in ({}, {"adaptive_stop": 10.0}):
        assert link(f, 10, max_subnet_size=2, **options)["particle"].nunique() == 9
        with pytest.raises(SubnetOversizeError, match="at most 1 particles compete, got 2 "):
            link(f, 10, max_subnet_size=1, **options)


@pytest.mark.parametrize("distance", [5 - 1e-9, 5, 5 + 5e-8, 5 + 2e-7])
@pytest.mark.parametrize("options", [{"max_subnet_size": 3}, {"adaptive_stop": 1}])
def test_at_the_range(distance, options):
    f = pd.DataFrame({"y": 0.0, "x": [0.0, distance], "frame": [0, 1]})
    for candidates in (10, 30):
        linked = link(f, 5, max_candidates=candidates, **options)
        assert linked["particle"].nunique() == 1 + (distance > 5 + 1e-7)
