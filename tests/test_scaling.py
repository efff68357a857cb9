"""The program that shows how the time of the trackers grows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import scaling


def test_small(monkeypatch) -> None:
    monkeypatch.setattr(scaling, "ROUNDS", 1)
    times = scaling.measured([50, 100, 200])
    assert times.shape == (3, len(scaling.TRACKERS))
    assert (times > 0).all(axis=None)
    axes = scaling.draw(times).axes[0]
    assert axes.get_xlabel() == "Spots a frame"
    assert axes.get_ylabel() == "Time for two frames (s)"


def test_growth_against_n_log_n() -> None:
    n = np.array([10, 100, 1000, 10_000])
    times = pd.DataFrame({"same": n * np.log(n), "square": n**2.0}, index=n)
    same, square = scaling.growth(times)
    assert same == 1
    assert square > 7
