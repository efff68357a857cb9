"""`save_tiff`: frames to an OME-TIFF, written as they come and seen only when it is whole."""

from __future__ import annotations

import math
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import quoteattr

import numpy as np
import tifffile

from spotgpu.errors import SpotgpuError
from spotgpu.io._movie import Movie
from spotgpu.io._open import open as open_movie
from spotgpu.io._stream import Stream

__all__ = ["save_tiff"]

#: OME's names of the types that it has.
TYPES = {
    "int8": "int8",
    "int16": "int16",
    "int32": "int32",
    "uint8": "uint8",
    "uint16": "uint16",
    "uint32": "uint32",
    "float32": "float",
    "float64": "double",
}
#: Bytes that fit a classic TIFF, less what the directories need.
CLASSIC = 2**32 - 2**25
PAGE_ENTRY = 512


def save_tiff(
    path: str | os.PathLike[str],
    frames: Any,
    *,
    pixel_size_um: Any = None,
    frame_interval_s: float | None = None,
) -> None:
    """Write frames to an uncompressed OME-TIFF, one after the other.

    The file is written under another name in the same folder and renamed when it is whole: there
    is never half a file at `path`. What was there is replaced. Files over 4 GB, and those of
    frames whose number is not known before, are BigTIFF.

    Parameters
    ----------
    path : path
        Where to; ends in .tif or .tiff.
    frames : Movie, array, sequence or iterable of images
        Anything that `open` takes. Integers of 8 to 32 bits, float32 or float64.
    pixel_size_um : float or sequence of float, optional
        Side of a pixel in micrometres, one for all axes or one for each in image order; by default
        what `frames` says.
    frame_interval_s : float, optional
        Time from frame to frame in seconds; by default what `frames` says.

    Raises
    ------
    TypeError, ValueError
        If `frames` are nothing that `open` takes, OME has no such type of pixels, or `path` has
        another ending.
    FileNotFoundError
        If the folder is not there.
    SpotgpuError
        If the file cannot be written, for example because the disk is full.

    Examples
    --------
    >>> import numpy as np
    >>> frames = (np.full((32, 48), t, np.uint8) for t in range(10))
    >>> save_tiff("movie.tif", frames, pixel_size_um=0.16)  # doctest: +SKIP
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"`path` must be in a folder that is there, got {target}")
    if target.is_dir():
        raise ValueError(f"`path` must be a file, got the folder {target}")
    if target.suffix.lower() not in {".tif", ".tiff"}:
        raise ValueError(f"`path` must end in .tif or .tiff, got {target}")
    movie = open_movie(frames, pixel_size_um=pixel_size_um, frame_interval_s=frame_interval_s)
    if movie.dtype.name not in TYPES:
        raise TypeError(
            f"`frames` must have pixels of one of {', '.join(TYPES)}, got {movie.dtype}"
        )
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        _write(part, movie, target)
        with _writing(target):
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Tell failures to write from those of whoever makes the frames."""
    try:
        yield
    except (OSError, OverflowError, struct.error) as error:
        raise SpotgpuError(f"{target} cannot be written: {error}") from error


def _write(part: Path, movie: Movie, target: Path) -> None:
    number = 0
    with _writing(target):
        writer = tifffile.TiffWriter(part, bigtiff=_is_big(movie), ome=False)
    try:
        for frame in movie:
            with _writing(target):
                for plane in np.ascontiguousarray(frame).reshape(-1, *frame.shape[-2:]):
                    writer.write(
                        plane,
                        contiguous=True,
                        photometric="minisblack",
                        # To be overwritten when the number of frames is known.
                        description="OME",
                        metadata=None,
                        software="spotgpu",
                    )
            number += 1
    finally:
        with _writing(target):
            writer.close()
    if number == 0:
        raise ValueError("`frames` must have at least one frame, got none")
    with _writing(target):
        # A TIFF's text is ASCII: the Greek letter goes by its number.
        tifffile.tiffcomment(part, _ome_xml(movie, number).encode("ascii", "xmlcharrefreplace"))
        with part.open("rb") as file:
            os.fsync(file.fileno())


def _is_big(movie: Movie) -> bool:
    if isinstance(movie, Stream):
        return True
    planes = len(movie) * math.prod(movie.frame_shape[:-2])
    plane_bytes = math.prod(movie.frame_shape[-2:]) * movie.dtype.itemsize
    return planes * (plane_bytes + PAGE_ENTRY) > CLASSIC


def _ome_xml(movie: Movie, frames: int) -> str:
    """Return the metadata; one page after the other, depth before time."""
    *depth, rows, columns = movie.frame_shape
    slices = depth[0] if depth else 1
    told = {
        "ID": "Pixels:0",
        "DimensionOrder": "XYZCT",
        "Type": TYPES[movie.dtype.name],
        "SizeX": columns,
        "SizeY": rows,
        "SizeC": 1,
        "SizeZ": slices,
        "SizeT": frames,
    }
    for axis, size in zip(
        movie.axes[1:], movie.pixel_size_um or (), strict=bool(movie.pixel_size_um)
    ):
        told |= {f"PhysicalSize{axis}": repr(size), f"PhysicalSize{axis}Unit": "µm"}
    if movie.frame_interval_s is not None:
        told |= {"TimeIncrement": repr(movie.frame_interval_s), "TimeIncrementUnit": "s"}
    attributes = " ".join(f"{key}={quoteattr(str(value))}" for key, value in told.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="http://www.openmicroscopy.org/Schemas/OME/2016-06 '
        'http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd" '
        f'UUID="urn:uuid:{uuid4()}" Creator="spotgpu">'
        f'<Image ID="Image:0"><Pixels {attributes}>'
        '<Channel ID="Channel:0:0" SamplesPerPixel="1"/>'
        f'<TiffData IFD="0" PlaneCount="{frames * slices}"/></Pixels></Image></OME>'
    )
