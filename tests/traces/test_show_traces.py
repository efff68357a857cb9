"""Traces and positions: what is drawn where."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure

from spotgpu.errors import SpotgpuError
from spotgpu.traces import (
    compare_traces,
    extract_traces,
    select_positions,
    show_positions,
    show_trace,
    show_traces,
)

mpl.use("Agg")

TRACES = np.array([[1, 5], [2, 4], [4, 6], [3, 9]], np.uint16)
IMAGE = np.arange(20 * 30).reshape(20, 30)


@pytest.fixture
def ax() -> Iterator[Any]:
    """Axes that pyplot does not know of; drawing them must work, and pyplot stay untouched."""
    figure = Figure(layout="constrained")
    axes = figure.add_subplot()
    yield axes
    figure.savefig(io.BytesIO(), format="png")
    assert plt.get_fignums() == []


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Number of figures at each ``plt.show()``, on a backend that has windows."""
    calls: list[int] = []
    plt.switch_backend("module://tests.traces.clicking")
    monkeypatch.setattr(plt, "show", lambda: calls.append(len(plt.get_fignums())))
    settings = dict(mpl.rcParams)
    yield calls
    plt.close("all")
    plt.switch_backend("module://tests.traces.clicking")
    assert dict(mpl.rcParams) == settings
    plt.switch_backend("Agg")


def lines(ax: Any) -> list[Any]:
    return [line.get_xydata().tolist() for line in ax.lines]


def points(x: Any) -> list[Any]:
    return [[[at, value] for at, value in zip(x, trace, strict=True)] for trace in TRACES.T]


@pytest.mark.parametrize(
    ("options", "x", "label"),
    [
        ({}, [0, 1, 2, 3], "Frame"),
        ({"fps": 4}, [0, 0.25, 0.5, 0.75], "Time [s]"),
        ({"x": [5, 7, 8, 11]}, [5, 7, 8, 11], ""),
    ],
)
def test_traces_over_time(ax: Any, options: Any, x: Any, label: str) -> None:
    assert show_traces(TRACES, ax=ax, **options) is ax
    assert lines(ax) == points(x)
    assert ax.get_xlim() == (x[0], x[-1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (label, "Intensity")
    assert ax.get_legend() is None


def test_one_trace(ax: Any) -> None:
    show_trace(TRACES[:, 0].tolist(), ax=ax)
    assert lines(ax) == points(range(4))[:1]


def test_looks(ax: Any) -> None:
    colours = np.array([[1.0, 0, 0], [0, 0, 1.0]])
    show_traces(TRACES, colors=colours, labels=["a", "b"], ax=ax, linewidth=3, alpha=0.5)
    assert [to_hex(line.get_color()) for line in ax.lines] == ["#ff0000", "#0000ff"]
    assert [line.get_linewidth() for line in ax.lines] == [3, 3]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    show_traces(TRACES, ax=ax, color="k")
    assert [line.get_color() for line in ax.lines[2:]] == ["k", "k"]


def test_one_frame_and_no_trace(ax: Any) -> None:
    show_traces(TRACES[:1], ax=ax)
    assert lines(ax) == [[[0, 1]], [[0, 5]]]
    show_traces(TRACES[:, :0], labels=[], fps=2, ax=ax)
    assert len(ax.lines) == 2
    assert (ax.get_xlim(), ax.get_xlabel()) == ((0, 1.5), "Time [s]")


@pytest.mark.parametrize(
    "call",
    [
        lambda **more: show_traces(TRACES, **more),
        lambda **more: show_positions([(3, 4)], IMAGE, **more),
        lambda **more: extract_traces(np.zeros((3, 9, 9)), (1, 1), show=True, **more),
    ],
)
def test_own_figures_are_shown(shown: list[int], call: Callable[..., Any]) -> None:
    call(ax=Figure().add_subplot())
    assert shown == plt.get_fignums() == []
    call()
    assert shown == plt.get_fignums() == [1]


def test_traces_are_drawn_on_axes_that_are_given(ax: Any) -> None:
    video = np.arange(3 * 81).reshape(3, 9, 9)
    found = extract_traces(video, [(1, 1), (5, 3)], ax=ax, labels=["a", "b"])
    assert [line.get_ydata().tolist() for line in ax.lines] == found.T.tolist()


def test_nothing_is_shown_where_nothing_can_be(shown: list[int]) -> None:
    plt.switch_backend("Agg")
    show_traces(TRACES)
    assert (shown, plt.get_fignums()) == ([], [1])


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_positions_on_their_image(ax: Any, order: str) -> None:
    given = [(3, 4), (25.5, 10)] if order == "xy" else [(4, 3), (10, 25.5)]
    assert show_positions(given, IMAGE, 30, ax=ax, order=order, marker="x") is ax
    (marks,) = ax.collections
    assert marks.get_offsets().tolist() == [[3, 4], [25.5, 10]]
    assert marks.get_sizes().tolist() == [30]
    assert marks.get_edgecolors().tolist() == [list(to_rgba("C0")), list(to_rgba("C1"))]
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), IMAGE)
    assert (image.get_cmap().name, image.get_clim()) == ("gray", (0, 599))
    assert image.get_extent() == [-0.5, 29.5, -0.5, 19.5]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 29.5), (19.5, -0.5))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (px)", "y (px)")


def test_looks_of_positions(ax: Any) -> None:
    table = pd.DataFrame({"y": [4.0, 10], "x": [3.0, 25], "mass": [1, 2]})
    show_positions(table, IMAGE, [5, 9], ["r", "b"], "magma", 3, 77, ax=ax)
    assert ax.collections[0].get_sizes().tolist() == [5, 9]
    assert ax.collections[0].get_offsets().tolist() == [[3, 4], [25, 10]]
    assert ax.collections[0].get_facecolors().tolist() == [[1, 0, 0, 1], [0, 0, 1, 1]]
    assert (ax.images[0].get_cmap().name, ax.images[0].get_clim()) == ("magma", (3, 77))
    show_positions((1, 2), color="lime", ax=ax)
    assert ax.collections[1].get_facecolors().tolist() == [[0, 1, 0, 1]]
    show_positions([(1, 2), (3, 4)], c=[0.0, 1.0], ax=ax)
    assert ax.collections[2].get_array().tolist() == [0, 1]
    show_positions([], ax=ax)
    assert ax.collections[3].get_offsets().tolist() == []
    assert ax.yaxis_inverted()


def test_positions_without_an_image(ax: Any) -> None:
    show_positions([(3, 4), (50, 100)], ax=ax)
    assert ax.yaxis_inverted()
    assert ax.get_aspect() == 1
    assert not ax.images


VIDEO = np.random.default_rng(0).integers(0, 999, (7, 20, 30)).astype(np.uint16)


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_compared_at_positions(shown: list[int], order: str) -> None:
    coords = np.array([(3, 8), (20, 2)])[:, :: 1 if order == "xy" else -1]
    axes = compare_traces(
        [VIDEO, VIDEO[:4]], coords, ["long", "short"], ["red", "blue"], 1, fps=2, order=order
    )
    assert shown == [1]
    places = ["(3, 8)", "(20, 2)"] if order == "xy" else ["(8, 3)", "(2, 20)"]
    assert [ax.get_title() for ax in axes] == places
    for ax, (x, y) in zip(axes, [(3, 8), (20, 2)], strict=True):
        assert lines(ax) == [
            [[t / 2, value] for t, value in enumerate(video[:, y, x])]
            for video in (VIDEO, VIDEO[:4])
        ]
        assert [line.get_color() for line in ax.lines] == ["red", "blue"]
        assert (ax.get_ylabel(), ax.get_xlim()) == ("Intensity", (0, 3))
    assert [ax.get_xlabel() for ax in axes] == ["", "Time [s]"]
    assert axes[0].get_shared_x_axes().joined(*axes)
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["long", "short"]


def test_compared_at_one_position(shown: list[int]) -> None:
    (ax,) = compare_traces([VIDEO], (3, 8), window="disc", x=np.arange(7) * 10)
    np.testing.assert_array_equal(
        ax.lines[0].get_ydata(), extract_traces(VIDEO, (3, 8), 5, window="disc")
    )
    assert ax.get_xlim() == (0, 60)
    assert ax.figure.legends == []
    (deep,) = compare_traces([VIDEO[:, None].repeat(3, 1)], (3, 8, 1), size=1)
    assert deep.get_title() == "(3, 8, 1)"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: show_traces(None), TypeError, "`traces` must be an array of real numbers"),
        (lambda: show_traces(["a"]), TypeError, "`traces` must be an array of real numbers"),
        (lambda: show_traces([]), ValueError, "`traces` must be of shape"),
        (lambda: show_traces(np.zeros((2, 2, 2))), ValueError, "`traces` must be of shape"),
        (lambda: show_traces(TRACES, [1]), ValueError, "`x` must have one value for each of 4"),
        (lambda: show_traces(TRACES, [1] * 4, 2), ValueError, "`fps` must not be given together"),
        (lambda: show_traces(TRACES, fps=0), ValueError, "`fps` must be a finite number > 0"),
        (lambda: show_traces(TRACES, colors=["r"]), ValueError, "`colors` must be 2, one for each"),
        (lambda: show_traces(TRACES, labels="ab"), TypeError, "`labels` must be a sequence"),
        (lambda: show_traces(TRACES, colors=["r", "nocolor"]), ValueError, "is not a valid value"),
        (lambda: show_traces(TRACES, linewidths=3), AttributeError, "unexpected keyword"),
        (lambda: show_traces(TRACES, ax=3), TypeError, "`ax` must be matplotlib Axes, got int"),
        (lambda: show_positions([(1, 2, 3)]), ValueError, r"`positions` must be positions \(x, y"),
        (lambda: show_positions([(1, 2), (3,)]), ValueError, "got some of different length"),
        (
            lambda: show_positions([(1, np.nan)]),
            ValueError,
            "`positions` must be finite, .* at index 0",
        ),
        (lambda: show_positions(["ab"]), TypeError, "`positions` must be positions .* of numbers"),
        (lambda: show_positions([(1, 2)], order="z"), ValueError, "`order` must be one of"),
        (lambda: show_positions([(1, 2)], np.zeros(3)), ValueError, "`image` must be of shape"),
        (lambda: show_positions([(1, 2)], size=[1, 2]), ValueError, "`size` must be a number or 1"),
        (lambda: show_positions([(1, 2)], color=["r", "b"]), ValueError, "`color` must be 1, one"),
        (lambda: show_positions([(1, 2)], color="nocolor"), TypeError, "`color` must be a"),
        (
            lambda: compare_traces(VIDEO, (1, 2)),
            TypeError,
            "`videos` must be a list of videos, got",
        ),
        (lambda: compare_traces("a.tif", (1, 2)), TypeError, "`videos` must be a list of videos"),
        (lambda: compare_traces([], (1, 2)), ValueError, "`videos` must have at least one"),
        (
            lambda: compare_traces([VIDEO], []),
            ValueError,
            "`coords` must have at least one position",
        ),
        (
            lambda: compare_traces([VIDEO], (30, 2)),
            ValueError,
            "`coords` must be .*inside the image",
        ),
        (
            lambda: compare_traces([VIDEO], (1, 2), ["a", "b"]),
            ValueError,
            "`labels` must be 1, one",
        ),
        (lambda: compare_traces([VIDEO], (1, 2), fps=1, x=[1]), ValueError, "`fps` must not be"),
        (lambda: compare_traces([iter(VIDEO)], (1, 2)), TypeError, "the number of frames is not"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: show_traces(TRACES),
        lambda: show_positions([(1, 2)]),
        lambda: compare_traces([VIDEO], (1, 2)),
        lambda: select_positions(IMAGE),
    ],
)
def test_without_matplotlib(call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SpotgpuError, match=r'pip install "spotgpu\[plot\]"'):
        call()


def test_matplotlib_is_imported_late_and_pyplot_only_for_own_figures() -> None:
    code = (
        "import sys; from spotgpu.traces import *; "
        "early = 'matplotlib' in sys.modules; from matplotlib.figure import Figure; "
        "show_traces([1, 2], ax=Figure().add_subplot()); "
        "show_positions([(1, 2)], ax=Figure().add_subplot()); "
        "sys.exit(early or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0
