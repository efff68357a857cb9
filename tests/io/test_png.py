"""PNG files: one image, and series of them; broken ones, and those that say too much."""

from __future__ import annotations

import pickle
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotgpu import io
from spotgpu.errors import SpotgpuError


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, colour: int, rows: bytes, *more: bytes, lace=0):
    """Return a PNG made by hand, of any kind, `rows` with their filter bytes."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, lace)
    image = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(image)


@pytest.fixture(params=["uint8", "uint16"])
def folder(request, tmp_path, noise):
    """Twelve files whose names sort otherwise as text."""
    array = noise((12, 20, 30), request.param)
    for k, image in enumerate(array):
        (tmp_path / f"image{k}.png").write_bytes(imagecodecs.png_encode(image))
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden.png").write_text("no image")
    return tmp_path, array


def test_folder_pattern_list_file(folder, same):
    path, array = folder
    same(io.open(path), array)
    same(io.open(str(path / "image?.png")), array[:10])
    names = [path / f"image{k}.png" for k in (5, 0, 11)]
    same(io.open(names), array[[5, 0, 11]])
    same(io.open(names[0]), array[5:6])
    same(io.open(path, axes="TYX"), array)
    same(io.open(path, axes="YX"), array)
    same(io.open(path, axes="ZYX"), array[:, None])
    movie = io.open(path, pixel_size_um=0.2, frame_interval_s=0.1)
    assert (movie.axes, movie.pixel_size_um, movie.frame_interval_s) == ("TYX", (0.2, 0.2), 0.1)
    assert movie.file_backed
    assert movie[3].flags.c_contiguous


def test_another_process_reads_its_own_frames(folder, same):
    path, array = folder
    movie = io.open(path)
    movie[3]
    same(pickle.loads(pickle.dumps(movie)), array)  # noqa: S301
    code = "import pickle, sys; m = pickle.load(sys.stdin.buffer); print(m[1].sum(), len(m))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=pickle.dumps(movie[7:9]),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split() == [str(array[8].sum()).encode(), b"2"]


def test_opening_reads_no_pixels(folder):
    """Files after the first are not even opened; of the first, the header alone."""
    path, _ = folder
    broken = (path / "image0.png").read_bytes()
    (path / "image0.png").write_bytes(broken[:60] + bytes(len(broken) - 60))
    (path / "image1.png").write_bytes(b"")
    movie = io.open(path)
    assert movie.shape == (12, 20, 30)
    movie[2]
    for k, text in [(0, "truncated or corrupt"), (1, "is empty")]:
        with pytest.raises(
            SpotgpuError, match=rf"frame {k} of the series: .*image{k}\.png.*{text}"
        ):
            movie[k]


def test_memory_is_that_of_two_frames(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (512, 512), np.uint8)
    data = imagecodecs.png_encode(image)
    for k in range(20):
        (tmp_path / f"{k}.png").write_bytes(data)
    tracemalloc.start()
    try:
        total = sum(int(frame[0, 0]) for frame in io.open(tmp_path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 20 * int(image[0, 0])
    assert peak < 5 * image.nbytes


@pytest.mark.parametrize("samples", [2, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_colour_and_alpha_need_a_channel(tmp_path, same, noise, samples, dtype):
    array = noise((3, 20, 30, samples), dtype)
    for k, image in enumerate(array):
        (tmp_path / f"{k}.png").write_bytes(imagecodecs.png_encode(image))
    message = rf"gray images, got colour images .*0\.png: pass channel=0 to {samples - 1}"
    with pytest.raises(ValueError, match=message):
        io.open(tmp_path)
    for channel in range(samples):
        same(io.open(tmp_path, channel=channel), array[..., channel])
    same(io.open(tmp_path / "1.png", channel=-1), array[1:2, ..., -1])
    assert io.open(tmp_path, channel=1)[1].flags.c_contiguous


def test_palette_is_its_colours(tmp_path, same):
    colours = np.array([[0, 10, 20], [30, 40, 50], [60, 70, 80], [90, 100, 110]], np.uint8)
    palette = chunk(b"PLTE", colours.tobytes())
    path = tmp_path / "m.png"
    wanted = colours[np.array([[0, 1, 2, 3, 3], [3, 2, 1, 0, 1]])]
    rows = bytes([0, 0b00011011, 0b11000000, 0, 0b11100100, 0b01000000])
    path.write_bytes(png(5, 2, 2, 3, rows, palette))
    with pytest.raises(ValueError, match=r"got colour images .* channel=0 to 2"):
        io.open(path)
    same(io.open(path, channel=1), wanted[None, ..., 1])
    path.write_bytes(png(5, 2, 2, 3, rows, palette, chunk(b"tRNS", bytes([1, 2, 3, 4]))))
    alpha = np.array([[1, 2, 3, 4, 4], [4, 3, 2, 1, 2]], np.uint8)
    same(io.open(path, channel=3), alpha[None])


def test_transparent_gray_value_is_alpha(tmp_path, same):
    path = tmp_path / "m.png"
    path.write_bytes(png(3, 1, 8, 0, bytes([0, 5, 6, 7]), chunk(b"tRNS", b"\0\x06")))
    with pytest.raises(ValueError, match="channel=0 to 1"):
        io.open(path)
    same(io.open(path, channel=0), np.array([[[5, 6, 7]]], np.uint8))
    same(io.open(path, channel=1), np.array([[[255, 0, 255]]], np.uint8))
    # Where there is alpha already, the format has no such value.
    path.write_bytes(png(1, 1, 8, 4, bytes([0, 5, 6]), chunk(b"tRNS", b"\0\x05")))
    same(io.open(path, channel=1), np.array([[[6]]], np.uint8))


@pytest.mark.parametrize(
    ("bits", "row", "wanted"),
    [
        (1, 0b01100000, [0, 255, 255]),
        (2, 0b00011000, [0, 85, 170]),
        (4, 0x1F, [17, 255]),
    ],
)
def test_few_bits_are_spread(tmp_path, same, bits, row, wanted):
    (tmp_path / "m.png").write_bytes(png(len(wanted), 1, bits, 0, bytes([0, row])))
    same(io.open(tmp_path / "m.png"), np.array([[wanted]], np.uint8))


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_interlaced(tmp_path, same, noise, dtype):
    array = noise((13, 11), dtype)
    rows = b""
    for y, x, down, right in [
        (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
        (1, 0, 2, 1),
    ]:  # fmt: skip
        part = array[y::down, x::right].astype(array.dtype.newbyteorder(">"))
        rows += b"".join(b"\0" + row.tobytes() for row in part)
    bits = 8 * array.itemsize
    (tmp_path / "m.png").write_bytes(png(11, 13, bits, 0, rows, lace=1))
    same(io.open(tmp_path / "m.png"), array[None])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (((20, 31), "uint16"), r"got \(20, 31\) of uint16 in file .*7\.png after \(20, 30\)"),
        (((20, 30), "uint8"), r"got \(20, 30\) of uint8 in file .*7\.png after .* of uint16"),
        (((20, 30, 3), "uint16"), r"gray images, got colour images .*7\.png"),
    ],
)
def test_file_that_is_not_like_the_first_is_named(tmp_path, noise, other, message):
    for k in range(9):
        shape, dtype = other if k == 7 else ((20, 30), "uint16")
        (tmp_path / f"{k}.png").write_bytes(imagecodecs.png_encode(noise(shape, dtype)))
    movie = io.open(tmp_path)
    movie[6]
    with pytest.raises(ValueError, match=message):
        movie[7]
    movie[8]


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("odd", [0, 2])
def test_gray_and_colour_are_not_mixed(tmp_path, noise, kind, odd):
    """With channel=0, both have frames of one shape and type."""
    for k in range(3):
        path = tmp_path / f"{k}.{kind}"
        image = noise((20, 30, 3) if k == odd else (20, 30), "uint8")
        if kind == "png":
            path.write_bytes(imagecodecs.png_encode(image))
        else:
            tifffile.imwrite(path, image, photometric="rgb" if k == odd else "minisblack")
    wrong = odd or 1
    with pytest.raises(ValueError, match=rf"all gray or all in colour, got .*{wrong}\.{kind}"):
        list(io.open(tmp_path, channel=0))


def test_one_kind_of_images_in_a_folder(folder, same, noise):
    path, array = folder
    tifffile.imwrite(path / "0.tif", noise((20, 30)))
    message = rf"one kind, got PNG and TIFF files in {re.escape(str(path))}: pass a pattern"
    with pytest.raises(ValueError, match=message):
        io.open(path)
    np.save(path / "0.npy", noise((20, 30)))
    with pytest.raises(ValueError, match=r"got \.npy and PNG and TIFF files"):
        io.open(path)
    same(io.open(path / "*.png"), array)


def test_ending_does_not_matter(tmp_path, same, noise):
    (tmp_path / "m.tif").write_bytes(imagecodecs.png_encode(noise((20, 30))))
    same(io.open(tmp_path / "m.tif"), noise((1, 20, 30)))
    (tmp_path / "M.PNG").write_bytes(imagecodecs.png_encode(noise((20, 30))))
    (tmp_path / "m.tif").unlink()
    same(io.open(tmp_path), noise((1, 20, 30)))


@pytest.mark.parametrize("level", [0, 6])
def test_cut_off_anywhere(tmp_path, noise, level):
    path = tmp_path / "m.png"
    whole = imagecodecs.png_encode(noise((8, 12)), level)
    for size in range(4, len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(SpotgpuError, match=r"m\.png is truncated or corrupt"):
            io.open(path)[0]


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 400), value=st.integers(0, 255), level=st.sampled_from([0, 6]))
def test_any_broken_byte_is_an_error(tmp_path, noise, place, value, level):
    image = noise((12, 16))
    whole = bytearray(imagecodecs.png_encode(image, level))
    whole[place % len(whole)] = value
    (tmp_path / "m.png").write_bytes(whole)
    try:
        frame = io.open(tmp_path / "m.png")[0]
    except (SpotgpuError, ValueError) as error:
        assert str(error)  # noqa: PT017 (the byte may be the same)
    else:
        np.testing.assert_array_equal(frame, image)


def test_corrupt_file_of_a_series(folder):
    path, array = folder
    data = bytearray((path / "image7.png").read_bytes())
    data[200] ^= 1
    (path / "image7.png").write_bytes(data)
    movie = io.open(path)
    np.testing.assert_array_equal(movie[6], array[6])
    message = r"frame 7 of the series: .*image7\.png is truncated or corrupt"
    with pytest.raises(SpotgpuError, match=message):
        movie[7]
    np.testing.assert_array_equal(movie[8], array[8])
    (path / "image8.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"image8\.png"):
        io.open([path / "image6.png", path / "image8.png"])
    with pytest.raises(FileNotFoundError, match=r"image8\.png"):
        pickle.loads(pickle.dumps(movie))[8]  # noqa: S301


def test_file_that_changes_after_it_was_opened(tmp_path, noise):
    path = tmp_path / "m.png"
    path.write_bytes(imagecodecs.png_encode(noise((20, 30))))
    stored = pickle.dumps(io.open(path))
    path.write_bytes(imagecodecs.png_encode(noise((21, 30))))
    with pytest.raises(SpotgpuError, match="has changed since it was opened"):
        pickle.loads(stored)[0]  # noqa: S301
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"a file that is there, got .*m\.png"):
        pickle.loads(stored)[0]  # noqa: S301


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ((8, 8, 3, 0), "8 x 8 pixels of 3 bits and colour type 0"),
        ((8, 8, 8, 5), "of 8 bits and colour type 5"),
        ((8, 8, 4, 2), "of 4 bits and colour type 2"),
        ((0, 8, 8, 0), "says 0 x 8 pixels"),
    ],
)
def test_header_that_makes_no_sense(tmp_path, header, message):
    (tmp_path / "m.png").write_bytes(png(*header, bytes(72)))
    with pytest.raises(SpotgpuError, match=rf"m\.png is truncated or corrupt: .*{message}"):
        io.open(tmp_path / "m.png")


@pytest.mark.parametrize("place", [4, 7, 11, 15, 17, 22, 24, 25, 30])
def test_header_with_a_broken_byte(tmp_path, noise, place):
    """Found when it is opened: what comes next trusts the shape."""
    data = bytearray(imagecodecs.png_encode(noise((20, 30))))
    data[place] ^= 2
    (tmp_path / "m.png").write_bytes(data)
    with pytest.raises(
        SpotgpuError, match=r"m\.png is truncated or corrupt: its header is damaged"
    ):
        io.open(tmp_path / "m.png")


def allocated(work) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1)])
@pytest.mark.parametrize("kind", [(1, 3), (8, 0), (16, 6)])
def test_enormous_promises_take_no_memory(tmp_path, size, kind):
    path = tmp_path / "m.png"
    path.write_bytes(png(*size, *kind, bytes(10_000)))

    def work():
        with pytest.raises(SpotgpuError, match=rf"says {size[0]} x {size[1]} pixels, which \d+ by"):
            io.open(path, channel=0)

    assert allocated(work) < 2**20


def test_chunk_that_says_too_much_takes_no_memory(tmp_path, noise):
    data = bytearray(imagecodecs.png_encode(noise((20, 30))))
    data[33:37] = struct.pack(">I", 2**31 - 1)
    (tmp_path / "m.png").write_bytes(data)

    def work():
        with pytest.raises(SpotgpuError, match=r"m\.png is truncated .* the file ends within it"):
            io.open(tmp_path / "m.png")

    assert allocated(work) < 2**20


def test_bytes_that_are_no_pixels_do_not_count(tmp_path):
    """A long text makes a large file; its pixels are what must hold the image."""
    path = tmp_path / "m.png"
    path.write_bytes(png(10_000, 10_000, 8, 0, bytes(100), chunk(b"tEXt", bytes(200_000))))
    movie = io.open(path)

    def work():
        with pytest.raises(SpotgpuError, match=r"10000 x 10000 pixels, which .* cannot hold"):
            movie[0]

    assert allocated(work) < 2**20


@pytest.mark.parametrize("colour", [0, 2])
def test_what_deflate_can_do_is_read(tmp_path, colour):
    """An image of nothing comes close to the limit, and is none of the refused ones."""
    side = 3000
    row = bytes(1 + side * (3 if colour else 1))
    data = png(side, side, 8, colour, row * side)
    assert len(row) * side > 0.9 * 1032 * (len(data) - 100)
    (tmp_path / "m.png").write_bytes(data)
    movie = io.open(tmp_path / "m.png", channel=0)
    assert movie.shape == (1, side, side)
    assert not movie[0].any()


def test_compressed_texts_stay_compressed(tmp_path, same, monkeypatch):
    """The decoder would unpack them all, for minutes: 7 MB from 7 kB each."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7_000_000), 9))
    (tmp_path / "m.png").write_bytes(png(2, 1, 8, 0, bytes([0, 5, 6]), *[text] * 9))
    decode, given_to_it = imagecodecs.png_decode, []
    monkeypatch.setattr(
        imagecodecs, "png_decode", lambda data, **o: given_to_it.append(data) or decode(data, **o)
    )
    same(io.open(tmp_path / "m.png"), np.array([[[5, 6]]], np.uint8))
    assert given_to_it
    assert max(map(len, given_to_it)) < 100


def test_animation_is_refused(tmp_path, same):
    path = tmp_path / "m.png"
    path.write_bytes(png(2, 1, 8, 0, bytes([0, 5, 6]), chunk(b"acTL", struct.pack(">II", 3, 0))))
    with pytest.raises(ValueError, match=r"one image, got an animation of 3 images: .*m\.png"):
        io.open(path)
    path.write_bytes(png(2, 1, 8, 0, bytes([0, 5, 6]), chunk(b"acTL", struct.pack(">II", 1, 0))))
    same(io.open(path), np.array([[[5, 6]]], np.uint8))


def test_unknown_critical_chunk(tmp_path):
    path = tmp_path / "m.png"
    path.write_bytes(png(2, 1, 8, 0, bytes([0, 5, 6]), chunk(b"ABCD", b"x")))
    with pytest.raises(SpotgpuError, match=r"has a chunk b'ABCD'"):
        io.open(path)


def test_series_must_be_none(tmp_path, noise):
    (tmp_path / "m.png").write_bytes(imagecodecs.png_encode(noise((20, 30))))
    with pytest.raises(ValueError, match="`series` must be None for a file with one image, got 1"):
        io.open(tmp_path / "m.png", series=1)
