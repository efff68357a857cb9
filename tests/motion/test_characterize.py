"""characterize beside the loop that it replaces, and motions with known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spotgpu import motion


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("max_lagtime", [4, 8, 30])
def test_as_a_loop(make_tracks, ndim, max_lagtime) -> None:
    table = make_tracks(60, 40, ndim=ndim, ragged=True, gaps=0.4)
    columns = list("xyz"[:ndim])
    curves = motion.imsd(table, 0.16, 10.0, max_lagtime, pos_columns=columns)
    found = motion.characterize(table, 0.16, 10.0, max_lagtime, columns).set_index("particle")
    assert list(found.index) == sorted(set(table["particle"]))
    for particle, row in found.iterrows():
        rows = table[table["particle"] == particle].sort_values("frame")
        curve = curves[particle].dropna()[:10] if particle in curves else []
        if len(curve) < 5:
            assert row[["alpha", "D_app", "r^2"]].isna().all()
            assert row["regime"] == "undetermined"
        else:
            line = stats.linregress(np.log(curve.index), np.log(curve))
            assert row["alpha"] == pytest.approx(line.slope, abs=1e-11)
            assert row["D_app"] == pytest.approx(np.exp(line.intercept) / (2 * ndim), rel=1e-11)
            assert row["r^2"] == pytest.approx(line.rvalue**2, abs=1e-11)
        x = rows[columns].to_numpy() * 0.16
        steps = np.linalg.norm(np.diff(x, axis=0), axis=1)
        net = np.linalg.norm(x[-1] - x[0])
        assert row["length"] == len(rows)
        assert row["path_length"] == pytest.approx(steps.sum())
        assert row["net_displacement"] == pytest.approx(net)
        spread = np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=1).mean())
        assert row["radius_of_gyration"] == pytest.approx(spread, abs=1e-12)
        if len(rows) > 1:
            seconds = np.ptp(rows["frame"]) / 10.0
            assert row["mean_speed"] == pytest.approx(steps.sum() / seconds)
            assert row["straightness"] == pytest.approx(net / steps.sum())
        else:
            assert np.isnan(row["mean_speed"])
            assert np.isnan(row["straightness"])
    assert (found["regime"] == "undetermined").any()


def test_documented_use(make_tracks) -> None:
    table = make_tracks(5, 30)
    found = motion.characterize(table, mpp=0.16, fps=10.0)
    assert {"alpha", "D_app", "r^2"} <= set(found.columns.tolist())
    assert found[["alpha", "D_app"]].describe().shape == (8, 2)


def test_regimes() -> None:
    t = np.arange(300)
    rng = np.random.default_rng(0)
    angle = 2 * np.pi * t / 15
    motions = {
        0: (0.2 * t, -0.1 * t),
        1: np.cumsum(rng.normal(size=(2, 300)), axis=1),
        2: rng.normal(size=(2, 300)),
        3: (0 * t, 0 * t),
        4: (np.sin(angle), np.cos(angle)),
    }
    parts = [
        pd.DataFrame({"frame": t, "y": y, "x": x, "particle": p}) for p, (y, x) in motions.items()
    ]
    found = motion.characterize(pd.concat(parts), fps=2.0).set_index("particle")
    regimes = ["directed", "brownian", "confined", "undetermined", "directed"]
    assert found["regime"].tolist() == regimes
    straight = found.loc[0]
    assert straight["alpha"] == pytest.approx(2)
    assert straight["D_app"] == pytest.approx(4 * 0.05 / 4)
    assert straight["straightness"] == pytest.approx(1)
    assert straight["straightness"] <= 1
    assert straight["mean_speed"] == pytest.approx(2 * np.sqrt(0.05))
    rest = found.loc[3]
    assert rest[["mean_speed", "net_displacement", "radius_of_gyration"]].tolist() == [0, 0, 0]
    assert np.isnan(rest["straightness"])
    assert found.loc[4, "radius_of_gyration"] == pytest.approx(1)


def test_thresholds_of_the_regimes(make_tracks) -> None:
    found = motion.characterize(make_tracks(300, 20))
    expected = pd.cut(found["alpha"], [-np.inf, 0.7, 1.3, np.inf], labels=False)
    names = np.array(["confined", "brownian", "directed"])
    assert (found["regime"] == names[expected]).all()
    assert set(found["regime"]) == set(names)


def test_empty_table() -> None:
    table = pd.DataFrame({"frame": [], "y": [], "x": [], "particle": []})
    found = motion.characterize(table)
    assert found.empty
    assert list(found.columns[:5]) == ["particle", "alpha", "D_app", "r^2", "regime"]
