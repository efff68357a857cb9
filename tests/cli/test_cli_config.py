"""Options from files, help, and what `info` and `demo` print."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

TOML = """
diameter = {diameter}
minmass = 300
search-range = 5
memory = 1
min_length = 12
pixel-size = 0.25
fps = 4
drift = false
"""


def parameters(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "run.json").read_text())["parameters"]
    return dict(found)


@pytest.mark.parametrize("diameter", ["9", "[9, 9]", "9.0"])
def test_toml(call: Callable[..., Any], movie: Path, tmp_path: Path, diameter: str) -> None:
    config = tmp_path / "beads.toml"
    config.write_text(TOML.format(diameter=diameter))
    done = call("track", movie, "--config", config, "--fps", 8, "-o", tmp_path / "out")
    assert done.code == 0, done.err
    used = parameters(tmp_path / "out")
    assert used["diameter"] == json.loads(diameter)
    assert (used["minmass"], used["search_range"], used["min_length"]) == (300, 5, 12)
    assert used["drift"] is False
    assert used["pixel_size_um"] == 0.25
    # The command line comes first.
    assert used["fps"] == 8


def test_run_json_repeats_the_run(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    more = ("--separation", "8,9", "--no-preprocess", "--percentile", 70, "--csv", "--no-drift")
    assert call("track", movie, *options, *more, "-o", first).code == 0
    done = call("track", "--config", first / "run.json", "-o", again)
    assert done.code == 0, done.err
    assert parameters(again) == parameters(first)
    for name in ("spots", "tracks", "particles"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(again / f"{name}.parquet"), pd.read_parquet(first / f"{name}.parquet")
        )
    assert (again / "diffusion.json").read_text() == (first / "diffusion.json").read_text()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.toml", "diametre = 9", "unknown key 'diametre'"),
        ("c.toml", "[finding]\ndiameter = 9", "unknown key 'finding'"),
        ("c.toml", "diameter = ", "cannot be understood"),
        ("c.toml", "diameter = 'nine'", "Invalid value for '--diameter'"),
        ("c.toml", "diameter = true", "Invalid value for '--diameter'"),
        ("c.toml", "memory = 1.5", "Invalid value for '--memory'"),
        ("c.json", "{}", "not the run.json"),
        ("c.json", "[1", "cannot be understood"),
        (None, "", "does not exist"),
    ],
)
def test_bad_config(
    call: Callable[..., Any],
    movie: Path,
    tmp_path: Path,
    name: str | None,
    content: str,
    message: str,
) -> None:
    config = tmp_path / (name or "none.toml")
    if name is not None:
        config.write_text(content)
    given = () if "diam" in content else ("--diameter", 9)
    done = call(
        "track", movie, *given, "--search-range", 5, "-o", tmp_path / "out", "--config", config
    )
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("command", ["track", "locate", "link", "msd", "info", "demo"])
def test_help_shows_an_example(call: Callable[..., Any], command: str) -> None:
    done = call(command, "--help")
    assert done.code == 0
    assert f"Example: spotgpu {command}" in " ".join(done.out.split())


def test_info(call: Callable[..., Any]) -> None:
    done = call("info")
    assert done.code == 0
    lines = dict(line.split("  ", 1) for line in done.out.splitlines())
    assert lines["numpy"].strip() == np.__version__
    assert {"cores", "linking solver", "matplotlib", "dask", "pims", "python"} <= set(lines)


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys; from spotgpu.cli import main; main(['--help']);"
        "print(sorted({'numpy', 'pandas', 'matplotlib', 'scipy', 'loky'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_several_files_are_one_movie(
    call: Callable[..., Any], frames: np.ndarray, movie: Path, tmp_path: Path
) -> None:
    for k, frame in enumerate(frames[:6]):
        tifffile.imwrite(tmp_path / f"frame{k}.tif", frame)
    names = [tmp_path / f"frame{k}.tif" for k in range(6)]
    arguments = ("--diameter", 9, "--minmass", 300)
    assert call("locate", *names, *arguments, "-o", tmp_path / "many.parquet").code == 0
    assert call("locate", movie, *arguments, "-o", tmp_path / "one.parquet").code == 0
    many, one = (pd.read_parquet(tmp_path / f"{n}.parquet") for n in ("many", "one"))
    pd.testing.assert_frame_equal(many, one[one["frame"] < 6])


def test_tracking_several_files_can_be_repeated(
    call: Callable[..., Any], frames: np.ndarray, options: list[str], tmp_path: Path
) -> None:
    names = [tmp_path / f"frame{k}.tif" for k in range(20)]
    for name, frame in zip(names, frames, strict=False):
        tifffile.imwrite(name, frame)
    first, again = tmp_path / "first", tmp_path / "again"
    assert call("track", *names, *options, "-o", first).code == 0
    run = json.loads((first / "run.json").read_text())
    assert run["input"]["path"] == [str(name) for name in names]
    report = (first / "report.html").read_text(encoding="utf-8")
    assert "<h1>frame0.tif to frame19.tif, 20 files</h1>" in report
    assert call("track", "--config", first / "run.json", "-o", again).code == 0
    pd.testing.assert_frame_equal(
        *(pd.read_parquet(folder / "tracks.parquet") for folder in (first, again))
    )


@pytest.mark.slow
@pytest.mark.parametrize("dims", ["2d", "3d"])
def test_demo(call: Callable[..., Any], tmp_path: Path, dims: str) -> None:
    done = call("demo", "--dims", dims, "-o", tmp_path / "demo")
    assert done.code == 0
    assert "contains the truth" in done.out
    assert done.out.splitlines()[-1].startswith(f"Results in {tmp_path / 'demo'}")
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert {"movie.tif", "truth.parquet", "comparison.txt", "report.html", "run.json"} <= names
