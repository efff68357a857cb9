"""The workflow that trackpy users know, as one plain script, with `import spotgpu as tp`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spotgpu.io import save_tiff
from spotgpu.simulate import brownian_motion, movie

BLOCKS = sorted((Path(__file__).parent / "workflow").glob("*.py"))
# µm²/s at 0.16 µm and 0.1 s in 2D; at (0.3, 0.16, 0.16) µm and 1 s in 3D.
D_2D, D_3D = 0.08, 0.01


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Movies of the names that the script opens."""
    where = tmp_path_factory.mktemp("workflow")
    shape = (300, 320)
    for seed, name in enumerate(("particles", "fluorescence_video")):
        tracks = brownian_motion(100, 60, shape, D=D_2D / 0.16**2 * 0.1, margin=10, seed=seed)
        save_tiff(where / f"{name}.tif", movie(tracks, shape, sigma=2.2, signal=150, seed=seed))
    volume = (20, 150, 160)
    per_axis = [D_3D / pixel**2 for pixel in (0.30, 0.16, 0.16)]
    tracks = brownian_motion(50, 25, volume, D=[per_axis] * 25, margin=(5, 8, 8), seed=2)
    slices = movie(tracks, volume, sigma=(1.4, 2.2, 2.2), signal=150, seed=2)
    save_tiff(where / "confocal_3d_timeseries.tif", (plane for stack in slices for plane in stack))
    return where


def test_every_block_runs_and_finds_the_truth(folder: Path) -> None:
    assert len(BLOCKS) == 14
    script = folder / "script.py"
    script.write_text("\n".join(block.read_text() for block in BLOCKS))
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [float(d) for d in re.findall(r"Diffusion coefficient D = ([\d.]+)", done.stdout)]
    # From one movie, then from the other, then in 3D.
    assert found == pytest.approx([D_2D, D_2D, D_3D], rel=0.15)
    written = re.findall(r"(?:Saved|Exported) (\S+\.\w+)(?: and (\S+))?", done.stdout)
    names = {name for pair in written for name in pair if name}
    assert len(names) == 10
    for name in names:
        assert (folder / name).stat().st_size > 0, name
