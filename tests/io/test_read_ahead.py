"""Frames decoded ahead by threads: the same frames, in order, with errors where they belong."""

from __future__ import annotations

import gc
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.io._blocks import BlockFrames
from spotgpu.io._cut import parts
from spotgpu.io._layout import Layout

GRAY = {"photometric": "minisblack"}


def threads_of_ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("spotgpu-read")]


def write(path: Path, kind: str, array: np.ndarray) -> Path:
    """Write a movie as a file or folder of some kind."""
    if kind in {"raw", "zlib", "zstd"}:
        options = {} if kind == "raw" else {"compression": kind}
        tifffile.imwrite(path, array, **options, **GRAY)
    elif kind == "files":
        path.mkdir()
        for k, frame in enumerate(array):
            tifffile.imwrite(path / f"{k}.tif", frame, **GRAY)
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, array)
    else:
        options = {
            "zarr-1": {"chunks": (1, 20, 30)},
            "zarr-4": {"chunks": (4, 7, 11)},
            "zarr-50": {"chunks": (50, 20, 30)},
            "shards": {"chunks": (2, 20, 30), "shards": (8, 20, 30)},
        }[kind]
        zarr.create_array(path, data=array, **options)
    return path


KINDS = ["raw", "zlib", "zstd", "files", "npy", "zarr-1", "zarr-4", "zarr-50", "shards"]


@pytest.fixture(params=KINDS)
def stored(tmp_path, noise, request):
    array = noise((23, 20, 30))
    return io.open(write(tmp_path / "m", request.param, array)), array


def require_same(frames, expected) -> None:
    """Compare after the last: no frame may have been written over."""
    kept = list(frames)
    assert len(kept) == len(expected)
    for frame, wanted in zip(kept, expected, strict=True):
        assert frame.dtype == wanted.dtype
        assert frame.flags.c_contiguous
        np.testing.assert_array_equal(frame, wanted)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("most_bytes", [1, 5000, 2**29])
def test_same_frames(stored, threads, most_bytes):
    movie, array = stored
    options = {"threads": threads, "most_bytes": most_bytes}
    require_same(io.read_ahead(movie, **options), array)
    require_same(io.read_ahead(movie, 3, 19, **options), array[3:19])
    require_same(io.read_ahead(movie[::-1], 2, **options), array[::-1][2:])
    require_same(io.read_ahead(movie[2::5], **options), array[2::5])
    picked = [7, 7, 0, 22, 3, 4, 5, 5]
    require_same(io.read_ahead(movie[picked], **options), array[picked])
    require_same(io.read_ahead(movie, 4, 4, **options), array[:0])
    assert not threads_of_ours()


def test_frames_are_the_callers(stored):
    """Writing to a frame changes no other, nor what is read later."""
    movie, array = stored
    for t, frame in enumerate(io.read_ahead(movie[[0, 1, 1, 2]], threads=1)):
        np.testing.assert_array_equal(frame, array[[0, 1, 1, 2][t]])
        frame[...] = 0
    np.testing.assert_array_equal(movie[1], array[1])


@pytest.mark.parametrize("make", [np.asarray, list, iter, zarr.array])
def test_what_is_in_memory(noise, make):
    array = noise((9, 20, 30))
    frames = io.read_ahead(io.open(make(array)), 2, 8, threads=2)
    assert frames.threads == (2 if make is zarr.array else 0)
    require_same(frames, array[2:8])
    assert frames.seconds > 0


def test_dask_is_read_by_threads_and_copied(noise):
    from dask.array import from_array

    array = noise((9, 20, 30))
    frames = io.read_ahead(io.open(from_array(array, chunks=(3, 20, 30))), threads=2)
    assert frames.threads == 2
    for frame in frames:
        frame[...] = 0
    np.testing.assert_array_equal(array, noise((9, 20, 30)))


def test_arrays_of_others_stay_in_one_thread(noise):
    class Other:
        def __init__(self, array):
            self.array, self.shape, self.dtype = array, array.shape, array.dtype

        def __getitem__(self, key):
            assert threading.current_thread() is threading.main_thread()
            return self.array[key]

    array = noise((9, 20, 30))
    require_same(io.read_ahead(io.open(Other(array)), threads=2), array)


def test_seconds(tmp_path, noise):
    movie = io.open(write(tmp_path / "m", "zlib", noise((40, 20, 30))))
    frames = io.read_ahead(movie, threads=2)
    assert frames.seconds == frames.waited == 0
    list(frames)
    assert frames.seconds > 0
    assert frames.waited > 0


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"start": -1}, ValueError, "`start` must be an integer >= 0, got -1"),
        ({"start": 24}, ValueError, "`start` must be an integer <= 23, got 24"),
        ({"stop": 24}, ValueError, "`stop` must be an integer <= 23, got 24"),
        ({"start": 5, "stop": 4}, ValueError, "`stop` must be an integer >= 5, got 4"),
        ({"threads": 0}, ValueError, "`threads` must be an integer >= 1, got 0"),
        ({"most_bytes": 0}, ValueError, "`most_bytes` must be an integer >= 1, got 0"),
        ({"movie": [1]}, TypeError, "`movie` must be a Movie, got list"),
    ],
)
def test_wrong_arguments(tmp_path, noise, wrong, error, message):
    movie = io.open(write(tmp_path / "m", "raw", noise((23, 20, 30))))
    with pytest.raises(error, match=message):
        io.read_ahead(**{"movie": movie, **wrong})


def test_closed_movie(tmp_path, noise):
    movie = io.open(write(tmp_path / "m", "raw", noise((3, 20, 30))))
    movie.close()
    with pytest.raises(ValueError, match="the movie is closed"):
        io.read_ahead(movie)


# How frames are cut into parts.


class Counted:
    """An array that notes what was asked, and by which thread."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.asked = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        self.asked.append((key[0].start, key[0].stop))
        return self.array[key]


def counted(array, chunk):
    """Return a movie that notes what is asked of its array, which bears threads."""
    counting = Counted(array)
    layout = Layout("TYX", len(array), array.shape[1:], (slice(None),) * 3, 0, (0, 1))
    movie = io.open(zarr.array(array))
    movie._reader = BlockFrames(counting, layout, chunk)
    return movie, counting


@pytest.mark.parametrize(("start", "stop"), [(0, 100), (7, 93)])
@pytest.mark.parametrize("chunk", [1, 10, 64])
@pytest.mark.parametrize("most_bytes", [1, 30_000, 2**29])
def test_no_chunk_is_decoded_twice(noise, monkeypatch, chunk, start, stop, most_bytes):
    array = noise((100, 20, 30))
    movie, counting = counted(array, chunk)
    monkeypatch.setattr("spotgpu.io._read_ahead.SAFE", {Counted.__module__.partition(".")[0]})
    frames = io.read_ahead(movie, start, stop, threads=2, most_bytes=most_bytes)
    assert frames.threads == 2
    require_same(frames, array[start:stop])
    asked = sorted(counting.asked)
    assert asked[0][0] == start
    assert asked[-1][1] == stop
    for (_, end), (begin, _) in pairwise(asked):
        assert end == begin
        assert end % chunk == 0


def test_gaps_are_not_read(noise):
    movie, _ = counted(noise((100, 20, 30)), 5)
    cut = [part.numbers for part in parts(movie[::20], 0, 5, 2**29)]
    assert cut == [[0], [20], [40], [60], [80]]
    # One chunk between them is a gap, too; none is not.
    assert [part.numbers for part in parts(movie[:20:10], 0, 2, 2**29)] == [[0], [10]]
    assert [part.numbers for part in parts(movie[:15:7], 0, 3, 2**29)] == [[0, 7, 14]]


def test_arrays_of_others_are_not_written_to(noise, monkeypatch):
    """What an array gives may be a view of it."""
    movie, counting = counted(noise((20, 20, 30)), 5)
    monkeypatch.setattr("spotgpu.io._read_ahead.SAFE", {Counted.__module__.partition(".")[0]})
    for frame in io.read_ahead(movie, threads=2):
        frame[...] = 0
    np.testing.assert_array_equal(counting.array, noise((20, 20, 30)))


def test_memory(noise, monkeypatch):
    """Decoded, and not handed out: never more than was allowed."""
    array = noise((200, 20, 30))
    movie, counting = counted(array, 10)
    monkeypatch.setattr("spotgpu.io._read_ahead.SAFE", {Counted.__module__.partition(".")[0]})
    chunk_bytes = 10 * 20 * 30 * 2
    frames = io.read_ahead(movie, threads=2, most_bytes=3 * chunk_bytes + 1)
    for t, _frame in enumerate(frames):
        time.sleep(0.001)
        # The part that is being handed out counts until its last frame.
        assert len(counting.asked) <= t // 10 + 3
    assert len(counting.asked) == 20


@pytest.mark.parametrize(("most_bytes", "shared"), [(1, [4]), (2800, [2, 2]), (2**29, [1] * 4)])
def test_threads_share_a_part_where_memory_is_short(
    tmp_path, noise, monkeypatch, most_bytes, shared
):
    """Never more than were asked for: readers times threads for the chunks of a part."""
    taken = []
    monkeypatch.setattr(
        "spotgpu.io._chunk_files.ChunkFiles.with_threads",
        lambda self, threads: taken.append(threads) or self,
    )
    array = noise((9, 20, 30))
    zarr.create_array(tmp_path / "m", data=array, chunks=(1, 10, 10))
    require_same(io.read_ahead(io.open(tmp_path / "m"), threads=4, most_bytes=most_bytes), array)
    assert taken == shared


# The end before the end.


class Slow(Counted):
    """Takes its time for each chunk."""

    def __getitem__(self, key):
        time.sleep(0.15)
        return super().__getitem__(key)


def slow(noise, monkeypatch):
    movie, _ = counted(noise((100, 20, 30)), 1)
    monkeypatch.setattr("spotgpu.io._cut.AT_ONCE", 1)
    monkeypatch.setattr("spotgpu.io._read_ahead.SAFE", {Counted.__module__.partition(".")[0]})
    movie._reader._array = Slow(movie._reader._array.array)
    return movie, movie._reader._array


@pytest.mark.parametrize("how", ["close", "with", "break", "error"])
def test_closing_early_stops_the_threads(noise, monkeypatch, how):
    movie, array = slow(noise, monkeypatch)
    frames = io.read_ahead(movie, threads=2)
    next(frames)
    assert threads_of_ours()
    begun = time.perf_counter()
    if how == "close":
        frames.close()
    elif how == "with":
        with frames:
            pass
    elif how == "break":
        gc.disable()  # the count of references is enough
        try:
            del frames
        finally:
            gc.enable()
    else:
        with pytest.raises(KeyboardInterrupt), frames:
            raise KeyboardInterrupt
    assert time.perf_counter() - begun < 1
    assert not threads_of_ours()
    asked = len(array.asked)
    assert asked <= 4  # the first, two that were begun, one that took its place
    time.sleep(0.4)
    assert len(array.asked) == asked


def test_a_part_is_left_in_the_middle(tmp_path, noise, monkeypatch):
    """Parts of ten frames, of 0.3 s: closing waits for a frame, not for a part."""
    from spotgpu.io._tiff import TiffFrames

    array, read, plain = noise((40, 20, 30)), [], TiffFrames.frame

    def sleepy(reader, t):
        time.sleep(0.03)
        read.append(t)
        return plain(reader, t)

    movie = io.open(write(tmp_path / "m", "raw", array))
    monkeypatch.setattr(TiffFrames, "frame", sleepy)
    monkeypatch.setattr("spotgpu.io._cut.AT_ONCE", 10 * array[0].nbytes)
    frames = io.read_ahead(movie, threads=1)
    next(frames)
    frames.close()
    assert len(read) <= 12


def test_interrupt_while_waiting(noise, monkeypatch):
    """Ctrl-C comes while the main thread waits for a frame."""
    import signal

    movie, array = slow(noise, monkeypatch)
    frames = io.read_ahead(movie, threads=2)
    timer = threading.Timer(0.4, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        list(frames)
    timer.join()
    assert not threads_of_ours()
    assert len(array.asked) < 20


@pytest.mark.parametrize("kind", ["raw", "zlib", "files", "npy"])
@pytest.mark.parametrize("early", [True, False])
def test_files_are_closed(tmp_path, noise, kind, early):
    movie = io.open(write(tmp_path / "m", kind, noise((30, 20, 30))))

    def open_files():
        links = [f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")]  # noqa: PTH208
        return sum(str(tmp_path) in os.readlink(f) for f in links if os.path.lexists(f))  # noqa: PTH115

    before = open_files()
    frames = io.read_ahead(movie, threads=3, most_bytes=5000)
    for _ in range(5):
        next(frames)
    if early:
        frames.close()
    else:
        list(frames)
    assert open_files() == before


def test_closing_the_movie_leaves_the_threads_their_files(tmp_path, noise):
    array = noise((30, 20, 30))
    movie = io.open(write(tmp_path / "m", "raw", array))
    frames = io.read_ahead(movie, threads=2, most_bytes=3000)
    first = next(frames)
    movie.close()
    require_same([first, *frames], array)


# Faults.


def require_fault(frames, array, bad, message, error=SpotgpuError) -> None:
    """All frames before the broken one come out; then its error; then nothing."""
    for t in range(bad):
        np.testing.assert_array_equal(next(frames), array[t])
    with pytest.raises(error, match=message):
        next(frames)
    assert not threads_of_ours()
    with pytest.raises(StopIteration):
        next(frames)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("codec", ["zlib", "zstd", "lzw"])
def test_corrupt_strip(tmp_path, noise, codec, threads):
    array = noise((23, 20, 30))
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, array, compression=codec, **GRAY)
    with tifffile.TiffFile(path) as tif:
        start, size = tif.pages[13].dataoffsets[0], tif.pages[13].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    frames = io.read_ahead(io.open(path), threads=threads)
    require_fault(frames, array, 13, r"frame 13 .*page 13 of .*m\.tif is truncated or corrupt")


@pytest.mark.parametrize("codec", [None, "zstd"])
def test_file_cut_in_a_page_while_it_is_open(tmp_path, noise, codec):
    """The clones see that it is not the file that was opened, and read none of it."""
    array = noise((23, 20, 30))
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, array, compression=codec, **GRAY)
    movie = io.open(path)
    with tifffile.TiffFile(path) as tif:
        cut = tif.pages[13].dataoffsets[0] + 7
    with path.open("r+b") as file:
        file.truncate(cut)
    message = r"frame 0 cannot be read: .*m\.tif has changed since it was opened"
    require_fault(io.read_ahead(movie, threads=2), array, 0, message)


@pytest.mark.parametrize("codec", [None, "zstd"])
def test_file_cut_in_a_page_while_it_is_read(tmp_path, noise, codec):
    array = noise((23, 20, 30))
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as writer:
        for frame in array:
            writer.write(frame, contiguous=False, metadata=None, compression=codec, **GRAY)
    with tifffile.TiffFile(path) as tif:
        cut = tif.pages[13].dataoffsets[0] + 7
    frames = io.read_ahead(io.open(path), threads=1, most_bytes=1)
    np.testing.assert_array_equal(next(frames), array[0])
    with path.open("r+b") as file:
        file.truncate(cut)
    message = r"frame 13 .*page 13 of .*m\.tif is truncated or corrupt: the file ends within it"
    for t in range(1, 13):
        np.testing.assert_array_equal(next(frames), array[t])
    with pytest.raises(SpotgpuError, match=message):
        next(frames)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("fault", ["flipped", "cut", "empty"])
def test_corrupt_chunk(tmp_path, noise, zarr_format, fault, threads):
    array = noise((23, 20, 30))
    path = tmp_path / "m.zarr"
    zarr.create_array(path, data=array, chunks=(4, 20, 30), zarr_format=zarr_format)
    chunk = path / ("3.0.0" if zarr_format == 2 else "c/3/0/0")
    data = chunk.read_bytes()
    chunk.write_bytes(
        {"flipped": bytes(255 - b for b in data), "cut": data[:-9], "empty": b""}[fault]
    )
    frames = io.read_ahead(io.open(path), threads=threads)
    require_fault(frames, array, 12, r"frame 12 of .*m\.zarr is truncated or corrupt")


def test_one_flipped_bit_with_a_checksum(tmp_path, noise):
    array = noise((8, 20, 30))
    path = tmp_path / "m.zarr"
    codecs = [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]
    zarr.create_array(path, data=array, chunks=(2, 20, 30), compressors=codecs)
    chunk = path / "c/1/0/0"
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    frames = io.read_ahead(io.open(path), threads=2)
    require_fault(frames, array, 2, r"frame 2 of .*m\.zarr is truncated or corrupt")


def test_missing_chunk_is_the_fill_value(tmp_path, noise):
    array = noise((8, 20, 30))
    path = tmp_path / "m.zarr"
    zarr.create_array(path, data=array, chunks=(2, 20, 30), fill_value=7)
    (path / "c/1/0/0").unlink()
    array[2:4] = 7
    require_same(io.read_ahead(io.open(path), threads=2), array)


def test_file_of_a_series_that_is_broken(tmp_path, noise):
    array = noise((23, 20, 30))
    path = write(tmp_path / "m", "files", array)
    (path / "13.tif").write_bytes((path / "13.tif").read_bytes()[:-500])
    message = r"frame 13 of the series|13\.tif is truncated or corrupt"
    require_fault(io.read_ahead(io.open(path), threads=2), array, 13, message)


def test_file_of_a_series_that_goes(tmp_path, noise):
    array = noise((23, 20, 30))
    path = write(tmp_path / "m", "files", array)
    movie = io.open(path)
    (path / "13.tif").unlink()
    frames = io.read_ahead(movie, threads=2)
    require_fault(frames, array, 13, r"13\.tif", FileNotFoundError)


class Camera:
    """A sequence whose frame 5 cannot be had."""

    def __init__(self, array):
        self.array = array

    def __len__(self):
        return len(self.array)

    def __getitem__(self, t):
        if t == 5:
            raise ConnectionError("camera 3, frame 5: no answer")
        return self.array[t]


@pytest.mark.parametrize("stream", [False, True])
def test_sequence_that_raises(noise, stream):
    array = noise((9, 20, 30))
    camera = Camera(array)
    source = (camera[t] for t in range(9)) if stream else camera
    frames = io.read_ahead(io.open(source), threads=2)
    require_fault(frames, array, 5, "camera 3, frame 5: no answer", ConnectionError)
