"""Chunks decoded here, against zarr's own reading; and chunks that are broken."""

from __future__ import annotations

import pickle
import struct

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ZstdCodec

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.io._chunk_files import ChunkFiles, chunk_files_of

SHAPE = (7, 20, 30)
VERSION_2 = {
    "raw": None,
    "zstd": numcodecs.Zstd(),
    "gzip": numcodecs.GZip(),
    "zlib": numcodecs.Zlib(),
    "blosc": numcodecs.Blosc("lz4", shuffle=1),
}
VERSION_3 = {
    "raw": [],
    "zstd": [ZstdCodec(checksum=True)],
    "gzip": [GzipCodec()],
    "blosc": [BloscCodec(cname="zstd", shuffle="bitshuffle")],
    "raw, checksum": [Crc32cCodec()],
    "zstd, checksum": [ZstdCodec(), Crc32cCodec()],
    "blosc, checksum": [BloscCodec(), Crc32cCodec()],
}
ALL = [(2, name) for name in VERSION_2] + [(3, name) for name in VERSION_3]


def written(path, array, version, name, chunks, **options):
    codecs = (VERSION_2 if version == 2 else VERSION_3)[name]
    zarr.create_array(
        path, data=array, chunks=chunks, zarr_format=version, compressors=codecs, **options
    )
    return zarr.open_array(path, mode="r")


def ours(array) -> ChunkFiles:
    found = chunk_files_of(array)
    assert found is not None
    return found


@pytest.mark.parametrize("chunks", [(1, 20, 30), (3, 7, 11), (50, 50, 50)])
@pytest.mark.parametrize(("version", "name"), ALL)
def test_codecs(tmp_path, noise, version, name, chunks):
    array = written(tmp_path / "m", noise(SHAPE), version, name, chunks)
    for box in [(slice(None),) * 3, (3, slice(2, 19), slice(None)), (slice(2, 5), 4, 29)]:
        part = ours(array)[box]
        np.testing.assert_array_equal(part, noise(SHAPE)[box])
        assert part.flags.owndata or part.base.flags.owndata
        assert part.flags.writeable


@pytest.mark.parametrize("location", ["start", "end"])
@pytest.mark.parametrize("shards", [(3, 20, 30), (6, 30, 40), (9, 10, 40)])
@pytest.mark.parametrize("name", VERSION_3)
def test_shards(tmp_path, noise, name, shards, location):
    told = {"shape": shards, "index_location": location}
    array = written(tmp_path / "m", noise(SHAPE), 3, name, (3, 10, 10), shards=told)
    for box in [(slice(None),) * 3, (3, slice(2, 19), slice(None)), (slice(2, 5), 4, 29)]:
        np.testing.assert_array_equal(ours(array)[box], noise(SHAPE)[box])


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int16", "uint32", "float32", "float64", ">f4"])
@pytest.mark.parametrize("version", [2, 3])
def test_types(tmp_path, version, dtype):
    values = np.random.default_rng(0).integers(0, 2, SHAPE).astype(dtype)
    array = written(tmp_path / "m", values, version, "zstd", (2, 20, 30))
    np.testing.assert_array_equal(ours(array)[:, :, :], values)
    assert ours(array)[:, :, :].dtype == np.dtype(dtype).newbyteorder("=")


def test_big_endian_of_version_3(tmp_path, noise):
    array = written(
        tmp_path / "m", noise(SHAPE), 3, "zstd", (2, 20, 30), serializer=BytesCodec(endian="big")
    )
    np.testing.assert_array_equal(ours(array)[:, :, :], noise(SHAPE))


@pytest.mark.parametrize("fill", [0, 7])
@pytest.mark.parametrize("kind", ["2", "3", "shards"])
def test_missing_chunks(tmp_path, noise, kind, fill):
    """As zarr fills them: chunks, shards, chunks within a shard."""
    values = noise(SHAPE)
    values[2:4, :10] = fill
    options = {"shards": (4, 20, 20)} if kind == "shards" else {}
    version = 2 if kind == "2" else 3
    array = written(
        tmp_path / "m", values, version, "zstd", (2, 10, 10), fill_value=fill, **options
    )
    gone = {"2": "0.0.0", "3": "c/0/0/0", "shards": "c/1/0/0"}[kind]
    (tmp_path / "m" / gone).unlink()
    expected = array[:]
    assert (expected != values).any()
    np.testing.assert_array_equal(ours(array)[:, :, :], expected)


def test_version_2_without_a_fill_value(tmp_path):
    array = zarr.create_array(
        tmp_path / "m", shape=SHAPE, chunks=SHAPE, dtype="u2", zarr_format=2, fill_value=None
    )
    np.testing.assert_array_equal(ours(array)[:, :, :], np.zeros(SHAPE))


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    values = np.arange(np.prod(SHAPE), dtype=np.uint16).reshape(SHAPE)
    path = tmp_path_factory.mktemp("arrays")
    plain = written(path / "plain", values, 3, "raw", (3, 7, 11))
    sharded = written(path / "sharded", values, 3, "zstd", (2, 5, 11), shards=(4, 10, 22))
    return values, ours(plain), ours(sharded)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_box(arrays, data):
    values, *stored = arrays
    box = tuple(
        data.draw(
            st.integers(0, n - 1)
            | st.tuples(st.integers(0, n), st.integers(0, n)).map(lambda ends: slice(*ends))
        )
        for n in SHAPE
    )
    for array in stored:
        np.testing.assert_array_equal(array[box], values[box])


def test_places_outside(arrays):
    values, *stored = arrays
    for array in stored:
        np.testing.assert_array_equal(array[-1, :, :], values[-1])
        with pytest.raises(IndexError):
            array[7, :, :]
        with pytest.raises(ValueError, match="no step"):
            array[::2, :, :]


@pytest.mark.parametrize("threads", [1, 4])
def test_threads(tmp_path, monkeypatch, noise, threads):
    monkeypatch.setattr("spotgpu.io._chunk_files.FEW", 1)
    array = written(tmp_path / "m", noise(SHAPE), 3, "zstd", (1, 7, 11))
    np.testing.assert_array_equal(ours(array).with_threads(threads)[:, :, :], noise(SHAPE))
    (tmp_path / "m" / "c/3/1/1").write_bytes(b"\xff" * 50)
    with pytest.raises(ValueError, match="c/3/1/1: ZSTD"):
        ours(array).with_threads(threads)[:, :, :]


def test_pickled(tmp_path, noise):
    array = ours(written(tmp_path / "m", noise(SHAPE), 3, "zstd", (1, 7, 11)))
    again = pickle.loads(pickle.dumps(array))  # noqa: S301
    np.testing.assert_array_equal(again[:, :, :], noise(SHAPE))


@pytest.mark.parametrize(
    "options",
    [
        {"zarr_format": 2, "order": "F"},
        {"zarr_format": 2, "filters": [numcodecs.Delta("u2")]},
        {"zarr_format": 2, "compressors": numcodecs.LZ4()},
        {"filters": [zarr.codecs.TransposeCodec(order=(2, 1, 0))]},
        {"compressors": [ZstdCodec(), GzipCodec()]},
    ],
)
def test_others_are_left_to_zarr(tmp_path, noise, options, same):
    array = zarr.create_array(tmp_path / "m", data=noise(SHAPE), chunks=(2, 20, 30), **options)
    assert chunk_files_of(array) is None
    same(io.open(tmp_path / "m"), noise(SHAPE))


def test_memory_is_left_to_zarr(noise):
    assert chunk_files_of(zarr.array(noise(SHAPE))) is None


# Broken chunks: the file is named, and no pixels come.


FAULTS = ["cut", "longer", "empty", "flipped", "short", "large"]


@pytest.mark.parametrize(
    ("version", "name", "fault"),
    # Nothing tells flipped bits of plain pixels.
    [
        (*which, fault)
        for which in ALL
        for fault in FAULTS
        if (which[1], fault) != ("raw", "flipped")
    ],
)
def test_broken_chunks(tmp_path, noise, version, name, fault):
    array = written(tmp_path / "m", noise(SHAPE), version, name, (2, 20, 30))
    chunk = tmp_path / "m" / ("1.0.0" if version == 2 else "c/1/0/0")
    data = chunk.read_bytes()
    if fault in {"short", "large"}:
        # Whole, but of other pixels.
        other = (1, 20, 30) if fault == "short" else (3, 20, 30)
        written(tmp_path / "o", noise(other), version, name, other)
        data = (tmp_path / "o" / ("0.0.0" if version == 2 else "c/0/0/0")).read_bytes()
    elif fault == "flipped":
        data = bytes(255 - b for b in data)
    else:
        data = {"cut": data[:-3], "longer": data + b"\0\1\2", "empty": b""}[fault]
    chunk.write_bytes(data)
    movie = io.open(tmp_path / "m")
    if fault == "longer" and name in {"gzip", "zlib"}:
        # The stream ends by itself.
        np.testing.assert_array_equal(movie[2], noise(SHAPE)[2])
        return
    assert isinstance(movie._reader._array, ChunkFiles)
    for t in (2, 3):
        with pytest.raises(SpotgpuError, match=rf"frame {t} of .*m is truncated or corrupt: .*"):
            movie[t]
    np.testing.assert_array_equal(movie[1], noise(SHAPE)[1])
    np.testing.assert_array_equal(movie[4], noise(SHAPE)[4])
    with pytest.raises(ValueError, match=str(chunk)):
        ours(array)[2:4, :, :]


@pytest.mark.parametrize("fault", ["cut", "empty", "index", "place", "size", "chunk"])
def test_broken_shards(tmp_path, noise, fault):
    import google_crc32c

    array = written(tmp_path / "m", noise(SHAPE), 3, "zstd", (1, 20, 30), shards=(4, 20, 30))
    shard = tmp_path / "m" / "c/0/0/0"
    data = bytearray(shard.read_bytes())
    if fault == "cut":
        data = data[:-9]
    elif fault == "empty":
        data = b""
    elif fault == "index":
        data[-40] ^= 1
    elif fault in {"place", "size"}:
        # An index that is sound, and points behind the end; nobody has room for 2**60 bytes.
        index = bytearray(data[-68:-4])
        wrong = (len(data) - 5, 100) if fault == "place" else (100, 2**60)
        index[16:32] = struct.pack("<QQ", *wrong)
        data[-68:] = index + struct.pack("<I", google_crc32c.value(bytes(index)))
    else:
        place, size = struct.unpack("<QQ", data[-68 + 16 : -68 + 32])
        data[place : place + size] = b"\xff" * size
    shard.write_bytes(data)
    movie = io.open(tmp_path / "m")
    with pytest.raises(SpotgpuError, match=r"frame 1 of .*c/0/0/0"):
        movie[1]
    if fault in {"place", "size", "chunk"}:
        np.testing.assert_array_equal(movie[2], noise(SHAPE)[2])
    np.testing.assert_array_equal(movie[4], noise(SHAPE)[4])
    with pytest.raises(ValueError, match=str(shard)):
        ours(array)[1, :, :]
