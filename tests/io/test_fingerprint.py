"""What identifies an input, and what is said of one that has changed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from spotgpu import io
from spotgpu.io import differences, fingerprint

GRAY = {"photometric": "minisblack"}


def tiff(path: Path, array: np.ndarray) -> Path:
    tifffile.imwrite(path, array, **GRAY)
    return path


def folder(path: Path, array: np.ndarray) -> Path:
    path.mkdir(exist_ok=True)
    for k, frame in enumerate(array):
        tiff(path / f"{k}.tif", frame)
    return path


def npy(path: Path, array: np.ndarray) -> Path:
    np.save(path.with_suffix(".npy"), array)
    return path.with_suffix(".npy")


def zarray(path: Path, array: np.ndarray, **options) -> Path:
    zarr.create_array(path, data=array, chunks=(2, *array.shape[1:]), overwrite=True, **options)
    return path


WRITERS = {"TIFF": tiff, "files": folder, ".npy": npy, "Zarr": zarray}


def later(path: Path) -> None:
    """Set a file's time of change."""
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))


@pytest.fixture(params=WRITERS)
def stored(tmp_path, noise, request):
    return request.param, WRITERS[request.param](tmp_path / "m", noise((9, 20, 30)))


def test_same_file_is_the_same(stored):
    kind, path = stored
    first = fingerprint(io.open(path))
    assert first["kind"] == kind
    again = json.loads(json.dumps(first))
    assert again == first
    assert differences(again, fingerprint(io.open(path))) == []


def test_digests_by_hand(tmp_path, noise):
    import hashlib

    path = tiff(tmp_path / "m.tif", noise((9, 20, 30)))
    stat = path.stat()
    told = fingerprint(io.open(path))
    entry = f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode()
    assert told["files"]["sha256"] == hashlib.sha256(entry).hexdigest()
    assert told["files"]["bytes"] == stat.st_size
    assert told["pixels"] == hashlib.sha256(noise((9, 20, 30))[0].tobytes()).hexdigest()
    assert told["shape"] == [9, 20, 30]


def test_views_differ(stored):
    _, path = stored
    movie = io.open(path)
    whole = fingerprint(movie)
    assert "9 frames then, 4 now" in differences(whole, fingerprint(movie[:4]))
    told = differences(fingerprint(movie[:4]), fingerprint(movie[1:5]))
    assert "frames 0 to 3 of the source then, 1 to 4 now" in told
    told = differences(fingerprint(movie[[0, 1, 4]]), fingerprint(movie[[0, 2, 4]]))
    assert any("frames 0 to 4 of the source then, 0 to 4 now (others between" in t for t in told)
    assert differences(fingerprint(movie[2:8:2]), fingerprint(movie[[2, 4, 6]])) == []
    json.dumps(fingerprint(movie[:0]))


def test_touched_file(stored, tmp_path):
    kind, path = stored
    before = fingerprint(io.open(path))
    changed = {"files": path / "4.tif", "Zarr": path / "c/2/0/0"}.get(kind, path)
    later(changed)
    told = differences(before, fingerprint(io.open(path)))
    assert told == [f"changed on disk since: {changed.name}"]


def test_file_of_another_size(tmp_path, noise):
    path = tiff(tmp_path / "m.tif", noise((9, 20, 30)))
    before, size = fingerprint(io.open(path)), path.stat().st_size
    tiff(path, noise((7, 20, 30)))
    told = differences(before, fingerprint(io.open(path)))
    now = path.stat().st_size
    assert told == ["9 frames then, 7 now", f"m.tif: {size:,} bytes then, {now:,} bytes now"]


@pytest.mark.parametrize("n", [5, 40])
def test_files_that_come_and_go(tmp_path, noise, n):
    path = folder(tmp_path / "m", noise((n, 20, 30)))
    before = fingerprint(io.open(path))
    # A view of the frames that were there stays what it was.
    view = fingerprint(io.open(path)[: n - 1])
    (path / f"{n - 1}.tif").rename(path / f"{n + 7}.tif")
    told = differences(before, fingerprint(io.open(path)))
    if n == 5:
        assert f"not there then: {path / '12.tif'}" in told
        assert f"not there now: {path / '4.tif'}" in told
    else:
        assert "changed on disk since: some of 40 files" in told
    assert not any("file" in t for t in differences(view, fingerprint(io.open(path)[: n - 1]))[1:])
    tiff(path / "99.tif", noise((20, 30)))
    told = differences(before, fingerprint(io.open(path)))
    assert f"{n} frames then, {n + 1} now" in told


def test_other_type_and_size(tmp_path, noise):
    first = fingerprint(io.open(noise((9, 20, 30))))
    told = differences(first, fingerprint(io.open(noise((9, 20, 31), "uint8"))))
    assert "pixels of type <u2 then, |u1 now" in told
    assert "20 x 30 pixels then, 20 x 31 now" in told


def test_other_kind_and_path(tmp_path, noise):
    array = noise((9, 20, 30))
    first, second = tiff(tmp_path / "a.tif", array), tiff(tmp_path / "b.tif", array)
    told = differences(fingerprint(io.open(first)), fingerprint(io.open(second)))
    assert told[0] == f"{first} then, {second} now"
    told = differences(fingerprint(io.open(first)), fingerprint(io.open(array)))
    assert told == [f"{first} (TIFF) then, an array (array) now"]


@pytest.mark.parametrize("make", [np.asarray, list, zarr.array])
def test_memory(noise, make):
    array = noise((9, 20, 30))
    before = fingerprint(io.open(make(array)))
    assert before["files"] is None
    assert differences(before, fingerprint(io.open(make(array)))) == []
    array[0, 3, 4] ^= 1
    told = differences(before, fingerprint(io.open(make(array))))
    assert told == ["the pixels of the first frame have changed"]


def test_another_first_frame_has_other_pixels(noise):
    """That goes without saying."""
    movie = io.open(noise((9, 20, 30)))
    told = differences(fingerprint(movie[:4]), fingerprint(movie[1:5]))
    assert told == ["frames 0 to 3 of the source then, 1 to 4 now"]


def test_channel_counts_where_both_begin_black():
    array = np.zeros((5, 2, 20, 30), np.uint8)
    first, second = (fingerprint(io.open(array, axes="TCYX", channel=c)) for c in (0, 1))
    assert differences(first, second) == ["the part [t, 0, :, :] then, [t, 1, :, :] now"]


def test_channel_of_a_series(tmp_path, noise):
    array = np.zeros((3, 20, 30, 3), np.uint8)
    for k in range(3):
        tifffile.imwrite(tmp_path / f"{k}.tif", array[k], photometric="rgb")
    first, second = (fingerprint(io.open(tmp_path, channel=c)) for c in (0, 1))
    assert len(differences(first, second)) == 1


def test_stream(noise):
    told = fingerprint(movie := io.open(iter(noise((9, 20, 30)))))
    assert told["kind"] == "stream"
    assert told["shape"] == [None, 20, 30]
    json.dumps(told)
    # Nothing was taken from it.
    assert len(list(movie)) == 9


def test_metadata_of_zarr(tmp_path, noise):
    path = zarray(tmp_path / "m", noise((9, 20, 30)))
    before = fingerprint(io.open(path))
    told = json.loads((path / "zarr.json").read_text())
    told["fill_value"] = 3
    (path / "zarr.json").write_text(json.dumps(told))
    now = fingerprint(io.open(path))
    assert differences(before, now) == [f"the metadata have changed: {path}"]


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_missing_chunk_that_comes(tmp_path, noise, zarr_format):
    path = zarray(tmp_path / "m", noise((9, 20, 30)), zarr_format=zarr_format)
    chunk = path / ("3.0.0" if zarr_format == 2 else "c/3/0/0")
    data = chunk.read_bytes()
    chunk.unlink()
    before = fingerprint(io.open(path))
    chunk.write_bytes(data)
    told = differences(before, fingerprint(io.open(path)))
    assert told == [f"{chunk.name}: not there then, {len(data):,} bytes now"]


def test_first_frame_that_cannot_be_read(tmp_path, noise):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, noise((3, 20, 30)), compression="zlib", **GRAY)
    with tifffile.TiffFile(path) as tif:
        start, size = tif.pages[0].dataoffsets[0], tif.pages[0].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    assert fingerprint(io.open(path))["pixels"].startswith("unreadable: frame 0")


@pytest.mark.parametrize("ndim", [2, 3])
def test_large_frames(monkeypatch, tmp_path, noise, ndim):
    monkeypatch.setattr("spotgpu.io._fingerprint.MOST", 100)
    array = noise((3, 4, 20, 30)[4 - 1 - ndim :])
    before = fingerprint(io.open(array))
    array[0].flat[0] ^= 1
    told = differences(before, fingerprint(io.open(array)))
    assert told == ["the pixels of the first frame have changed"]
    if ndim == 3:
        same = fingerprint(io.open(array))
        array[0, 2] = 0
        assert differences(same, fingerprint(io.open(array))) == []
    path = npy(tmp_path / "m", array)
    assert fingerprint(io.open(path))["pixels"] is None


def test_not_fingerprints(noise):
    told = fingerprint(io.open(noise((3, 20, 30))))
    for wrong in ({}, {**told, "version": 2}, None):
        with pytest.raises(ValueError, match="`before` must be a fingerprint of version 1"):
            differences(wrong, told)
        with pytest.raises(ValueError, match="`now` must be a fingerprint of version 1"):
            differences(told, wrong)


def test_many_chunks_are_cheap(tmp_path):
    zarr.create_array(tmp_path / "m", shape=(100_000, 8, 8), chunks=(1, 8, 8), dtype="u2")
    movie = io.open(tmp_path / "m")
    begun = time.perf_counter()
    told = fingerprint(movie)
    assert time.perf_counter() - begun < 3
    assert told["files"]["count"] == 1024
