"""Positions and traces that are clicked on, by events of a backend without a screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.backend_bases import NavigationToolbar2
from matplotlib.colors import to_hex, to_rgba

from spotgpu.errors import SpotgpuError
from spotgpu.traces import compare_traces, extract_traces, select_positions, select_traces
from tests.traces.clicking import FigureCanvas

IMAGE = np.arange(20 * 30).reshape(20, 30)
VIDEO = np.random.default_rng(0).integers(0, 999, (7, 20, 30)).astype(np.uint16)

Script = Callable[[FigureCanvas], None]


@pytest.fixture
def notebook() -> Iterator[None]:
    """A backend that can be clicked on but cannot wait."""
    plt.switch_backend("module://tests.traces.clicking")
    settings = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == settings
    plt.close("all")
    plt.switch_backend("Agg")


@pytest.fixture
def user(notebook: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], None]:
    """A backend that waits, while a user does what the script says."""
    monkeypatch.setattr(FigureCanvas, "required_interactive_framework", "script")

    def act(script: Script) -> None:
        monkeypatch.setattr(FigureCanvas, "script", staticmethod(script), raising=False)

    return act


def test_clicks_are_pixels_in_their_order(user: Callable[[Script], None]) -> None:
    def script(canvas: FigureCanvas) -> None:
        canvas.click(3.4, 7.6)
        canvas.click(-0.4, 19.4)
        canvas.click(29.4, -0.4)

    user(script)
    assert select_positions(IMAGE) == [(3, 8), (0, 19), (29, 0)]
    assert select_positions(IMAGE, order="yx") == [(8, 3), (19, 0), (0, 29)]
    assert plt.get_fignums() == []
    exact = select_positions(IMAGE, as_integers=False)
    np.testing.assert_allclose(exact, [(3.4, 7.6), (-0.4, 19.4), (29.4, -0.4)])
    assert select_positions(np.zeros((20, 30, 3))) == [(3, 8), (0, 19), (29, 0)]
    assert select_positions(VIDEO) == [(3, 8), (0, 19), (29, 0)]
    assert all(type(value) is int for value in select_positions(IMAGE)[0])


def test_clicks_that_remove(user: Callable[[Script], None]) -> None:
    def script(canvas: FigureCanvas) -> None:
        canvas.click(5, 5, right=True)
        for place in ((1, 1), (20, 2), (10, 15), (25, 18)):
            canvas.click(*place)
        # Nearest are (10, 15) and then (20, 2), by distance in pixels, not by row or column.
        canvas.click(14, 11, right=True)
        canvas.click(14, 8, right=True)
        canvas.click(1.3, 0.8)

    user(script)
    assert select_positions(IMAGE) == [(25, 18)]
    assert select_positions(IMAGE, order="yx") == [(18, 25)]


def test_clicks_that_do_not_count(user: Callable[[Script], None]) -> None:
    def script(canvas: FigureCanvas) -> None:
        canvas.click(4, 4)
        canvas.click(4, 4, double=True)
        ax = canvas.figure.axes[0]
        canvas.click(-5, 4)
        ax.set_xlim(-10, 40)
        canvas.draw()
        canvas.click(-5, 4)
        canvas.click(29.6, 4)
        canvas.click(-5, 4, right=True)
        canvas.click(29.6, 4, right=True)
        tools = NavigationToolbar2(canvas)
        tools.pan()
        canvas.click(9, 9)
        canvas.click(9, 9, right=True)
        tools.pan()
        tools.zoom()
        canvas.click(9, 9)
        tools.zoom()
        canvas.click(6, 6)

    user(script)
    assert select_positions(IMAGE) == [(4, 4), (6, 6)]


def test_marks_are_where_the_clicks_were(user: Callable[[Script], None]) -> None:
    seen = []

    def script(canvas: FigureCanvas) -> None:
        canvas.click(3, 8)
        canvas.click(10, 2)
        canvas.click(3, 8)
        canvas.click(12, 4)
        (marks,) = canvas.figure.axes[0].collections
        seen.append((marks.get_offsets().tolist(), marks.get_facecolors()[:2].tolist()))

    user(script)
    colours = [list(to_rgba("C0")), list(to_rgba("C1"))]
    for order in ("xy", "yx"):
        select_positions(IMAGE, order=order)
    assert seen == [([[10, 2], [12, 4]], colours)] * 2


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_traces_follow_the_clicks(user: Callable[[Script], None], order: str) -> None:
    drawn: list[Any] = []

    def script(canvas: FigureCanvas) -> None:
        for act in (
            lambda: None,
            lambda: canvas.click(3, 8),
            lambda: canvas.click(20, 2),
            lambda: canvas.click(4, 8, right=True),
        ):
            asked = canvas.asked_to_draw
            act()
            assert (canvas.asked_to_draw > asked) == bool(canvas.figure.axes[1].lines)
            ax = canvas.figure.axes[1]
            drawn.append(
                [(line.get_ydata().tolist(), to_hex(line.get_color())) for line in ax.lines]
            )
            assert (ax.get_xlabel(), ax.get_ylabel()) == ("Time [s]", "Intensity")
            assert ax.get_xlim() == (0, 3)

    user(script)
    traces, positions = select_traces(VIDEO, 3, fps=2, order=order)
    assert positions == ([(20, 2)] if order == "xy" else [(2, 20)])
    first = VIDEO[:, 7:10, 2:5].mean(axis=(1, 2)).tolist()
    second = VIDEO[:, 1:4, 19:22].mean(axis=(1, 2)).tolist()
    assert traces.T.tolist() == [second]
    assert drawn == [
        [],
        [(first, to_hex("C0"))],
        [(first, to_hex("C0")), (second, to_hex("C1"))],
        [(second, to_hex("C0"))],
    ]


def test_each_position_is_read_once(user: Callable[[Script], None]) -> None:
    class Counted(list):  # type: ignore[type-arg]
        read = 0

        def __getitem__(self, key: Any) -> Any:
            Counted.read += 1
            return super().__getitem__(key)

    def script(canvas: FigureCanvas) -> None:
        before = Counted.read
        canvas.click(3, 8)
        each = Counted.read - before
        canvas.click(5, 5)
        canvas.click(3, 8)
        canvas.click(3, 8)
        assert Counted.read - before == 2 * each > 0

    user(script)
    traces, positions = select_traces(Counted(VIDEO), window="pixel", ref_frame=-1)
    assert positions == [(5, 5), (3, 8)]
    np.testing.assert_array_equal(traces, VIDEO[:, [5, 8], [5, 3]])


def test_nothing_clicked_on(user: Callable[[Script], None]) -> None:
    user(FigureCanvas.flush_events)
    traces, positions = select_traces(VIDEO)
    assert (traces.shape, positions) == ((7, 0), [])
    assert select_positions(IMAGE) == []


def test_the_reference_frame_is_shown(user: Callable[[Script], None]) -> None:
    shown = []
    user(lambda canvas: shown.append(canvas.figure.axes[0].images[0].get_array()))
    select_traces(VIDEO, ref_frame=3)
    compare_traces([VIDEO, VIDEO], ref_frame=-2)
    np.testing.assert_array_equal(shown, VIDEO[[3, 5]])


def test_compared_where_clicked(user: Callable[[Script], None]) -> None:
    seen = []

    def script(canvas: FigureCanvas) -> None:
        for place in ((3, 8), (20, 2), (20, 2)):
            canvas.click(*place)
            ax = canvas.figure.axes[1]
            seen.append((ax.get_title(), [line.get_xydata().tolist() for line in ax.lines]))
            assert (ax.get_legend() is None) == (not ax.lines)
            assert [line.get_color() for line in ax.lines] == ["red", "blue"][: len(ax.lines)]
        canvas.click(9, 9)

    user(script)
    (ax,) = compare_traces(
        [VIDEO, VIDEO[:4]], labels=["long", "short"], colors=["red", "blue"], size=1
    )

    def lines(x: int, y: int) -> list[Any]:
        return [[[t, value] for t, value in enumerate(v[:, y, x])] for v in (VIDEO, VIDEO[:4])]

    assert seen == [("(3, 8)", lines(3, 8)), ("(20, 2)", lines(20, 2)), ("", [])]
    assert ax.get_title() == "(9, 9)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["long", "short"]


def test_axes_and_channels(user: Callable[[Script], None]) -> None:
    user(lambda canvas: canvas.click(2, 8))
    two = np.stack([VIDEO, VIDEO + 1])
    options: dict[str, Any] = {"size": 1, "axes": "CTYX", "channel": 1}
    traces, _ = select_traces(two, **options)
    expected = two[1, :, 8, 2].tolist()
    assert traces[:, 0].tolist() == expected
    for coords in (None, (2, 8)):
        (ax,) = compare_traces([two], coords, **options)
        assert ax.lines[0].get_ydata().tolist() == expected
    # Three columns are not colours.
    traces, _ = select_traces(VIDEO[..., :3], 1)
    assert traces[:, 0].tolist() == VIDEO[:, 8, 2].tolist()


def test_other_windows_stay_open(user: Callable[[Script], None]) -> None:
    user(FigureCanvas.flush_events)
    other = plt.figure()
    select_positions(IMAGE)
    assert plt.get_fignums() == [other.number]


def test_interrupted(user: Callable[[Script], None]) -> None:
    def script(canvas: FigureCanvas) -> None:
        raise KeyboardInterrupt

    user(script)
    with pytest.raises(KeyboardInterrupt):
        select_positions(IMAGE)
    assert plt.get_fignums() == []


def test_where_nothing_can_wait(notebook: None) -> None:
    with pytest.warns(UserWarning, match="cannot wait for the window: the list") as caught:
        positions = select_positions(IMAGE)
    assert caught[0].filename == __file__
    canvas: Any = plt.gcf().canvas
    canvas.draw()
    assert positions == []
    canvas.click(3, 8)
    canvas.click(5, 5)
    assert positions == [(3, 8), (5, 5)]
    with pytest.warns(UserWarning, match="make the traces afterwards"):
        traces, positions = select_traces(VIDEO)
    canvas = plt.gcf().canvas
    canvas.draw()
    assert traces.shape == (7, 0)
    canvas.click(3, 8)
    canvas.click(5, 5)
    canvas.click(3, 8, right=True)
    assert positions == [(5, 5)]
    (line,) = canvas.figure.axes[1].lines
    np.testing.assert_array_equal(line.get_ydata(), extract_traces(VIDEO, (5, 5)))
    with pytest.warns(UserWarning, match="the axes that are returned") as caught:
        (ax,) = compare_traces([VIDEO])
    assert caught[0].filename == __file__
    canvas = plt.gcf().canvas
    canvas.draw()
    canvas.click(3, 8)
    assert len(ax.lines) == 1


@pytest.mark.parametrize("backend", ["Agg", "pdf", "module://matplotlib.backends.backend_agg"])
@pytest.mark.parametrize(
    "call",
    [
        lambda: select_positions(IMAGE),
        lambda: select_traces(VIDEO),
        lambda: compare_traces([VIDEO]),
    ],
)
def test_without_a_window(backend: str, call: Callable[[], Any]) -> None:
    plt.switch_backend(backend)
    try:
        with pytest.raises(SpotgpuError, match=f"backend '{backend}' has not. .*ipympl.*Qt"):
            call()
        assert plt.get_fignums() == []
    finally:
        plt.switch_backend("Agg")


def test_a_backend_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise ImportError("No module named 'gi'")

    monkeypatch.setattr(plt, "figure", fail)
    with pytest.raises(SpotgpuError, match=r"No module named 'gi'\. Name another one"):
        select_positions(IMAGE)


def test_images_in_a_notebook_cannot_be_clicked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mpl, "get_backend", lambda: "inline")
    with pytest.raises(SpotgpuError, match="backend 'inline' has not"):
        select_positions(IMAGE)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: select_positions(np.zeros(3)), ValueError, "`image` must be of shape"),
        (lambda: select_positions("a.png"), TypeError, "`image` must be an array of real"),
        (lambda: select_positions(IMAGE, order="ji"), ValueError, "`order` must be one of"),
        (lambda: select_traces(VIDEO, ref_frame=7), ValueError, "`ref_frame` must be .* <= 6"),
        (lambda: select_traces(VIDEO, -1), ValueError, "`size` must be"),
        (lambda: select_traces(VIDEO, window="x"), ValueError, "`window` must be one of"),
        (lambda: select_traces(VIDEO, x=[1]), ValueError, "`x` must have one value for each of 7"),
        (
            lambda: select_traces(VIDEO[:, None].repeat(2, 1)),
            ValueError,
            r"frames \(Y, X\) to click on",
        ),
        (lambda: select_traces(iter(VIDEO)), TypeError, "the number of frames is not known"),
        (lambda: compare_traces([VIDEO], size=np.nan), (TypeError, ValueError), "`size` must be"),
        (lambda: compare_traces([VIDEO], ref_frame=-8), ValueError, "`ref_frame` must be"),
    ],
)
def test_bad_input_opens_no_window(
    user: Callable[[Script], None], call: Callable[[], Any], error: Any, message: str
) -> None:
    def script(canvas: FigureCanvas) -> None:
        raise AssertionError("a window was opened")

    user(script)
    with pytest.raises(error, match=message):
        call()


def test_a_backend_that_cannot_open_windows_here() -> None:
    """Only the first figure tells that there is no display."""
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    script = (
        "import numpy as np\n"
        "from spotgpu.traces import select_positions\n"
        "print(select_positions(np.zeros((20, 30))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "MPLBACKEND": "gtk4agg", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == ""
    assert "SpotgpuError: " in done.stderr


@pytest.mark.skipif(find_spec("PySide6") is None, reason="needs PySide6")
def test_a_window_of_qt(tmp_path: Path) -> None:
    """Qt's events reach the canvas, and its closed window ends the wait, others being open."""
    script = tmp_path / "script.py"
    script.write_text(
        "import matplotlib, numpy as np\n"
        "from PySide6 import QtCore, QtTest, QtWidgets\n"
        "app = QtWidgets.QApplication([])\n"
        "matplotlib.use('QtAgg')\n"
        "from matplotlib import pyplot as plt\n"
        "from spotgpu.traces import select_positions\n"
        "plt.figure().show()\n"
        "def act():\n"
        "    canvas = plt.figure(2).canvas\n"
        "    canvas.draw()\n"
        "    for place, button in (((3, 8), 'Left'), ((9, 9), 'Left'), ((8, 9), 'Right')):\n"
        "        x, y = canvas.figure.axes[0].transData.transform(place)\n"
        "        y = canvas.figure.bbox.height - y\n"
        "        x, y = x / canvas.device_pixel_ratio, y / canvas.device_pixel_ratio\n"
        "        key = getattr(QtCore.Qt.MouseButton, button + 'Button')\n"
        "        QtTest.QTest.mouseClick(canvas, key, pos=QtCore.QPoint(round(x), round(y)))\n"
        "    canvas.manager.window.close()\n"
        "QtCore.QTimer.singleShot(200, act)\n"
        "print(select_positions(np.zeros((20, 30))), plt.get_fignums())\n"
    )
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=tmp_path,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "[(3, 8)] [1]\n", done.stderr
