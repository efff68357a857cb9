"""compute_drift and subtract_drift beside trackpy and known drifts."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import trackpy
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu import motion

SHAPES = [
    {"tracks": 8, "frames": 40},
    {"tracks": 8, "frames": 40, "gaps": 0.3},
    {"tracks": 60, "frames": 40, "ragged": True, "gaps": 0.2},
    {"tracks": 300, "frames": 900, "gaps": 0.98},  # too thin for a dense table
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0, 1, 7])
@pytest.mark.parametrize("columns", [None, ["x"], ["x", "z"]])
def test_as_trackpy(make_tracks, shape, smoothing, columns) -> None:
    table = make_tracks(**shape, ndim=3)
    expected = trackpy.compute_drift(table, smoothing, columns)
    for rows in (
        table,
        table.sample(frac=1, random_state=0),
        table.sort_values(["particle", "frame"]),
        table.assign(frame=table["frame"] - 17).set_index("x", drop=False),
    ):
        ours = motion.compute_drift(rows, smoothing, columns)
        ours.index += expected.index[0] - ours.index[0]
        pd.testing.assert_frame_equal(ours, expected, rtol=1e-9, atol=1e-10)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    tracks=st.integers(1, 300),
    gaps=st.sampled_from([0, 0.2, 0.7, 0.9]),
    drift=st.floats(-5, 5),
)
def test_adds_up(make_tracks, seed, tracks, gaps, drift) -> None:
    table = make_tracks(tracks, 25, gaps=gaps, rng=seed)
    if table.empty:
        return
    moved = table.assign(x=table["x"] + drift * table["frame"])
    before, after = motion.compute_drift(table), motion.compute_drift(moved)
    pd.testing.assert_index_equal(before.index, after.index)
    steps = (after - before)["x"].diff().fillna((after - before)["x"])
    np.testing.assert_allclose(steps, drift, atol=1e-9)
    np.testing.assert_array_equal(after["y"], before["y"])


def test_nan_is_a_gap(make_tracks) -> None:
    table = make_tracks(20, 30)
    gone = np.random.default_rng(0).random(len(table)) < 0.2
    holes = table.assign(x=table["x"].where(~gone))
    expected = motion.compute_drift(table[~gone])
    pd.testing.assert_frame_equal(motion.compute_drift(holes), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_subtract_as_trackpy(make_tracks, shape) -> None:
    table = make_tracks(**shape)
    drift = motion.compute_drift(table, 3)
    drift = drift.reindex(range(table["frame"].max() + 5)).ffill().fillna(0)
    ours = motion.subtract_drift(table, drift)
    expected = trackpy.subtract_drift(table.copy(), drift).reset_index(drop=True)
    order = ["frame", "particle"]
    pd.testing.assert_frame_equal(
        ours.sort_values(order, ignore_index=True), expected.sort_values(order, ignore_index=True)
    )
    assert list(ours["particle"]) == list(table["particle"])


def test_subtract_the_drift_of_the_table(make_tracks) -> None:
    table = make_tracks(50, 30)
    expected = motion.subtract_drift(table, motion.compute_drift(table))
    before = table.copy()
    pd.testing.assert_frame_equal(motion.subtract_drift(table), expected)
    pd.testing.assert_frame_equal(table, before)
    result = motion.subtract_drift(table, inplace=True)
    assert result is table
    pd.testing.assert_frame_equal(table, expected)
    left = motion.compute_drift(table)
    np.testing.assert_allclose(left, 0, atol=1e-12)


def test_frames_without_drift(make_tracks) -> None:
    table = make_tracks(5, 12)
    drift = motion.compute_drift(table)
    with pytest.warns(UserWarning, match=r"no value for 2 frame.s. \(the first is 6\)"):
        ours = motion.subtract_drift(table, drift.drop(index=[6, 9]))
    kept = table["frame"].isin([0, 6, 9])
    pd.testing.assert_frame_equal(ours[kept], table[kept])
    assert not np.isclose(ours["x"], table["x"])[~kept].any()


def test_one_axis_and_whole_numbers() -> None:
    table = pd.DataFrame({"frame": [0, 1], "y": [1, 2], "x": [3, 5], "particle": 0})
    ours = motion.subtract_drift(table, motion.compute_drift(table, pos_columns="x"))
    assert ours["x"].tolist() == [3.0, 3.0]
    assert ours["y"].tolist() == [1, 2]


def test_empty_table() -> None:
    table = pd.DataFrame({"frame": [], "y": [], "x": [], "particle": []})
    drift = motion.compute_drift(table)
    assert drift.empty
    assert list(drift.columns) == ["y", "x"]
    assert drift.index.name == "frame"
    assert motion.subtract_drift(table).empty
    single = pd.DataFrame({"frame": 3, "y": [1.0, 2.0], "x": 0.0, "particle": [0, 1]})
    assert motion.compute_drift(single).empty
    pd.testing.assert_frame_equal(motion.subtract_drift(single), single)


def test_bad_input(make_tracks) -> None:
    table = make_tracks(3, 5)
    with pytest.raises(ValueError, match="`smoothing` must be an integer >= 0, got -1"):
        motion.compute_drift(table, -1)
    for double in (table, table.assign(frame=0), table.sample(frac=1, random_state=0)):
        rows = pd.concat([double, double[-1:]])
        with pytest.raises(ValueError, match=r"particle . twice in frame"):
            motion.compute_drift(rows)
    drift = motion.compute_drift(table)
    with pytest.raises(ValueError, match="`drift` must have a frame once"):
        motion.subtract_drift(table, pd.concat([drift, drift]))
    with pytest.raises(ValueError, match=r"`traj` must have the column.s. q"):
        motion.subtract_drift(table, drift.rename(columns={"x": "q"}))
    with pytest.raises(ValueError, match=r"`drift` must have positions only, .* got the columns"):
        motion.subtract_drift(table, table)
    with pytest.raises(TypeError, match="`drift` must be a pandas DataFrame, got int"):
        motion.subtract_drift(table, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        motion.subtract_drift(table, drift)
