"""Zarr arrays and OME-Zarr images, read back; and those that are broken or want more."""

from __future__ import annotations

import json

import numpy as np
import pytest
import zarr

from spotgpu import io
from spotgpu.errors import SpotgpuError

AXES = {
    "t": {"name": "t", "type": "time", "unit": "millisecond"},
    "c": {"name": "c", "type": "channel"},
    "z": {"name": "z", "type": "space", "unit": "micrometer"},
    "y": {"name": "y", "type": "space", "unit": "nanometer"},
    "x": {"name": "x", "type": "space", "unit": "micrometer"},
}
SCALES = {"t": 40.0, "c": 1.0, "z": 0.5, "y": 200.0, "x": 0.1}


def ome_zarr(path, array, axes, version, *, names=(), level="0", overall=None):
    """Write an OME-Zarr image with two levels."""
    zarr_format = 2 if version == "0.4" else 3
    group = zarr.create_group(path, zarr_format=zarr_format, overwrite=True)
    chunks = tuple(min(n, 3) if a == "t" else n for a, n in zip(axes, array.shape, strict=True))
    group.create_array(level, data=array, chunks=chunks)
    group.create_array(
        "half", data=array[..., ::2, ::2], chunks=tuple(max(1, n // 2) for n in array.shape)
    )
    scale = [SCALES[a] for a in axes]
    told = {
        "multiscales": [
            {
                "axes": [AXES[a] for a in axes],
                "datasets": [
                    {
                        "path": level,
                        "coordinateTransformations": [
                            {"type": "scale", "scale": scale},
                            {"type": "translation", "translation": [0.0] * len(axes)},
                        ],
                    },
                    {"path": "half"},
                ],
            }
        ],
        "omero": {"channels": [{"label": name} for name in names]},
    }
    if overall:
        told["multiscales"][0]["coordinateTransformations"] = [{"type": "scale", "scale": overall}]
    if version == "0.4":
        group.attrs.update(told)
    else:
        group.attrs["ome"] = {"version": version, **told}
    return path


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
@pytest.mark.parametrize("chunks", [(1, 20, 30), (3, 20, 30), (11, 7, 11)])
def test_arrays(tmp_path, same, noise, zarr_format, dtype, chunks):
    array = noise((11, 20, 30), dtype)
    zarr.create_array(tmp_path / "m.zarr", data=array, chunks=chunks, zarr_format=zarr_format)
    movie = io.open(tmp_path / "m.zarr")
    same(movie, array)
    assert movie.axes == "TYX"
    assert movie.file_backed


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_big_endian(tmp_path, same, noise, zarr_format):
    array = noise((5, 20, 30)).astype(">u2")
    zarr.create_array(tmp_path / "m.zarr", data=array, zarr_format=zarr_format)
    same(io.open(tmp_path / "m.zarr"), array)


def test_shards(tmp_path, same, noise):
    array = noise((11, 20, 30))
    zarr.create_array(tmp_path / "m", data=array, chunks=(1, 20, 30), shards=(4, 20, 30))
    same(io.open(tmp_path / "m"), array)


def test_volumes_and_axes(tmp_path, same, noise):
    array = noise((5, 6, 20, 30))
    zarr.create_array(tmp_path / "m.zarr", data=array, chunks=(2, 3, 20, 30))
    same(io.open(tmp_path / "m.zarr"), array)
    same(io.open(tmp_path / "m.zarr", axes="ZTYX"), array.swapaxes(0, 1))
    same(io.open(tmp_path / "m.zarr", axes="CTYX", channel=2), array[2])
    same(io.open(tmp_path / "m.zarr", axes="TCXY", channel=2), array[:, 2].swapaxes(1, 2))


def test_names_of_dimensions(tmp_path, same, noise):
    array = noise((2, 5, 20, 30))
    zarr.create_array(tmp_path / "a", data=array, dimension_names=("channel", "time", "y", "x"))
    same(io.open(tmp_path / "a", channel=1), array[1])
    made = zarr.create_array(tmp_path / "b", data=array, zarr_format=2)
    made.attrs["_ARRAY_DIMENSIONS"] = ["z", "time", "y", "x"]
    same(io.open(tmp_path / "b"), array.swapaxes(0, 1))
    zarr.create_array(tmp_path / "c", data=array, dimension_names=("angle", "time", "y", "x"))
    with pytest.raises(ValueError, match=r"`axes` must be given.*\(2, 5, 20, 30\)"):
        io.open(tmp_path / "c")


def test_open_arrays(tmp_path, same, noise):
    array = noise((5, 20, 30))
    made = zarr.create_array(tmp_path / "m.zarr", data=array, chunks=(2, 20, 30))
    same(io.open(made), array)
    same(io.open(zarr.array(array, chunks=(2, 20, 30))), array)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("axes", ["tyx", "zyx", "tzyx", "tcyx", "tczyx"])
def test_ome_zarr(tmp_path, same, noise, version, axes):
    lengths = {"t": 7, "c": 2, "z": 4, "y": 20, "x": 30}
    array = noise(tuple(lengths[a] for a in axes))
    path = ome_zarr(tmp_path / "m.zarr", array, axes, version, names=("GFP", "RFP"))
    movie = io.open(path, channel="RFP" if "c" in axes else None)
    expected = array.take(1, axes.index("c")) if "c" in axes else array
    same(movie, expected if "t" in axes else expected[None])
    assert movie.pixel_size_um == pytest.approx((0.5, 0.2, 0.1) if "z" in axes else (0.2, 0.1))
    assert movie.frame_interval_s == (pytest.approx(0.04) if "t" in axes else None)


def test_ome_zarr_scale_of_all_levels(tmp_path, noise):
    path = ome_zarr(tmp_path / "m", noise((5, 20, 30)), "tyx", "0.5", overall=[2.0, 3.0, 5.0])
    movie = io.open(path)
    assert movie.pixel_size_um == pytest.approx((0.6, 0.5))
    assert movie.frame_interval_s == pytest.approx(0.08)


def test_ome_zarr_channels(tmp_path, noise):
    path = ome_zarr(tmp_path / "m", noise((5, 2, 20, 30)), "tcyx", "0.5", names=("GFP", "RFP"))
    with pytest.raises(ValueError, match=r"`channel` must be given: .*0 \('GFP'\), 1 \('RFP'\)"):
        io.open(path)


def test_group_of_images(tmp_path, same, noise):
    """Bio-Formats writes each image into a numbered group."""
    zarr.create_group(tmp_path / "m", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    zarr.create_group(tmp_path / "m" / "OME", zarr_format=2)
    first, second = noise((5, 20, 30), seed=1), noise((5, 20, 30), seed=2)
    ome_zarr(tmp_path / "m" / "0", first, "tyx", "0.4")
    same(io.open(tmp_path / "m"), first)
    ome_zarr(tmp_path / "m" / "1", second, "tyx", "0.4")
    with pytest.raises(ValueError, match=r"group with 0 \('0'\), 1 \('1'\).*or series="):
        io.open(tmp_path / "m")
    same(io.open(tmp_path / "m", series=1), second)
    same(io.open(tmp_path / "m" / "1"), second)
    with pytest.raises(ValueError, match="`series` must be one of"):
        io.open(tmp_path / "m", series=2)


def test_empty_group(tmp_path):
    zarr.create_group(tmp_path / "m")
    with pytest.raises(ValueError, match="one array or image, got a Zarr group with nothing"):
        io.open(tmp_path / "m")


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../other"])
def test_path_out_of_the_image(tmp_path, noise, path):
    zarr.create_array(tmp_path / "other", data=noise((5, 20, 30)))
    group = zarr.create_group(tmp_path / "m")
    group.attrs["ome"] = {"multiscales": [{"axes": [], "datasets": [{"path": path}]}]}
    with pytest.raises(SpotgpuError, match="has an image outside of itself, which is not read"):
        io.open(tmp_path / "m")


@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_pickle_is_not_run(tmp_path, noise, place):
    """numcodecs has a codec that unpickles: decoding a chunk would run what is in it."""
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    zarr.create_array(
        tmp_path / "m", data=noise((2, 20, 30)), chunks=(2, 20, 30), zarr_format=2, compressors=None
    )
    told = json.loads((tmp_path / "m" / ".zarray").read_text())
    told[place] = {"id": "pickle"} if place == "compressor" else [{"id": "pickle"}]
    (tmp_path / "m" / ".zarray").write_text(json.dumps(told))
    (tmp_path / "m" / "0.0.0").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(SpotgpuError, match="compressed with pickle, which can run any program"):
        io.open(tmp_path / "m")
    assert not (tmp_path / "ran").exists()


def test_objects(tmp_path, noise):
    zarr.create_array(tmp_path / "m", data=noise((2, 20, 30)), zarr_format=2)
    told = json.loads((tmp_path / "m" / ".zarray").read_text())
    told["dtype"] = "|O"
    (tmp_path / "m" / ".zarray").write_text(json.dumps(told))
    with pytest.raises(TypeError, match=r"real numbers, got '\|O'"):
        io.open(tmp_path / "m")


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("keep", [0, 10, 500])
def test_truncated_chunk(tmp_path, noise, zarr_format, compressed, keep):
    array = noise((6, 20, 30))
    options = {} if compressed else {"compressors": None}
    zarr.create_array(
        tmp_path / "m", data=array, chunks=(2, 20, 30), zarr_format=zarr_format, **options
    )
    chunk = tmp_path / "m" / ("1.0.0" if zarr_format == 2 else "c/1/0/0")
    chunk.write_bytes(chunk.read_bytes()[:keep])
    movie = io.open(tmp_path / "m")
    np.testing.assert_array_equal(movie[1], array[1])
    for t in (2, 3):
        with pytest.raises(SpotgpuError, match=f"frame {t} of .*m is truncated or corrupt"):
            movie[t]
    np.testing.assert_array_equal(movie[4], array[4])
    # Going through reads ahead: what is whole comes out first all the same.
    seen = iter(io.open(tmp_path / "m"))
    np.testing.assert_array_equal([next(seen), next(seen)], array[:2])
    with pytest.raises(SpotgpuError, match="frame 2 of"):
        next(seen)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"zarr_format": 3, "node_type": "array"}'])
def test_broken_metadata(tmp_path, noise, text):
    zarr.create_array(tmp_path / "m", data=noise((2, 20, 30)))
    (tmp_path / "m" / "zarr.json").write_text(text)
    with pytest.raises(SpotgpuError, match="corrupt"):
        io.open(tmp_path / "m")


@pytest.mark.parametrize(
    "ome", [{"multiscales": []}, {"multiscales": [{}]}, {"multiscales": [{"datasets": [{}]}]}]
)
def test_broken_ome_metadata(tmp_path, ome):
    zarr.create_group(tmp_path / "m").attrs["ome"] = ome
    with pytest.raises(SpotgpuError, match="has broken OME-Zarr metadata"):
        io.open(tmp_path / "m")


def test_axes_that_do_not_fit(tmp_path, noise):
    path = ome_zarr(tmp_path / "m", noise((5, 20, 30)), "tyx", "0.5")
    told = json.loads((path / "zarr.json").read_text())
    told["attributes"]["ome"]["multiscales"][0]["axes"].pop()
    (path / "zarr.json").write_text(json.dumps(told))
    with pytest.raises(SpotgpuError, match="name 2 axes, it has 3"):
        io.open(path)
