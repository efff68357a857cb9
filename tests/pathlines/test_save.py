"""Images to PNG, TIFF, MP4 and GIF, and what is left where that fails."""

from __future__ import annotations

import builtins
import errno
import os
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest
import tifffile

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pathlines import _tiff_stack, flowtrace, save_streamlines, streamlines
from spotgpu.pathlines._png import png
from spotgpu.pipeline import Silent

SHAPES = {"gray": (9, 15, 12), "colour": (9, 15, 12, 3)}


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 200), (7, 5, 3), (1, 9, 3)], ids=str)
def test_png_is_what_others_read(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for pixels in (image, np.zeros_like(image), image[::-1]):
        data = png(pixels)
        np.testing.assert_array_equal(imagecodecs.png_decode(data), pixels)
        np.testing.assert_array_equal(iio.imread(data, extension=".png"), pixels)
        # Checksums, which decoders may forgive.
        place = 8
        while place < len(data):
            size = int.from_bytes(data[place : place + 4])
            body = data[place + 4 : place + 8 + size]
            assert int.from_bytes(data[place + 8 + size :][:4]) == zlib.crc32(body)
            place += 12 + size


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("sized", [True, False], ids=["sized", "stream"])
def test_tiff(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, shape: tuple[int, ...], sized: bool
) -> None:
    frames = random_frames(*shape)
    images = np.asarray(streamlines(frames, 3))
    source = frames if sized else (frame for frame in frames)
    path = tmp_path / "new" / "a %03d: b.tif"
    assert save_streamlines(streamlines(source, 3), path) == [path]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    np.testing.assert_array_equal(tifffile.imread(path), images)
    if images.ndim == 3:
        np.testing.assert_array_equal(np.asarray(sg.open(path)), images)


def test_tiff_of_volumes_and_of_many(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = streamlines(random_frames(6, 4, 9, 7), 2)
    save_streamlines(images, tmp_path / "v.tif")
    movie = sg.open(tmp_path / "v.tif")
    assert movie.axes == "TZYX"
    np.testing.assert_array_equal(np.asarray(movie), np.asarray(images))
    monkeypatch.setattr(_tiff_stack, "CLASSIC", 10)
    save_streamlines(images, tmp_path / "big.tif")
    with tifffile.TiffFile(tmp_path / "big.tif") as file:
        assert file.is_bigtiff
        np.testing.assert_array_equal(file.asarray().reshape(images.shape), np.asarray(images))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_png_files(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, shape: tuple[int, ...]
) -> None:
    images = streamlines(random_frames(*shape), 3)
    files = save_streamlines(images, tmp_path / "a" / "b")
    assert [file.name for file in files] == images.names
    assert sorted((tmp_path / "a" / "b").iterdir()) == files
    found = [imagecodecs.png_decode(file.read_bytes()) for file in files]
    np.testing.assert_array_equal(found, np.asarray(images))


def test_gif(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    """Gray is exact; the 180 pixels of an image in colour are, too."""
    for shape in SHAPES.values():
        images = np.asarray(streamlines(random_frames(*shape), 3))
        save_streamlines(streamlines(random_frames(*shape), 3), tmp_path / "m.gif", overwrite=True)
        found = iio.imread(tmp_path / "m.gif", plugin="pillow", mode="RGB")
        wanted = images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=-1)
        assert found.shape == wanted.shape
        assert np.abs(found.astype(int) - wanted).max() <= (8 if images.ndim == 4 else 0)


def test_mp4(tmp_path: Path) -> None:
    """A ramp that moves, of odd sides; the video has even ones, and the number of images."""
    ramp = np.linspace(0, 255, 61).astype(np.uint8)
    frames = np.stack([np.tile(np.roll(ramp, 3 * t), (33, 1)) for t in range(12)])
    save_streamlines(streamlines(frames, 1), tmp_path / "m.mp4", fps=12.5)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(tmp_path / "m.mp4")]
    done = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True
    )
    assert b"yuv420p" in done.stderr
    assert b"12.50 fps" in done.stderr
    found = np.frombuffer(done.stdout, np.uint8).reshape(12, 34, 62)
    wanted = np.asarray(streamlines(frames, 1))
    assert np.abs(found[:, :33, :61].astype(int) - wanted).mean() < 4


@pytest.mark.parametrize("name", ["m.tif", "m.gif", "m.mp4", "folder"])
def test_what_is_there_stays(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, name: str
) -> None:
    images = streamlines(random_frames(9, 16, 12), 3)
    path = tmp_path / name
    save_streamlines(images, path)
    with pytest.raises(ValueError, match=r"`output` must be a new.*--overwrite"):
        save_streamlines(images, path)
    save_streamlines(images[:2], path, overwrite=True)
    assert sorted(tmp_path.iterdir()) == [path]
    if name == "folder":
        # Other files are left alone.
        assert len(list(path.iterdir())) == 7


def test_bad_outputs(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    images = streamlines(random_frames(9, 6, 5), 3)
    with pytest.raises(TypeError, match="`images` must be Streamlines, got ndarray"):
        save_streamlines(np.asarray(images), tmp_path / "a.tif")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`output` must be a .tif, .mp4 or .gif .*m\.avi"):
        save_streamlines(images, tmp_path / "m.avi")
    with pytest.raises(ValueError, match="`fps` must be a finite number > 0, got 0"):
        save_streamlines(images, tmp_path / "m.gif", fps=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"`output` must be a folder, got the file .*file"):
        save_streamlines(images, tmp_path / "file")
    volumes = streamlines(random_frames(4, 3, 6, 5), 2)
    for name in ("m.gif", "folder"):
        with pytest.raises(ValueError, match=r"\.tif file for volumes.*project='max'"):
            save_streamlines(volumes, tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_the_movie_is_not_replaced(
    random_frames: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, random_frames(9, 6, 5), metadata={"axes": "TYX"})
    before = path.read_bytes()
    (tmp_path / "link.tif").symlink_to(path)
    with sg.open(path) as movie:
        for source in (path, [path], str(tmp_path / "m*.tif"), movie):
            with streamlines(source, 3) as images:
                assert images.names[0] == "m_00000_streamlines_frames3.png"
                for output in (path, tmp_path / "link.tif"):
                    with pytest.raises(ValueError, match="`output` must be another file than"):
                        save_streamlines(images, output, overwrite=True)
    assert path.read_bytes() == before


def interrupted(error: BaseException) -> Iterator[np.ndarray]:
    for t in range(20):
        yield np.full((6, 8), t, np.uint8)
    raise error


@pytest.mark.parametrize("name", ["m.tif", "m.gif", "m.mp4", "folder"])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), FileNotFoundError("gone"), SpotgpuError("torn")], ids=repr
)
def test_no_half_files(tmp_path: Path, name: str, error: BaseException) -> None:
    """Ctrl-C, or a source that fails, says what it is and leaves whole files only."""
    images = streamlines(interrupted(error), 2)
    with pytest.raises(type(error)) as raised:
        save_streamlines(images, tmp_path / name)
    assert raised.value is error
    if name != "folder":
        assert list(tmp_path.iterdir()) == []
        return
    for file in (tmp_path / name).iterdir():
        assert file.suffix == ".png"
        assert imagecodecs.png_decode(file.read_bytes()).shape == (6, 8)


def test_full_disk(
    random_frames: Callable[..., np.ndarray],
    folder_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = folder_of(random_frames(9, 6, 8))
    before = sorted(folder.iterdir())
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        write(path, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SpotgpuError, match=r"could not write .*png: No space left.*make room"):
        flowtrace(folder, 2)
    assert sorted(folder.iterdir()) == before


def test_ffmpeg_that_fails(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spotgpu.pathlines import _video

    monkeypatch.setitem(_video.FORMATS, ".mp4", ["-c:v", "nonsense"])
    images = streamlines(random_frames(90, 200, 200), 2)
    with pytest.raises(SpotgpuError, match=r"ffmpeg could not write .*/m\.mp4: .*ncoder"):
        save_streamlines(images, tmp_path / "m.mp4")
    assert list(tmp_path.iterdir()) == []


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def importing(module: str, *args: Any, **options: Any) -> Any:
        if module.partition(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return load(module, *args, **options)

    monkeypatch.setattr(builtins, "__import__", importing)


def test_without_ffmpeg(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = streamlines(random_frames(9, 6, 8), 2)
    without("imageio_ffmpeg", monkeypatch)
    with pytest.raises(SpotgpuError, match=r"pip install 'spotgpu\[video\]'"):
        save_streamlines(images, tmp_path / "m.gif")
    save_streamlines(images, tmp_path / "m.tif")


def test_without_matplotlib(
    random_frames: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    without("matplotlib", monkeypatch)
    frames = random_frames(5, 6, 8)
    with pytest.raises(SpotgpuError, match=r'pip install "spotgpu\[plot\]"'):
        streamlines(frames, 2, color_series="viridis")
    assert streamlines(frames, 2, color_series=True).shape == (4, 6, 8, 3)


class Counter(Silent):
    """Counts the steps of a stage."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done = 0

    def stage(self, name: str, total: int | None = None, **_: Any) -> Any:
        from contextlib import nullcontext

        assert name == "pathlines"
        self.total = total

        def advance() -> None:
            self.done += 1

        return nullcontext(advance)


@pytest.mark.parametrize("name", ["m.tif", "m.gif", "folder"])
def test_progress(random_frames: Callable[..., np.ndarray], tmp_path: Path, name: str) -> None:
    frames = random_frames(9, 6, 8)
    progress = Counter()
    save_streamlines(streamlines(frames, 3), tmp_path / name, progress=progress)
    assert (progress.total, progress.done) == (7, 7)
    progress = Counter()
    stream = streamlines((frame for frame in frames), 3)
    save_streamlines(stream, tmp_path / name, overwrite=True, progress=progress)
    assert (progress.total, progress.done) == (None, 7)


@pytest.mark.parametrize("windows", ["flowtrace", "correct"])
def test_progress_of_flowtrace(
    random_frames: Callable[..., np.ndarray],
    folder_of: Callable[..., Path],
    windows: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = folder_of(random_frames(9, 6, 8))
    progress = Counter()
    files = flowtrace(folder, 3, windows=windows, progress=progress)
    assert progress.total == progress.done == len(files)
    flowtrace(folder, 3, folder / "more")
    # No terminal: silence.
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("windows", ["flowtrace", "correct"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["m.tif", "m.gif", "m.mp4"])
def test_one_file_of_flowtrace(
    random_frames: Callable[..., np.ndarray],
    folder_of: Callable[..., Path],
    tmp_path: Path,
    windows: str,
    shape: tuple[int, ...],
    name: str,
) -> None:
    """The images of its PNG files, in one file."""
    folder = folder_of(random_frames(*shape))
    pngs = flowtrace(folder, 3, tmp_path / "pngs", windows=windows)
    images = np.stack([imagecodecs.png_decode(file.read_bytes()) for file in pngs])
    progress = Counter()
    output = tmp_path / "new" / name
    for _ in range(2):
        assert flowtrace(folder, 3, output, windows=windows, fps=12.5, progress=progress) == [
            output
        ]
        assert list(output.parent.iterdir()) == [output]
    assert (progress.total, progress.done) == (len(images), 2 * len(images))
    if name == "m.tif":
        np.testing.assert_array_equal(tifffile.imread(output), images)
    elif name == "m.gif":
        found = iio.imread(output, plugin="pillow", mode="RGB")
        wanted = images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=-1)
        assert np.abs(found.astype(int) - wanted).max() <= (8 if images.ndim == 4 else 0)
    else:
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(output))
        assert (frames, round(seconds, 2)) == (len(images), round(len(images) / 12.5, 2))


def test_one_file_of_flowtrace_is_none_of_its_images(
    random_frames: Callable[..., np.ndarray], folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    folder = folder_of(random_frames(9, 6, 8))
    before = sorted(folder.iterdir())
    (tmp_path / "link.tif").symlink_to(folder / "f01.tif")
    for name in ("f01.tif", "new.tif"):
        with pytest.raises(ValueError, match=r"`out_dir` must not be a \.tif file in `imagedir`"):
            flowtrace(folder, 3, folder / name)
    with pytest.raises(ValueError, match="must be another file than the movie"):
        flowtrace(folder, 3, tmp_path / "link.tif")
    assert sorted(folder.iterdir()) == before
    # A folder may be called so.
    (tmp_path / "folder.tif").mkdir()
    assert len(flowtrace(folder, 3, tmp_path / "folder.tif")) == 6
