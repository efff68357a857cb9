"""What only shows in a process of its own: scripts, interrupts, memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

HEAD = """
import numpy as np, pandas as pd
from spotgpu.pipeline import batch
y, x = np.mgrid[:64, :64]
one = (200 * np.exp(-((y - 30) ** 2 + (x - 20) ** 2) / 8)).astype(np.uint8)
"""


def script(folder: Path, body: str) -> list[str]:
    """Write a plain script, without a main guard, and return the command to run it."""
    path = folder / "script.py"
    path.write_text(HEAD + textwrap.dedent(body))
    return [sys.executable, "-W", "error", str(path)]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def shared_blocks() -> set[str]:
    return {block.name for block in Path("/dev/shm").iterdir()}  # noqa: S108 - looked at only


def test_plain_script_without_a_main_guard(tmp_path: Path) -> None:
    before = shared_blocks()
    command = script(
        tmp_path,
        """
        movie = [np.roll(one, k, axis=1) for k in range(12)]
        print("started")
        alone, together = (batch(movie, 7, processes=n) for n in (1, 2))
        pd.testing.assert_frame_equal(alone, together)
        print(len(together))
        """,
    )
    done = run(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "started\n12\n", "")
    assert shared_blocks() <= before


def test_failure_in_a_worker_frees_everything(tmp_path: Path) -> None:
    before = shared_blocks()
    command = script(
        tmp_path,
        """
        movie = [one.astype(float) for k in range(40)]
        movie[23] = one * np.nan
        try:
            batch(movie, 7, processes=2)
        except ValueError as error:
            print(error)
        """,
    )
    done = run(command)
    assert done.returncode == 0
    assert done.stdout.startswith("frame 23: `raw_image` must have finite pixels")
    assert done.stderr == ""
    assert shared_blocks() <= before


def test_worker_that_dies_is_an_error(tmp_path: Path) -> None:
    command = script(
        tmp_path,
        """
        import os, signal, subprocess
        def frames():
            for k in range(400):
                if k == 60:
                    workers = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "loky"],
                                             capture_output=True, text=True).stdout.split()
                    os.kill(int(workers[-1]), signal.SIGKILL)
                yield one
        try:
            batch(frames(), 7, processes=2)
        except Exception as error:
            print(type(error).__name__, error)
        """,
    )
    done = run(command)
    assert done.stdout.startswith("WorkerDiedError a worker process died"), done.stderr


def ended(group: int) -> bool:
    """Wait for the last process of a group to be gone."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_interrupt_ends_all_processes(tmp_path: Path) -> None:
    before = shared_blocks()
    command = script(
        tmp_path,
        """
        import time
        def frames():
            for k in range(100000):
                if k == 30:
                    print("running", flush=True)
                yield one
        batch(frames(), 7, processes=2)
        """,
    )
    # A group of its own, which gets the signal as from a terminal.
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert errors.count("Traceback") == 1, errors
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "resource_tracker" not in errors
    assert shared_blocks() <= before
    assert ended(process.pid)


def peak(folder: Path, n_frames: int) -> dict[str, int]:
    """Return bytes: peak above the start, and of the table."""
    command = script(
        folder,
        f"""
        import tracemalloc
        from spotgpu.pipeline import _spot_table
        _spot_table.BLOCK = 500
        def frames(n):
            for k in range(n):
                yield many
        many = np.zeros((64, 64), np.uint8)
        many[8::16, 8::16] = 200
        batch(frames(3), 5, processes=1)
        tracemalloc.start()
        table = batch(frames({n_frames}), 5, processes=1)
        now, top = tracemalloc.get_traced_memory()
        print(top, table.memory_usage(index=False).sum(), len(table))
        """,
    )
    done = run(command)
    assert done.returncode == 0, done.stderr
    top, table, rows = map(int, done.stdout.split())
    assert rows == 16 * n_frames
    return {"top": top, "table": table}


def test_memory_above_the_table_does_not_grow(tmp_path: Path) -> None:
    few, many = peak(tmp_path, 100), peak(tmp_path, 400)
    above = {"few": few["top"] - few["table"], "many": many["top"] - many["table"]}
    assert many["table"] == 4 * few["table"]
    # A second copy of the table would be 380 kB more.
    assert above["many"] < above["few"] + 60_000, above


def test_silent_unless_on_a_terminal(tmp_path: Path) -> None:
    command = script(tmp_path, "batch([one] * 3, 7)")
    done = run(command)
    assert (done.stdout, done.stderr) == ("", "")


def test_bar_on_a_terminal(tmp_path: Path) -> None:
    import pty

    command = script(tmp_path, "batch([one] * 3, 7)")
    parent, child = pty.openpty()
    environment: dict[str, Any] = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen(command, stderr=child, env=environment)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(parent)
    assert process.wait(timeout=60) == 0
    assert re.search(rb"locate.*3/3", shown)
