"""Axes that pyplot does not know of."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")


@pytest.fixture
def ax() -> Iterator[Any]:
    """Return Axes of a figure of their own; drawing them must work, and pyplot stay untouched."""
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    yield axes
    figure.savefig(io.BytesIO(), format="png")
    assert plt.get_fignums() == []


@pytest.fixture
def tracks() -> pd.DataFrame:
    """Return three tracks, one with a gap and one of a single spot, in random order of rows."""
    rows = [
        *[(t, 10.0 + t, 20.0 - t, 2) for t in range(5)],
        *[(t, 30.0, 5.0 + 2 * t, 7) for t in (0, 1, 4)],
        (3, 1.0, 1.0, 9),
    ]
    table = pd.DataFrame(rows, columns=["frame", "y", "x", "particle"])
    return table.assign(mass=np.arange(9.0)).sample(frac=1, random_state=1)


@pytest.fixture
def pieces() -> Callable[[Any], list[list[list[float]]]]:
    """Return the pieces of interrupted lines, sorted."""

    def split(lines: Any) -> list[list[list[float]]]:
        result = []
        for drawn in lines:
            line = drawn.get_xydata()
            ends = np.flatnonzero(np.isnan(line[:, 0]))
            parts = np.split(line, ends)
            result += [part[~np.isnan(part[:, 0])].tolist() for part in parts if part.size]
        return sorted(result)

    return split
