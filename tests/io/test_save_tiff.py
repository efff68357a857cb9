"""`save_tiff`: what is written is read back, by us and by tifffile; half a file is never seen."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import tifffile

from spotgpu import io

TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


@pytest.mark.parametrize("shape", [(5, 20, 30), (5, 6, 20, 30), (1, 20, 30), (3, 21, 4, 5)])
@pytest.mark.parametrize("dtype", TYPES)
def test_round_trip(tmp_path, same, noise, shape, dtype):
    array = noise(shape, dtype)
    path = tmp_path / "m.tif"
    io.save_tiff(path, array, pixel_size_um=0.1, frame_interval_s=1 / 24)
    movie = io.open(path)
    same(movie, array)
    assert movie.pixel_size_um == (0.1,) * (len(shape) - 1)
    assert movie.frame_interval_s == 1 / 24
    with tifffile.TiffFile(path) as tif:
        assert tif.is_ome
        assert not tif.is_bigtiff
        np.testing.assert_array_equal(tif.asarray().reshape(shape), array)
        assert tif.series[0].axes == {3: "TYX", 4: "TZYX"}[len(shape)][shape[0] == 1 :]
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.tif"]


@pytest.mark.parametrize("known", [True, False])
def test_what_is_not_known_is_not_written(tmp_path, noise, known):
    io.save_tiff(tmp_path / "m.tif", noise((5, 20, 30)), pixel_size_um=(2, 3) if known else None)
    movie = io.open(tmp_path / "m.tif")
    assert movie.pixel_size_um == ((2, 3) if known else None)
    assert movie.frame_interval_s is None


def test_schema(tmp_path, noise):
    """The reader of somebody else agrees on the sizes."""
    io.save_tiff(
        tmp_path / "m.tif", noise((5, 6, 20, 30)), pixel_size_um=(1, 0.5, 0.25), frame_interval_s=2
    )
    told = tifffile.xml2dict(tifffile.tiffcomment(tmp_path / "m.tif"))
    pixels = told["OME"]["Image"]["Pixels"]
    sizes = {axis: pixels[f"Size{axis}"] for axis in "XYZCT"}
    assert sizes == {"X": 30, "Y": 20, "Z": 6, "C": 1, "T": 5}
    assert [pixels[f"PhysicalSize{axis}"] for axis in "ZYX"] == [1, 0.5, 0.25]
    assert pixels["PhysicalSizeXUnit"] == "µm"
    assert (pixels["TimeIncrement"], pixels["TimeIncrementUnit"]) == (2, "s")


def test_generators_stream(tmp_path, same, noise):
    array = noise((5, 20, 30))
    alive = []

    def frames():
        for image in array:
            assert not (tmp_path / "m.tif").exists()
            alive.append(1)
            yield image

    io.save_tiff(tmp_path / "m.tif", frames())
    same(io.open(tmp_path / "m.tif"), array)
    assert len(alive) == 5
    # The length was not known: it might have been more than 4 GB.
    with tifffile.TiffFile(tmp_path / "m.tif") as tif:
        assert tif.is_bigtiff


def test_bigtiff_over_4_gb(tmp_path):
    """Decided by the length, before anything is written."""
    from spotgpu.io._save import _is_big

    frame = np.zeros((1024, 1024), np.uint8)
    assert not _is_big(io.open(np.broadcast_to(frame, (4000, 1024, 1024))))
    assert _is_big(io.open(np.broadcast_to(frame, (4096, 1024, 1024))))


def test_movies_keep_what_is_known(tmp_path, same, noise):
    array = noise((5, 20, 30))
    io.save_tiff(tmp_path / "a.tif", array, pixel_size_um=(2, 3), frame_interval_s=0.5)
    io.save_tiff(tmp_path / "b.tif", io.open(tmp_path / "a.tif")[1:4])
    movie = io.open(tmp_path / "b.tif")
    same(movie, array[1:4])
    assert (movie.pixel_size_um, movie.frame_interval_s) == ((2, 3), 0.5)


def test_over_itself(tmp_path, same, noise):
    array = noise((5, 20, 30))
    io.save_tiff(tmp_path / "a.tif", array)
    io.save_tiff(tmp_path / "a.tif", io.open(tmp_path / "a.tif")[::-1])
    same(io.open(tmp_path / "a.tif"), array[::-1])


def test_failing_source_leaves_nothing(tmp_path, noise):
    (tmp_path / "m.tif").write_text("what was there")

    def frames():
        yield noise((20, 30))
        raise OSError("the camera is gone")

    with pytest.raises(OSError, match="the camera is gone"):
        io.save_tiff(tmp_path / "m.tif", frames())
    with pytest.raises(ValueError, match="frames of one shape"):
        io.save_tiff(tmp_path / "m.tif", [noise((20, 30)), noise((20, 31))])
    assert (tmp_path / "m.tif").read_text() == "what was there"
    assert [entry.name for entry in tmp_path.iterdir()] == ["m.tif"]


def test_full_disk(tmp_path):
    """A limit on the size of files stands for the end of the disk."""
    script = (
        "import numpy as np, resource, sys\n"
        "from spotgpu import io\n"
        "from spotgpu.errors import SpotgpuError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    io.save_tiff(sys.argv[1], np.zeros((50, 100, 100), np.uint8))\n"
        "except SpotgpuError as error:\n"
        "    print(error)\n"
    )
    path = tmp_path / "m.tif"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{path} cannot be written: " in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float16", "bool"])
def test_types_that_ome_has_not(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"`frames` must have pixels of one of int8, .*got"):
        io.save_tiff(tmp_path / "m.tif", np.zeros((5, 20, 30), dtype))


def test_wrong_paths(tmp_path, noise):
    array = noise((5, 20, 30))
    with pytest.raises(FileNotFoundError, match="`path` must be in a folder that is there"):
        io.save_tiff(tmp_path / "no" / "m.tif", array)
    with pytest.raises(ValueError, match="`path` must be a file, got the folder"):
        io.save_tiff(tmp_path, array)
    with pytest.raises(ValueError, match=r"`path` must end in .tif or .tiff, got .*m.png"):
        io.save_tiff(tmp_path / "m.png", array)
    assert list(tmp_path.iterdir()) == []


def test_empty(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        io.save_tiff(tmp_path / "m.tif", iter([]))
    assert list(tmp_path.iterdir()) == []


def test_views_that_are_empty(tmp_path, noise):
    with pytest.raises(ValueError, match="at least one frame"):
        io.save_tiff(tmp_path / "m.tif", io.open(noise((5, 20, 30)))[5:])


def test_saved_files_can_be_joined(tmp_path):
    frames = np.arange(5 * 6 * 7, dtype=np.uint8).reshape(5, 6, 7)
    io.save_tiff(tmp_path / "a.tif", frames[:3], frame_interval_s=0.5)
    io.save_tiff(tmp_path / "b.tif", frames[3:], frame_interval_s=0.5)
    with io.open([tmp_path / "a.tif", tmp_path / "b.tif"]) as movie:
        assert movie.frame_interval_s == 0.5
        np.testing.assert_array_equal(np.asarray(movie), frames)
