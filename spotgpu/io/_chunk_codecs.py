"""From the bytes of a chunk to its pixels, for the codecs that most Zarr arrays have."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
from google_crc32c import value as crc32c

__all__ = ["ChunkCodec", "chunk_codec", "without_checksum"]

#: Fills `out` from its start, and returns what it filled.
Decode = Callable[..., Any]


def _blosc(data: bytes, *, out: memoryview) -> Any:
    # The decoder believes the header, and reads on where data that are cut off have ended.
    if len(data) < 16:
        raise ValueError(f"{len(data)} bytes, fewer than a header")
    (stored,) = struct.unpack_from("<I", data, 12)
    if stored != len(data):
        raise ValueError(f"{len(data)} bytes instead of {stored}")
    return imagecodecs.blosc_decode(data, out=out)


def _zlib(data: bytes, *, out: memoryview) -> Any:
    return imagecodecs.deflate_decode(data, out=out)


DECODERS: dict[str, Decode] = {
    "zstd": imagecodecs.zstd_decode,
    "gzip": imagecodecs.gzip_decode,
    "zlib": _zlib,
    "blosc": _blosc,
}


@dataclass(frozen=True)
class ChunkCodec:
    """How the pixels of a chunk are stored."""

    #: Of a pixel as stored.
    dtype: np.dtype[Any]
    #: None if the pixels are not compressed.
    decompress: Decode | None
    checksum: bool

    def fill(self, out: npt.NDArray[np.uint8], data: bytes) -> None:
        """Decode a chunk.

        Parameters
        ----------
        out : ndarray of uint8
            Bytes of the pixels; filled.
        data : bytes
            The chunk as stored.

        Raises
        ------
        ValueError, RuntimeError
            If it is broken: also if it has more or fewer pixels.
        """
        if self.checksum:
            data = without_checksum(data)
        if self.decompress is None:
            part = np.frombuffer(data, np.uint8)
            out[...] = part if len(part) == len(out) else _wrong(len(part), len(out))
            return
        filled = self.decompress(data, out=out.data)
        if len(filled) != len(out):
            _wrong(len(filled), len(out))


def _wrong(got: int, wanted: int) -> Any:
    raise ValueError(f"{got} bytes of pixels instead of {wanted}")


def without_checksum(data: bytes) -> bytes:
    """Return data without the four bytes of their CRC-32C at the end.

    Parameters
    ----------
    data : bytes
        With them.

    Returns
    -------
    bytes
        Without.

    Raises
    ------
    ValueError
        If the checksum is another one.
    """
    if len(data) < 4 or crc32c(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise ValueError("the checksum is wrong")
    return data[:-4]


def chunk_codec(
    told: Sequence[dict[str, Any]], dtype: np.dtype[Any], zarr_format: int
) -> ChunkCodec | None:
    """Return how chunks are stored.

    Parameters
    ----------
    told : sequence of dict
        The codecs in the array's metadata; of version 2, the compressor, if there is one.
    dtype : dtype
        Of the pixels; of version 2, with their byte order.
    zarr_format : {2, 3}
        The version.

    Returns
    -------
    ChunkCodec or None
        None if it takes what is not known here.
    """
    names = [str(codec.get("id" if zarr_format == 2 else "name")) for codec in told]
    if zarr_format == 3:
        if not names or names.pop(0) != "bytes":
            return None
        big = told[0].get("configuration", {}).get("endian", "little") == "big"
        dtype = dtype.newbyteorder(">" if big else "<")
    checksum = zarr_format == 3 and names[-1:] == ["crc32c"]
    if checksum:
        names.pop()
    if len(names) > 1 or not set(names) <= set(DECODERS) or dtype.kind not in "uifb":
        return None
    return ChunkCodec(dtype, DECODERS[names[0]] if names else None, checksum)
