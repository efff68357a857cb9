"""The strips or tiles of a page of a TIFF file, decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import numpy.typing as npt

from spotgpu.io._open_file import OpenFile

__all__ = ["JPEG", "UNDECODABLE", "decode_segments"]

#: What the decoders meet broken data with; imagecodecs' errors are RuntimeErrors.
UNDECODABLE = (RuntimeError, ValueError, TypeError, LookupError, struct.error, OSError)
#: Compressions with tables of their own in each page.
JPEG = {6, 7, 34892, 33007}


def decode_segments(
    first: Any, file: OpenFile, segments: Iterable[tuple[int, int, int]], out: npt.NDArray[Any]
) -> None:
    """Fill a page, or a part of it.

    Parameters
    ----------
    first : tifffile.TiffPage
        The first page of the file: it decodes all.
    file : OpenFile
        The file.
    segments : iterable of tuple of int
        Number, first byte and size of each strip or tile to decode.
    out : ndarray
        Of the shape of a page, contiguous; filled where the segments are.

    Raises
    ------
    ValueError, OSError
        And what else `UNDECODABLE` names, if the file is broken there.
    """
    options = (
        {"jpegtables": first.jpegtables, "jpegheader": first.jpegheader}
        if int(first.compression) in JPEG
        else {}
    )
    whole = out.reshape(first.shaped)
    for k, place, size in segments:
        data = file.read(place, size)
        segment, (s, d, h, w, _), shape = first.decode(data, k, **options)
        part = whole[s, d : d + shape[0], h : h + shape[1], w : w + shape[2]]
        # A strip cut off may come out smaller, and would be spread over the whole.
        if any(a < b for a, b in zip(segment.shape, part.shape, strict=True)):
            raise ValueError(f"strip {k} is too short")
        part[...] = segment[tuple(slice(n) for n in part.shape)]
