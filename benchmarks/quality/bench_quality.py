"""The comparison of trackers runs on small problems, and its statistics are right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from benchmarks.quality.comparisons import best, best_settings, compared, same_settings, unfinished
from benchmarks.quality.document import document, versions
from benchmarks.quality.intervals import Interval, interval
from benchmarks.quality.markdown import difference
from benchmarks.quality.problems import QUICK, distances
from benchmarks.quality.scores import MEASURES, scores, values_of


def test_smoke() -> None:
    reach = {problem: distances(problem) for problem in QUICK}
    rows = [
        row for problem, d in reach.items() for seed in range(2) for row in scores(problem, d, seed)
    ]
    values = values_of(rows)
    pairs = same_settings(values)
    assert {pair.peer for pair in pairs} == {"trackpy", "laptrack"}
    for pair in pairs:
        assert pair.equal == pair.runs, pair
    text = document(values, reach, versions())
    for part in ("## At the same settings", "## At the best settings", "### dividing"):
        assert text.count(part) == 1
    assert "nan" not in text


def made_up(**alphas: list[float]) -> pd.DataFrame:
    """Return values of trackers, whose measures are all alike."""
    rows = []
    for name, alpha in alphas.items():
        package, _, settings = name.partition("_")
        for seed, value in enumerate(alpha):
            key = {"motion": "brownian", "problem": "p", "seed": seed}
            row = {"package": package, "settings": settings, **dict.fromkeys(MEASURES, value)}
            rows.append(key | row)
    return values_of(rows)


def test_intervals_are_those_of_the_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.6, 0.1, 20), rng.normal(0.5, 0.1, 20)
    values = made_up(spotgpu_a=list(ours), trackpy_b=list(theirs))
    found = compared(values, "trackpy", "a", "b")
    assert found is not None
    wanted = ttest_rel(ours, theirs).confidence_interval(0.95)
    got = found.differences["alpha"]
    assert (got.mean - got.half, got.mean + got.half) == pytest.approx((wanted.low, wanted.high))
    assert got.sign == int(np.sign(wanted.low)) == 1


@pytest.mark.parametrize(
    ("values", "sign", "text"),
    [
        ([0.1, 0.1, 0.1], 1, "**+0.100 ± 0.000**"),
        ([-0.1, -0.1, -0.1], -1, "−0.100 ± 0.000 ▼"),
        ([0.0, 0.0, 0.0], 0, "0"),
        ([-2e-4, -2e-4, -2e-4], -1, "−0.00020 ± 0.00000 ▼"),
        # The mean is 0.1, the standard error 0.1: t(2) is 4.303.
        ([0.3, 0.0, 0.0], 0, "+0.100 ± 0.430"),
    ],
)
def test_signs(values: list[float], sign: int, text: str) -> None:
    assert interval(values).sign == sign
    assert difference(interval(values)) == text


def test_best_is_of_those_that_finish() -> None:
    nan = float("nan")
    values = made_up(
        spotgpu_a=[0.5, 0.7],
        spotgpu_b=[0.6, 0.5],
        trackpy_a=[0.9, nan],
        trackpy_b=[0.1, 0.3],
        laptrack_c=[nan, nan],
    )
    assert [best(values, package) for package in ("spotgpu", "trackpy")] == ["a", "b"]
    assert best(values, "laptrack") is None
    (found,) = best_settings(values)
    assert (found.peer, found.ours, found.theirs, found.runs) == ("trackpy", "a", "b", 2)
    assert found.differences["beta"] == Interval(pytest.approx(0.4), pytest.approx(0))
    # One seed is not enough to compare `a` with `a`.
    assert [(c.ours, c.peer) for c in same_settings(values)] == [("b", "trackpy")]
    assert unfinished(values).to_dict() == {
        ("brownian", "p", "laptrack", "c"): 2,
        ("brownian", "p", "trackpy", "a"): 1,
    }
    text = document(values, {}, {"spotgpu": "1"})
    assert "| brownian | p | trackpy: a | 1 of 2 |" in text
    assert "| p | b | trackpy | 0.200 ± 1.271 |" in text  # t(1) is 12.706
