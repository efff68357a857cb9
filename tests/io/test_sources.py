"""Arrays, lists, generators, readers of other libraries, .npy files, and series of files."""

from __future__ import annotations

import dask.array
import numpy as np
import pims
import pytest
import tifffile

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.simulate import brownian_motion, movie


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 20, 30), (5, 6, 20, 30)])
def test_arrays(same, noise, shape, dtype):
    array = noise(shape, dtype)
    movie = io.open(array)
    same(movie, array)
    assert movie.axes == ("TYX" if len(shape) == 3 else "TZYX")
    assert np.shares_memory(movie[2], array)


def test_byte_order_in_memory_is_kept(noise):
    """Nobody copies what the caller has; frames are of the type that the movie says."""
    array = noise((5, 20, 30)).astype(">u2")
    for source in (array, list(array), iter(array)):
        movie = io.open(source)
        assert movie.dtype == array.dtype
        for frame, wanted in zip(movie, array, strict=True):
            assert frame.dtype == movie.dtype
            np.testing.assert_array_equal(frame, wanted)


def test_axes_of_arrays(same, noise):
    array = noise((2, 6, 20, 30))
    same(io.open(array, axes="CTYX", channel=1), array[1])
    same(io.open(array, axes="ZTYX"), array.swapaxes(0, 1))
    same(io.open(array[0, 0], axes="YX"), array[:1, 0])
    same(io.open(array[:, 0], axes="ZYX"), array[None, :, 0])
    same(io.open(array[0], axes="YXT"), array[0].transpose(2, 0, 1))
    same(io.open(array[:, :1]), array[:, 0])
    same(io.open(array[:, :1], axes="TZYX"), array[:, :1])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((20, 30), r"`axes` must be given.*\(20, 30\).*axes='YX' for a movie of one frame"),
        ((20,), r"`axes` must be given.*\(20,\)"),
        ((), r"`axes` must be given"),
        ((2, 3, 4, 20, 30), r"`axes` must be given.*\(2, 3, 4, 20, 30\).*axes='TZCYX'"),
        ((20, 30, 3), r"gray images, got colour images of shape \(20, 30, 3\).*channel=0 to 2"),
        ((5, 20, 30, 4), r"gray images, got colour images.*channel=0 to 3"),
        ((0, 20, 30), "at least one frame with pixels, got an empty movie"),
        ((5, 0, 30), "at least one frame with pixels"),
    ],
)
def test_shapes_that_are_no_movie(shape, message):
    with pytest.raises(ValueError, match=message):
        io.open(np.zeros(shape, np.uint8))


def test_colour_array_by_channel(same, noise):
    array = noise((5, 20, 30, 3))
    same(io.open(array, channel=2), array[..., 2])
    narrow = noise((5, 20, 3))
    same(io.open(narrow, axes="TYX"), narrow)


@pytest.mark.parametrize("dtype", ["complex64", "object", "U3", "datetime64[s]"])
def test_pixels_that_are_no_numbers(dtype):
    array = np.zeros((5, 20, 30), dtype)
    with pytest.raises(TypeError, match="pixels that are real numbers, got"):
        io.open(array)
    with pytest.raises(TypeError, match="pixels that are real numbers, got"):
        io.open(list(array))
    with pytest.raises(TypeError, match="pixels that are real numbers, got"):
        io.open(image for image in array)


def test_masked_arrays():
    masked = np.ma.masked_less(np.zeros((5, 20, 30)), 1)
    with pytest.raises(TypeError, match="must not be a masked array"):
        io.open(masked)
    with pytest.raises(TypeError, match="masked array in frame 0"):
        io.open(list(masked))


@pytest.mark.parametrize("source", [None, 5, b"m.tif", {}, {1, 2}, object()])
def test_what_holds_no_images(source):
    with pytest.raises(TypeError, match="`source` must be a path, an array, or a sequence"):
        io.open(source)


@pytest.mark.parametrize("source", [[], (), iter([])])
def test_empty(source):
    with pytest.raises(ValueError, match="at least one frame, got an empty"):
        io.open(source)


def test_lists(same, noise):
    array = noise((5, 20, 30))
    same(io.open(list(array)), array)
    same(io.open(tuple(array)), array)
    same(io.open(array.tolist()), array.astype(int))
    volumes = noise((5, 6, 20, 30))
    same(io.open(list(volumes)), volumes)
    same(io.open(list(volumes), axes="CYX", channel=1), volumes[:, 1])
    with pytest.raises(ValueError, match=r"`axes` must be those of one image, without T"):
        io.open(list(array), axes="TYX")
    with pytest.raises(ValueError, match="gray images, got colour images"):
        io.open(list(noise((5, 20, 30, 3))))
    with pytest.raises(ValueError, match="`axes` must be given"):
        io.open(list(noise((5, 20))))
    with pytest.raises(TypeError, match="must have images in it"):
        io.open([[[1, 2], [3]]])


@pytest.mark.parametrize("change", [lambda a: a[1:], lambda a: a.astype(np.uint8)])
def test_frames_that_are_not_alike(noise, change):
    array = noise((5, 20, 30))
    frames = [*array[:3], change(array[3]), array[4]]
    movie = io.open(frames)
    with pytest.raises(ValueError, match=r"frames of one shape and type, got .* in frame 3 after"):
        list(movie)
    seen = []
    with pytest.raises(ValueError, match="in frame 3 after"):
        seen.extend(io.open(frame for frame in frames))


def test_generators(same, noise):
    array = noise((5, 20, 30))
    movie = io.open((image for image in array), pixel_size_um=0.5, frame_interval_s=0.1)
    assert (movie.axes, movie.ndim, movie.frame_shape) == ("TYX", 3, (20, 30))
    assert movie.dtype == array.dtype
    assert movie.pixel_size_um == (0.5, 0.5)
    assert movie.frame_interval_s == 0.1
    assert not movie.file_backed
    assert bool(movie)
    assert "(?, 20, 30)" in repr(movie)
    for what in (lambda: len(movie), lambda: movie.shape):
        with pytest.raises(TypeError, match="the number of frames is not known before the end"):
            what()
    with pytest.raises(TypeError, match="can only be gone through in order"):
        movie[0]
    np.testing.assert_array_equal(list(movie), array)
    with pytest.raises(ValueError, match="can be gone through only once, and were"):
        iter(movie)
    with pytest.raises(ValueError, match="can be gone through only once"):
        io.open(movie, pixel_size_um=1)


def test_generators_of_volumes_and_channels(noise):
    array = noise((5, 2, 20, 30))
    movie = io.open(iter(array))
    assert movie.axes == "TZYX"
    np.testing.assert_array_equal(np.asarray(movie), array)
    movie = io.open((image for image in array), axes="CYX", channel=1)
    np.testing.assert_array_equal(list(movie), array[:, 1])


def test_generators_are_gone_through_lazily(noise):
    asked = []

    def frames():
        for t in range(5):
            asked.append(t)
            yield np.full((20, 30), t)

    movie = io.open(frames())
    assert asked == [0]
    rest = iter(movie)
    next(rest)
    next(rest)
    assert asked == [0, 1]
    movie.close()
    with pytest.raises(ValueError, match="the movie is closed"):
        iter(movie)


def test_generators_cannot_be_pickled(noise):
    import pickle

    with pytest.raises(TypeError, match="cannot be pickled: a generator of images"):
        pickle.dumps(io.open(image for image in noise((5, 20, 30))))


@pytest.mark.parametrize("chunks", [(5, 20, 30), (2, 7, 30), (1, 20, 30), (4, 20, 11)])
def test_dask(same, noise, chunks):
    array = noise((5, 20, 30))
    movie = io.open(dask.array.from_array(array, chunks=chunks))
    same(movie, array)
    assert not movie.file_backed


def test_dask_is_computed_block_by_block(noise):
    asked = []

    def block(block_info=None):
        asked.append(block_info[None]["chunk-location"][0])
        return np.zeros((2, 1000, 1500), np.float64)

    lazy = dask.array.map_blocks(block, chunks=((2,) * 10, (1000,), (1500,)), dtype=np.float64)
    movie = io.open(lazy)
    assert asked == []
    movie[5]
    assert asked == [2]
    movie[4]
    assert asked == [2]


def test_pims(tmp_path, same, noise):
    array = noise((5, 20, 30))
    tifffile.imwrite(tmp_path / "m.tif", array)
    with pims.TiffStack(str(tmp_path / "m.tif")) as reader:
        same(io.open(reader), array)
        same(io.open(reader[1:3]), array[1:3])
        # trackpy counts by this.
        assert [frame.frame_no for frame in io.open(reader[1:3])] == [1, 2]
        halved = pims.pipeline(lambda image: image // 2)(reader)
        same(io.open(halved), array // 2)


def test_pims_pipeline_that_changes_the_shape(noise):
    """The frame is what counts, and not what the reader under it says."""

    class Colour(pims.FramesSequence):
        frame_shape, pixel_type, frame_rate = (20, 30, 3), np.uint8, 25

        def __len__(self):
            return 4

        def get_frame(self, i):
            return pims.Frame(np.full((20, 30, 3), i, np.uint8), frame_no=i)

    reader = Colour()
    with pytest.raises(ValueError, match="gray images, got colour images"):
        io.open(reader)
    movie = io.open(reader, channel=0)
    assert movie.shape == (4, 20, 30)
    assert movie.frame_interval_s == 1 / 25
    gray = pims.pipeline(lambda image: image[..., 0])(reader)
    assert io.open(gray).shape == (4, 20, 30)


def test_lazy_arrays_of_others(same, noise):
    """Anything with a shape, a type and slices: an HDF5 data set, for one."""

    class Lazy:
        def __init__(self, array):
            self.array, self.shape, self.dtype = array, array.shape, array.dtype
            self.chunks = (2, 20, 30)

        def __getitem__(self, key):
            return self.array[key]

    array = noise((5, 20, 30))
    same(io.open(Lazy(array)), array)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32"])
def test_npy(tmp_path, same, noise, dtype, order):
    array = np.asarray(noise((5, 20, 30), np.dtype(dtype).newbyteorder("=").name), dtype, order)
    np.save(tmp_path / "m.npy", array)
    movie = io.open(tmp_path / "m.npy")
    same(movie, array)
    assert movie[0].flags.owndata


def test_npy_with_objects_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    np.save(tmp_path / "m.npy", np.array([[[Bomb()]]], dtype=object), allow_pickle=True)
    with pytest.raises(TypeError, match=r"real numbers, got objects in .*m\.npy"):
        io.open(tmp_path / "m.npy")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("keep", [7, 50, 100, 1000])
def test_npy_cut_off(tmp_path, noise, keep):
    np.save(tmp_path / "m.npy", noise((5, 20, 30)))
    data = (tmp_path / "m.npy").read_bytes()
    (tmp_path / "m.npy").write_bytes(data[:keep])
    with pytest.raises(SpotgpuError, match=r"m\.npy is truncated or corrupt"):
        io.open(tmp_path / "m.npy")


@pytest.fixture
def folder(tmp_path, noise):
    """Twelve files whose names sort otherwise as text."""
    array = noise((12, 20, 30))
    for k, image in enumerate(array):
        tifffile.imwrite(tmp_path / f"image{k}.tif", image)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.tif").write_text("no image")
    return tmp_path, array


def test_folder_pattern_list(folder, same):
    path, array = folder
    same(io.open(path), array)
    same(io.open(str(path)), array)
    same(io.open(path / "image*.tif"), array)
    same(io.open(str(path / "image?.tif")), array[:10])
    names = [path / f"image{k}.tif" for k in (5, 0, 11)]
    same(io.open(names), array[[5, 0, 11]])
    same(io.open(tuple(map(str, names))), array[[5, 0, 11]])
    same(io.open(names[:1]), array[5:6])
    assert "12 files" in repr(io.open(path))
    assert io.open(path).file_backed


def test_file_of_another_shape_is_named(folder, noise):
    path, _ = folder
    tifffile.imwrite(path / "image7.tif", noise((20, 31)))
    movie = io.open(path)
    with pytest.raises(ValueError, match=r"got \(20, 31\) of uint16 in file .*image7\.tif after"):
        list(movie)


def test_file_of_more_frames_is_named(folder, noise):
    path, _ = folder
    tifffile.imwrite(path / "image7.tif", noise((2, 20, 30)))
    with pytest.raises(ValueError, match=r"one frame each.*got 2 in file .*image7\.tif"):
        io.open(path)[7]


def test_corrupt_file_is_named(folder):
    path, _ = folder
    (path / "image7.tif").write_bytes((path / "image7.tif").read_bytes()[:300])
    with pytest.raises(SpotgpuError, match=r"image7\.tif is truncated"):
        io.open(path)[7]


def test_missing_file_is_named(folder):
    path, _ = folder
    with pytest.raises(
        FileNotFoundError, match=r"`source` must be files that are there, .*image99"
    ):
        io.open([path / "image1.tif", path / "image99.tif"])


def test_parts_of_a_movie_and_volumes(tmp_path, same, noise):
    array = noise((4, 5, 20, 30))
    for k, part in enumerate(array):
        tifffile.imwrite(tmp_path / f"{k}.tif", part)
    with pytest.raises(ValueError, match="`axes` must be given: each of 4 files has 5 images"):
        io.open(tmp_path)
    same(io.open(tmp_path, axes="ZYX"), array)
    same(io.open(tmp_path, axes="TYX"), array.reshape(20, 20, 30))


def test_parts_of_several_lengths(tmp_path, same, noise):
    array = noise((9, 20, 30))
    for k, (start, stop) in enumerate([(0, 2), (2, 3), (3, 9)]):
        tifffile.imwrite(
            tmp_path / f"{k}.tif", array[start:stop], imagej=True, metadata={"axes": "TYX"}
        )
    same(io.open(tmp_path), array)


def test_hyperstacks_in_files(tmp_path, same, noise):
    array = noise((4, 5, 2, 20, 30))
    for k, part in enumerate(array):
        tifffile.imwrite(
            tmp_path / f"{k}.tif",
            part,
            imagej=True,
            resolution=(4, 2),
            metadata={"axes": "ZCYX", "unit": "um", "spacing": 1},
        )
    movie = io.open(tmp_path, channel=1)
    same(movie, array[:, :, 1])
    assert movie.pixel_size_um == (1, 0.5, 0.25)


def test_files_of_images_in_npy(tmp_path, same, noise):
    array = noise((4, 20, 30))
    for k, image in enumerate(array):
        np.save(tmp_path / f"{k}.npy", image)
    same(io.open(tmp_path), array)
    tifffile.imwrite(tmp_path / "5.tif", array[0])
    with pytest.raises(ValueError, match=r"images of one kind, got .npy and TIFF"):
        io.open(tmp_path)


def test_folder_without_images(tmp_path):
    with pytest.raises(ValueError, match=r"must be a folder with .tif, .*got"):
        io.open(tmp_path)
    with pytest.raises(FileNotFoundError, match="must be a pattern that fits some file"):
        io.open(tmp_path / "*.tif")


def test_brackets_in_a_name_are_no_pattern(tmp_path, same, noise):
    array = noise((5, 20, 30))
    tifffile.imwrite(tmp_path / "run[1].tif", array)
    same(io.open(tmp_path / "run[1].tif"), array)


@pytest.mark.parametrize("stored", [{}, {"compression": "zlib"}, {"byteorder": ">"}])
def test_files_that_are_stored_otherwise(tmp_path, same, noise, stored):
    """The short way to the next file is taken only if that is stored like the last one."""
    array = noise((6, 20, 30))
    for k, image in enumerate(array):
        tifffile.imwrite(tmp_path / f"{k}.tif", image, **(stored if k % 4 > 1 else {}))
    same(io.open(tmp_path), array)


def test_a_simulated_movie_keeps_its_scale():
    tracks = brownian_motion(3, 5, (8, 20, 21))
    frames = movie(tracks, (8, 20, 21), pixel_size_um=(0.3, 0.1, 0.1), frame_interval_s=0.5)
    opened = io.open(frames)
    assert opened.pixel_size_um == (0.3, 0.1, 0.1)
    assert opened.frame_interval_s == 0.5
    np.testing.assert_array_equal(opened[1], frames[1])
