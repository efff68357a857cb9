"""Which files a movie lies in, and where each frame comes from."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from spotgpu.io import files_of, open, origins

FRAMES = np.arange(6 * 4 * 5, dtype=np.uint8).reshape(6, 4, 5)


def test_one_file(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "m.tif", FRAMES, metadata={"axes": "TYX"})
    np.save(tmp_path / "m.npy", FRAMES)
    for path in (tmp_path / "m.tif", tmp_path / "m.npy"):
        for movie in (open(path), open([path]), open(path)[4:1:-2]):
            assert files_of(movie) == [path]
        assert origins(open(path)[4:1:-2]) == [(path, 4, False), (path, 2, False)]


def test_several_files(tmp_path: Path) -> None:
    paths = [tmp_path / f"{t}.tif" for t in range(6)]
    for path, frame in zip(paths, FRAMES, strict=True):
        tifffile.imwrite(path, frame)
    for source in (tmp_path, str(tmp_path / "*.tif"), paths):
        assert files_of(open(source)) == paths
    assert files_of(open(paths)[[5, 2]]) == paths
    assert origins(open(paths)[[5, 2]]) == [(paths[5], 5, True), (paths[2], 2, True)]
    parts = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for path in parts:
        tifffile.imwrite(path, FRAMES[:2], metadata={"axes": "TYX"})
    assert origins(open(parts)[1:3]) == [(parts[0], 1, False), (parts[1], 2, False)]


def test_one_frame(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "m.tif", FRAMES[0])
    assert origins(open(tmp_path / "m.tif")) == [(tmp_path / "m.tif", 0, True)]


def test_arrays_in_files(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", FRAMES)
    mapped = np.load(tmp_path / "m.npy", mmap_mode="r")
    for source in (mapped, open(mapped), open(mapped[2:]), open(np.asarray(mapped)[:3])):
        assert files_of(source) == [tmp_path / "m.npy"]
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    array = group.create_array("a", shape=FRAMES.shape, chunks=(2, 4, 5), dtype="u1")
    array[:] = FRAMES
    for source in (array, open(array), open(tmp_path / "g.zarr"), open(tmp_path / "g.zarr" / "a")):
        assert files_of(source) == [tmp_path / "g.zarr"]
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["a"] = FRAMES
        assert files_of(open(file["a"])) == [tmp_path / "m.h5"]


def test_memory() -> None:
    for source in (FRAMES, list(FRAMES), open(FRAMES), open(frame for frame in FRAMES), 3):
        assert files_of(source) == []
    assert origins(open(FRAMES)[[3, 3]]) == [(None, 3, False)] * 2
    with pytest.raises(TypeError, match="not known"):
        origins(open(frame for frame in FRAMES))
