"""`spotgpu traces`: from files to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from pyarrow import parquet

from spotgpu import traces

Call = Callable[..., Any]


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Return a table of positions."""
    path = tmp_path / "cells.csv"
    path.write_text("x,y,id\n12,20,a\n40.4,60,b\n143,119,c\n")
    return path


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    """Return a table of tracks."""
    path = tmp_path / "tracks.parquet"
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"frame": np.repeat(np.arange(30), 2), "particle": [4, 7] * 30})
    table.assign(y=rng.uniform(0, 119, 60), x=rng.uniform(0, 143, 60)).to_parquet(path)
    return path


def test_positions(call: Call, movie: Path, frames: np.ndarray, cells: Path) -> None:
    output = cells.with_name("out.parquet")
    done = call("traces", movie, "--positions", cells, "--size", "7", "-o", output)
    assert done.code == 0, done.err
    assert done.out == f"3 traces in 30 frames in {output}\n"
    table = pd.read_parquet(output)
    assert table.columns.tolist() == ["frame", "a", "b", "c"]
    assert table["frame"].tolist() == list(range(30))
    expected = traces.extract_traces(frames, [(12, 20), (40, 60), (143, 119)], 7)
    np.testing.assert_array_equal(table[["a", "b", "c"]], expected)
    assert table.attrs["frame_interval_s"] == 0.5
    assert table.attrs["pixel_size_um"] == [0.2, 0.2]


def test_positions_with_all_options(
    call: Call, movie: Path, frames: np.ndarray, cells: Path
) -> None:
    output = cells.with_name("new") / "out.csv"
    options = ("--window", "disc", "--size", "4.5", "--background", "4", "6", "--dff")
    done = call("traces", movie, "--positions", cells, *options, "-o", output)
    assert done.code == 0, done.err
    positions = pd.read_csv(cells)
    table = traces.trace_table(frames, positions, 4.5, "disc", background=(4, 6))
    found = pd.read_csv(output).set_index("frame")
    pd.testing.assert_frame_equal(found, traces.dff(table), rtol=1e-12)


@pytest.mark.parametrize("value", ["[4, 6]", '["4", "6"]'])
def test_options_from_a_file(call: Call, movie: Path, cells: Path, value: str) -> None:
    config, output = cells.with_name("traces.toml"), cells.with_name("out.csv")
    config.write_text(f"background = {value}\nsize = [3, 5]\n")
    done = call("traces", movie, "--positions", cells, "--config", config, "-o", output)
    assert done.code == 0, done.err
    again = cells.with_name("again.csv")
    options = ("--background", "4", "6", "--size", "3,5")
    assert call("traces", movie, "--positions", cells, *options, "-o", again).code == 0
    assert output.read_bytes() == again.read_bytes()
    config.write_text("background = 4\n")
    done = call("traces", movie, "--positions", cells, "--config", config, "-o", again)
    assert done.code == 2
    assert "--background" in done.err


def test_tracks_as_a_wide_table(call: Call, movie: Path, frames: np.ndarray, spots: Path) -> None:
    output = spots.with_name("out.csv")
    done = call("traces", movie, "--tracks", spots, "--wide", "-o", output)
    assert done.code == 0, done.err
    assert done.out == f"2 traces in 30 frames in {output}\n"
    along = traces.along_tracks(frames, pd.read_parquet(spots))
    expected = along.pivot(index="frame", columns="particle", values="intensity")
    np.testing.assert_allclose(pd.read_csv(output).set_index("frame")[["4", "7"]], expected)


def test_tracks(call: Call, movie: Path, frames: np.ndarray, spots: Path) -> None:
    output = spots.with_name("out.csv")
    options = ("--background", "4", "6", "--dff", "-o", output)
    done = call("traces", movie, "--tracks", spots, *options)
    assert done.code == 0, done.err
    assert done.out == f"60 positions in 30 frames in {output}\n"
    expected = traces.along_tracks(frames, pd.read_parquet(spots), background=(4, 6))
    found = pd.read_csv(output)
    pd.testing.assert_frame_equal(found.drop(columns="dff"), expected, rtol=1e-12)
    for _, rows in found.groupby("particle"):
        change = traces.dff(rows["intensity"] - rows["background"])
        np.testing.assert_allclose(rows["dff"], change, rtol=1e-9)


def test_channel_and_axes(call: Call, cells: Path, frames: np.ndarray) -> None:
    """The movie's axes are others than the array's."""
    path, output = cells.with_name("two.tif"), cells.with_name("out.parquet")
    two = np.stack([frames, 255 - frames], axis=1)
    tifffile.imwrite(path, two, photometric="minisblack")
    where = ("--axes", "TCYX", "--channel", "1")
    done = call("traces", path, "--positions", cells, *where, "-o", output)
    assert done.code == 0, done.err
    expected = traces.trace_table(255 - frames, pd.read_csv(cells))
    np.testing.assert_array_equal(pd.read_parquet(output).set_index("frame"), expected)
    again = cells.with_name("array.parquet")
    traces.traces_file(two, again, positions=cells, axes="TCYX", channel=1)
    pd.testing.assert_frame_equal(pd.read_parquet(again), pd.read_parquet(output))


def test_row_groups(frames: np.ndarray, cells: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written as they come, in groups of rows that fit into memory; the pieces do not show."""
    monkeypatch.setattr("spotgpu.traces._file.VALUES", 28)
    found = []
    for n_bytes in (1, 40_000, 1 << 23):
        for name in ("ON_CPU", "IN_MEMORY"):
            monkeypatch.setattr(f"spotgpu.traces._means.{name}", n_bytes)
        output = cells.with_name(f"{n_bytes}.parquet")
        assert traces.traces_file(frames, output, positions=cells) == (3, 30)
        found.append(output.read_bytes())
        sizes = parquet.ParquetFile(output).metadata
        assert [sizes.row_group(k).num_rows for k in range(5)] == [7, 7, 7, 7, 2]
    assert found[0] == found[1] == found[2]


def test_a_file_is_not_replaced(call: Call, movie: Path, cells: Path) -> None:
    output = cells.with_name("out.csv")
    arguments = ("traces", movie, "--positions", cells, "-o", output)
    assert call(*arguments).code == 0
    before = output.read_bytes()
    done = call(*arguments, "--size", "1")
    assert done.code == 2
    assert "which exists" in done.err
    assert output.read_bytes() == before
    assert call(*arguments, "--size", "1", "--overwrite").code == 0
    assert output.read_bytes() != before


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x,y\n1,2\n", [], "--positions must be given, or --tracks, got both"),
        ("x\n1\n", None, "--positions must have the column(s) y, got x"),
        ("x,y\n1,200\n", None, "--positions must be finite and inside the image"),
        ("x,y\n1,\n", None, "--positions must be finite and inside the image"),
        ("x,y\n1,one\n", None, "--positions must be positions (y, x) of numbers"),
        ("x,y,z\n1,2,3\n", None, "--positions must have the position column(s) y, x"),
        ("frame,x,y\n0,1,2\n", None, "--positions must be fixed, got a table with frame"),
        ("x,y,id\n1,2,frame\n", None, "--positions must have an id once, and none that is frame"),
        ("", None, "--positions must be a table"),
        ("x,y\n1,2\n", ["--window", "square"], "--window must be one of 'rect'"),
        ("x,y\n1,2\n", ["--size", "-1"], "--size must be an integer >= 0, got -1"),
        ("x,y\n1,2\n", ["--background", "3", "2"], "--background must be two radii"),
        ("x,y\n1,2\n", ["--background", "3"], "--background"),
        ("x,y\n1,2\n", ["--device", "tpu"], "--device must be one of"),
        ("x,y\n1,2\n", ["-o", "out.xlsx"], "--output must end in .parquet or .csv"),
    ],
)
def test_bad_input(
    call: Call, movie: Path, spots: Path, text: str, options: Any, message: str
) -> None:
    path = table(spots.with_name("positions.csv"), text)
    output = spots.with_name("out.csv")
    extra = ["--tracks", spots] if options == [] else options or []
    done = call("traces", movie, "--positions", path, "-o", output, *extra)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not output.exists()


def test_what_is_missing(call: Call, movie: Path, spots: Path) -> None:
    output = spots.with_name("out.csv")
    done = call("traces", movie, "-o", output)
    assert "--positions must be given, or --tracks, got neither" in done.err
    done = call("traces", movie, "--tracks", spots.with_name("none.csv"), "-o", output)
    assert (done.code, "which does not exist" in done.err) == (2, True)
    done = call("traces", movie, "--tracks", spots, "-o", spots, "--overwrite")
    assert "another file than the input" in done.err
    anonymous = spots.with_name("spots.csv")
    pd.read_parquet(spots).drop(columns="particle").to_csv(anonymous, index=False)
    done = call("traces", movie, "--tracks", anonymous, "--dff", "-o", output)
    assert "--tracks must have the column particle for dff" in done.err
    assert call("traces", movie, "--tracks", anonymous, "-o", output).code == 0
    late = spots.with_name("late.csv")
    pd.read_parquet(spots).assign(frame=30).to_csv(late, index=False)
    done = call("traces", movie, "--tracks", late, "-o", output, "--overwrite")
    assert "--tracks must have frames of the movie only, got frame 30" in done.err
