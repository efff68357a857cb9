"""`streamlines` and `flowtrace` with kernels: the images of the CPU."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tifffile

from spotgpu.pathlines import flowtrace, streamlines

#: Frames as of a camera of 8 or 16 bits, of floats, in colour.
KINDS = {
    "uint8": ((9, 7, 6), "uint8"),
    "uint16": ((9, 7, 6), "uint16"),
    "int16": ((9, 7, 6), "int16"),
    "float32": ((9, 7, 6), "float32"),
    "colour": ((9, 7, 6, 3), "uint8"),
    "volumes": ((9, 2, 7, 6), "uint16"),
}


def movie(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.uniform(0, 250, shape).astype(dtype)


@pytest.mark.parametrize(("shape", "dtype"), KINDS.values(), ids=KINDS)
def test_images_are_those_of_the_cpu(cuda: ModuleType, shape: tuple[int, ...], dtype: str) -> None:
    frames = movie(shape, dtype)
    flags = ("subtract_median", "take_diff", "add_first_frame", "dark_on_light")
    for values in product([False, True], repeat=4):
        options: dict[str, Any] = dict(zip(flags, values, strict=True))
        if not options["subtract_median"]:
            options["subtract_first"] = True
        for coloured in (False,) if shape[-1] == 3 else (False, True):
            options["color_series"] = coloured
            wanted = np.asarray(streamlines(frames, 4, **options))
            found = np.asarray(streamlines(frames, 4, device="cuda", **options))
            np.testing.assert_array_equal(found, wanted, err_msg=str(options))


def test_whole_movie_alike(cuda: ModuleType) -> None:
    frames = movie((9, 7, 6), "uint8")
    wanted = np.asarray(streamlines(frames, 3, normalize="movie"))
    found = np.asarray(streamlines(frames, 3, normalize="movie", device="cuda"))
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("options", [{}, {"invert_color": True, "color_series": True}], ids=str)
def test_files_are_those_of_the_cpu(
    cuda: ModuleType, tmp_path: Path, options: dict[str, Any]
) -> None:
    for i, frame in enumerate(movie((9, 7, 6), "uint16")):
        tifffile.imwrite(tmp_path / f"{i}.tif", frame)
    here = flowtrace(tmp_path, 3, tmp_path / "cpu", **options)
    there = flowtrace(tmp_path, 3, tmp_path / "cuda", device="cuda", **options)
    assert len(here) == 6
    for one, other in zip(here, there, strict=True):
        assert one.read_bytes() == other.read_bytes()
