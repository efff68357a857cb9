"""Trajectories: lines, colours, labels, images below."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import colormaps
from matplotlib.colors import to_hex

from spotgpu.plot import plot_traj
from spotgpu.plot._axes import COLOURS

PATHS = [
    [[5.0, 30.0], [7.0, 30.0], [13.0, 30.0]],
    [[20.0 - t, 10.0 + t] for t in range(5)],
]


def test_a_line_for_each_particle(ax: Any, tracks: Any, pieces: Any) -> None:
    assert plot_traj(tracks, ax=ax) is ax
    assert pieces(ax.lines) == PATHS
    colours = [to_hex(line.get_color()) for line in ax.lines]
    assert colours == [c.lower() for c in COLOURS[:2]]  # that of the single spot has no line
    np.testing.assert_allclose(ax.lines[0].get_xydata()[-1], [16.0, 14.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (px)", "y (px)")
    assert ax.yaxis_inverted()
    assert ax.get_aspect() == 1
    assert ax.get_xlim()[0] < 5
    assert ax.get_ylim()[0] > 30


def test_colours_come_round_again(ax: Any, pieces: Any) -> None:
    n = len(COLOURS) + 2
    table = pd.DataFrame(
        {"frame": [0, 1] * n, "particle": np.repeat(np.arange(n), 2), "x": 0.0, "y": 1.0}
    )
    table["x"] = table["particle"] + 0.1 * table["frame"]
    plot_traj(table, ax=ax)
    lines = [line.get_xydata() for line in ax.lines]
    assert len(lines) == len(COLOURS)
    starts = [line[~np.isnan(line[:, 0])][::2, 0].tolist() for line in lines]
    assert starts[0] == [0.0, float(len(COLOURS))]
    assert len(pieces(ax.lines)) == n


def test_micrometres(ax: Any, tracks: Any, pieces: Any) -> None:
    plot_traj(tracks, mpp=0.5, ax=ax, superimpose=np.zeros((40, 60)))
    assert pieces(ax.lines)[0] == [[2.5, 15.0], [3.5, 15.0], [6.5, 15.0]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (µm)", "y (µm)")
    assert ax.images[0].get_extent() == [-0.25, 29.75, -0.25, 19.75]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-0.25, 29.75), (19.75, -0.25))


def test_projections(ax: Any, tracks: Any, pieces: Any) -> None:
    volume = np.random.default_rng(0).random((6, 40, 60))
    deep = tracks.assign(z=2.0)
    plot_traj(deep, superimpose=volume, mpp=(3.0, 0.5, 0.25), ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), volume.max(axis=0))
    assert pieces(ax.lines)[0] == [[1.25, 15.0], [1.75, 15.0], [3.25, 15.0]]
    ax.clear()
    plot_traj(deep, superimpose=volume, pos_columns=["y", "z"], mpp=(3.0, 0.5, 0.25), ax=ax)
    np.testing.assert_array_equal(ax.images[0].get_array(), volume.max(axis=2))
    assert ax.images[0].get_extent() == [-0.25, 19.75, -1.5, 16.5]
    assert pieces(ax.lines)[0][0] == [5.0, 6.0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("y (µm)", "z (µm)")


@pytest.mark.parametrize("column", ["frame", "mass"])
def test_colour_by_number(ax: Any, tracks: Any, column: str) -> None:
    plot_traj(tracks, colorby=column, ax=ax)
    (drawn,) = ax.collections
    low, high = tracks[column].min(), tracks[column].max()
    assert drawn.get_clim() == (low, high)
    steps = {}
    for line, value in zip(drawn.get_paths(), drawn.get_array(), strict=True):
        for start, end in pairwise(line.vertices):
            if not np.isnan([start, end]).any():
                steps[tuple(start), tuple(end)] = value
    expected = {}
    for _, path in tracks.sort_values("frame").groupby("particle"):
        points = [tuple(p) for p in path[["x", "y"]].to_numpy()]
        values = path[column].to_numpy(float)
        expected |= dict(zip(pairwise(points), values[:-1], strict=True))
    assert steps.keys() == expected.keys()
    for step, value in expected.items():
        assert steps[step] == pytest.approx(value, abs=(high - low) / 256)
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == column
    assert drawn.get_cmap().name == "viridis"


def test_no_colour_bar_and_another_map(ax: Any, tracks: Any) -> None:
    plot_traj(tracks, colorby="frame", cmap="plasma", colorbar=False, ax=ax)
    assert ax.child_axes == []
    assert ax.collections[0].get_cmap().name == "plasma"
    plot_traj(tracks, cmap=colormaps["plasma"], ax=ax)
    ends = colormaps["plasma"](np.array([0, 85]))
    np.testing.assert_allclose([line.get_color() for line in ax.lines], ends)


def test_unknown_numbers_are_grey(ax: Any, tracks: Any) -> None:
    holes = tracks.assign(mass=tracks["mass"].where(tracks["particle"] == 2))
    plot_traj(holes, colorby="mass", ax=ax)
    (drawn,) = ax.collections
    assert np.ma.getmaskarray(drawn.get_array()).tolist() == [False] * 4 + [True]
    drawn.update_scalarmappable()
    np.testing.assert_allclose(drawn.get_colors()[-1], (0.5, 0.5, 0.5, 1))
    plot_traj(tracks.assign(mass=np.nan), colorby="mass", ax=ax)
    plot_traj(tracks.assign(mass=1.0), colorby="mass", ax=ax)
    plot_traj(tracks.assign(mass=pd.array([None] * 9, "Int64")), colorby="mass", ax=ax)


def test_colour_by_kind(ax: Any, tracks: Any, pieces: Any) -> None:
    kinds = tracks["particle"].map({2: "brownian", 7: "confined", 9: None})
    plot_traj(tracks.assign(regime=kinds), colorby="regime", ax=ax)
    assert [line.get_label() for line in ax.lines] == ["brownian", "confined"]
    assert [pieces([line]) for line in ax.lines] == [PATHS[1:], PATHS[:1]]
    legend = ax.get_legend()
    assert legend.get_title().get_text() == "regime"
    assert [t.get_text() for t in legend.get_texts()] == ["brownian", "confined"]
    plot_traj(tracks.assign(long=tracks["particle"] == 2), colorby="long", ax=ax)
    assert [line.get_label() for line in ax.lines[2:]] == ["False", "True"]
    lost = tracks.assign(regime=pd.Categorical(kinds.where(tracks["particle"] == 7)))
    plot_traj(lost, colorby="regime", ax=ax)
    assert [line.get_label() for line in ax.lines[4:]] == ["none", "confined"]


def test_labels(ax: Any, tracks: Any) -> None:
    plot_traj(tracks, label=True, ax=ax)
    texts = {t.get_text(): t.xy for t in ax.texts}
    assert texts.keys() == {"2", "7", "9"}
    np.testing.assert_array_equal(texts["2"], (20, 10))
    np.testing.assert_array_equal(texts["9"], (1, 1))


def test_style_and_grey_levels(ax: Any, tracks: Any) -> None:
    look = {"lw": 3, "color": "k"}
    plot_traj(tracks, plot_style=look, superimpose=np.eye(40), vmin=-1, vmax=2, ax=ax)
    assert {line.get_linewidth() for line in ax.lines} == {3}
    assert {line.get_color() for line in ax.lines} == {"k"}
    assert look == {"lw": 3, "color": "k"}
    plot_traj(tracks, plot_style={"marker": "o", "ls": "none"}, ax=ax)
    assert ax.lines[-1].get_marker() == "o"
    plot_traj(tracks, "frame", plot_style={"lw": 2, "alpha": 0.5}, ax=ax)
    assert ax.collections[0].get_linewidths().tolist() == [2]
    with pytest.raises(ValueError, match="`plot_style` must have no marker where `colorby`"):
        plot_traj(tracks, "frame", plot_style={"marker": "o"}, ax=ax)
    assert ax.images[0].get_clim() == (-1, 2)


def test_over_an_image_of_the_callers(ax: Any, tracks: Any) -> None:
    ax.imshow(np.zeros((40, 60)))
    plot_traj(tracks, ax=ax)
    assert ax.get_ylim() == (39.5, -0.5)


def test_other_columns(ax: Any, tracks: Any, pieces: Any) -> None:
    renamed = tracks.rename(columns={"frame": "t", "x": "a", "y": "b"})
    plot_traj(renamed, t_column="t", pos_columns=("a", "b"), ax=ax)
    assert pieces(ax.lines) == PATHS
    assert ax.get_xlabel() == "a (px)"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, unique=True))
def test_no_step_is_lost_or_made_up(rows: list[tuple[int, int]]) -> None:
    from matplotlib.figure import Figure

    table = pd.DataFrame(rows, columns=["frame", "particle"])
    table["x"] = table["particle"] + 0.01 * table["frame"]
    table["y"] = 100.0 * table["particle"] + table["frame"]
    expected = sorted(
        (a, b)
        for _, path in table.sort_values("frame").groupby("particle")
        for a, b in zip(path["y"][:-1], path["y"][1:], strict=True)
    )
    for colorby in ("particle", "frame", "y"):
        ax = Figure().add_subplot()
        plot_traj(table, colorby=colorby, ax=ax)
        drawn = []
        lines = [line.get_ydata() for line in ax.lines]
        lines += [path.vertices[:, 1] for c in ax.collections for path in c.get_paths()]
        for y in lines:
            known = ~np.isnan(y[:-1]) & ~np.isnan(y[1:])
            drawn += list(zip(y[:-1][known], y[1:][known], strict=True))
        assert sorted(drawn) == expected


def test_many_rows_are_drawn_as_an_image_in_vector_formats(ax: Any) -> None:
    table = pd.DataFrame({"frame": np.arange(300_000), "particle": 0, "x": 0.0, "y": 1.0})
    plot_traj(table, ax=ax)
    plot_traj(table, colorby="frame", ax=ax)
    assert ax.lines[0].get_rasterized()
    assert ax.collections[0].get_rasterized()
    plot_traj(table.assign(kind="a"), colorby="kind", ax=ax)  # the legend must not warn
    plot_traj(table[:100], ax=ax)
    assert not ax.lines[-1].get_rasterized()


@pytest.mark.parametrize("colorby", ["particle", "frame", "kind"])
def test_single_spots_have_no_line_but_a_place(ax: Any, colorby: str) -> None:
    table = pd.DataFrame({"frame": 0, "particle": [1, 2], "x": [5.0, 90.0], "y": [7.0, 8.0]})
    plot_traj(table.assign(kind="a"), colorby=colorby, ax=ax)
    assert len(ax.lines) == 0
    assert ax.get_xlim()[0] < 5
    assert ax.get_xlim()[1] > 90


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"colorby": "colour"}, ValueError, r"`traj` must have the column\(s\) colour"),
        ({"pos_columns": ["x"]}, ValueError, "`pos_columns` must be two columns"),
        ({"pos_columns": ["x", "x"]}, ValueError, "`pos_columns` must be two columns"),
        ({"mpp": 0}, ValueError, "`mpp` must be"),
        ({"mpp": (1, 2, 3, 4)}, ValueError, "`mpp` must be one value or one for each"),
        ({"superimpose": np.zeros(3)}, ValueError, "`superimpose` must be of shape"),
        ({"superimpose": "a.png"}, TypeError, "`superimpose` must be an array"),
        ({"plot_style": 3}, TypeError, "`plot_style` must be a dict"),
        ({"ax": "left"}, TypeError, "`ax` must be matplotlib Axes"),
        ({"t_column": "t"}, ValueError, r"`traj` must have the column\(s\) t"),
    ],
)
def test_bad_input(
    ax: Any, tracks: Any, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        plot_traj(**({"traj": tracks, "ax": ax} | change))
    with pytest.raises(ValueError, match="`traj` must have at least one row"):
        plot_traj(tracks.iloc[:0], ax=ax)
    with pytest.raises(ValueError, match="`colorby` must be a column of numbers or of at most 6"):
        plot_traj(tracks.assign(name=list("abcdefghi")), colorby="name", ax=ax)
