"""Chunks that are not there are counted, without reading one."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
import tifffile
import zarr

from spotgpu import io


@pytest.mark.parametrize("separator", [".", "/"])
@pytest.mark.parametrize("kind", ["2", "3", "3 with keys of 2", "shards"])
def test_by_hand(tmp_path, noise, kind, separator):
    """Five chunks in time, 2 x 3 in the image; the frames 4 and 5 lie in chunk 2."""
    array = noise((9, 20, 30))
    path = tmp_path / "m.zarr"
    encoding = {"name": "v2" if kind.endswith("2") else "default", "separator": separator}
    options = {"chunks": (2, 10, 10), "zarr_format": 2 if kind == "2" else 3}
    if kind == "shards":
        options |= {"chunks": (1, 5, 5), "shards": (2, 10, 10)}
    zarr.create_array(path, data=array, chunk_key_encoding=encoding, **options)
    assert io.missing_chunks(io.open(path)) == (0, 30)
    prefix = "" if kind.endswith("2") else f"c{separator}"
    for at in [(0, 0, 0), (2, 1, 0), (2, 1, 2), (4, 0, 1)]:
        (path / (prefix + separator.join(map(str, at)))).unlink()
    movie = io.open(path)
    assert io.missing_chunks(movie) == (4, 30)
    assert zarr.open_array(path).nchunks_initialized in {26, 26 * 8}
    assert io.missing_chunks(movie[2:4]) == (0, 6)
    assert io.missing_chunks(movie[4:6]) == (2, 6)
    assert io.missing_chunks(movie[5:]) == (3, 18)
    assert io.missing_chunks(movie[[8, 1, 8]]) == (2, 12)
    assert io.missing_chunks(movie[:0]) == (0, 0)
    assert io.missing_chunks(io.open(zarr.open_array(path))) == (4, 30)
    for frame in movie[4:5]:
        assert not frame[10:20, :10].any()
        assert frame[10:20, 10:20].any()


def test_chunks_that_a_folder_stands_for(tmp_path, noise):
    path = tmp_path / "m.zarr"
    zarr.create_array(path, data=noise((6, 20, 30)), chunks=(1, 20, 30))
    for name in ("c/3/0/0", "c/3/0", "c/3"):
        (path / name).unlink() if name.endswith("0/0") else (path / name).rmdir()
    (path / "c/4/0/0").unlink()
    (path / "c/4/0/0").mkdir()
    assert io.missing_chunks(io.open(path)) == (2, 6)
    flat = tmp_path / "flat"
    zarr.create_array(flat, data=noise((6, 20, 30)), chunks=(1, 20, 30), zarr_format=2)
    (flat / "4.0.0").unlink()
    (flat / "4.0.0").mkdir()
    assert io.missing_chunks(io.open(flat)) == (1, 6)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_only_the_channel(tmp_path, noise, zarr_format):
    """OME-Zarr, time, channel, depth: the chunks of the other channel do not count."""
    group = zarr.create_group(tmp_path / "m.zarr", zarr_format=zarr_format)
    array = noise((4, 2, 3, 20, 30))
    group.create_array("0", data=array, chunks=(1, 1, 1, 20, 30))
    axes = [{"name": name} for name in "tczyx"]
    told = {"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    group.attrs.update(told if zarr_format == 2 else {"ome": {"version": "0.5", **told}})
    for at in [(1, 0, 0), (1, 1, 2), (3, 1, 0)]:
        name = f"{at[0]}.{at[1]}.{at[2]}.0.0"
        name = name if zarr_format == 2 else "c/" + name.replace(".", "/")
        (tmp_path / "m.zarr" / "0" / name).unlink()
    assert io.missing_chunks(io.open(tmp_path / "m.zarr", channel=0)) == (1, 12)
    movie = io.open(tmp_path / "m.zarr", channel=1)
    assert io.missing_chunks(movie) == (2, 12)
    assert io.missing_chunks(movie[:2]) == (1, 6)


def test_series_of_arrays(tmp_path, noise):
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        zarr.create_array(path, data=noise((4, 20, 30)), chunks=(1, 20, 30))
    (tmp_path / "b" / "c/1/0/0").unlink()
    movie = io.open(paths, axes="TYX")
    assert io.missing_chunks(movie) == (1, 8)
    assert io.missing_chunks(movie[2:5]) == (0, 3)
    assert io.missing_chunks(movie[5:]) == (1, 3)


@pytest.mark.parametrize("separator", [".", "/"])
@pytest.mark.parametrize("key", ["default", "v2"])
def test_beside_names_one_by_one(tmp_path, noise, separator, key):
    """Files that are no chunks lie there, too: of other lengths, half written, in the margin."""
    rng = np.random.default_rng(5)
    array = zarr.create_array(
        tmp_path / "m",
        data=noise((23, 30, 40)),
        chunks=(2, 10, 10),
        chunk_key_encoding={"name": key, "separator": separator},
    )
    name = array.metadata.encode_chunk_key
    at = np.argwhere(rng.random((12, 3, 4)) < 0.3).tolist()
    for place in at:
        (tmp_path / "m" / name(tuple(place))).unlink()
    for other in (name((3, 1, 4)), name((3, 0, 1)) + ".tmp", name((3, 0, 1)) + "0"):
        (tmp_path / "m" / other).write_bytes(b"x")
    movie = io.open(tmp_path / "m")
    last, none = slice(20, 23), slice(0, 0)
    for part in (slice(None), last, none, slice(None, None, 5), slice(None, None, -1), [8, 1, 9]):
        times = dict.fromkeys(t // 2 for t in np.arange(23)[part].tolist())
        names = [
            tmp_path / "m" / name((t, y, x)) for t in times for y in range(3) for x in range(4)
        ]
        expected = sum(not path.exists() for path in names), len(names)
        assert io.missing_chunks(movie[part]) == expected


@pytest.mark.parametrize("separator", [".", "/"])
def test_memory_does_not_grow_with_the_chunks(tmp_path, separator, monkeypatch):
    """20 million chunks: a list of places for their names alone would take 160 MB."""
    # No pixels are read.
    monkeypatch.setattr("spotgpu.io._fingerprint.MOST", 100)
    zarr.create_array(
        tmp_path / "m",
        shape=(100_000, 16, 1280),
        chunks=(100, 1, 1),
        dtype="u1",
        chunk_key_encoding={"name": "default", "separator": separator},
    )
    movie = io.open(tmp_path / "m")
    for look in (io.missing_chunks, io.fingerprint):
        tracemalloc.start()
        told = look(movie)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5e6
        if look is io.missing_chunks:
            assert told == (20_480_000, 20_480_000)


def test_what_has_no_chunks(tmp_path, noise):
    tifffile.imwrite(tmp_path / "m.tif", noise((4, 20, 30)), photometric="minisblack")
    for source in (tmp_path / "m.tif", np.zeros((4, 20, 30)), iter(np.zeros((4, 20, 30)))):
        assert io.missing_chunks(io.open(source)) == (0, 0)
    assert io.missing_chunks(io.open(zarr.zeros((4, 20, 30)))) == (0, 0)


@pytest.mark.parametrize("separator", [".", "/"])
def test_many_chunks_are_counted_fast(tmp_path, separator):
    """Names are made and compared; no chunk is opened (that would take tens of seconds)."""
    encoding = {"name": "default", "separator": separator}
    zarr.create_array(
        tmp_path / "m",
        shape=(100_000, 8, 8),
        chunks=(1, 8, 8),
        dtype="u2",
        chunk_key_encoding=encoding,
    )
    begun = time.perf_counter()
    assert io.missing_chunks(io.open(tmp_path / "m")) == (100_000, 100_000)
    assert time.perf_counter() - begun < 10
