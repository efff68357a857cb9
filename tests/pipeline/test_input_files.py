"""Where the input of a run lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import spotgpu as sg
from spotgpu.pipeline._track_options import input_files


def test_input_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / f"{t}.tif" for t in range(3)]
    for path in paths:
        tifffile.imwrite(path, np.zeros((4, 5), np.uint8))
    np.save(tmp_path / "m.npy", np.zeros((3, 4, 5)))
    assert input_files(tmp_path) == [tmp_path]
    assert sorted(input_files(str(tmp_path / "*.tif"))) == paths
    assert input_files(sg.open(paths)[:1]) == paths
    assert input_files(np.load(tmp_path / "m.npy", mmap_mode="r")) == [tmp_path / "m.npy"]
    assert input_files(np.zeros((3, 4, 5))) == []
    monkeypatch.chdir(tmp_path)
    assert input_files("m.npy") == [tmp_path / "m.npy"]


def test_a_movie_of_several_files_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text('{"program": "spotgpu"}')
    # A name that a run writes.
    paths = [folder / "movie.tif", tmp_path / "more.tif"]
    for path in paths:
        tifffile.imwrite(path, np.zeros((40, 50), np.uint8))
    with pytest.raises(ValueError, match="must not be the folder of the input"):
        sg.track(sg.open(paths), 7, 3, output=folder, overwrite=True)
    assert paths[0].exists()
