"""Frames that are read in tiles: the spots of the whole frame, bit for bit, in little memory."""

from __future__ import annotations

import math
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes import spots
from spotgpu import SpotgpuError, io
from spotgpu.backends import cpu
from spotgpu.detect import Locator
from spotgpu.detect._host_memory import host_limits, memory_needed
from spotgpu.detect._in_tiles import _filter_reach, _spot_reach
from spotgpu.detect._level import Level
from spotgpu.detect._parts import Parts
from spotgpu.detect._tiles import tiles

FLAT = spots((150, 170), 160, (1.8, 1.8), seed=1)
VOLUME = spots((40, 60, 70), 130, (1.2, 1.8, 1.8), seed=2)
DTYPES = ["uint8", "int8", "uint16", "int16", "int32", "uint32", "float32", "float64"]


def as_type(image: np.ndarray, dtype: str) -> np.ndarray:
    """Stretch an image of 8 bits, with noise in all of the new bits."""
    noise = np.random.default_rng(5).random(image.shape)
    if np.dtype(dtype).kind == "f":
        return ((image + noise) / 256).astype(dtype)
    top = np.iinfo(dtype).max
    return ((image + noise) / 256 * top).astype(dtype)


class Source:
    """What can be had in parts only; says what was read."""

    def __init__(self, image: np.ndarray, chunks: tuple[int, ...] | None = None) -> None:
        self._image = image
        self.shape, self.dtype, self.chunks = image.shape, image.dtype, chunks
        self.read: list[tuple[slice, ...]] = []

    def __getitem__(self, where: tuple[slice, ...]) -> np.ndarray:
        self.read.append(where)
        return self._image[where].copy()

    def pixels(self) -> int:
        """Return how many pixels were read, those read twice twice."""
        return sum(math.prod(part.stop - part.start for part in where) for where in self.read)


def same(found: np.ndarray, wanted: np.ndarray) -> None:
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "percentile": {"percentile": 92.5},
    "none below": {"percentile": 0},
    "topn": {"topn": 25},
    "brightest": {"topn": 1},
    "close": {"separation": 4},
    "all maxima": {"separation": 0},
    "small": {"maxsize": 1.95, "minmass": 0.5},
    "inverted": {"invert": True},
    "not filtered": {"preprocess": False, "percentile": 90},
    "not filtered, inverted": {"preprocess": False, "invert": True, "percentile": 99},
    "mass only": {"characterize": False},
    "wide": {"smoothing_size": 13, "noise_size": 2.3, "threshold": 0.01},
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("most", [60_000, 150_000])
def test_planes(dtype: str, name: str, most: int) -> None:
    options = OPTIONS[name]
    image = as_type(255 - FLAT if options.get("invert") else FLAT, dtype)
    locator = Locator(7, **options)
    source = Source(image, (16, 32))
    wanted = locator.array(image)
    # Windows of 8 more pixels each side; pixels of 4 bytes.
    most *= 2 if name == "wide" or image.dtype.itemsize == 4 else 1
    same(locator.array(source, most), wanted)
    assert len(source.read) > 3
    assert len(wanted) > 9 or name == "brightest"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("name", ["plain", "percentile", "small", "inverted", "not filtered"])
@pytest.mark.parametrize("share", [0.25, 0.5])
def test_volumes(dtype: str, name: str, share: float) -> None:
    options = {**OPTIONS[name], "max_iterations": 4}
    if name == "small":
        options.pop("maxsize")
    image = as_type(255 - VOLUME if options.get("invert") else VOLUME, dtype)
    locator = Locator((5, 7, 7), **options)
    source = Source(image, (8, 16, 32))
    wanted = locator.array(image)
    most = int(share * memory_needed(image.shape, image.dtype))
    same(locator.array(source, most), wanted)
    assert len(wanted) > 20
    assert len(source.read) > 4 or share > 0.25


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.tuples(st.integers(40, 90), st.integers(40, 90)),
    chunks=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    diameter=st.sampled_from([3, 5, 9]),
    percentile=st.floats(0, 100),
    share=st.floats(0.25, 0.9),
    preprocess=st.booleans(),
    iterations=st.integers(1, 12),
    seed=st.integers(0, 9),
)
def test_any_frame(
    dtype: str,
    shape: tuple[int, int],
    chunks: tuple[int, int],
    diameter: int,
    percentile: float,
    share: float,
    preprocess: bool,
    iterations: int,
    seed: int,
) -> None:
    """Hypothesis looks for options that make a difference."""
    image = as_type(spots(shape, 30, (1.5, 1.5), seed=seed), dtype)
    locator = Locator(
        diameter, percentile=percentile, preprocess=preprocess, max_iterations=iterations
    )
    most = max(33_000 * image.itemsize, int(share * memory_needed(image.shape, image.dtype)))
    same(locator.array(Source(image, chunks), most), locator.array(image))


@pytest.mark.parametrize("shape", [(140, 150), (36, 44, 52)])
def test_spots_on_every_seam(shape: tuple[int, ...]) -> None:
    """One spot after the other along each cut, whose pixels are in two tiles."""
    ndim = len(shape)
    locator = Locator(5, separation=5, max_iterations=3)
    most = 30_000 if ndim == 2 else 700_000
    options = locator.options(ndim, is_float=False)
    limits, _ = host_limits(Parts(np.zeros(shape, np.uint16)), options, most, 1 << 40)
    halo, beyond = _spot_reach(options), _filter_reach(options)
    cores = [tile.core for tile in tiles(shape, halo, limits, beyond=beyond)]
    image = np.random.default_rng(0).integers(0, 40, shape).astype(np.float64)
    grid = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    on_seams = 0
    rng = np.random.default_rng(1)
    for core in cores:
        for axis, part in enumerate(core):
            if part.start == 0:
                continue
            # Just before and just after the cut, anywhere along it.
            for at in (part.start - 0.5, part.start - 1, part.start):
                centre = [rng.uniform(c.start, c.stop) for c in core]
                centre[axis] = at
                d2 = sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True))
                image += 9000 * np.exp(-d2 / 2)
                on_seams += 1
    pixels = np.clip(image, 0, 65535).astype(np.uint16)
    assert on_seams > 20
    wanted = locator.array(pixels)
    same(locator.array(Source(pixels), most), wanted)
    cuts = [{core[axis].start for core in cores} - {0} for axis in range(ndim)]
    for axis in range(ndim):
        near = {round(x) for x in wanted[:, axis]}
        assert all(near & {cut - 1, cut} for cut in cuts[axis])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((60, 70), np.uint16),
        np.full((60, 70), 77, np.uint8),
        np.full((60, 70), 0.3, np.float32),
        np.where(FLAT[:60, :70] > 60, 255, 0).astype(np.uint8),
        np.where(FLAT[:60, :70] > 60, 1.0, 0.25).astype(np.float32),
    ],
    ids=["black", "gray", "gray, float", "saturated", "two levels"],
)
@pytest.mark.parametrize("preprocess", [True, False])
def test_flat_frames(image: np.ndarray, preprocess: bool) -> None:
    """No maxima, or plateaus of them."""
    locator = Locator(5, preprocess=preprocess, separation=3, max_iterations=4)
    same(locator.array(Source(image), 40_000), locator.array(image))


def test_odd_kinds() -> None:
    """Axes of length 1, 64-bit integers, bools, half precision, the other byte order."""
    locator = Locator(5, max_iterations=4)
    for image in (
        FLAT[:70, None, :80].astype(">u2"),
        FLAT[:70, :80].astype(np.int64) - 50,
        FLAT[:70, :80] > 90,
        FLAT[:70, :80].astype(np.float16),
        FLAT[None, :70, :80].astype(np.uint64) * 9_000_000,
    ):
        wanted = locator.array(image)
        assert len(wanted) > 5
        same(locator.array(Source(image), 90_000), wanted)


def test_an_array_in_memory() -> None:
    locator = Locator(7)
    same(locator.array(FLAT, 60_000), locator.array(FLAT))
    # Lists have no parts.
    same(locator.array(FLAT.tolist(), 60_000), locator.array(FLAT.astype(np.int32)))


@pytest.mark.parametrize(
    ("dtype", "options", "looks"),
    [
        ("uint8", {}, 2),
        ("uint16", {}, 2),
        ("uint16", {"preprocess": False}, 2),
        ("int32", {}, 3),
        ("int32", {"preprocess": False}, 3),
        ("float32", {}, 3),
        ("float32", {"characterize": False}, 2),
        ("float32", {"preprocess": False}, 3),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_how_often_a_frame_is_read(
    dtype: str, options: dict[str, Any], looks: int, share: float
) -> None:
    """As docs/scale.md says: so many times, with the halo, which is 13 pixels here, at the cuts."""
    image = as_type(np.tile(FLAT, (3, 3)), dtype)
    source = Source(image, (30, 34))
    locator = Locator(7, max_iterations=7, **options)
    locator.array(source, int(share * memory_needed(image.shape, image.dtype)))
    reach = 3 + 6 + 4
    starts = [{where[axis].start for where in source.read} for axis in (0, 1)]
    # A cut is read from both sides, and once with a smaller halo: that of the filters.
    halo = math.prod(
        1 + 2 * reach * (len(starts[axis]) // 2) / image.shape[axis] for axis in (0, 1)
    )
    assert looks * image.size <= source.pixels() <= looks * image.size * halo
    assert halo < 1.5


def test_tiles_end_with_chunks() -> None:
    """What is read ends where a chunk does, but at the end of the frame."""
    image = np.tile(FLAT, (3, 3)).astype(np.uint16)
    source = Source(image, (40, 50))
    Locator(7).array(source, 1_000_000)
    reach = [where for where in source.read if where[0].start > 0 and where[1].start > 0]
    assert reach
    second_look = source.read[len(source.read) // 2 :]
    for where in second_look:
        for part, chunk, n in zip(where, (40, 50), image.shape, strict=True):
            assert part.stop == n or part.stop % chunk == 0


def test_errors_name_the_budget() -> None:
    with pytest.raises(SpotgpuError, match=r"^500 bytes of memory have room for \d+ pixels, too"):
        Locator(7).array(FLAT, 500)
    with pytest.raises(ValueError, match="`most` must be"):
        Locator(7).array(FLAT, 0)


@pytest.mark.parametrize("options", [{}, {"preprocess": False}])
def test_pixels_that_are_not_finite(options: dict[str, Any]) -> None:
    """The first in C order is named, in whichever tile it is."""
    image = as_type(FLAT, "float32")
    image[149, 3] = np.nan
    image[70, 20] = np.inf
    image[60, 169] = -np.inf
    locator = Locator(7, **options)
    for most in (None, 100_000):
        with pytest.raises(ValueError, match=r"finite pixels, got -inf at \(60, 169\)$"):
            locator.array(image, most)


def test_pixels_out_of_range() -> None:
    image = FLAT.astype(np.int64)
    image[3, 3], image[149, 169] = -(2**40), 2**40
    message = r"fit 32 bits, got int64 from -1099511627776 to 1099511627776$"
    signed = FLAT.astype(np.int16)
    signed[149, 169], signed[2, 2] = -7, -3
    for most in (None, 100_000):
        with pytest.raises(ValueError, match=message):
            Locator(7).array(image, most)
        with pytest.raises(ValueError, match=r"preprocess=False, got a pixel of -7$"):
            Locator(7, preprocess=False).array(signed, most)
        with pytest.raises(ValueError, match="as many axes as `diameter` has values"):
            Locator((5, 7, 7)).array(FLAT, most)
        with pytest.raises(ValueError, match="must be a gray image, got a colour image of shape"):
            Locator(5).array(np.zeros((300, 300, 3), np.uint8), most)
        with pytest.raises(ValueError, match="at least as large as `diameter`"):
            Locator(9).array(np.zeros((8, 9000), np.uint8), most)
        with pytest.raises(TypeError, match="image of real numbers, got dtype complex64"):
            Locator(9).array(np.zeros((200, 200), np.complex64), most)


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(["uint8", "int8", "uint16", "int16", "uint32", "int32"]),
    q=st.floats(0, 100),
    spread=st.sampled_from([1, 3, 200, 2**40]),
    dark=st.floats(0, 1),
    size=st.integers(1, 3000),
    seed=st.integers(0, 99),
)
def test_level_is_the_percentile(
    dtype: str, q: float, spread: int, dark: float, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    top = int(np.iinfo(dtype).max)
    pixels = rng.integers(max(0, top - spread), top, (size, 3), dtype=dtype, endpoint=True)
    pixels[rng.random(size) < dark] = 0
    level = Level(pixels.dtype, q)
    rounds = 0
    while not level.known:
        for start in range(0, size, 700):
            level.add(pixels[start : start + 700])
        level.turn()
        rounds += 1
    assert rounds <= (2 if pixels.itemsize == 4 else 1)
    np.testing.assert_array_equal(level.value, cpu.percentile(pixels[None], q)[0])


def peak(folder: Path, shape: tuple[int, int, int], most: int) -> int:
    """Return how many bytes the spots of a volume in a file took at most."""
    rng = np.random.default_rng(0)
    array = zarr.create_array(folder / f"{shape[0]}", shape=shape, chunks=(8, 96, 96), dtype="u2")
    for start in range(0, shape[0], 8):
        slab = rng.integers(0, 300, (8, *shape[1:])).astype(np.uint16)
        slab[3, 40::90, 50::90] = 60_000
        array[start : start + 8] = slab
    locator = Locator(5, minmass=2000, separation=9, max_iterations=4)
    frame = io.open(folder / f"{shape[0]}", axes="ZYX").lazy(0)
    tracemalloc.start()
    try:
        assert len(locator.array(frame, most)) >= shape[0] // 8
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


#: Bytes that do not depend on the budget: buffers of the filters, and counts of values.
FIXED = 4_000_000


def test_memory(tmp_path: Path) -> None:
    shape = (16, 256, 256)
    assert memory_needed(shape, np.uint16) > 25_000_000
    assert peak(tmp_path, shape, 5_000_000) < 5_000_000 + FIXED


@pytest.mark.slow
@pytest.mark.parametrize("depth", [96, 192])
def test_memory_of_a_large_volume(tmp_path: Path, depth: int) -> None:
    """It does not grow with the volume, which has 113 or 226 MB."""
    assert peak(tmp_path, (depth, 768, 768), 40_000_000) < 40_000_000 + FIXED
