"""`track` of volumes of one plane gives what the planes give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from walking_spots import draw, grid_of, walk

import spotgpu as sg
from spotgpu.checks import long_axes
from spotgpu.pipeline import Silent, TrackResult

SHAPE = (96, 80)


@pytest.fixture(scope="module")
def planes() -> np.ndarray:
    """Return 10 frames with spots that walk."""
    noise = np.random.default_rng(1).integers(0, 6, (10, *SHAPE), dtype=np.uint8)
    return np.stack([draw(SHAPE, at) for at in walk(10, grid_of(SHAPE, 24), 0.7)]) + noise


@pytest.fixture(scope="module")
def volumes(planes: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an ImageJ TIFF of volumes of one plane: 2 µm from plane to plane, pixels of 0.2 µm."""
    path = tmp_path_factory.mktemp("one") / "beads.tif"
    told = {"axes": "TZYX", "unit": "um", "spacing": 2.0, "finterval": 0.5}
    tifffile.imwrite(path, planes[:, None], imagej=True, resolution=(5, 5), metadata=told)
    return path


@pytest.fixture(scope="module")
def flat(planes: np.ndarray) -> TrackResult:
    return run(planes, (9, 7), (4, 5), pixel_size_um=(0.2, 0.2), fps=2)


def run(source: Any, diameter: Any, search_range: Any, **options: Any) -> TrackResult:
    more = {"minmass": 300, "min_length": 5, "progress": Silent(), "processes": 1}
    return sg.track(source, diameter, search_range, **more, **options)


def assert_same(result: TrackResult, expected: TrackResult) -> None:
    assert expected.n_tracks > 8
    assert expected.diffusion is not None
    for name in ("spots", "tracks", "particles"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(expected, name))
    assert result.diffusion == expected.diffusion
    assert result.warnings == expected.warnings
    assert result.calibration == expected.calibration


@pytest.mark.parametrize(
    ("diameter", "search_range", "more"),
    [
        ((9, 7), (4, 5), {}),
        ((3, 9, 7), (1, 4, 5), {"noise_size": (1, 1, 1), "separation": (2, 10, 8)}),
        ((9, 7), [9, 4, 5], {"noise_size": (1, 1), "smoothing_size": (9, 7)}),
        ((3, 9, 7), (4, 5), {"pixel_size_um": (2, 0.2, 0.2)}),
        ((9, 7), (4, 5), {"pixel_size_um": (0.2, 0.2)}),
        ((9, 7), (4, 5), {"pixel_size_um": 0.2}),
    ],
)
def test_same_as_the_planes(
    volumes: Path, flat: TrackResult, diameter: Any, search_range: Any, more: dict[str, Any]
) -> None:
    assert sg.open(volumes, axes="TZCYX").frame_shape == (1, *SHAPE)
    assert_same(run(volumes, diameter, search_range, axes="TZCYX", **more), flat)


@pytest.mark.parametrize("processes", [1, 2])
def test_to_a_folder(volumes: Path, flat: TrackResult, processes: int, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = {"minmass": 300, "min_length": 5, "progress": Silent(), "axes": "TZCYX"}
    result = sg.track(volumes, (3, 9, 7), (1, 4, 5), processes=processes, output=output, **options)
    assert_same(result, flat)
    # The options are those that were given, with which the run can be repeated.
    told = json.loads((output / "run.json").read_text())
    assert told["parameters"]["search_range"] == [1, 4, 5]
    assert told["calibration"]["pixel_size_um"] == pytest.approx([0.2, 0.2])
    assert (output / "report.html").is_file()


def test_wrong_number_of_values(volumes: Path) -> None:
    for wrong in ((1, 2, 4, 5), (4,)):
        with pytest.raises(ValueError, match="`search_range` must be one value or 2"):
            run(volumes, 9, wrong, axes="TZCYX")
        with pytest.raises(ValueError, match="`pixel_size_um` must be one value or 2"):
            run(volumes, 9, 5, axes="TZCYX", pixel_size_um=wrong)


def test_table_of_spots_goes_on(volumes: Path, tmp_path: Path) -> None:
    """Its pixel size has the axes that its positions have."""
    spots = sg.batch(volumes, 9, minmass=300)
    assert spots.attrs["pixel_size_um"] == pytest.approx([0.2, 0.2])
    spots = sg.batch(sg.open(volumes, axes="TZCYX"), 9, minmass=300)
    assert spots.attrs["pixel_size_um"] == pytest.approx([0.2, 0.2])


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        ((1, 2, 3), (1, 8, 9), (2, 3)),
        ([1, 2, 3], (7, 8, 9), [1, 2, 3]),
        ((2, 3), (1, 8, 9), (2, 3)),
        (5, (1, 8, 9), 5),
        (None, (1, 8, 9), None),
        ((1, 2, 3, 4), (1, 8, 9), (1, 2, 3, 4)),
        ("123", (1, 8, 9), "123"),
    ],
)
def test_by_hand(value: Any, shape: tuple[int, ...], expected: Any) -> None:
    assert long_axes(value, shape) == expected
