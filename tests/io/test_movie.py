"""What a movie does as a sequence, in another process, and when it is closed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotgpu import io
from spotgpu.errors import SpotgpuError

N = 7


@pytest.fixture
def pixels(noise):
    return noise((N, 20, 30))


@pytest.fixture(params=["array", "tiff", "zlib", "zarr", "npy", "files", "list"])
def movie(request, tmp_path, pixels):
    if request.param == "array":
        return io.open(pixels)
    if request.param == "list":
        return io.open(list(pixels))
    if request.param in {"tiff", "zlib"}:
        compression = "zlib" if request.param == "zlib" else None
        tifffile.imwrite(tmp_path / "m.tif", pixels, compression=compression)
        return io.open(tmp_path / "m.tif")
    if request.param == "zarr":
        zarr.create_array(tmp_path / "m.zarr", data=pixels, chunks=(3, 20, 20))
        return io.open(tmp_path / "m.zarr")
    if request.param == "npy":
        np.save(tmp_path / "m.npy", pixels)
        return io.open(tmp_path / "m.npy")
    for k, image in enumerate(pixels):
        tifffile.imwrite(tmp_path / f"{k}.tif", image)
    return io.open(tmp_path)


def test_is_the_sequence_that_the_array_is(movie, pixels, same):
    assert isinstance(movie, io.Movie)
    assert isinstance(movie, Sequence)
    same(movie, pixels)
    same(movie, pixels)
    np.testing.assert_array_equal(np.asarray(movie), pixels)
    np.testing.assert_array_equal(list(reversed(movie)), pixels[::-1])
    assert np.asarray(movie, dtype=np.float32).dtype == np.float32
    assert pixels[3] in movie
    assert pixels[3] + 1 not in movie
    assert movie.index(pixels[3]) == 3
    assert movie.count(pixels[3]) == 1
    with pytest.raises(ValueError, match="the image is not in <Movie"):
        movie.index(pixels[3], 4)


keys = st.one_of(
    st.integers(-N - 2, N + 1),
    st.slices(N),
    st.lists(st.integers(-N, N - 1), max_size=10),
    st.lists(st.booleans(), min_size=N, max_size=N),
    st.lists(st.integers(-N, N - 1), max_size=10).map(lambda key: np.array(key, dtype=np.int64)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=keys, second=keys)
def test_indices_as_those_of_an_array(movie, pixels, first, second):
    """Views of views pick what numpy picks."""
    opened, array = movie, pixels
    for key in (first, second):
        try:
            wanted = array[
                key
                if not isinstance(key, list)
                else np.array(key, dtype=bool if key and isinstance(key[0], bool) else int)
            ]
        except IndexError:
            with pytest.raises(IndexError):
                opened[key]
            return
        got = opened[key]
        if wanted.ndim == 2:
            np.testing.assert_array_equal(got, wanted)
            return
        assert isinstance(got, io.Movie)
        assert got.shape == wanted.shape
        np.testing.assert_array_equal(np.asarray(got), wanted)
        opened, array = got, wanted


@pytest.mark.parametrize("key", [1.5, "a", None, (0, 1, 2.0), [[0]], {}])
def test_indices_of_another_type(movie, key):
    with pytest.raises(TypeError, match=r"ind(ex|ices) must be"):
        movie[key]


def test_numpy_integers_are_indices(movie, pixels):
    np.testing.assert_array_equal(movie[np.uint8(3)], pixels[3])


def test_views_share_what_is_known(pixels):
    movie = io.open(pixels, pixel_size_um=(2, 1), frame_interval_s=0.5)
    view = movie[2:5]
    assert (view.pixel_size_um, view.frame_interval_s) == ((2, 1), 0.5)
    assert (view.axes, view.dtype, view.frame_shape) == ("TYX", pixels.dtype, (20, 30))


def test_frames_can_be_written_to_without_harm(tmp_path, pixels):
    """What a reader keeps is not what it hands out."""
    zarr.create_array(tmp_path / "m.zarr", data=pixels, chunks=(3, 20, 20))
    movie = io.open(tmp_path / "m.zarr")
    movie[1][:] = 0
    np.testing.assert_array_equal(movie[1], pixels[1])


def test_another_process_reads_by_itself(movie, pixels, tmp_path):
    """Pickled here, read there, from another folder and while this one goes on."""
    if not movie.file_backed:
        return
    movie[0]
    data = pickle.dumps(movie[2:5])
    assert len(data) < 10_000
    script = (
        "import pickle, sys, numpy as np\n"
        "movie = pickle.load(sys.stdin.buffer)\n"
        "sys.stdout.buffer.write(np.asarray(movie).tobytes())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], input=data, stdout=-1, check=True, cwd="/"
    )
    assert done.stdout == pixels[2:5].tobytes()
    np.testing.assert_array_equal(movie[6], pixels[6])


@pytest.mark.parametrize("movie", ["array", "list"], indirect=True)
def test_memory_is_not_a_file(movie, pixels, same):
    assert not movie.file_backed
    same(pickle.loads(pickle.dumps(movie)), pixels)  # noqa: S301 (our own)


def test_file_that_changed_since_it_was_opened(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "m.tif", pixels)
    data = pickle.dumps(io.open(tmp_path / "m.tif"))
    tifffile.imwrite(tmp_path / "m.tif", pixels[:3], photometric="minisblack")
    movie = pickle.loads(data)  # noqa: S301 (our own)
    with pytest.raises(SpotgpuError, match=r"m\.tif has changed since it was opened"):
        movie[0]


def test_closed(movie):
    with movie as same_movie:
        assert same_movie is movie
        movie[0]
    assert "closed" in repr(movie)
    with pytest.raises(ValueError, match="the movie is closed"):
        movie[0]
    with pytest.raises(ValueError, match="the movie is closed"):
        next(iter(movie))
    movie.close()


def test_repr(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif", noise((3, 4, 20, 30)), imagej=True, metadata={"axes": "TZYX"}
    )
    movie = io.open(tmp_path / "m.tif", pixel_size_um=(0.5, 0.2, 0.2), frame_interval_s=0.04)
    assert repr(movie) == (
        "<Movie TZYX (3, 4, 20, 30) uint16, pixel z 0.5, y 0.2, x 0.2 µm, 0.04 s a frame, "
        f"from {tmp_path / 'm.tif'}>"
    )
    assert repr(io.open(noise((3, 20, 30)))) == (
        "<Movie TYX (3, 20, 30) uint16, pixel size unknown, frame interval unknown, from an array>"
    )


def test_opened_again(pixels, same):
    movie = io.open(pixels)
    again = io.open(movie, pixel_size_um=0.5, axes="tyx")
    assert again.pixel_size_um == (0.5, 0.5)
    assert movie.pixel_size_um is None
    same(again, pixels)
    with pytest.raises(ValueError, match="`axes` must be 'TYX' for a movie that is open"):
        io.open(movie, axes="TXY")
    with pytest.raises(ValueError, match="`channel` must be chosen when the file is opened"):
        io.open(movie, channel=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pixel_size_um": 0}, ValueError, "`pixel_size_um` must be a finite number > 0, got 0"),
        ({"pixel_size_um": -1.0}, ValueError, "`pixel_size_um` must be"),
        ({"pixel_size_um": (1, 2, 3)}, ValueError, "`pixel_size_um` must be one value or 2"),
        ({"pixel_size_um": "1"}, TypeError, "`pixel_size_um` must be"),
        ({"frame_interval_s": float("nan")}, ValueError, "`frame_interval_s` must be"),
        ({"frame_interval_s": 0}, ValueError, "`frame_interval_s` must be"),
        ({"channel": 1}, ValueError, "`channel` must be one of 0 to 0, got 1"),
        ({"series": 0}, ValueError, "`series` must be None"),
        ({"series": 0.5}, TypeError, "`series` must be an integer"),
    ],
)
def test_wrong_options(pixels, options, error, message):
    with pytest.raises(error, match=message):
        io.open(pixels, **options)
