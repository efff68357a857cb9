"""Ctrl-C in a process of its own: whole files only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import imagecodecs
import pytest

ROOT = Path(__file__).parents[2]
#: A movie without an end.
RUN = """
import itertools, sys, time
import numpy as np
from spotgpu import pathlines

def frames():
    rng = np.random.default_rng(0)
    for t in itertools.count():
        time.sleep(0.002)
        yield rng.integers(0, 255, (64, 64), np.uint8)

print("ready", flush=True)
pathlines.save_streamlines(pathlines.streamlines(frames(), 3), sys.argv[1])
"""


@pytest.mark.parametrize("name", ["folder", "m.tif", "m.mp4", "m.gif"])
def test_ctrl_c(tmp_path: Path, name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN, tmp_path / name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        watched = tmp_path / name if name == "folder" else tmp_path
        for _ in range(2000):
            if watched.is_dir() and len(list(watched.iterdir())) >= (20 if name == "folder" else 1):
                break
            time.sleep(0.01)
        time.sleep(0.3)
        program.send_signal(signal.SIGINT)
        assert program.wait(20) in {-signal.SIGINT, 130}
        assert b"KeyboardInterrupt" in program.stderr.read()
    if name != "folder":
        assert list(tmp_path.iterdir()) == []
        return
    files = list((tmp_path / name).iterdir())
    assert len(files) >= 20
    for file in files:
        assert file.suffix == ".png"
        assert imagecodecs.png_decode(file.read_bytes()).shape == (64, 64)
