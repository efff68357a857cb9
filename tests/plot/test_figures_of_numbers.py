"""Histograms, drift and MSD: the numbers that are drawn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.plot import length_histogram, mass_histogram, plot_drift, plot_msd, subpx_bias

LAGS = np.arange(1, 11) / 10


def bars(ax: Any, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    values, edges, _ = ax.patches[number].get_data()
    return values, edges


def legend(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_mass_histogram(ax: Any) -> None:
    masses = pd.DataFrame({"mass": [1.0, 2, 2, 3, 9, np.nan]})
    assert mass_histogram(masses, ax=ax, bins=[0, 2.5, 5, 10], minmass=2) is ax
    np.testing.assert_array_equal(bars(ax)[0], [3, 1, 1])
    np.testing.assert_array_equal(bars(ax)[1], [0, 2.5, 5, 10])
    assert legend(ax) == ["minmass = 2: 2 of 5 spots above"]
    assert ax.lines[0].get_xdata() == [2, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mass (grey levels)", "spots")
    assert ax.get_ylim()[1] > 3


@pytest.mark.parametrize("n", [0, 1, 50, 20_000])
def test_mass_histogram_chooses_its_bins(ax: Any, n: int) -> None:
    masses = np.random.default_rng(0).lognormal(5, 0.3, n)
    mass_histogram(pd.DataFrame({"mass": masses}), ax=ax)
    values, edges = bars(ax)
    assert values.sum() == n
    assert 20 <= len(values) <= 100
    if n > 1:
        assert (edges[0], edges[-1]) == (masses.min(), masses.max())
    mass_histogram(pd.DataFrame({"mass": [5.0] * 9}), ax=ax)
    assert bars(ax, 1)[0].sum() == 9


def test_subpx_bias(ax: Any) -> None:
    even = (np.arange(4000) + 0.5) / 4000
    table = pd.DataFrame({"x": even * 0.5 + 7, "y": even - 3})
    table.loc[0, "x"] = np.nan
    assert subpx_bias(table, ax=ax, bins=10) is ax
    np.testing.assert_allclose(bars(ax, 0)[0], np.ones(10))
    np.testing.assert_allclose(bars(ax, 1)[0], [2] * 5 + [0] * 5, rtol=2e-3)
    assert legend(ax) == ["y", "x", "even, 95 %"]
    band = ax.patches[2].get_extents().transformed(ax.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx(
        (1 - 1.96 * (9 / 3999) ** 0.5, 1 + 1.96 * (9 / 3999) ** 0.5)
    )
    looks = [(p.get_edgecolor(), p.get_linestyle()) for p in ax.patches[:2]]
    assert looks[0] != looks[1]


def test_subpx_bias_band_holds_95_percent_of_even_bins() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    rng = np.random.default_rng(0)
    columns = [f"c{i}" for i in range(200)]
    subpx_bias(pd.DataFrame(rng.random((2000, 200)), columns=columns), columns, ax=ax)
    values = np.array([bars(ax, i)[0] for i in range(200)])
    inside = np.abs(values - 1) < 1.96 * np.sqrt(19 / 2000)
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


def test_subpx_bias_axes(ax: Any) -> None:
    table = pd.DataFrame({"z": [1.0], "y": [1.0], "x": [1.0], "w": [1.0]})
    subpx_bias(table, ax=ax)
    assert legend(ax)[:3] == ["z", "y", "x"]
    subpx_bias(table.iloc[:0], pos_columns=["w"], ax=ax)
    with pytest.raises(ValueError, match="`bins` must be"):
        subpx_bias(table, ax=ax, bins=1)


def test_length_histogram(ax: Any) -> None:
    tracks = pd.DataFrame({"particle": [5, 5, 5, 1, 9, 9, 9]})
    assert length_histogram(tracks, ax=ax) is ax
    np.testing.assert_array_equal(bars(ax)[0], [1, 0, 2])
    np.testing.assert_array_equal(bars(ax)[1], [0.5, 1.5, 2.5, 3.5])
    assert legend(ax) == ["median 3"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length of the track (spots)", "tracks")


def test_length_histogram_of_long_tracks_and_none(ax: Any) -> None:
    lengths = np.array([1, 100, 250, 333])
    table = pd.DataFrame({"particle": np.repeat(np.arange(4), lengths)})
    length_histogram(table, ax=ax)
    values, edges = bars(ax)
    assert values.sum() == 4
    assert len(values) <= 100
    assert (np.diff(edges) == 4).all()
    length_histogram(table.iloc[:0], ax=ax)
    assert bars(ax, 1)[0].sum() == 0
    length_histogram(table, ax=ax, bins=[0, 50, 500])
    np.testing.assert_array_equal(bars(ax, 2)[0], [1, 3])


def test_plot_drift(ax: Any) -> None:
    index = pd.Index([1, 2, 4], name="frame")
    drift = pd.DataFrame({"z": [1.0, 2, 3], "y": [0.0, 0, 1], "x": [5.0, 6, 7]}, index)
    assert plot_drift(drift, mpp=(0.5, 0.1, 0.2), ax=ax) is ax
    drawn = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(drawn["z"].get_xdata(), [1, 2, 4])
    np.testing.assert_allclose(drawn["z"].get_ydata(), [0.5, 1, 1.5])
    np.testing.assert_allclose(drawn["x"].get_ydata(), [1, 1.2, 1.4])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("frame", "drift (µm)")
    assert legend(ax) == ["z", "y", "x"]
    plot_drift(drift[["y", "x"]], ax=ax)
    assert ax.get_ylabel() == "drift (px)"
    plot_drift(pd.DataFrame({"x": np.zeros(400_000)}), ax=ax)  # the legend must not warn
    with pytest.raises(ValueError, match="`mpp` must be one value or one for each of z, y, x"):
        plot_drift(drift, mpp=(1, 2), ax=ax)
    with pytest.raises(TypeError, match="`drift` must be a pandas DataFrame"):
        plot_drift(drift["x"], ax=ax)


def curves() -> pd.DataFrame:
    table = pd.DataFrame({3: LAGS, 8: 2 * LAGS}, pd.Index(LAGS, name="lag time [s]"))
    table.iloc[4, 1] = np.nan
    return table


def test_plot_msd(ax: Any) -> None:
    fit = SimpleNamespace(D=0.25, sigma=0.1, ndim=2, ci_low=0.21, ci_high=0.29)
    ensemble = pd.Series(1.5 * LAGS, pd.Index(LAGS, name="lagt"))
    assert plot_msd(curves(), ensemble, fit, ax=ax) is ax
    lines = ax.collections[0].get_segments()
    np.testing.assert_allclose(lines[0], np.column_stack([LAGS, LAGS]))
    known = np.delete(LAGS, 4)
    np.testing.assert_allclose(lines[1], np.column_stack([known, 2 * known]))
    points, fitted = ax.lines
    np.testing.assert_allclose(points.get_xydata(), np.column_stack([LAGS, 1.5 * LAGS]))
    x, y = fitted.get_xydata().T
    np.testing.assert_allclose(y, 4 * 0.25 * x + 4 * 0.1**2)
    assert (x[0], x[-1]) == pytest.approx((0.1, 1.0))
    assert legend(ax) == ["2 particles", "ensemble", "D = 0.250 (0.210 to 0.290) µm²/s"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lag time (s)", "MSD (µm²)")
    low, high = ax.get_ylim()
    assert low < 0.1
    assert high > 2


@pytest.mark.parametrize(
    ("D", "low", "high", "text"),
    [
        (0.4321, 0.4181, 0.4461, "0.432 (0.418 to 0.446)"),
        (12.345, 11.1, 13.6, "12.3 (11.1 to 13.6)"),
        (1234.5, 1000, 1500, "1234 (1000 to 1500)"),
        (2.5e-5, 2.1e-5, 2.9e-5, "0.0000250 (0.0000210 to 0.0000290)"),
        (0.5, np.nan, np.nan, "0.5"),
        (0.5, 0.5, 0.5, "0.5"),
    ],
)
def test_digits_of_the_fit(ax: Any, D: float, low: float, high: float, text: str) -> None:  # noqa: N803
    fit = SimpleNamespace(D=D, sigma=0, ndim=3, ci_low=low, ci_high=high)
    plot_msd(curves(), fit=fit, ax=ax, length_unit="px", time_unit="frame")
    assert legend(ax)[1] == f"D = {text} px²/frame"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lag time (frame)", "MSD (px²)")


def test_plot_msd_takes_details_and_motionless_particles(ax: Any) -> None:
    detail = pd.DataFrame({"msd": LAGS, "N": 9.0, "lagt": LAGS}, index=range(1, 11))
    plot_msd(emsd=detail, ax=ax)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), np.column_stack([LAGS, LAGS]))
    plot_msd(emsd=detail[["msd"]].set_axis(LAGS), ax=ax)
    np.testing.assert_allclose(ax.lines[1].get_xdata(), LAGS)
    ax.clear()
    plot_msd(0 * curves(), ax=ax)
    assert ax.get_yscale() == "linear"
    ax.clear()
    plot_msd(curves().iloc[:, :0], ax=ax)
    plot_msd(curves().assign(still=0.0), ax=ax)
    assert ax.get_yscale() == "log"
    assert ax.get_ylim()[0] > 0.01


def test_plot_msd_bad_input(ax: Any) -> None:
    with pytest.raises(ValueError, match="`imsd` or `emsd` must be given"):
        plot_msd(ax=ax)
    with pytest.raises(TypeError, match="`fit` must have the attributes D, sigma and ndim, got f"):
        plot_msd(curves(), fit=0.4, ax=ax)
    with pytest.raises(TypeError, match="`imsd` must be a pandas DataFrame"):
        plot_msd(imsd=curves()[3], ax=ax)
    with pytest.raises(ValueError, match=r"`emsd` must have the column\(s\) msd"):
        plot_msd(emsd=curves(), ax=ax)
    with pytest.raises(ValueError, match=r"`f` must have the column\(s\) mass"):
        mass_histogram(curves(), ax=ax)
    with pytest.raises(ValueError, match=r"`tracks` must have the column\(s\) particle"):
        length_histogram(curves(), ax=ax)
