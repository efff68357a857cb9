"""The table of many movies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.motion import Diffusion
from spotgpu.pipeline import Silent, track
from spotgpu.pipeline._plate_summary import FLAGS, summary_table
from spotgpu.pipeline._result_files import record as run_json


def record(movie: str, D: float | None = 0.5, **given: Any) -> dict[str, Any]:  # noqa: N803
    """Return a record of 100 spots in each of 10 frames, and 50 tracks."""
    counts = {"frames": 10, "spots": 1000, "tracks": 50, "spots_in_tracks": 800}
    fit = {"D": D, "unit": given.get("unit", "µm²/s")}
    if D is not None:
        fit |= {"ci_low": 0.9 * D, "ci_high": 1.1 * D, "sigma": 0.02}
    run = {
        "counts": counts | {name: given[name] for name in counts if name in given},
        "diffusion": fit,
        "warnings": given.get("warnings", []),
    }
    if "alpha" in given:
        run["alpha"] = given["alpha"]
    return {"movie": movie, "folder": f"out/{movie}", "run": run}


def flags(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["movie"], table["flags"], strict=True))


def test_one_row_a_movie() -> None:
    done = [record("A10.tif", 0.25, alpha=0.9, spots_in_tracks=250), record("A2.tif", None)]
    failed = [{"movie": "A1.tif", "error": "SpotgpuError: no"}]
    table = summary_table(done, failed)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    assert rows[2] == {
        "movie": "A10.tif",
        "well": "A10",
        "status": "ok",
        "frames": 10,
        "spots": 1000,
        "spots_per_frame": 100.0,
        "tracks": 50,
        "spots_in_tracks_share": 0.25,
        "D": 0.25,
        "D_low": 0.9 * 0.25,
        "D_high": 1.1 * 0.25,
        "D_unit": "µm²/s",
        "alpha": 0.9,
        "sigma": 0.02,
        "flags": "",
        "error": "",
        "folder": "out/A10.tif",
    }
    nothing = dict.fromkeys(table.columns)
    assert rows[0] == nothing | {
        "movie": "A1.tif",
        "well": "A01",
        "status": "failed",
        "D_unit": "",
        "flags": "",
        "error": "SpotgpuError: no",
        "folder": "",
    }
    assert (rows[1]["D"], rows[1]["D_low"], rows[1]["alpha"]) == (None, None, None)
    assert (rows[1]["D_unit"], rows[1]["flags"]) == ("µm²/s", "no D")


@pytest.mark.parametrize("n", [0, 1])
def test_types_are_the_same_for_few_movies(n: int) -> None:
    table = summary_table([record("x")] * n, [])
    assert len(table) == n
    assert table.index.equals(pd.RangeIndex(n))
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    for counted in ("frames", "spots", "tracks"):
        assert kinds[counted] == "Int64"
    for measured in ("spots_per_frame", "D", "alpha", "sigma", "spots_in_tracks_share"):
        assert kinds[measured] == "float64"
    assert (table["flags"] == "").all()
    assert summary_table([], [{"movie": "x", "error": "y"}])["status"].tolist() == ["failed"]


def test_natural_order() -> None:
    names = ["b1", "a10", "a9", "A2", "a02", "a", "10", "9", "a2b"]
    table = summary_table([record(name) for name in names], [])
    assert table["movie"].tolist() == ["9", "10", "a", "A2", "a02", "a2b", "a9", "a10", "b1"]


def test_outliers_of_d() -> None:
    # In logs: deviations -2 -1 0 1 2 times 0.1 and their median 0.1, so the spread is 0.14826.
    logs = [-0.2, -0.1, 0.0, 0.1, 0.2]
    for far, flag in ((0.74, ""), (0.75, "D outlier"), (-0.74, ""), (-0.75, "D outlier")):
        rows = [record(f"m{k}", math.exp(log)) for k, log in enumerate([*logs, 0.0, far])]
        # The seventh: median 0, absolute deviations 0 0 .1 .1 .2 .2 far, median 0.1.
        found = flags(summary_table(rows, []))
        assert found.pop("m6") == flag, far
        assert set(found.values()) == {""}


def test_small_differences_are_none() -> None:
    # All others are the same: 5 % are not more than 5 times 1 %.
    for value, flag in ((1.05, ""), (1.06, "D outlier"), (0.0, "D outlier"), (-1.0, "D outlier")):
        rows = [record(f"m{k}", 1.0) for k in range(5)] + [record("other", value)]
        assert flags(summary_table(rows, []))["other"] == flag


def test_outliers_of_counts() -> None:
    # All others have 100 spots a frame and 50 tracks: chance makes 10 and 7.07.
    for name, value, flag in (
        ("spots", 1500, ""),
        ("spots", 1510, "count outlier"),
        ("spots", 490, "count outlier"),
        ("tracks", 85, ""),
        ("tracks", 86, "count outlier"),
        ("tracks", 15, ""),
        ("tracks", 14, "count outlier"),
    ):
        rows = [record(f"m{k}") for k in range(5)] + [record("other", **{name: value})]
        found = flags(summary_table(rows, [{"movie": "bad", "error": "x"}]))
        assert found.pop("other") == flag, (name, value)
        assert set(found.values()) == {""}


def test_few_movies_are_not_compared() -> None:
    rows = [record(f"m{k}") for k in range(3)] + [record("other", 50.0, spots=90_000, tracks=900)]
    assert set(flags(summary_table(rows, [])).values()) == {""}


def test_units_are_not_mixed() -> None:
    # In pixels D is forty times larger, and all movies agree within their unit.
    rows = [record(f"m{k}", 0.5) for k in range(6)]
    rows += [record(f"p{k}", 20.0, unit="px²/frame") for k in range(5)]
    table = summary_table(rows, [])
    assert set(table.loc[table["D_unit"] == "µm²/s", "flags"]) == {""}
    assert set(table.loc[table["D_unit"] == "px²/frame", "flags"]) == {"other unit"}
    # A movie without D has no unit to be compared.
    rows.append(record("q", None, unit="px²/frame"))
    assert flags(summary_table(rows, []))["q"] == "no D"


def test_flags_of_single_movies() -> None:
    rows = [
        record("none", None, spots=0, tracks=0, spots_in_tracks=0),
        record("few", 0.5, tracks=9),
        record("enough", 0.5, tracks=10),
    ]
    table = summary_table(rows, [])
    assert flags(table) == {"none": "no spots;few tracks;no D", "few": "few tracks", "enough": ""}
    assert np.isnan(table.set_index("movie").loc["none", "spots_in_tracks_share"])


def test_warnings_that_most_movies_have_are_no_flag() -> None:
    unknown = "The pixel size is unknown."
    rows = [
        record("a", warnings=[unknown, "Only 48% of 1,200.5 spots"]),
        record("b", warnings=[unknown, "Only 7% of 9 spots", unknown]),
        record("c", warnings=[unknown]),
        record("d", warnings=["Only 7% of 9 tracks"]),
        record("e"),
    ]
    table = summary_table(rows, [{"movie": "z", "error": "x"}])
    shown = {"a": "warnings", "b": "warnings", "c": "", "d": "warnings", "e": "", "z": ""}
    assert flags(table) == shown
    assert table.attrs["warnings"] == [
        {"text": unknown, "movies": 3, "varies": False},
        {"text": "Only 48% of 1,200.5 spots", "movies": 2, "varies": True},
        {"text": "Only 7% of 9 tracks", "movies": 1, "varies": False},
    ]


def test_all_flags_are_explained() -> None:
    text = str(summary_table.__doc__)
    for flag in FLAGS:
        assert f"- {flag}:" in text


def test_of_a_real_run(movie: np.ndarray) -> None:
    result = track(movie, 9, 5, minmass=100, min_length=5, progress=Silent())
    one = {"movie": "movie", "folder": "movie", "run": run_json(result)}
    (row,) = summary_table([one], []).to_dict("records")
    fit = result.diffusion
    assert isinstance(fit, Diffusion)
    assert (row["D"], row["D_low"], row["D_high"]) == (fit.D, fit.ci_low, fit.ci_high)
    assert (row["D_unit"], row["sigma"]) == ("px²/frame", fit.sigma)
    assert (row["frames"], row["spots"]) == (12, len(result.spots))
    assert row["tracks"] == result.n_tracks
    assert row["spots_in_tracks_share"] == len(result.tracks) / len(result.spots)
