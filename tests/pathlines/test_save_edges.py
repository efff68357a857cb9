"""Narrow images, no images, folders that cannot be read, paces that no file can hold."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import tifffile

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pathlines import _batches, _tiff_stack, save_streamlines, streamlines


@pytest.mark.parametrize("classic", [True, False])
@pytest.mark.parametrize("colours", [(), (3,)], ids=["gray", "colour"])
@pytest.mark.parametrize("depth", [(), (2,)], ids=["images", "volumes"])
@pytest.mark.parametrize("x", [1, 2, 3, 4])
@pytest.mark.parametrize("y", [1, 3, 4])
def test_narrow_tiff(
    random_frames: Callable[..., np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    y: int,
    x: int,
    depth: tuple[int, ...],
    colours: tuple[int, ...],
    classic: bool,
) -> None:
    """Pages have rows, columns and samples as the images."""
    if not classic:
        monkeypatch.setattr(_tiff_stack, "CLASSIC", 0)
    frames = random_frames(6, *depth, y, x, *colours)
    axes = "T" + "Z" * len(depth) + "YX" + "S" * len(colours)
    images = streamlines(frames, 2, axes=axes)
    save_streamlines(images, tmp_path / "m.tif")
    with tifffile.TiffFile(tmp_path / "m.tif") as file:
        page = file.pages.first
        assert (page.imagelength, page.imagewidth) == (y, x)
        assert page.samplesperpixel == (3 if colours else 1)
    found = tifffile.imread(tmp_path / "m.tif").reshape(images.shape)
    np.testing.assert_array_equal(found, np.asarray(images))
    if classic and not colours:
        movie = sg.open(tmp_path / "m.tif")
        assert movie.shape == images.shape
        np.testing.assert_array_equal(np.asarray(movie), np.asarray(images))


@pytest.mark.parametrize("name", ["m.tif", "m.gif", "folder"])
def test_no_images(random_frames: Callable[..., np.ndarray], tmp_path: Path, name: str) -> None:
    images = streamlines(random_frames(6, 5, 4), 2)[2:2]
    with pytest.raises(ValueError, match=r"`images` must have at least one image, got .*\(0, 5, 4"):
        save_streamlines(images, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["m.tif", "m.gif", "folder"])
def test_a_generator_that_is_too_short(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, name: str
) -> None:
    images = streamlines((frame for frame in random_frames(3, 5, 4)), 4)
    with pytest.raises(ValueError, match="the number of frames, 3, got 4"):
        save_streamlines(images, tmp_path / "new" / name)
    assert list(tmp_path.rglob("*")) in ([], [tmp_path / "new"])
    assert not (tmp_path / "new" / name).exists()


def test_a_folder_that_cannot_be_read(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(path: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    images = streamlines(random_frames(6, 5, 4), 2)
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(SpotgpuError, match=r"could not write .*folder: Permission denied"):
        save_streamlines(images, tmp_path / "folder")


def test_paces_that_no_file_can_hold(
    random_frames: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    images = streamlines(random_frames(6, 16, 16), 2)
    for name, fps in (("m.gif", 100.5), ("m.gif", 0.001), ("m.mp4", 1e7), ("m.mp4", 1e-7)):
        with pytest.raises(
            ValueError, match=rf"`fps` must be from .* a \.{name[2:]} file can hold"
        ):
            save_streamlines(images, tmp_path / name, fps=fps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "fps"),
    [("m.gif", 100), ("m.gif", 30), ("m.gif", 0.01), ("m.mp4", 1e-4), ("m.mp4", 1e6)],
)
def test_paces_at_the_bounds(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, name: str, fps: float
) -> None:
    """The images are all there and take the time that they should, to 20 ms."""
    images = streamlines(random_frames(31, 16, 16), 2)
    save_streamlines(images, tmp_path / name, fps=fps)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / name), "-f", "rawvideo"]
    command += ["-pix_fmt", "gray", "-fps_mode", "passthrough", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert len(done.stdout) == 30 * 16 * 16
    said = done.stderr.decode()
    hours, minutes, seconds = said.split("Duration: ")[1].split(",")[0].split(":")
    lasts = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    assert lasts == pytest.approx(30 / fps, rel=1e-3, abs=0.02)


def test_a_batch_that_grows(
    random_frames: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = random_frames(50, 6, 7)
    wanted = np.asarray(streamlines(frames, 7, subtract_median=True))
    monkeypatch.setattr(_batches, "AT_FIRST", 1)
    stream = streamlines((frame for frame in frames), 7, subtract_median=True)
    np.testing.assert_array_equal(np.asarray(stream), wanted)
