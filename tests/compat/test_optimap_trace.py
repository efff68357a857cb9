"""`spotgpu.compat.optimap_trace` beside optimap.trace."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

import spotgpu.compat.optimap_trace as ours

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from optimap import trace as theirs

mpl.use("Agg")

RNG = np.random.default_rng(0)
VIDEO = RNG.integers(0, 255, (9, 12, 17)).astype(np.uint8)
COORDS = [(0, 0), (16, 11), (5, 3)]
TRACES = RNG.normal(100, 30, (40, 3)) + np.arange(40)[:, None]


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_the_names_and_arguments_of_optimap() -> None:
    assert sorted(ours.__all__) == sorted(theirs.__all__)
    for name in ours.__all__:
        mine, peer = (
            {p.name: (p.kind, p.default) for p in inspect.signature(f).parameters.values()}
            for f in (getattr(ours, name), getattr(theirs, name))
        )
        shared = {k: v for k, v in mine.items() if v[0] is not inspect.Parameter.KEYWORD_ONLY}
        assert list(shared.items()) == list(peer.items()), name


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("window", [None, "rect", "disc", "pixel"])
@pytest.mark.parametrize("size", [0, 1, 2, 5])
def test_traces(dtype: Any, window: str | None, size: int) -> None:
    video = VIDEO.astype(dtype)
    for coords in (COORDS, COORDS[0], np.array(COORDS)):
        result = ours.extract_traces(video, coords, size, window=window)
        expected = theirs.extract_traces(video, coords, size, window=window)
        assert result is not None
        assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_no_position() -> None:
    assert ours.extract_traces(VIDEO, []) is theirs.extract_traces(VIDEO, []) is None
    ax = Figure().add_subplot()
    assert ours.show_traces(None, ax=ax) is ax
    assert ours.show_trace(None, fps=2, labels=[], ax=ax) is ax
    assert not ax.lines


def test_the_default_window() -> None:
    assert ours.get_default_trace_window() == theirs.get_default_trace_window() == "rect"
    try:
        ours.set_default_trace_window("pixel")
        assert ours.get_default_trace_window() == "pixel"
        result = ours.extract_traces(VIDEO, (5, 3))
        np.testing.assert_array_equal(result, VIDEO[:, 3, 5])
    finally:
        ours.set_default_trace_window("rect")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ymin": -2, "ymax": 5},
        {"vmin": 80},
        {"vmax": 110.5},
        {"vmin": 80, "vmax": 110, "clip": False},
        {"vmin": 80, "vmax": 110, "dtype": np.uint8},
        {"dtype": np.int16},
        {"dtype": np.float64},
    ],
)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.uint8])
def test_normalize(kind: Any, options: dict[str, Any]) -> None:
    for array in (TRACES, TRACES[:, 0], np.full((5, 2), 90.0), TRACES.reshape(4, 10, 3)):
        given = array.astype(kind)
        result, expected = ours.normalize(given, **options), theirs.normalize(given, **options)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)


def test_normalize_nan() -> None:
    traces = TRACES.copy()
    traces[3, 1] = np.nan
    np.testing.assert_array_equal(ours.normalize(traces), theirs.normalize(traces))


@pytest.mark.parametrize("kind", ["spline", "mean", "median", "line", None])
@pytest.mark.parametrize("options", [{}, {"period": 7}, {"period": 5, "ptimes": 3}])
def test_detrend(kind: str | None, options: dict[str, Any]) -> None:
    for more in ({}, {"retain_baseline": False}, {"return_trend_data": True}):
        for trace in TRACES.T:
            result = ours.detrend_timeseries(trace, kind, **options, **more)
            expected = theirs.detrend_timeseries(trace, kind, **options, **more)
            np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9)


def test_random_positions() -> None:
    mask = np.zeros((6, 9), bool)
    mask[2, 3:8] = True
    for shape in (mask, (3, 4)):
        n = 5 if shape is mask else 12
        mine, peer = ours.random_positions(shape, n), theirs.random_positions(shape, n)
        assert sorted(mine) == sorted(peer)
        assert type(mine) is type(peer)
        assert type(mine[0]) is type(peer[0])
        assert type(mine[0][0]) is type(peer[0][0])
    with pytest.raises(ValueError, match="`N` must be"):
        ours.random_positions(mask, 6)


@pytest.mark.parametrize("ncols", [1, 2, 3, 6])
def test_collages_of_square_images(ncols: int) -> None:
    positions = [RNG.integers(0, 20, (n, 2)) for n in (3, 1, 4, 2, 5, 1)]
    result = ours.collage_positions(positions, (20, 20), ncols)
    # It changes what it gets.
    expected = theirs.collage_positions([p.copy() for p in positions], (20, 20), ncols)
    np.testing.assert_array_equal(result, expected)
    assert {type(position) for position in result} == {type(position) for position in expected}


def looks(ax: Any) -> dict[str, Any]:
    return {
        "lines": [line.get_xydata().tolist() for line in ax.lines],
        "colours": [line.get_color() for line in ax.lines],
        "widths": [line.get_linewidth() for line in ax.lines],
        "limits": ax.get_xlim(),
        "labels": (ax.get_xlabel(), ax.get_ylabel()),
        "legend": ax.get_legend() and [t.get_text() for t in ax.get_legend().get_texts()],
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fps": 50},
        {"x": np.linspace(3, 4, 40)},
        {"colors": ["r", "g", "b"], "labels": ["1", "2", "3"], "linewidth": 3},
    ],
)
def test_plots_of_traces(options: dict[str, Any]) -> None:
    for traces in (TRACES, TRACES[:, 1]):
        if traces.ndim == 1 and "colors" in options:
            options = {"colors": ["r"], "labels": ["1"]}
        mine, peer = Figure().add_subplot(), Figure().add_subplot()
        assert ours.show_traces(traces, ax=mine, **options) is mine
        theirs.show_traces(traces, ax=peer, **options)
        assert looks(mine) == looks(peer)


@pytest.mark.parametrize(
    "options",
    [
        {"colors": "rgbk"},
        {"labels": "abcd"},
        {"colors": ["r", "g", "b", "k"], "labels": [1, 2, 3, 4]},
        {"colors": []},
    ],
)
def test_more_colours_and_labels_than_traces(options: dict[str, Any]) -> None:
    for traces in (TRACES, TRACES[:, 1]):
        mine, peer = Figure().add_subplot(), Figure().add_subplot()
        ours.show_traces(traces, ax=mine, **options)
        theirs.show_traces(traces, ax=peer, **options)
        assert looks(mine) == looks(peer)
    mine, peer = Figure().add_subplot(), Figure().add_subplot()
    for module, ax in ((ours, mine), (theirs, peer)):
        module.extract_traces(VIDEO, COORDS, 3, ax=ax, **options)
    assert looks(mine) == looks(peer)


def test_options_of_plots_where_nothing_is_shown() -> None:
    options: dict[str, Any] = {"fps": 3, "lw": 2, "linestyle": ":", "colors": "r"}
    result = ours.extract_traces(VIDEO, COORDS, 3, **options)
    np.testing.assert_array_equal(result, theirs.extract_traces(VIDEO, COORDS, 3, **options))
    with pytest.raises(TypeError, match="must be options of show_traces, got windw"):
        ours.extract_traces(VIDEO, COORDS, windw="disc", **options)
    with pytest.raises(ValueError, match="got some of different length"):
        ours.extract_traces(VIDEO, [(1, 2), (3,)])


def test_plots_of_positions() -> None:
    for image in (None, VIDEO[0]):
        mine, peer = Figure().add_subplot(), Figure().add_subplot()
        assert ours.show_positions(COORDS, image, 12, "red", ax=mine) is mine
        theirs.show_positions(COORDS, image, 12, "red", ax=peer)
        (marks,) = mine.collections
        parts = peer.collections
        assert marks.get_offsets().tolist() == [p.get_offsets().tolist()[0] for p in parts]
        assert marks.get_sizes().tolist() == parts[0].get_sizes().tolist()
        assert marks.get_facecolors().tolist() == parts[0].get_facecolors().tolist()
        assert mine.axison == peer.axison
        if image is not None:
            np.testing.assert_array_equal(mine.images[0].get_array(), peer.images[0].get_array())
            assert (mine.get_xlim(), mine.get_ylim()) == (peer.get_xlim(), peer.get_ylim())
    with pytest.warns(DeprecationWarning, match="`positions` comes before `image`"):
        ours.show_positions(VIDEO[0], np.array(COORDS), ax=mine)
    assert mine.collections[-1].get_offsets().tolist() == [[*c] for c in COORDS]


def test_comparisons() -> None:
    videos = [VIDEO, VIDEO[::-1].copy()]
    options: dict[str, Any] = {"labels": ["a", "b"], "colors": ["r", "b"], "size": 3, "fps": 10}
    drawn = []
    options["colors"] += ["g"]
    for module in (ours, theirs):
        assert module.compare_traces(videos, COORDS, **options) is None
        axes = plt.gcf().axes
        drawn.append([(looks(ax) | {"labels": ax.get_xlabel()}, ax.get_title()) for ax in axes])
    assert drawn[0] == drawn[1]


def test_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same clicks on either's window give the same positions and traces."""
    plt.switch_backend("module://tests.traces.clicking")
    from tests.traces.clicking import FigureCanvas

    def script(canvas: Any) -> None:
        for place in ((3.3, 7.8), (16.2, 2), (9, 9), (3, 8), (0, 0)):
            canvas.click(*place)
        canvas.click(11, 8, right=True)

    def shown(block: bool) -> None:
        canvas: Any = plt.gcf().canvas
        canvas.draw()
        script(canvas)

    monkeypatch.setattr(FigureCanvas, "required_interactive_framework", "script")
    monkeypatch.setattr(FigureCanvas, "script", staticmethod(script), raising=False)
    monkeypatch.setattr(plt, "show", shown)
    monkeypatch.setattr("optimap.utils.INTERACTIVE_BACKEND_SWITCHING", False)
    try:
        mine, positions = ours.select_traces(VIDEO)
        peer, expected = theirs.select_traces(VIDEO)
        assert positions == expected == [(16, 2), (0, 0)]
        np.testing.assert_array_equal(mine, peer)
        assert ours.select_positions(VIDEO[0]) == theirs.select_positions(VIDEO[0]) == expected
    finally:
        plt.close("all")
        plt.switch_backend("Agg")
