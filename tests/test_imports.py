"""Spotgpu without cupy, and cupy without being asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

WITHOUT = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"cupy", "cupyx", "cupy_backends"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nowhere())
"""
WORK = """
import numpy as np
import spotgpu as sg
rng = np.random.default_rng(0)
movie = rng.integers(0, 9, (3, 64, 64), np.uint8)
movie[:, 20:23, 20:23] = movie[:, 40:43, 30:33] = 200
spots = [sg.locate(frame, 7).assign(frame=i) for i, frame in enumerate(movie)]
import pandas as pd
tracks = sg.link(pd.concat(spots, ignore_index=True), 5)
assert tracks["particle"].nunique() >= 2
assert len(sg.imsd(tracks, 1, 1)) > 0
"""
LOADED = """
import sys
print(sorted({name.split(".")[0] for name in sys.modules} & {"cupy", "zarr", "networkx", "geff"}))
"""


def loaded(code: str) -> str:
    """Run a text in a process of its own; return what it has imported of what starts late."""
    command = [sys.executable, "-c", code + LOADED]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_works_without_cupy() -> None:
    assert loaded(WITHOUT + WORK) == "[]"


@pytest.mark.parametrize(
    "code",
    ["import spotgpu", "import spotgpu.cli", "import spotgpu as sg; sg.locate, sg.link, sg.imsd"],
)
def test_start_imports_no_cupy(code: str) -> None:
    # zarr imports cupy where it is installed.
    assert loaded(code) == "[]"


def test_the_cpu_needs_no_cupy() -> None:
    assert loaded(WORK) == "[]"
