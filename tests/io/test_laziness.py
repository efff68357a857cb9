"""Memory: a movie is never loaded whole, whatever the source."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import tifffile
import zarr

from spotgpu import io

FRAME = 512 * 512
#: More than two frames and a block, far less than the movie.
FEW = 24 * 2**20


@pytest.fixture(scope="module")
def movie():
    return np.random.default_rng(0).integers(0, 255, (160, 512, 512), np.uint8)


def peak(work) -> int:
    """Return how many bytes `work` had at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def go_through(path, **options) -> None:
    total = 0
    for frame in io.open(path, **options):
        total += int(frame[0, 0])


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"compression": "packbits"},
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"ome": True, "metadata": {"axes": "TYX"}},
    ],
)
def test_tiff(tmp_path, movie, stored):
    tifffile.imwrite(tmp_path / "m.tif", movie, **stored)
    go_through(tmp_path / "m.tif")
    # Pages are read one by one: two frames at a time, and the table of pages.
    assert peak(lambda: go_through(tmp_path / "m.tif")) < 8 * FRAME


def test_npy(tmp_path, movie):
    np.save(tmp_path / "m.npy", movie)
    assert peak(lambda: go_through(tmp_path / "m.npy")) < 4 * FRAME


@pytest.mark.parametrize("chunks", [(1, 512, 512), (16, 512, 512)])
def test_zarr(tmp_path, movie, chunks):
    zarr.create_array(tmp_path / "m", data=movie, chunks=chunks, compressors=None)
    go_through(tmp_path / "m")
    assert movie.nbytes > 1.5 * FEW
    # A block, and what zarr has in its hands while it makes one.
    assert peak(lambda: go_through(tmp_path / "m")) < 2.2 * 16 * 2**20


def test_save(tmp_path, movie):
    io.save_tiff(tmp_path / "m.tif", movie)

    def again():
        io.save_tiff(tmp_path / "n.tif", io.open(tmp_path / "m.tif"))

    again()
    assert peak(again) < 12 * FRAME


def test_opening_reads_no_pixels(tmp_path, movie):
    tifffile.imwrite(tmp_path / "m.tif", movie)
    io.open(tmp_path / "m.tif")
    assert peak(lambda: io.open(tmp_path / "m.tif")) < FRAME


def test_zarr_is_read_in_blocks(tmp_path, noise):
    """One request for the frames of a chunk, and none for frames that were not asked for."""
    from spotgpu.io._blocks import BlockFrames
    from spotgpu.io._layout import Layout

    class Counted:
        def __init__(self, array):
            self.array, self.shape, self.dtype, self.asked = array, array.shape, array.dtype, []

        def __getitem__(self, key):
            self.asked.append((key[0].start, key[0].stop))
            return self.array[key]

    array = noise((100, 20, 30))
    counted = Counted(array)
    layout = Layout("TYX", 100, (20, 30), (slice(None),) * 3, 0, (0, 1))
    frames = BlockFrames(counted, layout, 10)
    frames.frame(25)
    frames.frame(21)
    frames.frame(29)
    assert counted.asked == [(20, 30)]
    # Going on where the block ended means going on: many at once.
    np.testing.assert_array_equal(frames.frame(30), array[30])
    assert counted.asked == [(20, 30), (30, 100)]
