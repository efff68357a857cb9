"""Spots on images: what is drawn where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from spotgpu.plot import annotate

IMAGE = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
SPOTS = pd.DataFrame({"x": [3.0, 25.5, 8.0], "y": [4.0, 10.0, 15.5], "mass": [1.0, 5.0, 9.0]})


def test_circles_are_where_the_spots_are(ax: Any) -> None:
    assert annotate(SPOTS, IMAGE, ax=ax) is ax
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), SPOTS[["x", "y"]])
    assert (line.get_marker(), line.get_linestyle(), line.get_markersize()) == ("o", "None", 15)
    assert to_rgba(line.get_markeredgecolor()) == to_rgba("red")
    assert line.get_markerfacecolor() == "none"


def test_the_image_has_its_pixels_at_whole_numbers(ax: Any) -> None:
    annotate(SPOTS, IMAGE, ax=ax)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), IMAGE)
    assert image.get_extent() == [-0.5, 29.5, -0.5, 19.5]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.5, 29.5), (19.5, -0.5))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (px)", "y (px)")
    assert image.get_cmap().name == "gray"


def test_styles_win_and_their_dicts_stay(ax: Any) -> None:
    look, back = {"ms": 5, "mec": "blue"}, {"cmap": "magma", "vmax": 100}
    annotate(SPOTS, IMAGE, ax=ax, plot_style=look, imshow_style=back)
    assert (look, back) == ({"ms": 5, "mec": "blue"}, {"cmap": "magma", "vmax": 100})
    assert ax.lines[0].get_markersize() == 5
    assert to_rgba(ax.lines[0].get_markeredgecolor()) == to_rgba("blue")
    assert (ax.images[0].get_cmap().name, ax.images[0].get_clim()[1]) == ("magma", 100)


def test_two_calls_do_not_disturb_each_other(ax: Any) -> None:
    annotate(SPOTS, IMAGE, ax=ax, circle_size=100)
    annotate(SPOTS, IMAGE, ax=ax)
    assert [line.get_markersize() for line in ax.lines] == [10, 15]
    assert ax.yaxis_inverted()


@pytest.mark.parametrize("color", [["b", "g", "k"], ("b", "g", "k")])
def test_split(ax: Any, color: Any) -> None:
    annotate(SPOTS, IMAGE, color=color, split_category="mass", split_thresh=[5, 8], ax=ax)
    drawn = [(line.get_xdata().tolist(), line.get_markeredgecolor()) for line in ax.lines]
    assert drawn == [([3.0], "b"), ([25.5], "g"), ([8.0], "k")]


def test_split_by_one_threshold(ax: Any) -> None:
    annotate(SPOTS, IMAGE, color=["b", "g"], split_category="mass", split_thresh=5, ax=ax)
    assert [line.get_xdata().tolist() for line in ax.lines] == [[3.0], [25.5, 8.0]]


def test_dense_spots_have_smaller_circles(ax: Any) -> None:
    grid = np.indices((50, 50)).reshape(2, -1) * 4.0
    annotate(pd.DataFrame({"y": grid[0], "x": grid[1]}), np.zeros((200, 200)), ax=ax)
    size = ax.lines[0].get_markersize()
    box = ax.get_window_extent()
    spacing = 4 * min(box.width, box.height) / 200 * 72 / ax.figure.dpi
    assert 3 <= size <= max(3, 1.05 * spacing)


@pytest.mark.parametrize(
    ("image", "negative"),
    [
        (np.array([[0, 200]], np.uint8), [[255, 55]]),
        (np.array([[-5, 7]], np.int16), [[4, -8]]),
        (np.array([[0.25, 1.0]]), [[0.75, 0.0]]),
        (np.array([[True, False]]), [[False, True]]),
    ],
)
def test_negative(ax: Any, image: np.ndarray, negative: Any) -> None:
    annotate(SPOTS, image, invert=True, ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), negative)


def test_volumes_and_colours(ax: Any) -> None:
    volume = np.random.default_rng(0).random((5, 20, 3))
    annotate(SPOTS.assign(z=1.0), volume, ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), volume.max(axis=0))
    annotate(SPOTS, volume, ax=ax, invert=True)
    np.testing.assert_allclose(ax.images[1].get_array(), 1 - volume)
    annotate(SPOTS, np.zeros((4, 6, 4), np.uint8) + 9, ax=ax, invert=True)
    assert (ax.images[2].get_array()[..., 3] == 9).all()
    assert (ax.images[2].get_array()[..., :3] == 246).all()


def test_no_spots(ax: Any) -> None:
    annotate(SPOTS.iloc[:0], IMAGE, ax=ax)
    assert len(ax.images) == 1
    assert ax.lines[0].get_xydata().size == 0


def test_one_colour_as_numbers(ax: Any) -> None:
    annotate(SPOTS, IMAGE, color=(0.1, 0.2, 0.3), ax=ax)
    assert ax.lines[0].get_markeredgecolor() == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"centroids": SPOTS.drop(columns="x")}, ValueError, r"must have the column\(s\) x"),
        ({"centroids": [1]}, TypeError, "`centroids` must be a pandas DataFrame"),
        ({"image": np.zeros((2, 2, 2, 2))}, ValueError, "`image` must be of shape"),
        ({"image": np.zeros(4)}, ValueError, "`image` must be of shape"),
        ({"image": "frame.png"}, TypeError, "`image` must be an array of real numbers, got str"),
        ({"image": np.zeros((3, 3), complex)}, TypeError, "`image` must be an array of real"),
        ({"color": ["r", "b"]}, ValueError, "`color` must be one colour unless"),
        ({"split_category": "mass", "split_thresh": 3}, ValueError, "`color` must be 2 colours"),
        (
            {"split_category": "mass", "split_thresh": [3, 2], "color": ["r"] * 3},
            ValueError,
            "`split_thresh` must ascend",
        ),
        ({"split_category": "mass", "color": ["r"] * 2}, TypeError, "`split_thresh` must be"),
        ({"split_category": "ecc", "split_thresh": 1}, ValueError, r"column\(s\) ecc"),
        ({"circle_size": 9, "plot_style": {"ms": 3}}, ValueError, "`circle_size` must not"),
        ({"plot_style": [1]}, TypeError, "`plot_style` must be a dict"),
        ({"imshow_style": 1}, TypeError, "`imshow_style` must be a dict"),
        ({"ax": 3}, TypeError, "`ax` must be matplotlib Axes, got int"),
    ],
)
def test_bad_input(ax: Any, change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        annotate(**({"centroids": SPOTS, "image": IMAGE, "ax": ax} | change))
