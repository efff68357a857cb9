"""Distances of the user's own, and positions mapped to where distances are Euclidean."""

from __future__ import annotations

import builtins

import numpy as np
import pandas as pd
import pytest
import trackpy

from spotgpu.errors import SpotgpuError
from spotgpu.linking import DriftPredict, SubnetOversizeError, link, link_iter
from tests.linking.crocker_grier import chain, in_order

metrics = pytest.importorskip("sklearn.metrics")


def chebyshev(a, b):
    return np.abs(a - b).max()


def manhattan():
    return metrics.DistanceMetric.get_metric("manhattan")


def minkowski():
    return metrics.DistanceMetric.get_metric("minkowski", p=3)


METRICS = {"chebyshev": chebyshev, "manhattan": manhattan(), "minkowski": minkowski()}


@pytest.mark.parametrize("memory", [0, 2])
@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("dist_func", METRICS.values(), ids=METRICS)
def test_trackpys(dist_func, ndim, memory, brownian, partition):
    f = in_order(brownian(10, 40, seed=memory, ndim=ndim, candidates=0.6, blink=0.1, step=1.8))
    options = {"memory": memory, "dist_func": dist_func}
    expected = trackpy.link(f, 4, neighbor_strategy="BTree", **options).sort_index()["particle"]
    found = link(f, 4, **options)["particle"]
    assert partition(found) == partition(expected)
    assert partition(found) != partition(link(f, 4, memory=memory)["particle"])
    assert found.tolist() == link(f, 4, neighbor_strategy="BTree", **options)["particle"].tolist()


def test_a_box_that_closes_upon_itself(brownian, partition):
    """Particles that leave at one side come in at the other; there, only such a distance helps."""
    f = in_order(brownian(10, 40, candidates=0.4, step=1.5))
    f[["y", "x"]] %= 90

    def around(a, b):
        apart = np.abs(a - b)
        return np.sqrt((np.minimum(apart, 90 - apart) ** 2).sum())

    expected = trackpy.link(f, 6, dist_func=around, neighbor_strategy="BTree").sort_index()
    found = link(f, 6, dist_func=around)["particle"]
    assert partition(found) == partition(expected["particle"])
    assert found.nunique() < link(f, 6)["particle"].nunique()


def test_euclidean_is_the_default(brownian):
    f = in_order(brownian(8, 40, candidates=0.6, blink=0.1))
    euclidean = metrics.DistanceMetric.get_metric("euclidean")
    for options in (
        {},
        {"memory": 2},
        {"memory": 2, "range_growth": "sqrt"},
        {"max_candidates": 2},
    ):
        expected = link(f, 5, **options)["particle"].tolist()
        assert link(f, 5, dist_func=euclidean, **options)["particle"].tolist() == expected


def test_with_other_options(brownian, partition):
    f = in_order(brownian(8, 80, candidates=5, blink=0.1))
    f["x"] += 2.0 * f["frame"]
    options = {"dist_func": manhattan(), "memory": 1}
    adaptive = options | {"adaptive_stop": 1.0, "adaptive_step": 0.9}
    expected = trackpy.link(f, 5, **adaptive).sort_index()["particle"]
    found = link(f, 5, **adaptive)["particle"]
    assert partition(found) == partition(expected)
    assert partition(found) != partition(link(f, 5, **options)["particle"])
    with pytest.raises(SubnetOversizeError):
        link(f, 5, max_subnet_size=5, **options)
    sparse = in_order(brownian(8, 40, candidates=0.4))
    sparse["x"] += 2.0 * sparse["frame"]
    moving = link(sparse, 5, predictor=DriftPredict([0, 2]), **options)["particle"]
    assert moving.nunique() < link(sparse, 5, **options)["particle"].nunique()


def test_range_is_inclusive():
    for beyond, particles in ((0, 1), (1e-9, 2)):
        f = pd.DataFrame({"y": [0.0, 3], "x": [0.0, 2 + beyond], "frame": [0, 1]})
        assert link(f, 5, dist_func=manhattan())["particle"].nunique() == particles


def test_ranges_of_axes(brownian):
    """The distance is that of positions divided by their ranges, as in trackpy."""
    f = in_order(brownian(8, 40, candidates=0.6))
    scaled = f.assign(y=f["y"] / 3, x=f["x"] / 6)
    expected = link(scaled, 1, dist_func=chebyshev)["particle"].tolist()
    assert link(f, (3, 6), dist_func=chebyshev)["particle"].tolist() == expected


def test_empty_frames_and_streams(brownian):
    f = in_order(brownian(10, 30, candidates=0.6))
    f = f[~f["frame"].isin([3, 6, 7])].reset_index(drop=True)
    expected = link(f, 5, memory=1, dist_func=chebyshev)["particle"].tolist()
    assert expected == link(f, 5, memory=1, dist_func=chebyshev, device="cpu")["particle"].tolist()
    coords = [f.loc[f["frame"] == t, ["y", "x"]].to_numpy() for t in range(10)]
    linked = [p for _, p in link_iter(coords, 5, memory=1, dist_func=chebyshev)]
    assert np.concatenate(linked).tolist() == expected
    assert len(link(f[:0], 5, dist_func=chebyshev)) == 0


def cartesian(polar):
    r, angle = polar.T
    return np.stack([r * np.sin(angle), r * np.cos(angle)], axis=1)


@pytest.mark.parametrize("memory", [0, 2])
def test_polar_coordinates(memory, brownian, partition):
    f = in_order(brownian(10, 60, seed=memory, candidates=0.6, blink=0.1))
    y, x = f["y"] - f["y"].mean(), f["x"] - f["x"].mean()
    polar = f.assign(r=np.hypot(y, x), angle=np.arctan2(y, x))
    options = {"pos_columns": ["r", "angle"], "memory": memory, "to_eucl": cartesian}
    expected = trackpy.link(polar, 5, **options).sort_index()["particle"]
    found = link(polar, 5, **options)["particle"]
    assert partition(found) == partition(expected)
    assert found.tolist() == link(f, 5, memory=memory)["particle"].tolist()
    coords = [part[["r", "angle"]].to_numpy() for _, part in polar.groupby("frame")]
    linked = [p for _, p in link_iter(coords, 5, memory=memory, to_eucl=cartesian)]
    assert np.concatenate(linked).tolist() == found.tolist()


def test_a_mapping_to_more_axes():
    """An angle becomes a place on a circle: -3.1 and 3.1 are near."""
    f = pd.DataFrame({"angle": [3.1, 0.0, -3.1, 0.1], "frame": [0, 0, 1, 1]})
    options = {
        "pos_columns": ["angle"],
        "to_eucl": lambda a: np.hstack([np.sin(a), np.cos(a)]),
    }
    assert link(f, 0.2, **options)["particle"].tolist() == [0, 1, 0, 1]
    assert link(f, 0.2, **options, predictor=lambda _, p: p.pos)["particle"].tolist() == [
        0,
        1,
        0,
        1,
    ]
    assert link(f, 0.2, pos_columns=["angle"])["particle"].tolist() == [0, 1, 2, 1]


def test_mapped_before_measured(brownian, partition):
    f = in_order(brownian(8, 40, candidates=0.6))
    options = {"to_eucl": lambda p: p * [1, 2], "dist_func": manhattan()}
    expected = trackpy.link(f, 5, **options).sort_index()["particle"]
    assert partition(link(f, 5, **options)["particle"]) == partition(expected)


def test_without_scikit_learn(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **options):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SpotgpuError, match=r"scikit-learn: pip install 'spotgpu\[learn\]'"):
        link(chain(3, 0.1), 5, dist_func=chebyshev)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        (
            {"dist_func": chebyshev, "neighbor_strategy": "KDTree"},
            ValueError,
            "`neighbor_strategy` must be 'BTree' with `dist_func`, got 'KDTree'",
        ),
        ({"to_eucl": 3}, TypeError, "`to_eucl` must be callable, got int"),
        ({"dist_func": 3}, TypeError, "`dist_func` must be callable, got int"),
        ({"dist_func": "manhattan"}, TypeError, "`dist_func` must be callable, got str"),
        ({"to_eucl": lambda p: p[:-1]}, ValueError, r"shape \(6, ndim\), got shape \(5, 2\)"),
        ({"to_eucl": lambda p: p[:, 0]}, ValueError, r"shape \(6, ndim\), got shape \(6,\)"),
        (
            {"to_eucl": lambda p: p * np.nan},
            ValueError,
            "`to_eucl` must return finite .* got NaN or infinity",
        ),
    ],
)
def test_bad_values(options, error, match):
    with pytest.raises(error, match=match):
        link(chain(3, 0.1), 5, **options)


def test_a_mapping_has_one_range():
    with pytest.raises(ValueError, match="`search_range` must be one value with `to_eucl`"):
        link(chain(3, 0.1), (5, 6), to_eucl=cartesian)
