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
