"""TIFF files that are cut off, broken, or want more than to be read."""

from __future__ import annotations

import re
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotgpu import io
from spotgpu.errors import SpotgpuError

GRAY = {"photometric": "minisblack"}
CLEAR = (SpotgpuError, ValueError, TypeError)


def written(path: Path, noise, **stored) -> bytes:
    """Write a movie of eight frames page by page and return the file's bytes."""
    with tifffile.TiffWriter(path) as writer:
        for frame in noise((8, 32, 48)):
            writer.write(frame, contiguous=False, metadata=None, **GRAY, **stored)
    return path.read_bytes()


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("percent", range(0, 100, 7))
def test_cut_off(tmp_path, noise, compression, percent):
    """Wherever the file is cut, opening it says so: no page is made of zeros, none is left out."""
    path = tmp_path / "m.tif"
    whole = written(path, noise, compression=compression)
    path.write_bytes(whole[: len(whole) * percent // 100])
    with pytest.raises(SpotgpuError, match=r"m\.tif is truncated or corrupt"):
        io.open(path)


@pytest.mark.parametrize("missing", [1, 100, 3000])
@pytest.mark.parametrize("kind", ["contiguous", "imagej", "ome", "virtual"])
def test_cut_off_series(tmp_path, noise, missing, kind):
    path = tmp_path / "m.tif"
    options = {
        "contiguous": {},
        "imagej": {"imagej": True, "metadata": {"axes": "TYX"}},
        "ome": {"ome": True, "metadata": {"axes": "TYX"}},
        "virtual": {"imagej": True, "metadata": {"axes": "TYX"}, "truncate": True},
    }[kind]
    tifffile.imwrite(path, noise((8, 32, 48)), **options, **GRAY)
    whole = path.read_bytes()
    path.write_bytes(whole[:-missing])
    if missing < 1000:
        # The end may be of what is not needed; but then all must be there.
        try:
            movie = io.open(path)
        except SpotgpuError:
            return
        assert movie.shape == (8, 32, 48)
        np.testing.assert_array_equal(np.asarray(movie), noise((8, 32, 48)))
    else:
        with pytest.raises(SpotgpuError, match=r"m\.tif is truncated"):
            io.open(path)


def test_description_cut_off(tmp_path, noise):
    """Without it, the slices of a volume would become frames."""
    path = tmp_path / "m.tif"
    with_description(path, noise, "ImageJ=1\nslices=4\nhyperstack=true\n")
    with tifffile.TiffFile(path) as tif:
        tag = tif.pages[0].tags[270]
    data = bytearray(path.read_bytes())
    data[tag.offset + 8 : tag.offset + 12] = struct.pack("<I", len(data) - 4)
    path.write_bytes(data)
    with pytest.raises(SpotgpuError, match="its description is cut off"):
        io.open(path)


@pytest.mark.parametrize("codec", ["zlib", "lzw", "zstd"])
def test_corrupt_page_is_named(tmp_path, noise, codec):
    path = tmp_path / "m.tif"
    movie = noise((6, 32, 48))
    tifffile.imwrite(path, movie, compression=codec, **GRAY)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[4]
        start, size = page.dataoffsets[0], page.databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    opened = io.open(path)
    np.testing.assert_array_equal(opened[3], movie[3])
    with pytest.raises(SpotgpuError, match=r"frame 4 .*page 4 of .*m\.tif is truncated or corrupt"):
        opened[4]
    np.testing.assert_array_equal(opened[5], movie[5])


def test_short_strip_is_not_spread_over_the_page(tmp_path, noise):
    """A strip that decodes to one row fits any shape if arrays are broadcast."""
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, noise((2, 32, 48)), compression="zlib", **GRAY)
    import imagecodecs

    row = imagecodecs.zlib_encode(np.arange(48, dtype=np.uint16).tobytes())
    with tifffile.TiffFile(path) as tif:
        start, size = tif.pages[1].dataoffsets[0], tif.pages[1].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + size] = row + bytes(size - len(row))
    path.write_bytes(data)
    with pytest.raises(SpotgpuError, match="page 1 of"):
        io.open(path)[1]


def test_file_that_shrinks_while_it_is_open(tmp_path, noise):
    path = tmp_path / "m.tif"
    whole = written(path, noise)
    movie = io.open(path)
    with path.open("r+b") as file:
        file.truncate(len(whole) // 2)
    movie[0]
    with pytest.raises(SpotgpuError, match=r"page 7 of .* the file ends within it"):
        movie[7]


def test_sparse_pages_are_not_zeros(tmp_path, noise):
    """Strips at byte 0 of size 0 mean, to some, pages that were never written."""
    path = tmp_path / "m.tif"
    written(path, noise)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[3].tags["StripByteCounts"].overwrite((0,))
    with pytest.raises(SpotgpuError, match="the pixels of page 3 should lie at"):
        io.open(path)


def test_pages_of_another_shape(tmp_path, noise):
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as writer:
        for shape in [(20, 30), (20, 30), (20, 31)]:
            writer.write(noise(shape), metadata=None, **GRAY)
    message = r"another one in page 2 of .*m\.tif \(width \(31,\) after \(30,\)"
    with pytest.raises(ValueError, match=message):
        io.open(path)


def test_pages_of_another_type(tmp_path, noise):
    path = tmp_path / "m.tif"
    with tifffile.TiffWriter(path) as writer:
        writer.write(noise((20, 30), "uint16"), metadata=None, **GRAY)
        writer.write(noise((20, 30), "int16"), metadata=None, **GRAY)
    with pytest.raises(ValueError, match="another one in page 1"):
        io.open(path)


def test_tiles_of_no_size(tmp_path, noise):
    path = tmp_path / "m.tif"
    tifffile.imwrite(path, noise((3, 32, 48)), tile=(16, 16), **GRAY)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[0].tags["TileLength"].overwrite(0)
    with pytest.raises(SpotgpuError, match=r"m\.tif is truncated or corrupt"):
        io.open(path)


def test_circle_of_pages(tmp_path, noise):
    path = tmp_path / "m.tif"
    whole = bytearray(written(path, noise))
    with tifffile.TiffFile(path) as tif:
        first, last = tif.pages[0].offset, tif.pages[7].offset
    tags = struct.unpack("<H", whole[last : last + 2])[0]
    whole[last + 2 + 12 * tags : last + 6 + 12 * tags] = struct.pack("<I", first)
    path.write_bytes(whole)
    with pytest.raises(SpotgpuError, match="page 8 should be at byte"):
        io.open(path)


@pytest.mark.parametrize(
    ("start", "error"),
    [
        (b"", "is empty"),
        (b"II*\0", "truncated or corrupt"),
        (b"II*\0\0\0\0\0", "truncated or corrupt"),
        (b"II*\0\xff\xff\xff\xff", "truncated or corrupt"),
        (b"MM\0+\0\x08\0\0", "truncated or corrupt"),
        (b"II+\0\x08\0\0\0" + b"\xff" * 8, "truncated or corrupt"),
        (b"GIF89a", "must be a TIFF, PNG, .npy or Zarr file.*pims.open"),
        (b"hello", "must be a TIFF, PNG, .npy or Zarr file.*begins with b'hello'"),
    ],
)
def test_not_a_movie(tmp_path, start, error):
    (tmp_path / "m.tif").write_bytes(start)
    with pytest.raises((SpotgpuError, ValueError), match=error):
        io.open(tmp_path / "m.tif")


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_broken_byte_is_an_error_or_another_movie(tmp_path, noise, data):
    """Never a crash of another kind, never a warning, never a hang."""
    path = tmp_path / "m.tif"
    kind = data.draw(st.sampled_from(["plain", "zlib", "imagej", "ome", "tiles"]))
    options = {
        "plain": {"metadata": None},
        "zlib": {"compression": "zlib"},
        "imagej": {"imagej": True, "metadata": {"axes": "TYX"}},
        "ome": {"ome": True, "metadata": {"axes": "TYX", "PhysicalSizeX": 1}},
        "tiles": {"tile": (16, 16), "compression": "lzw"},
    }[kind]
    tifffile.imwrite(path, noise((3, 16, 16), "uint8"), **options, **GRAY)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            movie = io.open(path)
            if np.prod(movie.shape) < 1e6:
                for frame in movie:
                    assert frame.shape == movie.frame_shape
        except (*CLEAR, MemoryError) as error:
            assert str(error)  # noqa: PT017 (most examples do not raise)


def with_description(path: Path, noise, text: str, pages: int = 4) -> None:
    """Write a movie whose first page has a description of our making."""
    with tifffile.TiffWriter(path) as writer:
        for k, frame in enumerate(noise((pages, 20, 30))):
            writer.write(
                frame,
                description=text if k == 0 else None,
                metadata=None,
                contiguous=False,
                **GRAY,
            )


OME = (
    '<?xml version="1.0"?>{doctype}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
    'UUID="urn:uuid:1"><Image ID="Image:0"><Pixels DimensionOrder="XYZCT" ID="Pixels:0" '
    'Type="uint16" SizeX="30" SizeY="20" SizeC="1" SizeZ="1" SizeT="{frames}">'
    "{inside}</Pixels></Image></OME>"
)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!doctype a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_in_xml_are_refused(tmp_path, noise, doctype):
    text = OME.format(doctype=doctype, frames=4, inside='<TiffData IFD="0" PlaneCount="4"/>')
    with_description(tmp_path / "m.tif", noise, text)
    with pytest.raises(SpotgpuError, match=r"m\.tif has a document type or entity declaration"):
        io.open(tmp_path / "m.tif")


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<TiffData IFD='zero'/>", "broken OME-XML: IFD is 'zero'"),
        ("<TiffData IFD='-1'/>", "broken OME-XML: IFD is '-1'"),
        ("<TiffData IFD='0' PlaneCount='4'>", "broken OME-XML: mismatched tag"),
        ("<TiffData IFD='99'/>", "names no page in it"),
        ("<TiffData IFD='0' PlaneCount='3'/>", "3 of 4 planes are there; pass axes='TYX'"),
        ("<TiffData IFD='2' PlaneCount='999999999999'/>", "2 of 4 planes are there"),
    ],
)
def test_broken_xml(tmp_path, noise, inside, message):
    with_description(tmp_path / "m.tif", noise, OME.format(doctype="", frames=4, inside=inside))
    with pytest.raises(SpotgpuError, match=message):
        io.open(tmp_path / "m.tif")
    assert len(io.open(tmp_path / "m.tif", axes="TYX")) == 4


def test_planes_in_another_order(tmp_path, noise, same):
    blocks = "".join(f'<TiffData FirstT="{t}" IFD="{3 - t}"/>' for t in range(4))
    with_description(tmp_path / "m.tif", noise, OME.format(doctype="", frames=4, inside=blocks))
    same(io.open(tmp_path / "m.tif"), noise((4, 20, 30))[::-1])


def test_enormous_promises_take_no_memory(tmp_path, noise):
    text = OME.format(doctype="", frames=10**12, inside="")
    with_description(tmp_path / "m.tif", noise, text)
    with pytest.raises(SpotgpuError, match="4 of 1000000000000 planes"):
        io.open(tmp_path / "m.tif")


def in_files(names: list[str], first_t: list[int], own: int) -> str:
    """Return the XML of one file of a set, with one plane in each."""
    return "".join(
        f'<TiffData FirstT="{t}" IFD="0"><UUID FileName="{name}">urn:uuid:{k + 1}</UUID></TiffData>'
        for k, (name, t) in enumerate(zip(names, first_t, strict=True))
    )


def test_names_of_other_files_are_not_followed(tmp_path, noise):
    """A file that names another one outside of its folder gets nothing of it."""
    secret = tmp_path / "secret.tif"
    tifffile.imwrite(secret, noise((20, 30)), **GRAY)
    folder = tmp_path / "folder"
    folder.mkdir()
    inside = in_files(["a.tif", "../secret.tif"], [0, 1], 0)
    with_description(folder / "a.tif", noise, OME.format(doctype="", frames=2, inside=inside), 1)
    message = r"one file of a set \(the others: ../secret.tif\): pass the list of the files"
    with pytest.raises(ValueError, match=message):
        io.open(folder / "a.tif")
    assert len(io.open(folder / "a.tif", axes="TYX")) == 1


def test_set_of_files_by_list(tmp_path, noise, same):
    names, movie = ["a.tif", "b.tif", "c.tif"], []
    for k, name in enumerate(names):
        text = OME.format(doctype="", frames=3, inside=in_files(names, [0, 1, 2], k))
        text = text.replace('UUID="urn:uuid:1"', f'UUID="urn:uuid:{k + 1}"', 1)
        image = noise((1, 20, 30), seed=k)
        tifffile.imwrite(tmp_path / name, image[0], description=text, metadata=None, **GRAY)
        movie.append(image[0])
    paths = [tmp_path / name for name in names]
    with pytest.raises(ValueError, match=r"one file of a set \(the others: b.tif, c.tif\)"):
        io.open(paths[0])
    same(io.open(paths), np.stack(movie))
    same(io.open(tmp_path / "*.tif"), np.stack(movie))
    with pytest.raises(ValueError, match="files that follow each other in time, got frame 1 in"):
        io.open(paths[::-1])


def test_companion_file(tmp_path, noise):
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<BinaryOnly MetadataFile="../../x.companion.ome" UUID="urn:uuid:1"/></OME>'
    )
    with_description(tmp_path / "m.tif", noise, text)
    with pytest.raises(ValueError, match="one file of a set"):
        io.open(tmp_path / "m.tif")
    assert len(io.open(tmp_path / "m.tif", axes="TYX")) == 4


def test_renamed_file_is_still_whole(tmp_path, noise, same):
    """Its own name in the XML is the old one; the identifier tells that it is meant."""
    inside = (
        '<TiffData IFD="0" PlaneCount="4"><UUID FileName="old.tif">urn:uuid:1</UUID></TiffData>'
    )
    with_description(tmp_path / "new.tif", noise, OME.format(doctype="", frames=4, inside=inside))
    same(io.open(tmp_path / "new.tif"), noise((4, 20, 30)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ImageJ=1.53\nimages=9\nframes=9\n", "says 9 pages? and has 4|says 9x1x1 pages and has 4"),
        ("ImageJ=1.53\nframes=many\n", "broken ImageJ description: frames is 'many'"),
        ("ImageJ=1.53\nframes=-1\n", "broken ImageJ description: frames is '-1'"),
        ('{"shape": [9, 20, 30]}', "says 9 pages and has 4"),
    ],
)
def test_description_of_more_than_there_is(tmp_path, noise, text, message):
    with_description(tmp_path / "m.tif", noise, text)
    with pytest.raises(SpotgpuError, match=message):
        io.open(tmp_path / "m.tif")
    assert len(io.open(tmp_path / "m.tif", axes="TYX")) == 4


@pytest.mark.parametrize(
    "text", ['{"shape": "x"}', '{"shape": [1', "shape=(1,2)", '{"shape":[7,7]}']
)
def test_description_of_something_else(tmp_path, noise, same, text):
    with_description(tmp_path / "m.tif", noise, text)
    same(io.open(tmp_path / "m.tif"), noise((4, 20, 30)))


def test_messages_of_tifffile_are_kept_off(tmp_path, noise, caplog):
    path = tmp_path / "m.tif"
    whole = written(path, noise)
    path.write_bytes(whole[:-1000])
    with pytest.raises(SpotgpuError):
        io.open(path)
    assert not caplog.records


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "no.tif"))):
        io.open(tmp_path / "no.tif")


def test_unreadable(tmp_path):
    with pytest.raises((FileNotFoundError, ValueError), match="`source`"):
        io.open(str(tmp_path / "no*.tif"))
    with pytest.raises(ValueError, match="`source` must be a local path"):
        io.open("https://example.org/m.tif")
