"""Exit codes and messages."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

PROGRAM = [sys.executable, "-m", "spotgpu"]


def one_line(text: str) -> bool:
    return text.startswith("error: ") and text.count("\n") == 1 and text.endswith("\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--diameter", "8"], "--diameter must be an odd integer"),
        (["--diameter", "9,x"], "Invalid value for '--diameter'"),
        (["--diameter", "5,9,9"], "--diameter"),
        (["--minmass", "-1"], "--minmass must be"),
        (["--minmass", "nan"], "--minmass must be"),
        (["--minmass", "many"], "Invalid value for '--minmass'"),
        (["--threshold", "-0.5"], "--threshold must be"),
        (["--search-range", "0"], "--search-range must be"),
        (["--search-range", "5,5,5"], "--search-range must be"),
        (["--memory", "-1"], "--memory must be"),
        (["--min-length", "0"], "--min-length must be"),
        (["--fps", "0"], "--fps must be"),
        (["--pixel-size", "-0.1"], "--pixel-size must be"),
        (["--confidence", "1"], "--confidence must be"),
        (["--max-lagtime", "0"], "--max-lagtime must be"),
        (["--processes", "few"], "Invalid value for '--processes'"),
        (["--size", "3"], "No such option"),
    ],
)
def test_bad_options(
    call: Callable[..., Any],
    movie: Path,
    options: list[str],
    tmp_path: Path,
    change: list[str],
    message: str,
) -> None:
    done = call("track", movie, *options, "-o", tmp_path / "out", *change)
    assert done.code == 2
    assert one_line(done.err)
    assert message in done.err
    assert not (tmp_path / "out").exists()


def write(path: Path, kind: str) -> None:
    """Make a file that is no good movie."""
    rng = np.random.default_rng(0)
    if kind == "text":
        path.write_text("no image")
    elif kind == "nan":
        image = rng.random((3, 32, 32)).astype(np.float32)
        image[2, 5, 6] = np.nan
        tifffile.imwrite(path, image, photometric="minisblack", metadata={"axes": "TYX"})
    elif kind == "colour":
        tifffile.imwrite(path, np.zeros((32, 32, 3), np.uint8), photometric="rgb")
    elif kind == "complex":
        tifffile.imwrite(path, np.zeros((3, 32, 32), np.complex64), photometric="minisblack")
    elif kind == "truncated":
        image = rng.integers(0, 255, (40, 64, 64), np.uint8)
        tifffile.imwrite(path, image, photometric="minisblack", metadata={"axes": "TYX"})
        path.write_bytes(path.read_bytes()[:100_000])


@pytest.mark.parametrize(
    ("kind", "codes", "named"),
    [
        ("missing", {2}, "movie.tif"),
        ("text", {1, 2}, "movie.tif"),
        ("nan", {2}, "frame 2"),
        ("colour", {2}, ""),
        ("complex", {2}, ""),
        ("truncated", {1}, "movie.tif"),
    ],
)
def test_bad_movies(
    call: Callable[..., Any], tmp_path: Path, kind: str, codes: set[int], named: str
) -> None:
    write(tmp_path / "movie.tif", kind)
    for processes in (1, 2):
        done = call(
            *("track", tmp_path / "movie.tif", "--diameter", 5, "--search-range", 3),
            *("--processes", processes, "-o", tmp_path / "out"),
        )
        assert done.code in codes
        assert "error: " in done.err.splitlines()[-1]
        assert named in done.err
        assert not (tmp_path / "out").exists()


def test_outputs_that_exist(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("x")
    for more in ([], ["--overwrite"]):
        done = call("track", movie, *options, "-o", tmp_path / "out", *more)
        assert done.code == 2
        assert one_line(done.err)
        assert str(tmp_path / "out") in done.err
    assert (tmp_path / "out" / "precious").read_text() == "x"
    (tmp_path / "spots.csv").write_text("x")
    arguments = ("locate", movie, "--diameter", 9, "-o", tmp_path / "spots.csv")
    assert call(*arguments).code == 2
    assert (tmp_path / "spots.csv").read_text() == "x"
    assert call(*arguments, "--overwrite").code == 0


def test_overwrite_replaces_an_earlier_run(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    arguments = ("track", movie, *options, "-o", tmp_path / "out")
    assert call(*arguments).code == 0
    done = call(*arguments)
    assert done.code == 0
    assert done.out == f"Finished before, with this movie and these options: {tmp_path / 'out'}\n"
    done = call(*arguments, "--minmass", 310)
    assert done.code == 2
    assert one_line(done.err)
    assert "the results of another run (minmass: 300 then, 310 now): choose another" in done.err
    (tmp_path / "out" / "spots.csv").write_text("x")
    assert call(*arguments, "--overwrite").code == 0
    assert not (tmp_path / "out" / "spots.csv").exists()
    (tmp_path / "out" / "notes").write_text("x")
    for command in (arguments, ("demo", "-o", tmp_path / "out")):
        done = call(*command, "--overwrite")
        assert done.code == 2
        assert one_line(done.err)
        assert "with notes: move it elsewhere" in done.err


def test_input_is_never_replaced(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert call("track", movie, *options, "-o", out).code == 0
    mine = out / "movie.tif"
    shutil.copy(movie, mine)
    for source in (mine, out / "*.tif", out):
        done = call("track", source, *options, "-o", out, "--overwrite")
        assert done.code == 2
        assert "--output must not be the folder of the input" in done.err
        assert mine.read_bytes() == movie.read_bytes()
    spots = out / "spots.parquet"
    before = spots.read_bytes()
    done = call("link", spots, "--search-range", 5, "-o", spots, "--overwrite")
    assert done.code == 2
    assert "--output must be another file than the input" in done.err
    assert spots.read_bytes() == before


def test_unwritable_place_is_noticed_first(
    call: Callable[..., Any], movie: Path, options: list[str], tmp_path: Path
) -> None:
    done = call("track", movie, *options, "-o", "/proc/results")
    assert done.code == 1
    assert one_line(done.err)
    (tmp_path / "file").write_text("x")
    done = call("locate", movie, "--diameter", 9, "-o", tmp_path / "file" / "spots.csv")
    assert done.code == 2
    assert one_line(done.err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["link", "none.parquet", "--search-range", "5", "-o", "t.csv"], "does not exist"),
        (["link", "bad.csv", "--search-range", "5", "-o", "t.csv"], "must have the column(s)"),
        (["link", "words.csv", "--search-range", "5", "-o", "t.csv"], "numbers in the column y"),
        (["link", "bad.csv", "--search-range", "5", "-o", "t.xls"], "must end in"),
        (["msd", "bad.csv", "-o", "m.csv"], "must have the column(s)"),
        (["track"], "Missing"),
        (["frobnicate"], "No such command"),
    ],
)
def test_bad_usage(
    call: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    (tmp_path / "words.csv").write_text("frame,y,x\n0,high,1\n")
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert done.code == 2
    assert message in done.err
    assert done.err.splitlines()[-1].startswith("error: ")


def test_full_disk(movie: Path, options: list[str], tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [*PROGRAM, "track", str(movie), *options, "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=small_files,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: could not write {tmp_path / 'out'}")
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def wait_until_open(path: Path, pid: int) -> None:
    """Wait for a process to have opened a file."""
    for _ in range(600):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if link.readlink() == path:
                    return
        time.sleep(0.05)
    raise TimeoutError(path)


def test_interrupt(frames: np.ndarray, options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "long.tif"
    with tifffile.TiffWriter(path) as file:
        for _ in range(400):
            file.write(np.tile(frames[0], (4, 4)), contiguous=True)
    with subprocess.Popen(
        [*PROGRAM, "track", str(path), *options, "--axes", "TYX", "-o", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until_open(path, process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.rstrip().endswith("error: interrupted")
    left = {p.name for p in tmp_path.iterdir()}
    assert left in ({"long.tif"}, {"long.tif", "out.unfinished"})
    assert ("the same command goes on from there" in errors) == ("out.unfinished" in left)


def test_module_and_debug(tmp_path: Path) -> None:
    command = [*PROGRAM, "--debug", "track", "none.tif", "--diameter", "9", "--search-range", "3"]
    done = subprocess.run(
        [*command, "-o", "out"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Traceback" in done.stderr
