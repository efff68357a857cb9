"""`spotgpu pathlines`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from spotgpu.pathlines import streamlines


def test_help_has_an_example(call: Callable[..., Any]) -> None:
    done = call("pathlines", "--help")
    assert done.code == 0
    assert "Example: spotgpu pathlines movie.tif -n 30" in done.out


def test_folder(call: Callable[..., Any], movie: Path, frames: np.ndarray, tmp_path: Path) -> None:
    output = tmp_path / "new" / "out"
    done = call("pathlines", movie, "-n", 20, "--subtract-median", "-o", output)
    assert (done.code, done.out) == (0, f"11 images in {output}\n")
    images = streamlines(frames, 20, subtract_median=True)
    names = [f"beads_{i:05d}_streamlines_frames20.png" for i in range(11)]
    assert sorted(file.name for file in output.iterdir()) == names
    found = [imagecodecs.png_decode((output / name).read_bytes()) for name in names]
    np.testing.assert_array_equal(found, np.asarray(images))
    again = call("pathlines", movie, "-n", 20, "-o", output)
    assert again.code == 2
    assert "--output must be a new or empty folder" in again.err
    assert call("pathlines", movie, "-n", 20, "-o", output, "--overwrite").code == 0


OPTIONS = {
    "frames_to_skip": 3,
    "take_diff": True,
    "diff_order": 2,
    "add_first_frame": True,
    "color_series": "viridis",
    "dark_on_light": True,
    "white": 200.0,
    "normalize": "movie",
}


def test_options_are_those_of_python(
    call: Callable[..., Any], movie: Path, frames: np.ndarray, tmp_path: Path
) -> None:
    words: list[object] = []
    for name, value in OPTIONS.items():
        words += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
    for more in ({}, {"subtract_first": True, "take_diff": False}):
        options: dict[str, Any] = {**OPTIONS, **more}
        if more:
            words.remove("--take-diff")
            words.append("--subtract-first")
        output = tmp_path / "m.tif"
        done = call("pathlines", movie, "-n", 5, *words, "-o", output, "--overwrite")
        assert (done.code, done.out) == (0, f"Pathlines in {output}\n")
        images = np.asarray(streamlines(frames, 5, **options))
        np.testing.assert_array_equal(tifffile.imread(output), images)


def test_volumes_and_video(call: Callable[..., Any], frames: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "v.tif"
    tifffile.imwrite(
        path,
        frames.reshape(15, 2, *frames.shape[1:]),
        imagej=True,
        metadata={"axes": "TZYX"},
    )
    done = call("pathlines", path, "-n", 4, "--project", "max", "-o", tmp_path / "m.gif")
    assert done.code == 0
    assert (tmp_path / "m.gif").read_bytes().startswith(b"GIF89a")
    done = call("pathlines", path, "-n", 4, "-o", tmp_path / "folder")
    assert done.code == 2
    assert "project='max'" in done.err


def test_config(call: Callable[..., Any], movie: Path, tmp_path: Path) -> None:
    config = tmp_path / "options.toml"
    config.write_text('frames-to-merge = 20\ncolor_series = "flowtrace"\ntake-diff = true\n')
    done = call("pathlines", movie, "--config", config, "-o", tmp_path / "m.tif")
    assert done.code == 0
    assert tifffile.imread(tmp_path / "m.tif").shape == (11, 120, 144, 3)


def test_colours_of_flowtrace(
    call: Callable[..., Any], movie: Path, frames: np.ndarray, tmp_path: Path
) -> None:
    """True is what Python calls them, and false is none."""
    wanted = {
        value: np.asarray(streamlines(frames, 20, color_series=value)) for value in (False, True)
    }
    for i, word in enumerate(("True", "true", "false")):
        output = tmp_path / f"{i}.tif"
        assert call("pathlines", movie, "-n", 20, "--color-series", word, "-o", output).code == 0
        np.testing.assert_array_equal(tifffile.imread(output), wanted[word.lower() == "true"])
        (tmp_path / "options.toml").write_text(f"color-series = {word.lower()}\n")
        config = ("--config", tmp_path / "options.toml", "--overwrite")
        assert call("pathlines", movie, "-n", 20, *config, "-o", output).code == 0
        np.testing.assert_array_equal(tifffile.imread(output), wanted[word.lower() == "true"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-n", "0"), "--frames-to-merge must be an integer >= 1, got 0"),
        (("-n", "31"), "--frames-to-merge must be <= the number of frames, 30, got 31"),
        ((), "Missing option '--frames-to-merge' / '-n'"),
        (("-n", "5", "--color-series", "virids"), "--color-series must be"),
        (("-n", "5", "--white", "3"), "--white must be None without --invert-color"),
        (("-n", "5", "--project", "max"), "--project must be None for a movie without depth"),
        (("-n", "5", "--normalize", "none"), "--normalize must be one of"),
        (("-n", "5", "--take-diff", "--diff-order", "5"), "--diff-order must be"),
    ],
)
def test_errors(
    call: Callable[..., Any], movie: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    done = call("pathlines", movie, *words, "-o", tmp_path / "out")
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    assert message in done.err.replace("'-n' / '--frames-to-merge'", "'--frames-to-merge' / '-n'")
    assert not (tmp_path / "out").exists()
