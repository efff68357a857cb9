"""`track` of volumes that do not fit the memory they may take: the same tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr
from walking_spots import draw, grid_of, walk

import spotgpu as sg
from spotgpu.pipeline import Silent, cluster
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._picture import picture

SHAPE = (40, 64, 64)
OPTIONS = {"minmass": 100, "min_length": 3, "max_iterations": 4, "progress": Silent()}
#: Far less than the 10 MB that such a volume takes in one piece.
BUDGET = 0.002


@pytest.fixture(scope="module")
def volumes() -> np.ndarray:
    """Return five volumes with spots that walk."""
    paths = walk(5, grid_of(SHAPE, 13), 0.4)
    noise = np.random.default_rng(0).integers(0, 6, (5, *SHAPE), dtype=np.uint16)
    return np.stack([draw(SHAPE, at, sigma=1.5) for at in paths]).astype(np.uint16) + noise


@pytest.fixture(scope="module")
def movies(volumes: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the same movie as Zarr, TIFF and array."""
    folder = tmp_path_factory.mktemp("volumes")
    stored = zarr.create_array(
        folder / "movie.zarr", shape=volumes.shape, chunks=(1, 8, 32, 32), dtype=volumes.dtype
    )
    stored[:] = volumes
    tifffile.imwrite(folder / "movie.tif", volumes, imagej=True, metadata={"axes": "TZYX"})
    return {"zarr": folder / "movie.zarr", "tiff": folder / "movie.tif", "array": volumes}


@pytest.mark.parametrize("kind", ["zarr", "tiff", "array"])
@pytest.mark.parametrize("processes", [1, 2])
def test_same_tables(movies: dict[str, Any], kind: str, processes: int, tmp_path: Path) -> None:
    whole = sg.track(movies["array"], (5, 7, 7), 3, **OPTIONS)
    assert whole.n_tracks > 30
    movie = movies[kind]
    result = sg.track(
        movie,
        (5, 7, 7),
        3,
        axes="TZYX",
        max_gb=BUDGET,
        processes=processes,
        output=tmp_path / "out",
        **OPTIONS,
    )
    pd.testing.assert_frame_equal(result.spots, whole.spots)
    pd.testing.assert_frame_equal(result.tracks, whole.tracks)
    # The report shows the maximum along z; of what fits, the volume itself is kept.
    np.testing.assert_array_equal(result.image, whole.image.max(axis=0))
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("kind", ["zarr", "tiff", "array"])
@pytest.mark.parametrize("most", [40_000, 80_000, 10**6])
def test_picture_is_read_in_blocks(
    movies: dict[str, Any], kind: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pixel once; a block has whole chunks, and a quarter of the memory or one chunk."""
    movie = sg.open(movies[kind], axes="TZYX")
    frame = movie.lazy(1)
    expected, times = movie[1].max(axis=0), np.zeros(SHAPE, int)
    largest = max(most // 4, int(np.prod(frame.chunks)) * 2)
    parts = 0
    read = sg.io.LazyFrame.__getitem__

    def seen(self: sg.io.LazyFrame, where: Any) -> Any:
        nonlocal parts
        block = read(self, where)
        assert block.nbytes <= largest
        assert all(part.start % side == 0 for part, side in zip(where, frame.chunks, strict=True))
        times[where] += 1
        parts += 1
        return block

    monkeypatch.setattr(sg.io.LazyFrame, "__getitem__", seen)
    np.testing.assert_array_equal(picture(frame, most), expected)
    assert (times == 1).all()
    # Chunks of a pixel or a row do not make as many blocks.
    assert parts <= 8 * SHAPE[0] * SHAPE[1] * SHAPE[2] // largest


def test_picture_of_a_plane_and_of_odd_sides() -> None:
    frames = np.random.default_rng(2).normal(size=(2, 7, 101, 67))
    frames[1, 3, 50, 60] = np.nan
    volume = sg.open(frames).lazy(1)
    np.testing.assert_array_equal(picture(volume, 2 * 8 * 101 * 67), frames[1].max(axis=0))
    plane = sg.open(frames[:, 2]).lazy(0)
    np.testing.assert_array_equal(picture(plane, 2 * 8 * 101 * 67), frames[0, 2])
    for frame in (volume, plane):
        assert picture(frame, 2 * 8 * 101 * 67 - 1).shape == (0, 0)


def test_report_without_a_picture(
    movies: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plane that takes too much is not read as a whole; tracks are drawn without it."""

    def small(frame: sg.io.LazyFrame, most: int) -> np.ndarray:
        assert most == BUDGET * 1e9
        return picture(frame, 1000)

    monkeypatch.setattr("spotgpu.pipeline._frames.picture", small)
    output = tmp_path / "out"
    options = {"axes": "TZYX", "max_gb": BUDGET, "processes": 1, "output": output}
    result = sg.track(movies["zarr"], (5, 7, 7), 3, **options, **OPTIONS)
    assert result.image.size == 0
    text = (output / "report.html").read_text(encoding="utf-8")
    assert "<strong>Spots.</strong>" not in text
    assert f"<strong>Trajectories.</strong> All {result.n_tracks} tracks; a plane" in text
    assert "<strong>Mass.</strong>" in text


def test_table_of_spots(movies: dict[str, Any], tmp_path: Path) -> None:
    from spotgpu.pipeline import locate_file

    options = {"minmass": 100, "max_iterations": 4, "progress": Silent()}
    for name, most in (("whole", None), ("tiles", BUDGET)):
        locate_file(
            movies["zarr"], tmp_path / f"{name}.csv", (5, 7, 7), axes="TZYX", max_gb=most, **options
        )
    assert (tmp_path / "tiles.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_too_little(movies: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(sg.SpotgpuError, match="too few for windows that reach"):
        sg.track(movies["zarr"], (5, 7, 7), 3, axes="TZYX", max_gb=1e-6, **OPTIONS)
    with pytest.raises(ValueError, match="`max_gb`"):
        sg.track(movies["zarr"], (5, 7, 7), 3, max_gb=0)


def test_budget() -> None:
    assert frame_budget(1.5, 4) == 1_500_000_000
    assert frame_budget(None, 4) == pytest.approx(frame_budget(None, 1) / 4, rel=1e-6)


def test_budget_of_a_worker() -> None:
    with cluster("local:2") as client:
        limits = [told["memory_limit"] for told in client.scheduler_info()["workers"].values()]
        # Whatever shares the caller's machine: a worker knows what it may have.
        assert client.submit(frame_budget, None, 8).result() == limits[0] // 2
        assert client.submit(frame_budget, 1.5, 8).result() == 1_500_000_000
