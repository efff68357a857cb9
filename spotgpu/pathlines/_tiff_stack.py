"""Images to one TIFF, written as they come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from spotgpu.pathlines._lazy_images import Streamlines

__all__ = ["write_tiff"]

#: Bytes that fit a classic TIFF, less what its directories need.
CLASSIC = 2**32 - 2**25


def write_tiff(path: Path, made: Iterator[npt.NDArray[np.uint8]], images: Streamlines) -> None:
    """Write images to an uncompressed TIFF, which ImageJ shows as a stack.

    Over 4 GB, and where the number of images is not known before, it is a BigTIFF.

    Parameters
    ----------
    path : Path
        Where to.
    made : iterator of ndarray of uint8
        The images.
    images : Streamlines
        Whose they are.
    """
    photometric = "rgb" if images.colour else "minisblack"
    known = bool(images._chosen is not None)
    if known and math.prod(images.shape) < CLASSIC:
        with tifffile.TiffWriter(path, imagej=True) as writer:
            writer.write(
                _planes(made, images),
                # Else an axis X of length 1 would be taken for that of samples.
                shape=images.shape if images.colour else (*images.shape, 1),
                dtype=images.dtype,
                photometric=photometric,
                metadata={"axes": _axes(images)},
            )
        return
    with tifffile.TiffWriter(path, bigtiff=True, ome=False) as writer:
        for image in made:
            writer.write(image, photometric=photometric, contiguous=True, metadata=None)


def _axes(images: Streamlines) -> str:
    volumes = len(images.image_shape) == 3 + images.colour
    return "T" + "Z" * volumes + "YXS"


def _planes(made: Iterator[npt.NDArray[np.uint8]], images: Streamlines) -> Iterator[Any]:
    plane = images.image_shape[-2 - images.colour :]
    for image in made:
        yield from image.reshape(-1, *plane)
