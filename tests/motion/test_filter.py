"""filter_stubs and filter_clusters beside trackpy."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
import trackpy

from spotgpu import motion


@pytest.fixture
def table(make_tracks):
    table = make_tracks(40, 30, ragged=True, gaps=0.1)
    rng = np.random.default_rng(0)
    table["size"] = rng.normal(2, 0.1, 40)[table["particle"]] + rng.normal(0, 0.3, len(table))
    table.loc[rng.random(len(table)) < 0.05, "size"] = np.nan
    return table


def same(ours, theirs) -> None:
    pd.testing.assert_frame_equal(ours, theirs.reset_index(drop=True))
    assert isinstance(ours.index, pd.RangeIndex)


@pytest.mark.parametrize("threshold", [0, 1, 10, 25, 100])
def test_stubs_as_trackpy(table, threshold) -> None:
    shuffled = table.sample(frac=1, random_state=1)
    for rows in (table, shuffled, table.assign(particle=table["particle"] * 10**12)):
        same(motion.filter_stubs(rows, threshold), trackpy.filter_stubs(rows, threshold))


@pytest.mark.parametrize("options", [{}, {"quantile": 0.3}, {"threshold": 2.0}, {"quantile": 0}])
def test_clusters_as_trackpy(table, options) -> None:
    same(motion.filter_clusters(table, **options), trackpy.filter_clusters(table, **options))


@pytest.mark.parametrize("name", ["filter_stubs", "filter_clusters", "msd", "imsd", "emsd"])
def test_order_and_defaults_of_trackpy(name) -> None:
    ours = dict(inspect.signature(getattr(motion, name)).parameters)
    ours.pop("device", None)
    theirs = inspect.signature(getattr(trackpy, name)).parameters
    assert list(ours) == list(theirs)
    assert [p.default for p in ours.values()] == [p.default for p in theirs.values()]


def test_the_input_is_left_alone(table) -> None:
    before = table.copy()
    for threshold in (0, 10):
        result = motion.filter_stubs(table, threshold)
        result["x"] = 0.0
    pd.testing.assert_frame_equal(table, before)


def test_index_named_like_a_column(table) -> None:
    odd = table.set_index("frame", drop=False)
    same(motion.filter_stubs(odd, 10), trackpy.filter_stubs(odd, 10))


def test_columns_of_any_kind(table) -> None:
    table["name"] = table["particle"].map("p{}".format)
    table["kind"] = pd.Categorical(table["particle"] % 3)
    table["seen"] = table["x"] > 250
    table.columns.name = "quantity"
    same(motion.filter_stubs(table, 10), trackpy.filter_stubs(table, 10))
    table.columns = [*table.columns[:-1], "x"]
    expected = table.groupby("particle").filter(lambda rows: len(rows) >= 10)
    same(motion.filter_stubs(table, 10), expected)


def test_empty_table() -> None:
    table = pd.DataFrame({"frame": [], "particle": [], "size": []})
    for function in (motion.filter_stubs, motion.filter_clusters):
        assert list(function(table).columns) == ["frame", "particle", "size"]


def test_bad_input(table) -> None:
    with pytest.raises(ValueError, match="`threshold` must be an integer >= 0, got -1"):
        motion.filter_stubs(table, -1)
    with pytest.raises(TypeError, match="`threshold` must be an integer >= 0, got '9'"):
        motion.filter_stubs(table, "9")
    with pytest.raises(ValueError, match=r"`tracks` must have the column.s. particle"):
        motion.filter_stubs(table.drop(columns="particle"))
    with pytest.raises(ValueError, match="`quantile` must be a finite number >= 0 and <= 1"):
        motion.filter_clusters(table, 1.5)
    with pytest.raises(ValueError, match=r"`tracks` must have the column.s. size"):
        motion.filter_clusters(table.drop(columns="size"))
    with pytest.raises(TypeError, match="numbers in column 'size'"):
        motion.filter_clusters(table.assign(size="big"))
