"""How the time of the trackers grows with the spots a frame: a figure, and a table.

Usage: python -m benchmarks.scaling     (writes docs/scaling.svg, prints the table)
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bench_link import SEARCH_RANGE, brownian
from benchmarks.interleaved import seconds
from spotgpu import linking

FIGURE = Path(__file__).parents[1] / "docs" / "scaling.svg"
SIZES = [1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000]
ROUNDS = 3
#: Each takes spots of two frames.
TRACKERS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "link": lambda f: linking.link(f, SEARCH_RANGE),
    "link, adaptive": lambda f: linking.link(f, SEARCH_RANGE, adaptive_stop=1),
    "link_lap, gaps": lambda f: linking.link_lap(
        f, SEARCH_RANGE, gap_closing_distance=SEARCH_RANGE
    ),
    "link_kalman": lambda f: linking.link_kalman(f, SEARCH_RANGE),
    "link_nearest": lambda f: linking.link_nearest(f, SEARCH_RANGE),
}


def measured(sizes: list[int]) -> pd.DataFrame:
    """Return the best seconds of some rounds, a row a size, a column a tracker."""
    rows = {}
    for size in sizes:
        f = brownian(2, size)
        for track in TRACKERS.values():
            track(f)
        rounds = [
            [seconds(partial(track, f))[0] for track in TRACKERS.values()] for _ in range(ROUNDS)
        ]
        rows[size] = np.min(rounds, axis=0)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(TRACKERS))


def growth(times: pd.DataFrame) -> pd.Series:
    """Return by how much more than n log n each time grows, from the third size to the last."""
    first, last = times.index[min(2, len(times) - 2)], times.index[-1]
    expected = last * np.log(last) / (first * np.log(first))
    return times.loc[last] / times.loc[first] / expected


def draw(times: pd.DataFrame) -> Any:
    """Return a figure: time over spots, both logarithmic, with n log n."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.2), layout="constrained")
    ax = figure.add_subplot()
    for name, column in times.items():
        ax.loglog(column.index, column, "o-", ms=3.5, lw=1.2, label=name)
    n = np.array(times.index, float)
    line = n * np.log(n)
    ax.loglog(
        n, line * times.to_numpy().max(axis=1)[-1] * 1.6 / line[-1], "k--", lw=1, label="n log n"
    )
    ax.set(xlabel="Spots a frame", ylabel="Time for two frames (s)")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure


def main() -> int:
    """Measure, draw, print."""
    times = measured(SIZES)
    draw(times).savefig(FIGURE, metadata={"Date": None})
    print("| spots a frame | " + " | ".join(times) + " |")
    print("|---" * (1 + times.shape[1]) + "|")
    for size, row in times.iterrows():
        print(f"| {size:,} | " + " | ".join(f"{1e3 * value:.3g} ms" for value in row) + " |")
    over = growth(times)
    print("| against n log n | " + " | ".join(f"{value:.2f}" for value in over) + " |")
    return int((over > 1.25).any())


if __name__ == "__main__":
    sys.exit(main())
