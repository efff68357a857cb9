"""Names of files are bytes: `track` takes movies whose names are no UTF-8."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

import spotgpu as sg
from spotgpu import io
from spotgpu.cli import main
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import FinishedError, Silent
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._json import json_text

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode elsewhere")

OPTIONS: dict[str, Any] = {
    "minmass": 300,
    "min_length": 3,
    "memory": 1,
    "processes": 1,
    "progress": Silent(),
}
NAME = os.fsdecode(b"caf\xe9 \xff.tif")


@pytest.fixture
def path(movie: np.ndarray, tmp_path: Path) -> Path:
    tifffile.imwrite(tmp_path / "plain.tif", movie, photometric="minisblack")
    return (tmp_path / "plain.tif").rename(tmp_path / NAME)


def test_track(path: Path, movie: np.ndarray, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = sg.track(path, 9, 5, output=output, **OPTIONS)
    pd.testing.assert_frame_equal(result.tracks, sg.track(movie, 9, 5, **OPTIONS).tracks)
    told = json.loads((output / "run.json").read_bytes())
    assert told["input"]["path"] == str(path)
    assert os.fsencode(told["input"]["path"]).endswith(b"caf\xe9 \xff.tif")
    report = (output / "report.html").read_text(encoding="utf-8")
    assert "caf\\udce9 \\udcff.tif" in report
    # What was read back is the same input.
    with pytest.raises(FinishedError):
        sg.track(path, 9, 5, output=output, **OPTIONS)


def test_run_json_repeats_the_run(path: Path, tmp_path: Path) -> None:
    arguments = ["--diameter", "9", "--search-range", "5", "--minmass", "300"]
    arguments += ["--min-length", "3"]
    assert main(["track", str(path), *arguments, "-o", str(tmp_path / "out")]) == 0
    config = str(tmp_path / "out" / "run.json")
    assert main(["track", "--config", config, "-o", str(tmp_path / "again")]) == 0
    first, again = (pd.read_parquet(tmp_path / n / "tracks.parquet") for n in ("out", "again"))
    assert len(first) > 0
    pd.testing.assert_frame_equal(first, again)


def test_goes_on_after_an_end(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: list[int]
) -> None:
    """The manifest in the unfinished folder is read again."""
    rows = FrameLocator.rows

    def breaks(self: FrameLocator, image: object, number: int) -> Any:
        if number == 9:
            raise SpotgpuError("the disk went away")
        return rows(self, image, number)

    with monkeypatch.context() as patch:
        patch.setattr(FrameLocator, "rows", breaks)
        with pytest.raises(SpotgpuError, match="went away"):
            sg.track(path, 9, 5, output=tmp_path / "out", **OPTIONS)
    del looked_at[:]
    result = sg.track(path, 9, 5, output=tmp_path / "out", **OPTIONS)
    assert result.n_frames == 12
    assert 0 < len(looked_at) < 12


def test_folder_of_results(path: Path, tmp_path: Path) -> None:
    """Tables cannot be written there; that is said before spots are found."""
    with pytest.raises(ValueError, match=r"`output` must have a name in UTF-8, got .*o.udcfe"):
        sg.track(path, 9, 5, output=tmp_path / os.fsdecode(b"o\xfe"), **OPTIONS)


def test_as_json() -> None:
    text = json_text({NAME: [NAME, "café ✓ \U0001f52c"]})
    assert text.encode("utf-8").count("café ✓ \U0001f52c".encode()) == 1
    assert json.loads(text) == {NAME: [NAME, "café ✓ \U0001f52c"]}


def test_fingerprints_tell_names_apart(path: Path) -> None:
    before = io.fingerprint(io.open(path))
    other = path.rename(path.with_name(os.fsdecode(b"caf\xe9 \xfe.tif")))
    now = io.fingerprint(io.open(other))
    assert before["files"]["sha256"] != now["files"]["sha256"]
    assert io.differences(before, now) != []
