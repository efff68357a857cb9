"""All colours at once."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile

from spotgpu.io import ColourError, Colours, open

FRAMES = np.random.default_rng(0).integers(0, 256, (4, 9, 7, 3), dtype=np.uint8)
#: Colours where others have depth.
PLANES = np.moveaxis(FRAMES, -1, 1)


def test_pages_in_an_order_that_the_file_tells(tmp_path: Path) -> None:
    """The pages of an OME-TIFF need not be in the order of time."""
    path = tmp_path / "m.ome.tif"
    order = [2, 0, 3, 1]
    where = "".join(
        f'<TiffData FirstT="{t}" FirstC="0" FirstZ="0" IFD="{ifd}" PlaneCount="1"/>'
        for ifd, t in enumerate(order)
    )
    text = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="7" SizeY="9" SizeZ="1" '
        'SizeC="3" SizeT="4"><Channel ID="Channel:0:0" SamplesPerPixel="3"/>'
        f"{where}</Pixels></Image></OME>"
    )
    with tifffile.TiffWriter(path, ome=False) as writer:
        for ifd, t in enumerate(order):
            told = text if ifd == 0 else None
            writer.write(FRAMES[t], photometric="rgb", description=told, metadata=None)
    np.testing.assert_array_equal(np.asarray(open(path, channel=1)), FRAMES[..., 1])
    np.testing.assert_array_equal(np.asarray(open(path, channel=Colours())), PLANES)


def test_axes(tmp_path: Path) -> None:
    for i, frame in enumerate(FRAMES):
        tifffile.imwrite(tmp_path / f"{i}.tif", frame, photometric="rgb")
    for source, axes in [(FRAMES, None), (PLANES, "TSYX"), (list(FRAMES), None), (tmp_path, None)]:
        movie = open(source, axes=axes, channel=Colours())
        assert movie.axes == "TZYX"
        np.testing.assert_array_equal(np.asarray(movie), PLANES)
        np.testing.assert_array_equal(movie.lazy(2)[1:, 3:5, :4], PLANES[2, 1:, 3:5, :4])
    again = pickle.loads(pickle.dumps(open(tmp_path, channel=Colours())))  # noqa: S301
    np.testing.assert_array_equal(np.asarray(again), PLANES)


def test_gray_and_volumes() -> None:
    gray = FRAMES[..., 0]
    np.testing.assert_array_equal(np.asarray(open(gray, channel=Colours())), gray)
    with pytest.raises(ColourError):
        open(FRAMES[:, None], axes="TZYXS", channel=Colours())
