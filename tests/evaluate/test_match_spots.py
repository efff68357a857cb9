"""Matching of spots against all permutations, and against scipy."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from spotgpu.evaluate import match_spots
from spotgpu.simulate import brownian_motion, inside


def table(points: Any, frame: Any = 0, **columns: Any) -> pd.DataFrame:
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    return pd.DataFrame({"frame": frame, "y": points[:, 0], "x": points[:, 1], **columns})


def total(found: pd.DataFrame, truth: pd.DataFrame, reach: float, pairs: pd.DataFrame) -> float:
    """Return the sum of the distances, a true spot without a partner counting as `reach`."""
    a = found[["y", "x"]].to_numpy()[pairs["found"]]
    b = truth[["y", "x"]].to_numpy()[pairs["truth"]]
    return float(np.linalg.norm(a - b, axis=1).sum()) + reach * (len(truth) - len(pairs))


def least_by_permutation(found: np.ndarray, truth: np.ndarray, reach: float) -> float:
    distance = np.full((len(truth), len(found) + len(truth)), reach)
    distance[:, : len(found)] = np.minimum(cdist(truth, found), reach)
    columns = range(distance.shape[1])
    return min(
        (sum(distance[i, c] for i, c in enumerate(p)) for p in permutations(columns, len(truth))),
        default=0.0,
    )


points = st.lists(st.tuples(st.floats(0, 6), st.floats(0, 6)), max_size=4)


@settings(max_examples=150, deadline=None)
@given(points, points, st.floats(0.5, 5))
def test_no_permutation_is_better(
    found: list[tuple[float, float]], truth: list[tuple[float, float]], reach: float
) -> None:
    one, other = table(found), table(truth)
    result = match_spots(one, other, reach)
    best = least_by_permutation(one[["y", "x"]].to_numpy(), other[["y", "x"]].to_numpy(), reach)
    assert total(one, other, reach, result.pairs) == pytest.approx(best, abs=1e-9)
    assert result.pairs["found"].is_unique
    assert result.pairs["truth"].is_unique
    assert (result.pairs["distance"] < reach).all()


@pytest.mark.parametrize("reach", [1.0, 3.0, 12.0])
def test_dense_frames_against_scipy(reach: float) -> None:
    rng = np.random.default_rng(2)
    truth = table(rng.uniform(0, 60, (600, 2)), rng.integers(0, 6, 600))
    found = table(rng.uniform(0, 60, (500, 2)), rng.integers(0, 6, 500))
    result = match_spots(found, truth, reach)
    best = 0.0
    for frame in range(6):
        a, b = (t.loc[t["frame"] == frame, ["y", "x"]].to_numpy() for t in (found, truth))
        costs = np.minimum(cdist(b, a), reach)
        rows, columns = linear_sum_assignment(np.hstack([costs, np.full((len(b),) * 2, reach)]))
        best += np.hstack([costs, np.full((len(b),) * 2, reach)])[rows, columns].sum()
    assert total(found, truth, reach, result.pairs) == pytest.approx(best, rel=1e-12)
    frames = [
        t["frame"].to_numpy()[result.pairs[n]] for t, n in ((found, "found"), (truth, "truth"))
    ]
    np.testing.assert_array_equal(*frames)
    np.testing.assert_array_equal(result.pairs["frame"], frames[0])


def test_numbers_by_hand() -> None:
    truth = table([(0, 0), (0, 10), (0, 20), (0, 30)], [0, 0, 0, 1])
    found = table([(0, 13), (3, 4), (4, 0), (0.0, 30)], [0, 0, 1, 1])
    result = match_spots(found, truth, 6)
    assert (result.n_true, result.n_found, result.n_matched) == (4, 4, 3)
    assert (result.precision, result.recall, result.f1) == (0.75, 0.75, 0.75)
    assert result.jaccard == 3 / 5
    # (0, 13) - (0, 10), (3, 4) - (0, 0), (0, 30) - (0, 30)
    assert result.bias == {"y": 1.0, "x": pytest.approx(7 / 3)}
    assert result.rmse_per_axis == {"y": pytest.approx(3**0.5), "x": pytest.approx((25 / 3) ** 0.5)}
    assert result.rmse == pytest.approx((34 / 3) ** 0.5)
    assert result.pairs.sort_values("truth")["distance"].tolist() == [5.0, 3.0, 0.0]
    assert result.pairs[["found", "truth"]].to_numpy().tolist() == [[0, 1], [1, 0], [3, 3]]


def test_the_nearest_is_not_always_the_best() -> None:
    truth, found = table([(0, 0), (0, 2)]), table([(0, 1.5), (0, 4)])
    # One pair of 0.5 and one spot alone cost 0.5 + 3; two pairs cost 1.5 + 2.
    assert match_spots(found, truth, 2.9).pairs[["found", "truth"]].to_numpy().tolist() == [[0, 1]]
    both = match_spots(found, truth, 3.1).pairs
    assert both[["found", "truth"]].to_numpy().tolist() == [[0, 0], [1, 1]]


def test_the_distance_is_exclusive_and_per_axis() -> None:
    truth, found = table([(0, 0)]), table([(0, 2)])
    assert match_spots(found, truth, 2).n_matched == 0
    assert match_spots(found, truth, (1, 2.1)).n_matched == 1
    assert match_spots(found, truth, (2.1, 1)).n_matched == 0


def test_frames_do_not_mix() -> None:
    truth = table([(5, 5)] * 3, [0, 1.5, 7])
    assert match_spots(table([(5, 5)] * 2, [1, 8]), truth, 100).n_matched == 0
    assert match_spots(table([(5, 5)] * 2, [1.5, 0]), truth, 1e-9).n_matched == 2


def test_what_need_not_be_found_does_not_count() -> None:
    truth = table([(1, 1), (30, 30), (40, 40), (2, 50)])
    required = inside(truth, (60, 60), 5)
    assert required.tolist() == [False, True, True, False]
    found = table([(1, 2), (30, 31), (20, 20)])
    result = match_spots(found, truth, 3, required=required)
    assert (result.n_true, result.n_found, result.n_matched) == (2, 2, 1)
    assert result.pairs[["found", "truth"]].to_numpy().tolist() == [[1, 1]]


def test_localisation_error_of_noise() -> None:
    truth = brownian_motion(50, 100, (2000, 2000, 2000), seed=1)
    rng = np.random.default_rng(0)
    found = truth.copy()
    found[["z", "y", "x"]] += rng.normal((0.5, 0, -0.2), (0.4, 0.1, 0.2), (len(truth), 3))
    result = match_spots(found.sample(frac=1, random_state=1), truth, 6)
    assert (result.precision, result.recall) == (1, 1)
    assert result.bias == pytest.approx({"z": 0.5, "y": 0, "x": -0.2}, abs=0.03)
    expected = {"z": (0.25 + 0.16) ** 0.5, "y": 0.1, "x": 0.08**0.5}
    assert result.rmse_per_axis == pytest.approx(expected, rel=0.05)
    assert result.rmse == pytest.approx((0.41 + 0.01 + 0.08) ** 0.5, rel=0.03)


def test_nothing() -> None:
    some, none = table([(1, 1)]), table([])
    result = match_spots(none, some, 2)
    assert (result.recall, result.f1, result.jaccard) == (0, 0, 0)
    assert np.isnan([result.precision, result.rmse, result.bias["x"]]).all()
    assert list(result.pairs.columns) == ["frame", "found", "truth", "dy", "dx", "distance"]
    result = match_spots(some, none, 2)
    assert (result.precision, result.f1) == (0, 0)
    assert np.isnan(result.recall)
    assert np.isnan(match_spots(none, none, 2).f1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"max_distance": 0}, ValueError, "`max_distance` must be"),
        ({"max_distance": (1, 2, 3)}, ValueError, "`max_distance` must be one value or 2"),
        ({"found": [1]}, TypeError, "`found` must be a pandas DataFrame"),
        ({"truth": None}, TypeError, "`truth` must be a pandas DataFrame"),
        ({"found": table([(0, 0)]).drop(columns="x")}, ValueError, r"`found` must have the column"),
        ({"truth": table([(0, np.nan)])}, ValueError, "`truth` must have finite values"),
        ({"found": table([(0, 0)], np.inf)}, ValueError, "`found` must have finite values"),
        ({"required": [True]}, ValueError, "`required` must be 2 bools"),
        ({"required": [1, 0]}, ValueError, "`required` must be 2 bools"),
        ({"t_column": "t"}, ValueError, r"`truth` must have the column\(s\) t"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], message: str) -> None:
    both = table([(0, 0), (5, 5)])
    with pytest.raises(error, match=message):
        match_spots(**({"found": both, "truth": both, "max_distance": 1} | change))
