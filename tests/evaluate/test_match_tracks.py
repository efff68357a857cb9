"""The measures of the Particle Tracking Challenge, by hand and by brute force."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from spotgpu.evaluate import match_tracks
from spotgpu.simulate import brownian_motion

Tracks = dict[int, dict[int, tuple[float, float]]]


def table(tracks: Tracks) -> pd.DataFrame:
    rows = [(t, y, x, p) for p, spots in tracks.items() for t, (y, x) in spots.items()]
    columns = ["frame", "y", "x", "particle"]
    return pd.DataFrame(rows, columns=columns).astype({"frame": int, "particle": int})


def distance(one: Any, other: Any, reach: float) -> float:
    """Return the gated distance of two tracks, as the definition has it."""
    result = 0.0
    for frame in one.keys() | other.keys():
        if frame in one and frame in other:
            result += min(float(np.hypot(*np.subtract(one[frame], other[frame]))), reach)
        else:
            result += reach
    return result


def by_brute_force(found: Tracks, truth: Tracks, reach: float) -> dict[str, float]:
    """Return the measures from the best of all pairings."""
    true, seen = list(truth.values()), list(found.values())
    nobody = [distance(track, {}, reach) for track in true]
    best, pairing = np.inf, ()
    for choice in permutations([*range(len(seen)), *[None] * len(true)], len(true)):
        cost = sum(
            nobody[i] if j is None else distance(true[i], seen[j], reach)
            for i, j in enumerate(choice)
        )
        if cost < best - 1e-12:
            best, pairing = cost, choice
    whole = sum(nobody)
    spurious = sum(len(s) for j, s in enumerate(seen) if j not in pairing) * reach
    pairs = [(true[i], seen[j]) for i, j in enumerate(pairing) if j is not None]
    apart = np.array(
        [float(np.hypot(*np.subtract(a[t], b[t]))) for a, b in pairs for t in a.keys() & b.keys()]
    )
    near = int((apart < reach).sum())
    n_spots = sum(map(len, true)) + sum(map(len, seen))
    return {
        "alpha": 1 - best / whole,
        "beta": (whole - best) / (whole + spurious),
        "jsc": near / (n_spots - near),
        "jsc_theta": len(pairs) / (len(true) + len(seen) - len(pairs)),
        "rmse": (float((apart[apart < reach] ** 2).sum()) / near) ** 0.5 if near else np.nan,
    }


spot = st.tuples(st.floats(0, 3), st.floats(0, 3))
track = st.dictionaries(st.integers(0, 4), spot, min_size=1, max_size=5)
tracks = st.lists(track, max_size=3).map(lambda found: dict(enumerate(found)))


@settings(max_examples=150, deadline=None)
@given(tracks, tracks.filter(bool), st.floats(0.5, 3))
def test_no_pairing_is_better(found: Tracks, truth: Tracks, reach: float) -> None:
    result = match_tracks(table(found), table(truth), reach)
    # The other measures depend on which of two equally good pairings is chosen.
    expected = by_brute_force(found, truth, reach)["alpha"]
    assert result.alpha == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_generic_tracks_against_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = (
        {
            7 * i + 2: {t: tuple(rng.uniform(0, 4, 2)) for t in range(8) if rng.random() < 0.8}
            for i in range(n)
        }
        for n in (4, 3)
    )
    result = match_tracks(table(found), table(truth), 3.0)
    for name, value in by_brute_force(found, truth, 3.0).items():
        assert getattr(result, name) == pytest.approx(value, abs=1e-12), name


def test_numbers_by_hand() -> None:
    truth = {3: dict.fromkeys(range(4), (0.0, 0.0)), 5: dict.fromkeys(range(4), (50.0, 0.0))}
    found = {
        1: {0: (0.0, 1.0), 1: (0.0, 1.0), 2: (0.0, 9.0)},  # two near, one far, one missing
        2: {7: (80.0, 80.0), 8: (80.0, 80.0)},  # false
    }
    result = match_tracks(table(found), table(truth), 5.0)
    # d(X, Y) = 1 + 1 + 5 + 5, and 4 * 5 for the track that is not found; d(X, 0) = 40.
    assert result.alpha == pytest.approx(8 / 40)
    assert result.beta == pytest.approx(8 / (40 + 10))
    assert result.jsc == pytest.approx(2 / (8 + 5 - 2))
    assert result.jsc_theta == pytest.approx(1 / 3)
    assert (result.n_true, result.n_found, result.n_paired, result.rmse) == (2, 2, 1, 1.0)
    assert result.pairs.to_dict("records") == [
        {"truth": 3, "found": 1, "n_matched": 2, "rmse": 1.0}
    ]
    assert (result.link_recall, result.link_precision) == (
        pytest.approx(1 / 6),
        pytest.approx(1 / 3),
    )
    assert (result.switches, result.purity) == (0, pytest.approx(2 / 5))


def test_shifted_and_false_tracks_by_hand() -> None:
    """Two true tracks of ten spots; one is found, 1 px away; one of four spots is false."""
    truth = {i: {t: (40.0 * i, 3.0 * t) for t in range(10)} for i in range(2)}
    found = {
        0: {t: (1.0, 3.0 * t) for t in range(10)},
        1: {t: (200.0, 3.0 * t) for t in range(4)},
    }
    result = match_tracks(table(found), table(truth), 5.0)
    # d(X, 0) = 20 * 5, d(X, Y) = 10 * 1 + 10 * 5; four spots are spurious.
    assert result.alpha == pytest.approx(1 - 60 / 100)  # 0.4
    assert result.beta == pytest.approx(40 / (100 + 4 * 5))  # 1/3
    assert result.jsc == 10 / (10 + 10 + 4)
    assert (result.jsc_theta, result.rmse) == (1 / (1 + 1 + 1), 1.0)


def test_at_the_largest_distance_nothing_is_found() -> None:
    """Of three spots of a track, one is exactly at the largest distance, one beyond."""
    truth = {0: {0: (0.0, 0.0), 1: (0.0, 0.0), 2: (0.0, 0.0)}}
    found = {0: {0: (3.0, 4.0), 1: (0.0, 2.0), 2: (0.0, 30.0)}}
    result = match_tracks(table(found), table(truth), 5.0)
    assert (result.alpha, result.beta) == (pytest.approx(3 / 15), pytest.approx(3 / 15))
    assert (result.jsc, result.jsc_theta, result.rmse) == (1 / 5, 1.0, 2.0)


def test_a_partner_must_gain_something() -> None:
    """A found track that is longer than it is near is worse than none, and so is false."""
    truth = {0: {0: (0.0, 0.0), 1: (0.0, 0.0)}}
    long = {0: dict.fromkeys(range(4), (0.0, 1.0))}
    # Paired, d = 1 + 1 + 5 + 5 = 12; alone, d = 5 + 5 = 10.
    result = match_tracks(table(long), table(truth), 5.0)
    assert (result.n_paired, result.alpha, result.beta, result.jsc) == (0, 0, 0, 0)
    one = {0: {0: (0.0, 1.0)}}
    equal = {0: dict.fromkeys(range(2), (0.0, 1.0))}  # d = 0 + 5 and 5 alone: gains nothing
    assert match_tracks(table(equal), table(one), 5.0).n_paired == 0
    short = {0: dict.fromkeys(range(3), (0.0, 1.0))}
    result = match_tracks(table(short), table(truth), 5.0)  # d = 1 + 1 + 5 = 7
    assert (result.n_paired, result.alpha, result.beta) == (1, pytest.approx(0.3), result.alpha)
    assert result.jsc == pytest.approx(2 / 3)


@pytest.mark.parametrize("blinking", [0.0, 0.3])
def test_crowds_against_scipy(blinking: float) -> None:
    """Many tracks that all contest with each other, with the Hungarian method on a full table."""
    truth, found = (brownian_motion(12, 40, (30, 30), seed=s, blinking=blinking) for s in (1, 2))
    true, seen = (
        [
            dict(zip(g["frame"], g[["y", "x"]].to_numpy(), strict=True))
            for _, g in t.groupby("particle")
        ]
        for t in (truth, found)
    )
    costs = np.array([[distance(a, b, 9.0) for b in seen] for a in true])
    nobody = np.array([9.0 * len(a) for a in true])
    costs = np.hstack([costs, np.repeat(nobody[:, np.newaxis], len(true), axis=1)])
    rows, columns = linear_sum_assignment(costs)
    result = match_tracks(found, truth, 9.0)
    assert result.alpha == pytest.approx(1 - costs[rows, columns].sum() / nobody.sum(), rel=1e-12)
    partner = dict(zip(result.pairs["truth"], result.pairs["found"], strict=True))
    # The solver may as well pair what gains nothing.
    assert 25 < len(partner) == result.n_paired
    gains = costs[rows, columns] < nobody
    assert partner == dict(zip(rows[gains], columns[gains], strict=True))


def test_a_switch() -> None:
    truth = brownian_motion(10, 2, (1000, 1000), D=0.1, seed=1)
    found = truth.copy()
    late = found["frame"] >= 6
    found.loc[late, "particle"] = 1 - found.loc[late, "particle"]
    result = match_tracks(found, truth, 2.0)
    assert result.switches == 2
    assert result.link_recall == result.link_precision == pytest.approx(16 / 18)
    assert result.purity == pytest.approx(0.6)
    # Six frames are right; in four the partner is too far away.
    assert result.alpha == pytest.approx(0.6)
    assert result.jsc == pytest.approx(12 / (20 + 20 - 12))


def test_a_gap_that_is_bridged_is_a_correct_link() -> None:
    truth = brownian_motion(10, 3, (1000, 1000), D=0.1, seed=1)
    found = truth[truth["frame"] != 4]
    result = match_tracks(found, truth, 2.0)
    assert (result.link_precision, result.link_recall) == (1.0, pytest.approx(24 / 27))
    assert (result.alpha, result.jsc) == (pytest.approx(0.9), pytest.approx(0.9))


def test_perfect_whatever_the_order_and_the_numbers() -> None:
    truth = brownian_motion(30, 40, (20, 200, 200), seed=1, blinking=0.2)
    found = truth.sample(frac=1, random_state=3).assign(particle=lambda t: 1000 - 3 * t["particle"])
    result = match_tracks(found, truth, 1.0)
    assert (result.alpha, result.beta, result.jsc, result.jsc_theta) == (1, 1, 1, 1)
    assert (result.rmse, result.link_recall, result.link_precision, result.purity) == (0, 1, 1, 1)
    assert (result.pairs["found"] == 1000 - 3 * result.pairs["truth"]).all()


def test_chunks_of_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = brownian_motion(20, 60, (40, 40), seed=1, blinking=0.3)
    found = brownian_motion(20, 60, (40, 40), seed=2, blinking=0.3)
    whole = match_tracks(found, truth, 8.0)
    monkeypatch.setattr("spotgpu.evaluate._tracks.CHUNK", 50)
    pieces = match_tracks(found, truth, 8.0)
    assert whole.alpha == pieces.alpha > 0
    pd.testing.assert_frame_equal(whole.pairs, pieces.pairs)


def test_nothing() -> None:
    some, none = table({0: {0: (1.0, 1.0), 1: (1.0, 1.0)}}), table({})
    result = match_tracks(none, some, 2)
    assert (result.alpha, result.beta, result.jsc, result.jsc_theta) == (0, 0, 0, 0)
    assert (result.link_recall, result.switches, len(result.pairs)) == (0, 0, 0)
    assert np.isnan([result.rmse, result.link_precision, result.purity]).all()
    result = match_tracks(some, none, 2)
    assert np.isnan([result.alpha, result.link_recall]).all()
    assert (result.beta, result.jsc, result.jsc_theta, result.purity) == (0, 0, 0, 0)


def test_bad_input() -> None:
    good = table({0: {0: (1.0, 1.0)}})
    with pytest.raises(ValueError, match="`found` must have a particle once in a frame"):
        match_tracks(pd.concat([good, good]), good, 1)
    with pytest.raises(ValueError, match=r"`truth` must have the column\(s\) particle"):
        match_tracks(good, good.drop(columns="particle"), 1)
    with pytest.raises(ValueError, match="`max_distance` must be"):
        match_tracks(good, good, -1)
