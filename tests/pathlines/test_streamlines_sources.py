"""Anything that `open` reads, in gray and in colour; each frame is read once."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

import spotgpu as sg
from spotgpu.pathlines import Streamlines, streamlines


class Counted:
    """A sequence that counts how often each frame is asked for."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = frames
        self.reads = np.zeros(len(frames), int)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, t: int) -> np.ndarray:
        self.reads[t] += 1
        return self.frames[t]


def test_frames_are_read_once(random_frames: Callable[..., np.ndarray]) -> None:
    source = Counted(random_frames(200, 6, 7))
    images = streamlines(source, 5)
    source.reads[:] = 0
    assert sum(1 for _ in images) == 196
    assert (source.reads == 1).all()
    source.reads[:] = 0
    assert images[20].shape == (6, 7)
    assert np.nonzero(source.reads)[0].tolist() == [20, 21, 22, 23, 24]
    source.reads[:] = 0
    next(iter(images[100:]))
    assert not source.reads[:100].any()
    source.reads[:] = 0
    assert len(list(streamlines(source, 5, normalize="movie"))) == 196
    # The first frame tells what the source is.
    assert source.reads.tolist() == [3, *[2] * 199]


def test_frames_in_colour_are_read_once(random_frames: Callable[..., np.ndarray]) -> None:
    frames = random_frames(40, 6, 7, 3)
    source = Counted(frames)
    images = streamlines(source, 5)
    source.reads[:] = 0
    found = list(images)
    assert (source.reads == 1).all()
    np.testing.assert_array_equal(found, np.asarray(streamlines(frames, 5)))


def test_files_in_colour_are_read_once(
    random_frames: Callable[..., np.ndarray],
    folder_of: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads may decode them, each frame one of them."""
    from spotgpu.io._tiff import TiffFrames

    frames = random_frames(12, 6, 7, 3)
    read: list[str] = []
    frame = TiffFrames.frame

    def counted(self: TiffFrames, t: int) -> np.ndarray:
        read.append(self.pages.path.name)
        return frame(self, t)

    monkeypatch.setattr(TiffFrames, "frame", counted)
    with streamlines(folder_of(frames), 5) as images:
        read.clear()
        found = list(images)
    assert sorted(read) == [f"f{t:02d}.tif" for t in range(12)]
    np.testing.assert_array_equal(found, np.asarray(streamlines(frames, 5)))


def sources(frames: np.ndarray, folder: Path) -> Iterator[Any]:
    """Yield the same movie in many forms."""
    yield frames
    yield list(frames)
    yield (frame for frame in frames)
    if frames.ndim == 3:
        # One in colour cannot be opened.
        yield sg.open(frames)
    photometric = "rgb" if frames.ndim == 4 else "minisblack"
    stack = folder / "stack.tif"
    axes = "TYXS"[: frames.ndim]
    tifffile.imwrite(stack, frames, photometric=photometric, metadata={"axes": axes})
    yield stack
    files = folder / "files"
    files.mkdir()
    for t, frame in enumerate(frames):
        (files / f"{t}.png").write_bytes(imagecodecs.png_encode(frame))
    yield files
    yield str(files / "*.png")
    yield [files / f"{t}.png" for t in range(len(frames))]
    array = zarr.create_array(
        folder / "c.zarr", shape=frames.shape, chunks=(4, *frames.shape[1:]), dtype=frames.dtype
    )
    array[:] = frames
    yield array


@pytest.mark.parametrize("shape", [(12, 9, 7), (12, 9, 7, 3)], ids=["gray", "colour"])
@pytest.mark.parametrize("step", [1, 2])
def test_all_sources_alike(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, shape: tuple[int, ...], step: int
) -> None:
    frames = random_frames(*shape)
    taken = frames[::step]
    wanted = np.stack([taken[i : i + 3].max(axis=0) for i in range(len(taken) - 2)])
    scale = 255.0 / wanted.max(axis=tuple(range(1, wanted.ndim)), keepdims=True)
    wanted = (wanted * scale + 0.5).astype(np.uint8)
    for source in sources(frames, tmp_path):
        with streamlines(source, 3, frames_to_skip=step) as images:
            assert images.image_shape == shape[1:]
            assert images.colour == (len(shape) == 4)
            np.testing.assert_array_equal(np.asarray(images), wanted)


def test_colour_is_an_error_of_its_own() -> None:
    with pytest.raises(sg.io.ColourError, match="gray images, got colour") as raised:
        sg.io.open(np.zeros((2, 6, 7, 4)))
    assert raised.value.samples == 4
    # From a worker process.
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301
    assert (str(again), again.samples) == (str(raised.value), 4)


def test_one_of_the_colours(random_frames: Callable[..., np.ndarray]) -> None:
    frames = random_frames(6, 9, 7, 3)
    one = np.asarray(streamlines(frames, 2, channel=1))
    np.testing.assert_array_equal(one, np.asarray(streamlines(frames[..., 1], 2)))
    stream = streamlines((frame for frame in frames), 2, channel=1)
    np.testing.assert_array_equal(np.asarray(stream), one)
    # Time may be coloured then.
    assert streamlines(frames, 2, channel=1, color_series=True).shape == (5, 9, 7, 3)


def test_volumes_in_colour(random_frames: Callable[..., np.ndarray]) -> None:
    frames = random_frames(6, 4, 9, 7, 3)
    images = streamlines(frames, 2, axes="TZYXS")
    assert images.shape == (5, 4, 9, 7, 3)
    flat = streamlines(frames, 2, axes="TZYXS", project="max")
    np.testing.assert_array_equal(np.asarray(flat), np.asarray(streamlines(frames.max(axis=1), 2)))


def test_other_orders_of_axes_in_colour(random_frames: Callable[..., np.ndarray]) -> None:
    frames = random_frames(6, 9, 7, 3)
    wanted = np.asarray(streamlines(frames, 2))
    first = np.moveaxis(frames, -1, 1)
    for source in (first, np.ascontiguousarray(first)):
        found = streamlines(source, 2, axes="TSYX")
        np.testing.assert_array_equal(np.asarray(found), wanted)
    found = streamlines(list(first), 2, axes="SYX")
    np.testing.assert_array_equal(np.asarray(found), wanted)
    found = streamlines(frames[:, None, None], 2, axes="TYXS")
    np.testing.assert_array_equal(np.asarray(found), wanted)
    flat = streamlines(frames[:, None], 2, axes="TZYXS")
    np.testing.assert_array_equal(np.asarray(flat), wanted[:, None])


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_planes_of_colours_in_a_tiff(
    random_frames: Callable[..., np.ndarray], tmp_path: Path, planar: str
) -> None:
    frames = random_frames(6, 9, 7, 3)
    stored = frames if planar == "contig" else np.moveaxis(frames, -1, 1)
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as writer:
        for image in stored:
            writer.write(image, photometric="rgb", planarconfig=planar, metadata=None)
    wanted = np.asarray(streamlines(frames, 2))
    with streamlines(path, 2) as images:
        np.testing.assert_array_equal(np.asarray(images), wanted)
    paths = [tmp_path / f"{t}.tif" for t in range(6)]
    for file, image in zip(paths, stored, strict=True):
        tifffile.imwrite(file, image, photometric="rgb", planarconfig=planar)
    with streamlines(paths, 2) as images:
        np.testing.assert_array_equal(np.asarray(images), wanted)


@pytest.mark.parametrize("axes", [None, "YXS", "ZYXS"])
def test_a_generator_in_colour(random_frames: Callable[..., np.ndarray], axes: str | None) -> None:
    shape = (6, 4, 9, 7, 3) if axes == "ZYXS" else (6, 9, 7, 3)
    frames = random_frames(*shape)
    images = streamlines((frame for frame in frames), 2, axes=axes)
    assert images.image_shape == shape[1:]
    wanted = streamlines(frames, 2, axes="T" + axes if axes else None)
    np.testing.assert_array_equal(np.asarray(images), np.asarray(wanted))
    # As many pixels, in another shape.
    odd = (image for image in (frames[0], np.swapaxes(frames[1], 0, 1)))
    with pytest.raises(ValueError, match=r"one shape and type, got \(.*3\) in frame 1 after \("):
        list(streamlines(odd, 2, axes=axes))
    masked = (image for image in np.ma.masked_less(frames, 10))
    with pytest.raises(TypeError, match="masked"):
        streamlines(masked, 2, axes=axes)


@pytest.mark.parametrize("shape", [(9, 6, 7), (9, 6, 7, 3), (9, 4, 6, 7)], ids=str)
def test_images_are_a_movie(random_frames: Callable[..., np.ndarray], shape: tuple) -> None:
    images = streamlines(random_frames(*shape), 2)
    pixels = np.asarray(images)
    np.testing.assert_array_equal(
        np.asarray(streamlines(images, 3)), np.asarray(streamlines(pixels, 3))
    )
    if shape[-1] != 3:
        np.testing.assert_array_equal(sg.open(images)[1], pixels[1])
        np.testing.assert_array_equal(np.asarray(sg.open(images[2:])), pixels[2:])


def test_backwards(random_frames: Callable[..., np.ndarray]) -> None:
    source = Counted(random_frames(40, 6, 7))
    images = streamlines(source, 5)
    wanted = np.asarray(images)[::-1]
    source.reads[:] = 0
    np.testing.assert_array_equal(list(reversed(images)), wanted)
    # Not five times.
    assert source.reads.max() == 1
    with pytest.raises(TypeError, match="in order"):
        reversed(streamlines((frame for frame in source.frames), 5))


def test_frames_of_three_columns(random_frames: Callable[..., np.ndarray]) -> None:
    """An array of three axes is a movie, not an image in colour."""
    assert streamlines(random_frames(5, 8, 3), 2).shape == (4, 8, 3)


TYPES = ["bool", "int8", "int16", "uint32", "int32", "int64", "uint64", "float16", "float64", ">u2"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("options", [{}, {"invert_color": True}, {"take_diff": True}], ids=str)
def test_types_of_pixels(
    random_frames: Callable[..., np.ndarray], dtype: str, options: dict[str, bool]
) -> None:
    """Numbers count, not their type."""
    frames = (random_frames(9, 4, 5) % 100).astype(dtype)
    wide = frames.astype(np.float64)
    found = streamlines(frames, 3, **options)
    np.testing.assert_array_equal(np.asarray(found), np.asarray(streamlines(wide, 3, **options)))


def test_a_generator_is_gone_through_once(random_frames: Callable[..., np.ndarray]) -> None:
    images = streamlines((frame for frame in random_frames(9, 4, 5)), 3)
    assert isinstance(images, Streamlines)
    assert images
    assert "(?, 4, 5)" in repr(images)
    for wrong in (lambda: len(images), lambda: images[0], lambda: images[1:]):
        with pytest.raises(TypeError, match="generator"):
            wrong()
    assert len(list(images)) == 7
    with pytest.raises(ValueError, match="only once"):
        list(images)


def test_names(random_frames: Callable[..., np.ndarray], tmp_path: Path) -> None:
    frames = random_frames(6, 4, 5)
    for name in ("b1.tif", "b10.tif", "b2.tif", "b3.ome.tif"):
        tifffile.imwrite(tmp_path / name, frames[0])
    names = streamlines(tmp_path, 2).names
    assert names == [f"{stem}_streamlines_frames2.png" for stem in ("b1", "b2", "b3.ome")]
    assert streamlines(tmp_path, 2, frames_to_skip=2).names == ["b1_streamlines_frames2.png"]
    twice = [tmp_path / "b1.tif", tmp_path / "b1.tif", tmp_path / "b2.tif"]
    assert len(set(streamlines(twice, 2).names)) == 2
    tifffile.imwrite(tmp_path / "movie.tif", frames)
    images = streamlines(tmp_path / "movie.tif", 2, frames_to_skip=2)
    assert images.names == [f"movie_{t:05d}_streamlines_frames2.png" for t in (0, 2)]
    assert images[1:].names == images.names[1:]
    assert streamlines(frames, 6).names == ["frame_00000_streamlines_frames6.png"]
    stream = streamlines((frame for frame in frames), 2, frames_to_skip=3)
    assert stream.name(1) == "frame_00003_streamlines_frames2.png"


def test_a_movie_of_the_caller_stays_open(
    random_frames: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    frames = random_frames(6, 4, 5)
    tifffile.imwrite(tmp_path / "movie.tif", frames, metadata={"axes": "TYX"})
    with sg.open(tmp_path / "movie.tif") as movie:
        with streamlines(movie, 2) as images:
            whole = np.asarray(images)
        np.testing.assert_array_equal(movie[3], frames[3])
    images = streamlines(tmp_path / "movie.tif", 2)
    np.testing.assert_array_equal(np.asarray(images), whole)
    images.close()
    np.testing.assert_array_equal(np.asarray(images), whole)
