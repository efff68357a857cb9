"""Many movies on the command line, and what a program reads of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile


@pytest.fixture
def plate(movie: Path, tmp_path: Path) -> Path:
    """Return a folder with two movies and a broken one."""
    folder = tmp_path / "plate"
    folder.mkdir()
    for name in ("A1.tif", "A2.tif"):
        shutil.copy(movie, folder / name)
    (folder / "A3.tif").write_bytes(movie.read_bytes()[:2000])
    return folder


def test_plate(call: Callable[..., Any], plate: Path, options: list[str], tmp_path: Path) -> None:
    output = tmp_path / "out"
    arguments = ("track", str(plate / "*.tif"), *options, "--processes", 1, "-o", output)
    done = call(*arguments)
    assert done.code == 1
    assert done.out.splitlines() == [
        "3 movies, 1 failed",
        f"Results in {output}: open {output / 'report.html'}",
        f"What failed and why: {output / 'failures.csv'}",
    ]
    failed, stage = done.err.splitlines()
    assert failed.startswith(f"warning: A3 failed: {plate / 'A3.tif'} is truncated or corrupt")
    assert stage.startswith("movies 3/3 (")
    assert pd.read_csv(output / "summary.csv")["well"].tolist() == ["A01", "A02", "A03"]
    (plate / "A3.tif").unlink()
    done = call(*arguments)
    assert done.code == 2
    assert "A3 is not among the movies now" in done.err
    shutil.copy(plate / "A1.tif", plate / "A3.tif")
    done = call(*arguments)
    assert (done.code, done.out.splitlines()[0]) == (0, "3 movies, 0 failed")


def test_one_movie_or_many(
    call: Callable[..., Any], plate: Path, options: list[str], tmp_path: Path
) -> None:
    given = ("track", str(plate / "A[12].tif"), *options, "--processes", 1)
    assert call(*given, "--no-plate", "-o", tmp_path / "one").code == 0
    run = json.loads((tmp_path / "one" / "run.json").read_text())
    assert run["input"]["shape"][0] == 60
    # Its run.json repeats it; movies given here are what they are, and --plate comes first.
    config = ("--config", tmp_path / "one" / "run.json")
    assert call("track", *config, "-o", tmp_path / "again").code == 0
    again = json.loads((tmp_path / "again" / "run.json").read_text())
    assert again["input"] == run["input"]
    assert again["counts"] == run["counts"]
    assert call("track", given[1], *config, "-o", tmp_path / "others").code == 0
    assert call("track", *config, "--plate", "-o", tmp_path / "plates").code == 0
    for name in ("others", "plates"):
        assert (tmp_path / name / "A2" / "run.json").is_file()
    single = ("track", str(plate / "A1.tif"), *options, "--processes", 1)
    assert call(*single, "--plate", "-o", tmp_path / "many").code == 0
    assert (tmp_path / "many" / "A1" / "run.json").is_file()


def test_images_stay_one_movie(
    call: Callable[..., Any], frames: np.ndarray, options: list[str], tmp_path: Path
) -> None:
    for k, image in enumerate(frames[:14]):
        tifffile.imwrite(tmp_path / f"t{k}.tif", image)
    pattern = str(tmp_path / "t*.tif")
    assert call("track", pattern, *options, "-o", tmp_path / "out").code == 0
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["input"]["shape"][0] == 14


def test_list(call: Callable[..., Any], plate: Path, options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("movie,name,diameter\nplate/A1.tif,small,7\nplate/A2.tif,,\n")
    done = call("track", path, *options, "--processes", 1, "-o", tmp_path / "out")
    assert done.code == 0
    used = {
        name: json.loads((tmp_path / "out" / name / "run.json").read_text())["parameters"]
        for name in ("small", "A2")
    }
    assert (used["small"]["diameter"], used["A2"]["diameter"]) == (7, 9)
    path.write_text("movie,diametre\nplate/A1.tif,7\n")
    done = call("track", path, *options, "-o", tmp_path / "other")
    assert done.code == 2
    assert "did you mean diameter?" in done.err


def test_log_for_programs(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    done = call("track", movie, *options, "--log-json", "-o", tmp_path / "out", "--fps", 7)
    told = [json.loads(line) for line in done.err.splitlines()]
    stages = [(line["stage"], line["event"]) for line in told if "stage" in line]
    assert stages[:2] == [("locate", "begin"), ("locate", "end")]
    assert stages[-1] == ("report", "end")
    assert told[1]["done"] == told[1]["total"] == 30
    assert set(told[1]["work_s"]) == {"decode", "compute", "link", "write"}
    assert any("frame rate used" in line["text"] for line in told if line["event"] == "note")
    done = call("track", movie, *options, "--log-json", "-o", tmp_path / "out", "--fps", 8)
    assert done.code == 2
    error = json.loads(done.err.splitlines()[-1])
    assert error["event"] == "error"
    assert "fps: 7 then, 8 now" in error["text"]


def test_cluster(call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path) -> None:
    for name, more in (("alone", ()), ("shared", ("--dask", "local:1"))):
        done = call("track", movie, *options, *more, "-o", tmp_path / name)
        assert done.code == 0
    for table in ("spots.parquet", "tracks.parquet", "msd.csv"):
        same = [(tmp_path / name / table).read_bytes() for name in ("alone", "shared")]
        assert same[0] == same[1]
    done = call("track", movie, *options, "--dask", "somewhere", "-o", tmp_path / "no")
    assert done.code == 2
    assert "--dask" in done.err
    assert len(done.err.splitlines()) == 1
