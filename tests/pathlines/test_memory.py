"""Memory does not grow with the movie."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: In a process of its own: what a short movie takes, then by how much a long one takes more.
RUN = """
import sys, tempfile
from pathlib import Path
import numpy as np
from spotgpu import pathlines

class Made:
    def __init__(self, length):
        self.length = length
        self.noise = np.random.default_rng(0).integers(0, 255, (7, 256, 256), np.uint8)
    def __len__(self):
        return self.length
    def __getitem__(self, t):
        return self.noise[t % 7].copy()

def run(length):
    movie = Made(length) if sys.argv[1] == "sized" else (Made(length)[t] for t in range(length))
    options = eval(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        pathlines.save_streamlines(
            pathlines.streamlines(movie, 10, **options), Path(folder) / sys.argv[3]
        )

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

for _ in range(2):
    run(1200)  # compiled loops, and what the threads' allocators keep
before = peak()
run(3600)
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("kind", "options", "output"),
    [
        ("sized", {"subtract_median": True}, "folder"),
        ("stream", {"color_series": True}, "folder"),
        ("sized", {"take_diff": True, "normalize": "movie"}, "movie.tif"),
        ("stream", {}, "movie.tif"),
    ],
)
@pytest.mark.slow
def test_memory(kind: str, options: dict[str, object], output: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, kind, repr(options), output],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    # 2,400 frames more are 150 MB.
    assert float(done.stdout) < 40
