"""Axes that are not given, and matplotlib that is not there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu import plot
from spotgpu.errors import SpotgpuError

SPOTS = pd.DataFrame(
    {"frame": [0, 1], "y": [1.0, 2.0], "x": [3.0, 3.5], "particle": 0, "mass": 5.0}
)
MSD = pd.DataFrame({0: [1.0, 2.0]}, index=[0.1, 0.2])
CALLS: dict[str, tuple[Any, ...]] = {
    "annotate": (SPOTS, np.zeros((5, 5))),
    "length_histogram": (SPOTS,),
    "mass_histogram": (SPOTS,),
    "plate_heatmap": ({"A1": 1.0},),
    "plot_drift": (SPOTS[["y", "x"]],),
    "plot_msd": (MSD,),
    "plot_traj": (SPOTS,),
    "subpx_bias": (SPOTS,),
}
OPTIONS: dict[str, dict[str, Any]] = {"plate_heatmap": {"label": "D"}}


def test_all_are_tested() -> None:
    assert sorted(CALLS) == sorted(plot.__all__)


@pytest.mark.parametrize("name", CALLS)
def test_uses_the_current_axes(name: str) -> None:
    from matplotlib import pyplot as plt

    try:
        current = plt.subplots(1, 2)[1][1]
        assert getattr(plot, name)(*CALLS[name], **OPTIONS.get(name, {})) is current
        assert len(plt.get_fignums()) == 1
        assert current.has_data()
    finally:
        plt.close("all")


@pytest.mark.parametrize("name", CALLS)
def test_without_matplotlib(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(SpotgpuError, match=r'pip install "spotgpu\[plot\]"'):
        getattr(plot, name)(*CALLS[name], **OPTIONS.get(name, {}))


def test_import_does_not_need_matplotlib() -> None:
    code = "import sys, spotgpu.plot; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_given_axes_leave_pyplot_alone() -> None:
    code = (
        "import sys, numpy as np, pandas as pd; from matplotlib.figure import Figure; "
        "from spotgpu.plot import *; "
        "t = pd.DataFrame({'frame': [0, 1], 'y': 1., 'x': [3., 4.], 'particle': 0, 'mass': 5.}); "
        "ax = Figure().add_subplot; "
        "annotate(t, np.zeros((5, 5)), ax=ax()); plot_traj(t, 'frame', label=True, ax=ax()); "
        "mass_histogram(t, ax=ax()); subpx_bias(t, ax=ax()); length_histogram(t, ax=ax()); "
        "plot_drift(t[['y', 'x']], ax=ax()); plot_msd(t[['x']], ax=ax()); "
        "plate_heatmap({'A1': 1.}, label='D', ax=ax()); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0
