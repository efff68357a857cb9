"""msd, imsd and emsd beside trackpy, the mirror and closed forms."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import trackpy
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu import motion
from spotgpu.backends import cpu
from tests.tolerance import MSD_FFT

MPP, FPS = 0.16, 12.5

#: Without gaps trackpy takes the Fourier transform of positions up to 80 µm from the origin, and
#: loses what is below 1e-15 of their square; emsd averages much of it out.
TRACKPY_FFT = 1e-10

SHAPES = {
    "whole": {"tracks": 5, "frames": 40},
    "gaps": {"tracks": 5, "frames": 40, "gaps": 0.2},
    "ragged": {"tracks": 12, "frames": 40, "ragged": True},
    "ragged, gaps": {"tracks": 12, "frames": 40, "ragged": True, "gaps": 0.4},
}


def peer(function, *args, **options):
    """Call trackpy, which divides by zero where a track has no pair, and awaits pandas 3."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)


def close(ours, theirs, rtol=1e-9, atol=1e-12) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, float), np.asarray(theirs, float), rtol=rtol, atol=atol
    )


@pytest.fixture(params=SHAPES)
def shape(request):
    return SHAPES[request.param]


@pytest.mark.parametrize("max_lagtime", [1, 6, 100])
@pytest.mark.parametrize("columns", [["x", "y"], ["x", "y", "z"], ["z"]])
def test_imsd_as_trackpy(make_tracks, shape, columns, max_lagtime) -> None:
    table = make_tracks(**shape, ndim=3)
    options = {"max_lagtime": max_lagtime, "pos_columns": columns}
    for statistic in ("msd", f"<{columns[0]}>", f"<{columns[-1]}^2>"):
        ours = motion.imsd(table, MPP, FPS, statistic=statistic, **options)
        theirs = peer(trackpy.imsd, table, MPP, FPS, statistic=statistic, **options)
        close(ours, theirs, atol=TRACKPY_FFT)
        pd.testing.assert_index_equal(ours.index, theirs.index)
        pd.testing.assert_index_equal(ours.columns, theirs.columns)


@pytest.mark.parametrize("max_lagtime", [1, 6, 30])
def test_emsd_as_trackpy(make_tracks, shape, max_lagtime) -> None:
    table = make_tracks(**shape)
    ours = motion.emsd(table, MPP, FPS, max_lagtime)
    theirs = peer(trackpy.emsd, table, MPP, FPS, max_lagtime)
    close(ours, theirs, atol=TRACKPY_FFT)
    close(ours.index, theirs.index, 1e-14)
    assert (ours.name, ours.index.name) == (theirs.name, theirs.index.name)
    ours = motion.emsd(table, MPP, FPS, max_lagtime, detail=True)
    theirs = peer(trackpy.emsd, table, MPP, FPS, max_lagtime, detail=True)
    pd.testing.assert_index_equal(ours.index, theirs.index)
    assert list(ours.columns) == list(theirs.columns)
    close(ours[["msd", "N", "lagt"]], theirs[["msd", "N", "lagt"]], atol=TRACKPY_FFT)
    if "ragged" not in shape:
        # Where a track lacks a lag, trackpy divides these by the weight of all tracks.
        close(ours, theirs, atol=TRACKPY_FFT)


def test_emsd_weighs_every_column_alike(make_tracks) -> None:
    table = make_tracks(40, 30, ragged=True, gaps=0.5)
    table_of_all = motion.emsd(table, MPP, FPS, detail=True)
    squares = table_of_all["<x^2>"] + table_of_all["<y^2>"]
    close(squares, table_of_all["msd"], 1e-12)
    single = {p: motion.msd(t, MPP, FPS, detail=True) for p, t in table.groupby("particle")}
    whole = pd.concat(single).dropna()
    for column in ("<x>", "<y^2>", "msd"):
        sums = (whole[column] * whole["N"]).groupby(level=1).sum()
        close(table_of_all[column], sums / whole["N"].groupby(level=1).sum(), 1e-9)


@pytest.mark.parametrize("detail", [False, True])
@pytest.mark.parametrize("gaps", [0, 0.3])
@pytest.mark.parametrize("max_lagtime", [3, 100])
def test_msd_as_trackpy(make_tracks, detail, gaps, max_lagtime) -> None:
    table = make_tracks(1, 50, gaps=gaps)
    ours = motion.msd(table, MPP, FPS, max_lagtime, detail)
    theirs = peer(trackpy.msd, table, MPP, FPS, max_lagtime, detail)
    assert list(ours.columns) == list(theirs.columns)
    close(ours, theirs, atol=TRACKPY_FFT)
    pd.testing.assert_index_equal(ours.index, theirs.index, exact=False)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(2, 300),
    gaps=st.sampled_from([0, 0, 0.1, 0.8]),
    ragged=st.booleans(),
    max_lagtime=st.integers(1, 120),
    smooth=st.booleans(),
)
def test_fft_as_mirror(make_tracks, seed, frames, gaps, ragged, max_lagtime, smooth) -> None:
    table = make_tracks(8, frames, gaps=gaps, ragged=ragged, rng=seed)
    if smooth:  # the sums at short lags are small beside the moment
        table["x"] = 40.0 * table["frame"] + 0.01 * table["x"]
    table = table.sample(frac=1, random_state=seed)
    positions = np.full((2, 8, frames), np.nan)
    positions[:, table["particle"], table["frame"]] = table[["x", "y"]].T
    valid = ~np.isnan(positions[0])
    starts = np.arange(0, 8 * frames + 1, frames)
    means, pairs = cpu.msd(positions.reshape(2, -1), valid.ravel(), starts, max_lagtime)
    ours = motion.imsd(table, 1, 1, max_lagtime)
    measured = np.flatnonzero(valid.sum(axis=1) > 1)
    assert list(ours.columns) == measured.tolist()
    assert not pairs[measured, len(ours) :].any()
    expected = means[0, measured, : len(ours)].T
    np.testing.assert_allclose(ours, expected, rtol=MSD_FFT.allowed)


@pytest.mark.parametrize("gaps", [0, 0.2, 0.95])
def test_order_of_rows_and_columns_of_numbers(make_tracks, gaps) -> None:
    table = make_tracks(12, 30, gaps=gaps)
    shuffled = table.sample(frac=1, random_state=3)
    by_track = table.sort_values(["particle", "frame"])
    floats = table.astype({"particle": float, "frame": float})
    expected = motion.imsd(table, MPP, FPS)
    for other in (shuffled, by_track, floats):
        np.testing.assert_array_equal(motion.imsd(other, MPP, FPS), expected)
    named = table.assign(particle=table["particle"].map("p{:02}".format))
    assert list(motion.imsd(named, MPP, FPS)) == [f"p{p:02}" for p in expected]
    np.testing.assert_array_equal(motion.imsd(named, MPP, FPS), expected)


def test_nan_is_a_gap(make_tracks) -> None:
    table = make_tracks(5, 30, gaps=0.3)
    every = pd.MultiIndex.from_product([range(30), range(5)], names=["frame", "particle"])
    padded = table.set_index(["frame", "particle"]).reindex(every).reset_index()
    for detail in (False, True):
        np.testing.assert_array_equal(
            motion.emsd(padded, MPP, FPS, detail=detail),
            motion.emsd(table, MPP, FPS, detail=detail),
        )


def test_z_counts_unless_left_out(make_tracks) -> None:
    table = make_tracks(3, 50, ndim=3)
    parts = [motion.imsd(table, 1, 1, pos_columns=[c]) for c in "zyx"]
    close(motion.imsd(table, 1, 1), sum(parts), 1e-12)
    assert list(motion.msd(table[table.particle == 0], 1, 1).columns) == [
        *("<x>", "<y>", "<z>", "<x^2>", "<y^2>", "<z^2>", "msd", "lagt")
    ]


def test_pixel_size_per_axis(make_tracks) -> None:
    table = make_tracks(3, 50, ndim=3)
    scaled = table.assign(z=table.z * 0.3, y=table.y * 0.1, x=table.x * 0.2)
    close(motion.imsd(table, (0.3, 0.1, 0.2), 1), motion.imsd(scaled, 1, 1), 1e-12)
    close(
        motion.imsd(table, (0.2, 0.3), 1, pos_columns=["x", "z"]),
        motion.imsd(scaled, 1, 1, pos_columns=["z", "x"]),
        1e-12,
    )
    with pytest.raises(ValueError, match=r"`mpp` must be one value or 3"):
        motion.imsd(table, (0.3, 0.1), 1)


def test_ballistic_static_and_circular() -> None:
    t = np.arange(5000)
    lags = np.arange(1, 101)
    one = pd.DataFrame({"frame": t, "particle": 4, "y": 7.0 + 0.3 * t, "x": -0.4 * t})
    close(motion.imsd(one, 1, 1)[4], (0.5 * lags) ** 2, 1e-9)
    close(motion.msd(one, 1, 1)["<x>"], -0.4 * lags, 1e-9)
    rest = one.assign(y=1e6 + 0.1, x=1 / 3)
    np.testing.assert_array_equal(motion.imsd(rest, 1, 1), 0.0)
    angle = 2 * np.pi * t / 50
    circle = one.assign(y=1e4 + 3 * np.sin(angle), x=3 * np.cos(angle))
    close(motion.imsd(circle, 1, 1)[4], (6 * np.sin(np.pi * lags / 50)) ** 2, 1e-8)


def test_brownian_with_localisation_error(make_tracks) -> None:
    table = make_tracks(400, 200, ndim=3, diffusion=0.7, error=0.4, gaps=0.05)
    found = motion.emsd(table, 0.5, 2.0, 10)
    expected = 0.25 * (6 * 0.7 * np.arange(1, 11) + 2 * 3 * 0.4**2)
    np.testing.assert_allclose(found, expected, rtol=0.02)
    np.testing.assert_allclose(found.index, np.arange(1, 11) / 2)


def test_long_gaps_take_no_memory() -> None:
    frames = [0, 1, 2, 10**15, 10**15 + 1, -(10**12)]
    table = pd.DataFrame({"frame": frames, "y": 0.0, "x": [0, 1, 3, 3, 8, 2], "particle": 1})
    ours = motion.imsd(table, 1, 1, 3)
    np.testing.assert_allclose(ours[1], [(1 + 4 + 25) / 3, 9, np.nan])


def test_few_positions() -> None:
    table = pd.DataFrame(
        {"frame": [3, 0, 5], "y": 0.0, "x": [1.0, 2.0, 4.0], "particle": [1, 2, 2]}
    )
    ours = motion.imsd(table, 1, 1, 4)
    assert list(ours.columns) == [2]  # like trackpy: one position has no lag
    assert ours.isna().all().all()
    close(motion.imsd(table, 1, 1)[2], [np.nan] * 4 + [4], 0)
    np.testing.assert_array_equal(motion.emsd(table, 1, 2, 4).index, [0.5, 1, 1.5, 2])
    single = motion.msd(table[table.particle == 2], 1, 1, 4, detail=True)
    assert (single["N"] == 0).all()
    assert motion.msd(table[:1], 1, 1).empty


def test_empty_table() -> None:
    table = pd.DataFrame({"frame": [], "y": [], "x": [], "particle": []})
    assert motion.imsd(table, 1, 1).shape == (0, 0)
    assert motion.imsd(table, 1, 1).index.name == "lag time [s]"
    assert motion.emsd(table, 1, 1).empty
    columns = ["<x>", "<y>", "<x^2>", "<y^2>", "msd", "N", "lagt"]
    for function in (motion.msd, motion.emsd):
        assert list(function(table, 1, 1, detail=True).columns) == columns


def test_attributes_are_kept(make_tracks) -> None:
    table = make_tracks(1, 9)
    table.attrs = {"pixel_size_um": [0.1]}
    for result in (
        motion.msd(table, 1, 1),
        motion.imsd(table, 1, 1),
        motion.emsd(table, 1, 1),
        motion.emsd(table, 1, 1, detail=True),
        motion.characterize(table),
        motion.filter_stubs(table, 3),
        motion.compute_drift(table),
        motion.subtract_drift(table),
    ):
        assert result.attrs == table.attrs
        result.attrs["pixel_size_um"].append(1)
        assert table.attrs == {"pixel_size_um": [0.1]}


GOOD = pd.DataFrame(
    {"frame": [0, 1, 0, 1], "y": 1.0, "x": [1.0, 2, 3, 4], "particle": [0, 0, 1, 1]}
)
BAD = [
    (ValueError, "`traj` must have the column.s. particle", GOOD.drop(columns="particle"), {}),
    (ValueError, "`traj` must have the column.s. x", GOOD.drop(columns="x"), {}),
    (TypeError, "`traj` must be a pandas DataFrame, got list", [1, 2], {}),
    (TypeError, "numbers in column 'x'", GOOD.assign(x="a"), {}),
    (TypeError, "numbers in column 'x', got complex", GOOD.assign(x=1j), {}),
    (ValueError, "finite numbers in column 'y', got inf", GOOD.assign(y=np.inf), {}),
    (ValueError, "whole numbers in column 'frame', got 0.5", GOOD.assign(frame=0.5), {}),
    (ValueError, "whole numbers in column 'frame', got nan", GOOD.assign(frame=np.nan), {}),
    (TypeError, "whole numbers in column 'frame', got", GOOD.assign(frame="a"), {}),
    (ValueError, "particle 0 twice in frame 5", GOOD.assign(frame=[5, 5, 0, 1]), {}),
    (ValueError, "a particle in every row", GOOD.assign(particle=[0, 0, 1, np.nan]), {}),
    (ValueError, "`mpp` must be a finite number > 0, got 0", GOOD, {"mpp": 0}),
    (ValueError, "`mpp` must be a finite number > 0, got nan", GOOD, {"mpp": np.nan}),
    (ValueError, "`fps` must be a finite number > 0, got -1", GOOD, {"fps": -1}),
    (TypeError, "`fps` must be a finite number > 0, got None", GOOD, {"fps": None}),
    (ValueError, "`max_lagtime` must be an integer >= 1, got 0", GOOD, {"max_lagtime": 0}),
    (TypeError, "`max_lagtime` must be an integer >= 1, got 1.5", GOOD, {"max_lagtime": 1.5}),
    (ValueError, "`pos_columns` must be distinct", GOOD, {"pos_columns": []}),
    (ValueError, "`traj` must have the column.s. q", GOOD, {"pos_columns": ["q"]}),
]


@pytest.mark.parametrize(("error", "message", "table", "options"), BAD)
@pytest.mark.parametrize("function", [motion.imsd, motion.emsd, motion.characterize])
def test_bad_input(function, error, message, table, options) -> None:
    with pytest.raises(error, match=message):
        function(table, **{"mpp": 1, "fps": 1} | options)


def test_bad_input_of_one_function() -> None:
    with pytest.raises(ValueError, match=r"`statistic` must be one of 'msd', '<x>', .* got 'N'"):
        motion.imsd(GOOD, 1, 1, statistic="N")
    with pytest.raises(ValueError, match="`traj` must have one particle, got 2"):
        motion.msd(GOOD, 1, 1)
    assert len(motion.msd(GOOD[:2].drop(columns="particle"), 1, 1)) == 1
