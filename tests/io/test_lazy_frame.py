"""Parts of frames: those of the whole frame, from every kind of source, and no more is read."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.simulate import brownian_motion, movie


def noise(shape: tuple[int, ...], dtype: str = "uint16") -> np.ndarray:
    """Return pixels that are all different from their neighbours."""
    top = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, top, shape, dtype=dtype, endpoint=True)


PLANES = noise((5, 20, 30))
VOLUMES = noise((4, 6, 20, 30))


def tiff(path: Path, data: np.ndarray, **stored: Any) -> Path:
    tifffile.imwrite(path / "m.tif", data, **stored)
    return path / "m.tif"


def stored_zarr(path: Path, data: np.ndarray, **stored: Any) -> Path:
    zarr.create_array(path / "m.zarr", data=data, **stored)
    return path / "m.zarr"


def npy(path: Path, data: np.ndarray) -> Path:
    np.save(path / "m.npy", data)
    return path / "m.npy"


def folder(path: Path, frames: np.ndarray, write: Callable[[Path, np.ndarray], Any]) -> Path:
    for k, frame in enumerate(frames):
        write(path / f"f{k}", frame)
    return path


def write_tiff(path: Path, frame: np.ndarray) -> None:
    tifffile.imwrite(path.with_suffix(".tif"), frame, photometric="minisblack", metadata=None)


#: What makes a source in a folder, options to open it with, and the sides of its blocks.
Case = tuple[Callable[[Path], Any], dict[str, Any], tuple[int, ...]]
SOURCES: dict[str, Case] = {
    "array": (lambda _: VOLUMES, {}, (1, 1, 1)),
    "array of big-endian numbers": (lambda _: PLANES.astype(">u2"), {}, (1, 1)),
    "array, other order": (lambda _: VOLUMES, {"axes": "XZTY"}, (1, 1, 1)),
    "array, channel": (lambda _: VOLUMES, {"axes": "CTYX", "channel": 2}, (1, 1)),
    "list": (lambda _: list(VOLUMES), {}, (6, 20, 30)),
    "list, channel": (lambda _: list(VOLUMES), {"axes": "CYX", "channel": 1}, (20, 30)),
    "simulated": (
        lambda _: movie(brownian_motion(3, 4, (32, 40)), (32, 40)),
        {},
        (32, 40),
    ),
    "dask": (lambda _: dask.array.from_array(VOLUMES, chunks=(3, 2, 13, 30)), {}, (2, 13, 30)),
    "zarr": (lambda p: stored_zarr(p, VOLUMES, chunks=(2, 4, 7, 30)), {}, (4, 7, 30)),
    "zarr, big chunks": (lambda p: stored_zarr(p, VOLUMES, chunks=(2, 9, 64, 64)), {}, (6, 20, 30)),
    "zarr, big-endian": (
        lambda p: stored_zarr(p, PLANES.astype(">i2"), chunks=(1, 8, 9)), {}, (8, 9),
    ),
    "zarr, shards": (
        lambda p: stored_zarr(p, VOLUMES, chunks=(1, 2, 5, 10), shards=(1, 4, 20, 30)),
        {},
        (2, 5, 10),
    ),
    "zarr, channel": (
        lambda p: stored_zarr(p, VOLUMES, chunks=(1, 3, 10, 30)),
        {"axes": "CTYX", "channel": 2},
        (10, 30),
    ),
    "zarr, other order": (
        lambda p: stored_zarr(p, VOLUMES, chunks=(1, 3, 10, 15)), {"axes": "XZTY"}, (3, 15, 1),
    ),
    "zarr, one volume": (
        lambda p: stored_zarr(p, VOLUMES[0], chunks=(3, 10, 15)), {"axes": "ZYX"}, (3, 10, 15),
    ),
    "zarr of the caller": (
        lambda p: zarr.open_array(stored_zarr(p, VOLUMES, chunks=(1, 3, 10, 15)), mode="r"),
        {},
        (3, 10, 15),
    ),
    "npy": (lambda p: npy(p, VOLUMES), {}, (1, 1, 1)),
    "npy, big-endian, other order": (
        lambda p: npy(p, VOLUMES.astype(">u2")), {"axes": "YXTZ"}, (1, 1, 1),
    ),
    "tiff": (lambda p: tiff(p, PLANES), {}, (1, 30)),
    "tiff of volumes": (lambda p: tiff(p, VOLUMES, imagej=True, metadata={"axes": "TZYX"}), {},
                        (1, 1, 30)),
    "tiff, big-endian": (lambda p: tiff(p, PLANES, byteorder=">"), {}, (1, 30)),
    "tiff, strips": (
        lambda p: tiff(p, VOLUMES, compression="zlib", rowsperstrip=8, ome=True,
                       metadata={"axes": "TZYX"}),
        {},
        (1, 8, 30),
    ),
    "tiff, tiles": (
        lambda p: tiff(p, PLANES, tile=(16, 16), compression="zlib"), {}, (16, 30),
    ),
    "tiff, plain strips apart": (
        lambda p: tiff(p, PLANES, rowsperstrip=7), {}, (1, 30),
    ),
    "tiff, channel": (
        lambda p: tiff(p, VOLUMES, imagej=True, metadata={"axes": "TCYX"}), {"channel": 3}, (1, 30),
    ),
    "tiff, other order": (
        lambda p: tiff(p, VOLUMES, metadata={"axes": "TZYX"}), {"axes": "ZTXY"}, (1, 30, 1),
    ),
    "tiff, colours": (
        lambda p: tiff(p, noise((5, 20, 30, 3), "uint8"), photometric="rgb"),
        {"channel": 1},
        (1, 30),
    ),
    "tiff, planes of colours": (
        lambda p: tiff(p, noise((5, 3, 20, 30), "uint8"), photometric="rgb",
                       planarconfig="separate", compression="zlib"),
        {"channel": 1},
        (20, 30),
    ),
    "series of images": (lambda p: folder(p, PLANES, write_tiff), {}, (1, 30)),
    "series of volumes": (lambda p: folder(p, VOLUMES, write_tiff), {"axes": "ZYX"}, (1, 1, 30)),
    "series of npy": (
        lambda p: folder(p, VOLUMES, lambda q, a: np.save(q.with_suffix(".npy"), a)),
        {"axes": "ZYX"},
        (1, 1, 1),
    ),
    "series of png": (
        lambda p: folder(p, PLANES, lambda q, a: _png(q.with_suffix(".png"), a)), {}, (20, 30),
    ),
}  # fmt: skip


def _png(path: Path, frame: np.ndarray) -> None:
    import imagecodecs

    path.write_bytes(imagecodecs.png_encode(frame))


@pytest.fixture(scope="module", params=SOURCES)
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    make, options, chunks = SOURCES[request.param]
    return io.open(make(tmp_path_factory.mktemp("source")), **options), chunks


def test_the_whole_is_the_frame(opened: Any) -> None:
    movie, chunks = opened
    for t in (len(movie) // 2, 0, -1):
        frame, lazy = movie[t], movie.lazy(t)
        assert (lazy.shape, lazy.dtype, lazy.ndim) == (frame.shape, frame.dtype, frame.ndim)
        assert (lazy.size, len(lazy)) == (frame.size, len(frame))
        assert lazy.chunks == chunks
        for whole in (lazy[(slice(None),) * frame.ndim], lazy[:], np.asarray(lazy)):
            assert whole.dtype == frame.dtype
            np.testing.assert_array_equal(whole, frame)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_parts(opened: Any, data: st.DataObject) -> None:
    movie, _ = opened
    t = data.draw(st.integers(0, len(movie) - 1))
    ends = [data.draw(st.tuples(st.integers(-n, n), st.integers(-n, n))) for n in movie.frame_shape]
    where = tuple(slice(*pair) for pair in ends)
    part = movie.lazy(t)[where]
    np.testing.assert_array_equal(part, movie[t][where])
    assert part.dtype == movie.dtype


def test_views_and_pickles(opened: Any) -> None:
    movie, _ = opened
    where = (slice(3, 6), slice(0, 5))
    last = len(movie) - 1
    np.testing.assert_array_equal(movie[last:].lazy(0)[where], movie[last][where])
    np.testing.assert_array_equal(movie[[last, 0]].lazy(-2)[where], movie[last][where])
    if movie.file_backed:
        again = pickle.loads(pickle.dumps(movie.lazy(last)))  # noqa: S301 (ours)
        np.testing.assert_array_equal(again[where], movie[last][where])


def test_what_is_no_part() -> None:
    movie = io.open(PLANES)
    frame = movie.lazy(0)
    for key in (0, (slice(3), 2), (slice(None),) * 3, ..., None, [1, 2]):
        with pytest.raises(TypeError, match="a part must be up to 2 slices, got"):
            frame[key]
    with pytest.raises(ValueError, match="slices of step 1, got"):
        frame[::2]
    with pytest.raises(ValueError, match="`copy` must not be False"):
        np.array(frame, copy=False)
    with pytest.raises(IndexError, match="frame 5 is out of range"):
        movie.lazy(5)
    with pytest.raises(TypeError, match="a frame's index must be an integer"):
        movie.lazy(slice(3))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="can only be gone through in order"):
        io.open(iter(PLANES)).lazy(0)
    assert repr(frame) == "<LazyFrame 20 x 30 uint16, in blocks of 1 x 1>"
    movie.close()
    with pytest.raises(ValueError, match="the movie is closed"):
        frame[:2]


def test_views_of_what_is_in_memory() -> None:
    assert np.shares_memory(io.open(VOLUMES).lazy(2)[1:3, 4:5], VOLUMES)


def test_broken_data(tmp_path: Path) -> None:
    """The same error as for the whole frame, where the broken part is read."""
    path = stored_zarr(tmp_path, VOLUMES, chunks=(1, 3, 20, 30))
    (path / "c/2/1/0/0").write_bytes(b"nothing like it")
    broken = io.open(path)
    for read in (lambda: broken[2], lambda: broken.lazy(2)[3:]):
        with pytest.raises(SpotgpuError, match=r"frame 2 of .*m.zarr is truncated or corrupt"):
            read()
    np.testing.assert_array_equal(broken.lazy(2)[:3], VOLUMES[2, :3])
    path = tiff(tmp_path, PLANES, compression="zlib", rowsperstrip=10)
    with tifffile.TiffFile(path) as tif:
        place = tif.pages[3].dataoffsets[1]
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 40)
    broken = io.open(path)
    for read in (lambda: broken[3], lambda: broken.lazy(3)[10:]):
        with pytest.raises(
            SpotgpuError, match=r"frame 3 cannot be read: page 3 of .* is truncated"
        ):
            read()
    np.testing.assert_array_equal(broken.lazy(3)[:10], PLANES[3, :10])


def test_series_that_is_not_alike(tmp_path: Path) -> None:
    frames = [*PLANES[:3], PLANES[3, 1:], PLANES[4]]
    for k, frame in enumerate(frames):
        np.save(tmp_path / f"{k}.npy", frame)
    movie = io.open(tmp_path)
    with pytest.raises(ValueError, match=r"one shape and type, got \(19, 30\) .* in file .*3.npy"):
        movie.lazy(3)[:4]
    (tmp_path / "4.npy").write_bytes((tmp_path / "4.npy").read_bytes()[:-7])
    with pytest.raises(SpotgpuError, match=r"frame 4 of the series: .*4.npy is truncated"):
        movie.lazy(4)[:4]


def test_rows_are_read_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of pages that are not compressed, no more bytes than the rows have."""
    movie = io.open(tiff(tmp_path, PLANES))
    asked = []
    plain = os.preadv

    def counted(descriptor: int, buffers: list[Any], place: int) -> int:
        asked.append(sum(len(buffer) for buffer in buffers))
        return plain(descriptor, buffers, place)

    monkeypatch.setattr(os, "preadv", counted)
    np.testing.assert_array_equal(movie.lazy(2)[4:7, 10:20], PLANES[2, 4:7, 10:20])
    assert sum(asked) == 3 * 30 * 2


def test_strips_apart_are_not_decoded(tmp_path: Path) -> None:
    path = tiff(tmp_path, PLANES, compression="zlib", rowsperstrip=5)
    movie = io.open(path)
    read = []
    pages = movie._reader.pages
    plain = pages.file.read
    pages.file.read = lambda place, size: read.append(size) or plain(place, size)
    np.testing.assert_array_equal(movie.lazy(1)[9:12], PLANES[1, 9:12])
    assert len(read) == 2


def test_only_the_chunks_are_read() -> None:
    class Counted:
        chunks = (1, 2, 20, 30)
        shape, dtype, ndim = VOLUMES.shape, VOLUMES.dtype, VOLUMES.ndim

        def __init__(self) -> None:
            self.asked: list[Any] = []

        def __getitem__(self, key: Any) -> np.ndarray:
            self.asked.append(key)
            return VOLUMES[key]

    source = Counted()
    movie = io.open(source)
    np.testing.assert_array_equal(movie.lazy(3)[2:4, :5], VOLUMES[3, 2:4, :5])
    assert source.asked == [(3, slice(2, 4), slice(0, 5), slice(0, 30))]
