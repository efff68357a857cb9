"""The examples of flowtrace's documentation run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

#: With the import changed, as `compat` says.
EXAMPLES = """
from spotgpu.compat.flowtrace import flowtrace
flowtrace('sample_data',30,'sample_output/')
flowtrace('sample_data',30,'sample_output/',subtract_median=True)
flowtrace('sample_data',30,'sample_output/',color_series=True)
flowtrace('sample_data',30,'sample_output/',max_cores=2)
flowtrace('sample_data', 30, 'sample_output/', use_parallel=False)
"""


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 200, (40, 12, 16), dtype=np.uint8)
    (tmp_path / "sample_data").mkdir()
    for i, frame in enumerate(frames):
        tifffile.imwrite(tmp_path / "sample_data" / f"frame{i:03d}.tif", frame)
    monkeypatch.chdir(tmp_path)
    return frames


@pytest.mark.parametrize("line", EXAMPLES.strip().splitlines()[1:])
def test_documented_examples(sample: np.ndarray, line: str) -> None:
    header = EXAMPLES.strip().splitlines()[0]
    exec(f"{header}\n{line}", {})  # noqa: S102
    files = sorted(Path("sample_output").iterdir())
    assert [file.name for file in files] == [
        f"frame{i:03d}_streamlines_frames30.png" for i in range(10)
    ]
    first = imagecodecs.png_decode(files[0].read_bytes())
    window = sample[:30].astype(float)
    if "median" in line:
        window -= np.median(window, axis=0)
    if "color" in line:
        assert first.shape == (12, 16, 3)
        return
    merged = window.max(axis=0)
    np.testing.assert_array_equal(first, (merged * (255.0 / merged.max()) + 0.5).astype(np.uint8))


def test_beside_the_images(sample: np.ndarray) -> None:
    """The names of all arguments, and their defaults."""
    from spotgpu.compat.flowtrace import flowtrace

    flowtrace(imagedir="sample_data", frames_to_merge=3, frames_to_skip=10)
    found = sorted(file.name for file in Path("sample_data").iterdir() if file.suffix == ".png")
    assert found == ["frame000_streamlines_frames3.png"]
    assert all(re.fullmatch(r"frame\d\d\d\.tif", p.name) for p in Path("sample_data").glob("*.tif"))
    assert len(sample) == len(list(Path("sample_data").glob("*.tif")))
