"""What a user does not expect: other units, other inputs, other terminals, an early end."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

PROGRAM = [sys.executable, "-m", "spotgpu"]


def test_contradicted_file(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    # The file says 0.2 µm and 2 fps.
    given = ("--pixel-size", 0.25, "--fps", 4)
    done = call("track", movie, *options, *given, "-o", tmp_path / "other")
    assert "warning: The pixel size used (0.25 µm) is not what the file says (0.2 µm)." in done.err
    assert "warning: The frame rate used (4 fps) is not what the file says (2 fps)." in done.err
    run = json.loads((tmp_path / "other" / "run.json").read_text())
    assert sum("not what the file says" in text for text in run["warnings"]) == 2
    given = ("--pixel-size", 0.2001, "--fps", 2)
    done = call("track", movie, *options, *given, "-o", tmp_path / "same")
    assert "not what the file says" not in done.err


def test_one_pixel_size_for_an_anisotropic_volume(call: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "volumes.tif"
    tifffile.imwrite(
        path,
        np.zeros((3, 9, 32, 32), np.uint8),
        imagej=True,
        resolution=(5, 5),
        metadata={"axes": "TZYX", "unit": "um", "spacing": 0.6, "finterval": 0.5},
    )
    arguments = ("track", path, "--diameter", 5, "--search-range", 3)
    done = call(*arguments, "--pixel-size", 0.2, "-o", tmp_path / "one")
    assert (
        "The pixel size used (0.2 µm) is not what the file says (0.6, 0.2, 0.2 µm). "
        "Give one for each axis" in done.err
    )
    done = call(*arguments, "--pixel-size", "0.6,0.2,0.2", "-o", tmp_path / "each")
    assert "pixel size used" not in done.err


def test_run_json_says_what_was_used(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    call("track", movie, *options, "-o", tmp_path / "out", "--processes", 1)
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["calibration"]["length_unit"] == "µm"
    assert run["calibration"]["time_unit"] == "s"
    assert run["calibration"]["pixel_size_um"] == pytest.approx([0.2, 0.2])
    assert run["drift_subtracted"] is True
    assert list(pd.read_csv(tmp_path / "out" / "drift.csv")) == ["frame", "y_px", "x_px"]


@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_empty_tables_are_linked(
    call: Callable[..., Any], movie: Path, tmp_path: Path, extension: str
) -> None:
    spots, tracks = (tmp_path / f"{name}.{extension}" for name in ("spots", "tracks"))
    assert call("locate", movie, "--diameter", 9, "--minmass", 1e9, "-o", spots).code == 0
    done = call("link", spots, "--search-range", 5, "-o", tracks)
    assert (done.code, done.out) == (0, f"0 tracks in {tracks}\n")
    done = call("msd", tracks, "-o", tmp_path / "msd.csv")
    assert done.code == 2
    assert "must have rows" in done.err


def test_one_file_of_options_for_all_commands(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert call("track", movie, *options, "--csv", "-o", out).code == 0
    spots, tracks, msd = (tmp_path / f"{name}.csv" for name in ("spots", "tracks", "msd"))
    run = ("--config", out / "run.json")
    for arguments in (
        ("locate", *run, "-o", spots),
        ("link", spots, *run, "-o", tracks),
        ("msd", tracks, *run, "-o", msd, "--fps", 2, "--pixel-size", 0.2),
    ):
        done = call(*arguments)
        assert done.code == 0, done.err
    for ours, theirs in ((spots, "spots"), (tracks, "tracks"), (msd, "msd")):
        assert ours.read_text() == (out / f"{theirs}.csv").read_text()
    config = tmp_path / "beads.toml"
    config.write_text("search_rnage = 5\n")
    done = call("link", spots, "--config", config, "--search-range", 5, "-o", tmp_path / "t.csv")
    assert done.code == 2
    assert "unknown key 'search_rnage'; did you mean 'search_range'?" in done.err


def test_changed_input_is_told(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path, frames: np.ndarray
) -> None:
    mine = tmp_path / "mine.tif"
    shutil.copy(movie, mine)
    assert call("track", mine, *options, "-o", tmp_path / "first").code == 0
    config = ("--config", tmp_path / "first" / "run.json")
    assert "not what it was" not in call("track", *config, "-o", tmp_path / "again").err
    tifffile.imwrite(mine, frames[:25], photometric="minisblack", metadata={"axes": "TYX"})
    done = call("track", *config, "-o", tmp_path / "third")
    assert done.code == 0
    assert "warning: The input is not what it was in the earlier run: bytes " in done.err
    assert "shape [30, 120, 144] then, [25, 120, 144] now." in done.err
    # Another movie with the same options is nothing to warn about.
    assert "not what it was" not in call("track", movie, *config, "-o", tmp_path / "other").err


def test_msd_tells_units_and_writes_the_diffusion(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert call("track", movie, *options, "--csv", "-o", out).code == 0
    done = call("msd", out / "tracks.csv", "-o", tmp_path / "px.csv")
    assert "warning: The pixel size is unknown" in done.err
    assert "(--pixel-size)" in done.err
    assert "warning: The frame rate is unknown" in done.err
    record = tmp_path / "d.json"
    given = ("msd", out / "tracks.parquet", "--diffusion", record)
    done = call(*given, "-o", tmp_path / "msd.csv")
    assert done.err.count("warning") == 0
    assert record.read_text() == (out / "diffusion.json").read_text()
    assert call(*given, "-o", tmp_path / "again.csv").code == 2
    assert not (tmp_path / "again.csv").exists()


def test_single_frame(call: Callable[..., Any], frames: np.ndarray, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "one.tif", frames[:1], metadata={"axes": "TYX"})
    arguments = ("--diameter", 9, "--minmass", 300, "--search-range", 50)
    done = call("track", tmp_path / "one.tif", *arguments, "-o", tmp_path / "out")
    assert done.code == 0
    assert "a single frame: there is nothing to link" in done.err
    assert "search_range" not in done.err


def test_channel_by_name_or_number(
    call: Callable[..., Any], frames: np.ndarray, tmp_path: Path
) -> None:
    both = np.stack([np.zeros_like(frames[:3]), frames[:3]], axis=1)
    metadata = {"axes": "TCYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite(tmp_path / "two.ome.tif", both, metadata=metadata)
    tables = [tmp_path / "name.csv", tmp_path / "number.csv"]
    for channel, table in zip(("GFP", 1), tables, strict=True):
        given = ("--diameter", 9, "--minmass", 300, "--channel", channel, "-o", table)
        assert call("locate", tmp_path / "two.ome.tif", *given).code == 0
    assert tables[0].read_text() == tables[1].read_text()
    assert len(pd.read_csv(tables[0])) > 60


@pytest.mark.parametrize("processes", [0, -2])
def test_no_processes(call: Callable[..., Any], movie: Path, processes: int) -> None:
    done = call("locate", movie, "--diameter", 9, "-o", "x.csv", "--processes", processes)
    assert done.code == 2
    assert "must be an integer >= 1 or auto" in done.err


def test_no_arguments_and_no_movie(call: Callable[..., Any]) -> None:
    done = call()
    assert (done.code, done.err) == (0, "")
    assert "Usage: spotgpu" in done.out
    done = call("track", "--diameter", 9, "--search-range", 5, "-o", "x")
    assert done.code == 2
    assert done.err.startswith("error: Missing argument 'MOVIE'")


def test_terminal_without_micro_sign(movie: Path, options: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "track", str(movie), *options, "-o", str(tmp_path / "out")],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert b" ?m?/s" in done.stdout


def test_full_disk_in_demo(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [*PROGRAM, "demo", "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=small_files,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: could not write {tmp_path / 'out'}: ")
    assert "make room on the disk" in last
    assert list(tmp_path.iterdir()) == []


#: Ends itself while it writes the results, and says what is left.
WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from spotgpu.pipeline import TrackResult
from spotgpu.cli import main

def write_files(self, folder, csv=False):
    (folder / "spots.csv").write_text("half")
    os.kill(os.getpid(), signal.{name})

TrackResult.write_files = write_files
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_end_by_a_signal_leaves_nothing_half(
    movie: Path, options: list[str], tmp_path: Path, name: str, code: int
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", WHILE_WRITING.format(name=name)),
            *("track", str(movie), *options, "-o", str(tmp_path / "out")),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # A shell may have started this with the signals ignored.
        preexec_fn=lambda: signal.signal(getattr(signal, name), reset(name)),
    )
    assert done.returncode == code
    ended = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert done.stderr.splitlines()[-1] == f"error: {ended}"
    assert "Traceback" not in done.stderr
    kept = tmp_path / "out.unfinished"
    assert f"note: the spots of 30 frames are kept in {kept}: " in done.stderr
    assert list(tmp_path.iterdir()) == [kept]
    assert {path.name for path in kept.iterdir()} == {"manifest.json", "spots"}
    found = [path.name for path in (kept / "spots").iterdir()]
    assert found == ["000000000000-000000000030.parquet"]


def reset(name: str) -> Any:
    return signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
