"""What `link` does to tables, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.linking import link


@pytest.fixture
def spots():
    return pd.DataFrame(
        {"frame": [1, 0, 0, 1], "y": [5.0, 5, 5, 5], "x": [2.0, 8, 1, 9], "mass": [1, 2, 3, 4]},
        index=[10, 11, 12, 13],
    )


def test_table(spots):
    spots.attrs["pixel_size_um"] = 0.16
    before = spots.copy()
    linked = link(spots, 3)
    pd.testing.assert_frame_equal(spots, before)
    expected = pd.DataFrame(
        {
            "frame": [0, 0, 1, 1],
            "y": [5.0, 5, 5, 5],
            "x": [8.0, 1, 2, 9],
            "mass": [2, 3, 1, 4],
            "particle": np.array([0, 1, 1, 0], np.int64),
        }
    )
    expected.attrs["pixel_size_um"] = 0.16
    pd.testing.assert_frame_equal(linked, expected)
    assert linked.attrs == expected.attrs
    assert isinstance(linked.index, pd.RangeIndex)


def test_relinking_replaces_particle(spots):
    linked = link(spots, 3)
    linked["particle"] += 5
    pd.testing.assert_frame_equal(link(linked, 3), link(spots, 3))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "uint64", "float32", "float64", "Int64"])
def test_frame_dtypes(spots, dtype):
    linked = link(spots.astype({"frame": dtype}), 3)
    assert linked["particle"].tolist() == [0, 1, 1, 0]
    assert linked["frame"].dtype.kind in "iu"


def test_empty(spots):
    linked = link(spots.iloc[:0], 3, memory=2)
    assert linked["particle"].dtype == np.int64
    assert list(linked) == [*spots, "particle"]
    assert len(linked) == 0


@pytest.mark.parametrize("memory", [0, 3, 10**12])
def test_one_frame(spots, memory):
    linked = link(spots.assign(frame=4), 3, memory=memory)
    assert linked["particle"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(("memory", "particles"), [(0, 3), (1, 2), (2, 1), (10**12, 1)])
def test_memory_by_hand(memory, particles):
    f = pd.DataFrame({"frame": [0, 2, 5], "y": 1.0, "x": [1.0, 2.0, 3.0]})
    assert link(f, 2, memory=memory)["particle"].nunique() == particles


def test_remembered_particle_competes():
    """The particle seen last at 0 beats the one of the frame before, which is farther away."""
    f = pd.DataFrame({"frame": [0, 1, 2], "y": 0.0, "x": [0.0, 5.0, 1.0]})
    assert link(f, 4.5, memory=1)["particle"].tolist() == [0, 1, 0]
    assert link(f, 4.5, memory=0)["particle"].tolist() == [0, 1, 1]


def test_memory_keeps_its_first_day():
    """A particle that lost at each of its chances is forgotten `memory` frames after its last."""
    f = pd.DataFrame({"frame": [0, 1, 2, 3], "y": 0.0, "x": [0.0, 20.0, 40.0, 1.0]})
    assert link(f, 4, memory=2)["particle"].tolist() == [0, 1, 2, 0]
    assert link(f, 4, memory=1)["particle"].tolist() == [0, 1, 2, 3]


def test_far_apart_frames():
    f = pd.DataFrame({"frame": [-(2**60), 0, 1, 2**60], "y": 0.0, "x": 0.0})
    assert link(f, 1, memory=5)["particle"].tolist() == [0, 1, 1, 2]


def test_outlier_does_not_widen_the_cells(brownian):
    f = brownian(20, 50)
    far = pd.DataFrame({"y": [1e9, -1e12], "x": [-1e12, 3e7], "frame": [3, 7]})
    linked = link(pd.concat([f, far]), 5)
    there = (linked["y"].abs() < 1e6).to_numpy()
    assert pd.factorize(linked["particle"][there])[0].tolist() == link(f, 5)["particle"].tolist()


@pytest.mark.parametrize("ndim", [1, 4])
def test_other_dimensions(ndim):
    columns = list("abcd"[:ndim])
    f = pd.DataFrame(np.repeat([[0.0], [9], [1], [8]], ndim, axis=1), columns=columns)
    linked = link(f.assign(t=[0, 0, 1, 1]), 3, pos_columns=columns, t_column="t")
    assert linked["particle"].tolist() == [0, 1, 0, 1]


def test_range_per_axis_is_in_image_order():
    f = pd.DataFrame({"frame": [0, 1], "y": [0.0, 7.0], "x": [0.0, 1.0]})
    assert link(f, (9, 2))["particle"].tolist() == [0, 0]
    assert link(f, (2, 9))["particle"].tolist() == [0, 1]
    assert link(f, (2, 9), pos_columns=["x", "y"])["particle"].tolist() == [0, 0]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    memory=st.integers(0, 3),
    shift=st.tuples(st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20)),
    late=st.integers(-1000, 1000),
)
def test_order_of_rows_and_origin_do_not_matter(seed, memory, shift, late):
    """On a lattice, where all costs are exact and many tie."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    f = pd.DataFrame({"y": rng.integers(0, 30, n) / 2, "x": rng.integers(0, 30, n) / 2})
    f = f.assign(frame=rng.integers(0, 6, n)).drop_duplicates()
    key = ["frame", "y", "x"]
    reference = link(f, 3, memory=memory).sort_values(key)["particle"]
    other = f.sample(frac=1, random_state=seed % 1000)
    other = other.assign(
        y=other["y"] + shift[0], x=other["x"] + shift[1], frame=other["frame"] + late
    )
    moved = link(other, 3, memory=memory).sort_values(key)["particle"]
    assert pd.factorize(reference)[0].tolist() == pd.factorize(moved)[0].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1, 2, np.nan, 4]}, "column `x` must be finite, got nan in row 2"),
        ({"y": [1, np.inf, 3, 4]}, "column `y` must be finite, got inf in row 1"),
        ({"frame": [0, 1, 1.5, 2]}, "`frame` must be integers, got 1.5 in row 2"),
        ({"frame": [0, 1, np.nan, 2]}, "`frame` must be integers, got nan in row 2"),
        ({"frame": ["a", "b", "c", "d"]}, "`frame` must be integers, got"),
        ({"frame": [0, 1, 2, 2**63]}, "`frame` must be integers, got 9223372036854775808 in row 3"),
    ],
)
def test_bad_values(spots, change, message):
    with pytest.raises(ValueError, match=message):
        link(spots.assign(**change), 3)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"search_range": 0}, ValueError, "`search_range` must be a finite number > 0"),
        ({"search_range": np.nan}, ValueError, "`search_range` must be"),
        ({"search_range": "5"}, TypeError, "`search_range` must be"),
        ({"search_range": (5, 5, 5)}, ValueError, "`search_range` must be one value or 2"),
        ({"memory": -1}, ValueError, "`memory` must be an integer >= 0, got -1"),
        ({"memory": 1.5}, TypeError, "`memory` must be an integer"),
        ({"max_candidates": 0}, ValueError, "`max_candidates` must be an integer >= 1"),
        ({"pos_columns": ["x", "w"]}, ValueError, "must have the column"),
        ({"t_column": "t"}, ValueError, "must have the column"),
    ],
)
def test_bad_arguments(spots, options, error, message):
    with pytest.raises(error, match=message):
        link(spots, **{"search_range": 3, **options})


def test_not_a_table():
    with pytest.raises(TypeError, match="`f` must be a pandas DataFrame, got ndarray"):
        link(np.zeros((3, 3)), 3)


@pytest.mark.parametrize("column", [["a", "b", "c", "d"], [True, False, True, True], [1j, 2, 3, 4]])
def test_positions_that_are_no_numbers(spots, column):
    with pytest.raises(TypeError, match="column `x` must be real numbers"):
        link(spots.assign(x=column), 3)
