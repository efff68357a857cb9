"""TIFF files written by tifffile, read back: pixels, axes and what the files say."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from spotgpu import io

#: Without this, tifffile takes three or four frames for colours.
GRAY = {"photometric": "minisblack"}

STORED = {
    "plain": {},
    "big-endian": {"byteorder": ">"},
    "bigtiff": {"bigtiff": True},
    "strips": {"rowsperstrip": 7},
    "tiles": {"tile": (16, 32)},
    "zlib": {"compression": "zlib"},
    "zlib strips": {"compression": "zlib", "rowsperstrip": 7},
    "zlib big-endian": {"compression": "zlib", "byteorder": ">"},
    "zstd tiles": {"compression": "zstd", "tile": (16, 16)},
    "no description": {"metadata": None},
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED.keys())
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_pixels(tmp_path, same, noise, stored, dtype):
    movie = noise((5, 30, 50), dtype)
    tifffile.imwrite(tmp_path / "m.tif", movie, **stored, **GRAY)
    opened = io.open(tmp_path / "m.tif")
    same(opened, movie)
    assert opened.axes == "TYX"
    assert opened.file_backed
    assert opened.pixel_size_um is None
    assert opened.frame_interval_s is None


@pytest.mark.parametrize("codec", ["lzw", "deflate", "packbits"])
@pytest.mark.parametrize("predictor", [False, True])
def test_predictors(tmp_path, same, noise, codec, predictor):
    movie = noise((3, 30, 50), "uint16")
    tifffile.imwrite(tmp_path / "m.tif", movie, compression=codec, predictor=predictor, **GRAY)
    same(io.open(tmp_path / "m.tif"), movie)


def test_pages_far_apart_and_out_of_line(tmp_path, same, noise):
    """Strips that do not follow each other are read one by one."""
    movie = noise((4, 30, 50), "uint8")
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for frame in movie:
            writer.write(frame, metadata=None, rowsperstrip=11, align=64, contiguous=False, **GRAY)
    same(io.open(tmp_path / "m.tif"), movie)


def test_pages_written_one_by_one_are_frames(tmp_path, same, noise):
    """Each page then has a description of its own, and tifffile sees as many series."""
    movie = noise((6, 20, 30))
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for frame in movie:
            writer.write(frame, contiguous=False, **GRAY)
    same(io.open(tmp_path / "m.tif"), movie)


def test_one_page_is_one_frame(tmp_path, same, noise):
    image = noise((20, 30))
    tifffile.imwrite(tmp_path / "m.tif", image, **GRAY)
    same(io.open(tmp_path / "m.tif"), image[None])


def test_three_pages_are_frames_by_convention(tmp_path, same, noise):
    movie = noise((3, 20, 30), "uint8")
    tifffile.imwrite(tmp_path / "m.tif", movie, metadata=None, **GRAY)
    same(io.open(tmp_path / "m.tif"), movie)
    same(io.open(tmp_path / "m.tif", axes="ZYX"), movie[None])


def test_shape_without_names_of_axes_is_ambiguous(tmp_path, same, noise):
    movie = noise((3, 4, 20, 30))
    tifffile.imwrite(tmp_path / "m.tif", movie, **GRAY)
    with pytest.raises(ValueError, match=r"`axes` must be given.*\(3, 4, 20, 30\).*axes='TZYX'"):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", axes="TZYX"), movie)
    same(io.open(tmp_path / "m.tif", axes="ZTYX"), movie.swapaxes(0, 1))
    same(io.open(tmp_path / "m.tif", axes="TCYX", channel=2), movie[:, 2])
    same(io.open(tmp_path / "m.tif", axes="TYX"), movie.reshape(12, 20, 30))


def test_shape_with_names(tmp_path, same, noise):
    movie = noise((3, 4, 2, 20, 30))
    tifffile.imwrite(tmp_path / "m.tif", movie, metadata={"axes": "TZCYX"}, **GRAY)
    same(io.open(tmp_path / "m.tif", channel=1), movie[:, :, 1])


def test_appended_volumes_are_ambiguous(tmp_path, noise, same):
    movie = noise((3, 4, 20, 30))
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for volume in movie:
            writer.write(volume, **GRAY)
    with pytest.raises(ValueError, match="`axes` must be given"):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", axes="TZYX"), movie)


def test_volumetric_page(tmp_path, same, noise):
    """One page may be a volume (ImageDepth)."""
    volume = noise((5, 32, 48))
    tifffile.imwrite(tmp_path / "m.tif", volume, volumetric=True, tile=(1, 16, 16), **GRAY)
    same(io.open(tmp_path / "m.tif"), volume[None])


def test_previews_are_left_out(tmp_path, same, noise):
    movie = noise((3, 32, 48))
    with tifffile.TiffWriter(tmp_path / "m.tif") as writer:
        for frame in movie:
            writer.write(frame, metadata=None, contiguous=False, **GRAY)
            writer.write(frame[::4, ::4], subfiletype=1, metadata=None, **GRAY)
    same(io.open(tmp_path / "m.tif"), movie)


def test_pyramid_levels_are_left_out(tmp_path, same, noise):
    movie = noise((3, 64, 96))
    with tifffile.TiffWriter(tmp_path / "m.ome.tif") as writer:
        writer.write(movie, subifds=1, metadata={"axes": "TYX"}, **GRAY)
        writer.write(movie[:, ::2, ::2], subfiletype=1, **GRAY)
    same(io.open(tmp_path / "m.ome.tif"), movie)


IMAGEJ = {
    "TYX": (4, 20, 30),
    "ZYX": (4, 20, 30),
    "TZYX": (3, 4, 20, 30),
    "TCYX": (3, 2, 20, 30),
    "TZCYX": (3, 4, 2, 20, 30),
}


@pytest.mark.parametrize(("axes", "shape"), IMAGEJ.items(), ids=IMAGEJ.keys())
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_imagej(tmp_path, same, noise, axes, shape, dtype):
    movie = noise(shape, dtype)
    tifffile.imwrite(tmp_path / "m.tif", movie, imagej=True, metadata={"axes": axes}, **GRAY)
    channel = 1 if "C" in axes else None
    expected = movie.take(1, axes.index("C")) if "C" in axes else movie
    opened = io.open(tmp_path / "m.tif", channel=channel)
    same(opened, expected if "T" in axes else expected[None])


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m", "nm", "mm", "cm", "inch"])
def test_imagej_sizes(tmp_path, noise, unit):
    in_um = {"nm": 1e-3, "mm": 1e3, "cm": 1e4, "inch": 25400.0}.get(unit, 1.0)
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 4, 20, 30)),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "TZYX", "spacing": 0.75, "unit": unit, "finterval": 0.04},
        **GRAY,
    )
    movie = io.open(tmp_path / "m.tif")
    assert movie.pixel_size_um == pytest.approx((0.75 * in_um, 0.5 * in_um, 0.25 * in_um))
    assert movie.frame_interval_s == pytest.approx(0.04)


def test_imagej_in_pixels_has_no_size(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 20, 30)),
        imagej=True,
        resolution=(1, 1),
        metadata={"axes": "TYX", "unit": "pixel"},
        **GRAY,
    )
    assert io.open(tmp_path / "m.tif").pixel_size_um is None


def test_imagej_time_unit(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 20, 30)),
        imagej=True,
        metadata={"axes": "TYX", "finterval": 2, "tunit": "min"},
        **GRAY,
    )
    assert io.open(tmp_path / "m.tif").frame_interval_s == 120


def test_a_depth_without_size_leaves_the_pixel_size_unknown(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 4, 20, 30)),
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "TZYX", "unit": "um"},
        **GRAY,
    )
    movie = io.open(tmp_path / "m.tif")
    assert movie.pixel_size_um is None
    assert "pixel z ?, y 0.5, x 0.25 µm" in repr(movie)


def test_imagej_stack_that_is_no_hyperstack_is_ambiguous(tmp_path, same, noise):
    """ImageJ calls the frames of a movie slices until somebody makes a hyperstack of it."""
    movie = noise((4, 20, 30))
    tifffile.imwrite(
        tmp_path / "m.tif",
        movie,
        imagej=True,
        metadata={"axes": "ZYX", "hyperstack": False},
        **GRAY,
    )
    with pytest.raises(ValueError, match="axes='TYX' for a movie or axes='ZYX' for a volume"):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", axes="TYX"), movie)
    same(io.open(tmp_path / "m.tif", axes="zyx"), movie[None])


def test_imagej_without_directories_for_later_pages(tmp_path, same, noise):
    """ImageJ writes stacks over 4 GB as one page, the others follow it without directories."""
    movie = noise((4, 20, 30))
    tifffile.imwrite(
        tmp_path / "m.tif", movie, imagej=True, metadata={"axes": "TYX"}, truncate=True, **GRAY
    )
    with tifffile.TiffFile(tmp_path / "m.tif") as tif:
        assert len(tif.pages) == 1
    same(io.open(tmp_path / "m.tif"), movie)


OME = {
    "TYX": (4, 20, 30),
    "ZYX": (4, 20, 30),
    "TZYX": (3, 4, 20, 30),
    "ZTYX": (3, 4, 20, 30),
    "CTYX": (2, 3, 20, 30),
    "TZCYX": (3, 4, 2, 20, 30),
    "CZTYX": (2, 4, 3, 20, 30),
}


@pytest.mark.parametrize(("axes", "shape"), OME.items(), ids=OME.keys())
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_ome(tmp_path, same, noise, axes, shape, dtype):
    array = noise(shape, dtype)
    tifffile.imwrite(tmp_path / "m.ome.tif", array, ome=True, metadata={"axes": axes}, **GRAY)
    expected = array
    if "C" in axes:
        expected = array.take(1, axes.index("C"))
    left = axes.replace("C", "")
    if "T" not in left:
        expected, left = expected[None], "T" + left
    expected = expected.transpose([left.index(a) for a in "TZYX" if a in left])
    same(io.open(tmp_path / "m.ome.tif", channel=1 if "C" in axes else None), expected)


def test_ome_sizes(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 4, 20, 30)),
        ome=True,
        metadata={
            "axes": "TZYX",
            "PhysicalSizeX": 160,
            "PhysicalSizeXUnit": "nm",
            "PhysicalSizeY": 0.2,
            "PhysicalSizeZ": 0.001,
            "PhysicalSizeZUnit": "mm",
            "TimeIncrement": 40,
            "TimeIncrementUnit": "ms",
        },
        **GRAY,
    )
    movie = io.open(tmp_path / "m.tif")
    assert movie.pixel_size_um == pytest.approx((1.0, 0.2, 0.16))
    assert movie.frame_interval_s == pytest.approx(0.04)


def test_ome_interval_from_measured_times(tmp_path, noise):
    """Without an increment that is set, the mean of the intervals that were measured."""
    times = [0.5, 1.6, 2.5]
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 20, 30)),
        ome=True,
        metadata={"axes": "TYX", "Plane": {"DeltaT": times, "DeltaTUnit": ["s"] * 3}},
        **GRAY,
    )
    assert io.open(tmp_path / "m.tif").frame_interval_s == pytest.approx((2.5 - 0.5) / 2)


def test_ome_channels_by_name(tmp_path, same, noise):
    movie = noise((3, 2, 20, 30))
    tifffile.imwrite(
        tmp_path / "m.tif",
        movie,
        ome=True,
        metadata={"axes": "TCYX", "Channel": {"Name": ["GFP", "mCherry"]}},
        **GRAY,
    )
    with pytest.raises(
        ValueError, match=r"`channel` must be given: .* 0 \('GFP'\), 1 \('mCherry'\)"
    ):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", channel="mCherry"), movie[:, 1])
    same(io.open(tmp_path / "m.tif", channel=-2), movie[:, 0])
    for wrong in ("DAPI", 2):
        with pytest.raises(ValueError, match=r"`channel` must be one of 0 .'GFP'., 1"):
            io.open(tmp_path / "m.tif", channel=wrong)
    with pytest.raises(TypeError, match="`channel` must be an integer"):
        io.open(tmp_path / "m.tif", channel=0.5)


def test_ome_with_several_images(tmp_path, same, noise):
    first, second = noise((3, 20, 30), seed=1), noise((4, 20, 30), seed=2)
    with tifffile.TiffWriter(tmp_path / "m.ome.tif") as writer:
        writer.write(first, metadata={"axes": "TYX", "Name": "left"}, **GRAY)
        writer.write(second, metadata={"axes": "TYX", "Name": "right"}, **GRAY)
    with pytest.raises(ValueError, match=r"`series` must be given.*0 \('left'\), 1 \('right'\)"):
        io.open(tmp_path / "m.ome.tif")
    same(io.open(tmp_path / "m.ome.tif", series=0), first)
    same(io.open(tmp_path / "m.ome.tif", series=1), second)
    with pytest.raises(ValueError, match="`series` must be 0 to 1"):
        io.open(tmp_path / "m.ome.tif", series=2)


def test_overrides(tmp_path, noise):
    tifffile.imwrite(
        tmp_path / "m.tif",
        noise((3, 4, 20, 30)),
        ome=True,
        metadata={"axes": "TZYX", "PhysicalSizeX": 9, "TimeIncrement": 9},
        **GRAY,
    )
    movie = io.open(tmp_path / "m.tif", pixel_size_um=0.5, frame_interval_s=2)
    assert movie.pixel_size_um == (0.5, 0.5, 0.5)
    assert movie.frame_interval_s == 2
    movie = io.open(tmp_path / "m.tif", pixel_size_um=(3, 2, 1))
    assert movie.pixel_size_um == (3, 2, 1)
    assert movie.frame_interval_s == 9


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_needs_a_channel(tmp_path, same, noise, planar):
    movie = noise((4, 20, 30, 3), "uint8")
    stored = movie if planar == "contig" else movie.transpose(0, 3, 1, 2)
    tifffile.imwrite(
        tmp_path / "m.tif", stored, photometric="rgb", planarconfig=planar, metadata=None
    )
    with pytest.raises(ValueError, match=r"gray images, got colour images.*pass channel=0 to 2"):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", channel=1), np.ascontiguousarray(movie[..., 1]))


def test_imagej_colour(tmp_path, same, noise):
    movie = noise((4, 20, 30, 3), "uint8")
    tifffile.imwrite(tmp_path / "m.tif", movie, imagej=True, metadata={"axes": "TYXS"}, **GRAY)
    with pytest.raises(ValueError, match="colour images"):
        io.open(tmp_path / "m.tif")
    same(io.open(tmp_path / "m.tif", channel=2), np.ascontiguousarray(movie[..., 2]))


def test_palette_is_read_as_intensities(tmp_path, same, noise):
    movie = noise((3, 20, 30), "uint8")
    colours = np.zeros((3, 256), np.uint16)
    tifffile.imwrite(tmp_path / "m.tif", movie, photometric="palette", colormap=colours)
    same(io.open(tmp_path / "m.tif"), movie)


def test_complex_pixels(tmp_path):
    tifffile.imwrite(tmp_path / "m.tif", np.zeros((3, 20, 30), np.complex64), **GRAY)
    with pytest.raises(TypeError, match=r"real numbers, got complex64 in .*m\.tif"):
        io.open(tmp_path / "m.tif")


@pytest.mark.parametrize("axes", ["TYY", "TY", "TAX", "TZYX", "", "TZC"])
def test_wrong_axes(tmp_path, noise, axes):
    tifffile.imwrite(tmp_path / "m.tif", noise((3, 20, 30)), **GRAY)
    with pytest.raises(ValueError, match="`axes` must have one letter out of T, Z, C, Y, X, S"):
        io.open(tmp_path / "m.tif", axes=axes)


def test_axes_of_another_type(tmp_path, noise):
    tifffile.imwrite(tmp_path / "m.tif", noise((3, 20, 30)), **GRAY)
    with pytest.raises(TypeError, match="`axes` must be a string"):
        io.open(tmp_path / "m.tif", axes=3)


def test_transposed_images(tmp_path, same, noise):
    movie = noise((3, 20, 30))
    tifffile.imwrite(tmp_path / "m.tif", movie, **GRAY)
    same(io.open(tmp_path / "m.tif", axes="TXY"), movie.swapaxes(1, 2))


@pytest.mark.parametrize(
    ("tag", "text"), [(34412, "Zeiss LSM"), (33628, "MetaMorph STK")], ids=["lsm", "stk"]
)
def test_formats_with_pages_of_their_own(tmp_path, noise, tag, text):
    extra = [(tag, 4, 4, (1, 2, 3, 4), True), (33629, 5, 1, (1, 1), True)]
    tifffile.imwrite(tmp_path / "m.tif", noise((2, 20, 30)), extratags=extra, metadata=None, **GRAY)
    with pytest.raises(ValueError, match=f"got a {text} file: .*tifffile.imread"):
        io.open(tmp_path / "m.tif")
