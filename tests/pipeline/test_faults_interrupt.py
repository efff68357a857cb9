"""Ctrl-C and the signals that end a process: a clean end, soon, and nothing lost or doubled."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
import tifffile
from faulty import OPTIONS, tables_in, write_movie

import spotgpu as sg
from spotgpu.pipeline import FinishedError
from spotgpu.pipeline._workers import interruptible

PIPELINE = str(Path(sg.__file__).parent / "pipeline")
#: Those with state that an interrupt could leave half done.
MODULES = ("_spot_parts", "_work_folder", "_kept_spots", "_table_store", "_table_feed")


class Interrupt:
    """Raises KeyboardInterrupt at the n-th line that these modules run."""

    def __init__(self, line: int | None, modules: tuple[str, ...] = MODULES) -> None:
        self.line, self.count = line, 0
        self.files = {f"{PIPELINE}/{module}.py" for module in modules}

    def call(self, frame: Any, *_: Any) -> Any:
        return self.run if frame.f_code.co_filename in self.files else None

    def run(self, _frame: Any, event: str, _arg: Any) -> Any:
        self.count += event == "line"
        if event == "line" and self.count == self.line:
            raise KeyboardInterrupt
        return self.run

    @contextmanager
    def __call__(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self.call)
        try:
            yield
        finally:
            sys.settrace(before)


def interrupt_at_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, times: int) -> None:
    faulty.make_small(monkeypatch)
    movie = write_movie(tmp_path / "movie.tif", 30)
    counting = Interrupt(None)
    with counting():
        sg.track(movie, output=tmp_path / "whole", **OPTIONS)
    tables = tables_in(tmp_path / "whole")
    assert len(tables) == 6
    rng = np.random.default_rng(3)
    interrupted, left_more = 0, 0
    for line in rng.integers(1, counting.count, times).tolist():
        home = tmp_path / "results"
        output, work = home / "out", home / "out.unfinished"
        try:
            with Interrupt(line)():
                sg.track(movie, output=output, **OPTIONS)
        except KeyboardInterrupt:
            interrupted += 1
        # Interrupted while it begins or cleans up, it may leave more; nothing at its name.
        assert not output.exists() or tables_in(output) == tables
        if work.exists() and (work / "result").exists():
            left_more += 1
        with suppress(FinishedError):
            sg.track(movie, output=output, **OPTIONS)
        assert tables_in(output) == tables
        assert [path.name for path in home.iterdir()] == ["out"]
        shutil.rmtree(home)
    assert interrupted > 0.8 * times
    assert left_more < 0.2 * times


def test_interrupt_at_any_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    interrupt_at_lines(monkeypatch, tmp_path, 12)


@pytest.mark.slow
def test_interrupt_at_many_lines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    interrupt_at_lines(monkeypatch, tmp_path, 200)


#: Keeps spots every half second, and says what it is at; an analysis never ends.
PROGRAM = """
import sys
from pathlib import Path
from spotgpu.pipeline import _spot_parts, _track_run
from spotgpu.cli import main

_spot_parts.KEEP_S = 0.5
analyse = _track_run.analyse

def endless(*arguments, **options):
    Path(sys.argv[1]).touch()
    while True:
        analyse(*arguments, **{**options, "take": None})

_track_run.analyse = endless
sys.exit(main(sys.argv[2:]))
"""


def reset(name: str) -> None:
    """Undo that a shell may have started this with the signals ignored."""
    handler = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name), handler)


def session_of(pid: int) -> set[int]:
    """Return the processes of a session that are alive."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == pid and fields[0] != "Z":
                found.add(int(path.parent.name))
    return found


def wait_for(path: Path, pattern: str, process: subprocess.Popen[str], least: int = 1) -> None:
    for _ in range(1200):
        if len(list(path.glob(pattern))) >= least:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise TimeoutError(path)


def end_by_signal(name: str, during: str, processes: int, tmp_path: Path) -> None:
    number = getattr(signal, name)
    movie = tmp_path / "movie.tif"
    if during == "locate":
        frame = np.tile(faulty.frames_of(1)[0], (6, 6))
        with tifffile.TiffWriter(movie) as file:
            for _ in range(400):
                file.write(frame, contiguous=True)
    else:
        write_movie(movie)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "analysing"), "track", str(movie)]
    command += ["--diameter", "9", "--search-range", "5", "--processes", str(processes)]
    command += ["--axes", "TYX", "-o", str(tmp_path / "out")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(reset, name),  # noqa: PLW1509 - its threads are idle
    ) as process:
        if during == "locate":
            wait_for(tmp_path, "out.unfinished/spots/*.parquet", process, 2)
        else:
            wait_for(tmp_path, "analysing", process)
        sent = time.perf_counter()
        # A terminal sends to all of them, kill to one.
        if name == "SIGTERM":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=30)
        took = time.perf_counter() - sent
        time.sleep(0.2)
        assert session_of(process.pid) == set()
    assert process.returncode == (130 if name == "SIGINT" else 128 + number), errors
    ended = "interrupted" if name == "SIGINT" else f"ended by {name}"
    kept = tmp_path / "out.unfinished"
    assert errors.splitlines()[-1] == f"error: {ended}"
    assert f"frames are kept in {kept}: the same command goes on from there" in errors
    assert "Traceback" not in errors
    assert {path.name for path in kept.iterdir()} == {"manifest.json", "spots"}
    assert not list(Path("/dev/shm").glob(f"*loky-{process.pid}-*"))  # noqa: S108
    assert took < 2, took


def test_ctrl_c_with_workers(tmp_path: Path) -> None:
    end_by_signal("SIGINT", "locate", 2, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("during", ["locate", "analyse"])
@pytest.mark.parametrize("processes", [1, 2])
def test_signals(name: str, during: str, processes: int, tmp_path: Path) -> None:
    end_by_signal(name, during, processes, tmp_path)


def _numba_is_interrupted() -> None:
    """Raise what comes of Ctrl-C in numba's compiled code."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as cause:
        error = SystemError("returned a result with an exception set")
        error.add_note("kept")
        raise error from cause


def test_interrupt_while_loops_are_compiled() -> None:
    with pytest.raises(KeyboardInterrupt) as told, interruptible():
        _numba_is_interrupted()
    assert told.value.__notes__ == ["kept"]
    with pytest.raises(SystemError), interruptible():
        raise SystemError("of its own")
