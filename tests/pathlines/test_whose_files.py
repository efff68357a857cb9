"""Images are called after the movie's files, and never replace them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

import spotgpu as sg
from spotgpu.pathlines import save_streamlines, streamlines

ENDING = "_streamlines_frames2.png"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.fixture
def pngs(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> Path:
    """Return a folder that is a movie, with names as of images of pathlines."""
    folder = tmp_path / "movie"
    folder.mkdir()
    for t, frame in enumerate(random_frames(6, 4, 5)):
        (folder / f"{t}.png").write_bytes(imagecodecs.png_encode(frame))
        if t < 4:
            continue
        (folder / f"{t}.png").rename(folder / f"{t - 4}{ENDING}")
    return folder


def sources(folder: Path) -> Iterator[Any]:
    yield folder
    yield str(folder / "*.png")
    yield sorted(folder.iterdir())
    with sg.open(folder) as movie:
        yield movie
        yield movie[1:]
        yield streamlines(movie, 2)


def test_folder_of_the_movie(pngs: Path, tmp_path: Path) -> None:
    before = contents(tmp_path)
    (tmp_path / "link").symlink_to(pngs)
    for source in sources(pngs):
        images = streamlines(source, 2)
        for output in (pngs, tmp_path, tmp_path / "link"):
            with pytest.raises(ValueError, match="`output` must not be the folder of the input"):
                save_streamlines(images, output, overwrite=True)
    (tmp_path / "link").unlink()
    assert contents(tmp_path) == before


def test_one_of_several_files(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    for name in ("a.tif", "b.tif"):
        tifffile.imwrite(tmp_path / name, random_frames(7, 6, 5), metadata={"axes": "TYX"})
    before = contents(tmp_path)
    with sg.open([tmp_path / "a.tif", tmp_path / "b.tif"]) as movie:
        for source in (movie, movie[:3], tmp_path):
            with pytest.raises(ValueError, match="`output` must be another file than the movie"):
                save_streamlines(streamlines(source, 2), tmp_path / "b.tif", overwrite=True)
    assert contents(tmp_path) == before


def test_arrays_that_lie_in_files(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    frames = random_frames(6, 4, 5)
    tifffile.imwrite(tmp_path / "m.tif", frames, metadata={"axes": "TYX"})
    mapped = tifffile.memmap(tmp_path / "m.tif", mode="r")
    array = zarr.create_array(tmp_path / "c.zarr", shape=frames.shape, chunks=(2, 4, 5), dtype="u1")
    array[:] = frames
    before = contents(tmp_path)
    for source in (mapped, sg.open(mapped[1:])):
        with pytest.raises(ValueError, match="`output` must be another file than the movie"):
            save_streamlines(streamlines(source, 2), tmp_path / "m.tif", overwrite=True)
    for source in (array, tmp_path / "c.zarr", sg.open(tmp_path / "c.zarr")):
        with pytest.raises(ValueError, match="`output` must not be the folder of the input"):
            save_streamlines(streamlines(source, 2), tmp_path / "c.zarr", overwrite=True)
    assert contents(tmp_path) == before


def test_other_folders_are_fine(pngs: Path, tmp_path: Path) -> None:
    for output in (pngs / "inside", tmp_path / "beside"):
        for _ in range(2):
            assert len(save_streamlines(streamlines(pngs, 2), output, overwrite=True)) == 5


def names(source: Any) -> list[str]:
    return [name.removesuffix(ENDING) for name in streamlines(source, 2).names]


def test_names_of_chosen_frames(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    frames = random_frames(6, 4, 5)
    tifffile.imwrite(tmp_path / "m.tif", frames, metadata={"axes": "TYX"})
    with sg.open(tmp_path / "m.tif") as movie:
        assert names(movie[3:]) == ["m_00003", "m_00004"]
        assert names(movie[[5, 0, 2]]) == ["m_00005", "m_00000"]
        # Two images must not have one name.
        assert names(movie[[4, 4, 2]]) == ["m_00000", "m_00001"]
        one = streamlines(movie[3:4], 1).names
        assert one == ["m_00003_streamlines_frames1.png"]
    assert names(sg.open(frames)[2::2]) == ["frame_00002"]


def test_names_of_several_files_and_stores(
    random_frames: Callable[..., np.ndarray], folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    frames = random_frames(6, 4, 5)
    folder = folder_of(frames)
    with sg.open(folder) as movie:
        assert names(movie) == [f"f{t:02d}" for t in range(5)]
        assert names(movie[[5, 2, 3]]) == ["f05", "f02"]
    array = zarr.create_array(tmp_path / "c.zarr", shape=frames.shape, chunks=(2, 4, 5), dtype="u1")
    array[:] = frames
    for source in (array, tmp_path / "c.zarr"):
        assert names(source)[:2] == ["c_00000", "c_00001"]
    parts = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for path in parts:
        tifffile.imwrite(path, frames, metadata={"axes": "TYX"})
    assert names(parts)[5:7] == ["frame_00005", "frame_00006"]
