"""PNG files: one image each."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._open_file import OpenFile

__all__ = ["PngFrames"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: By colour type: samples of a pixel as stored and as decoded, and the bits that they may have.
COLOURS = {
    0: (1, 1, (1, 2, 4, 8, 16)),
    2: (3, 3, (8, 16)),
    3: (1, 3, (1, 2, 4, 8)),
    4: (2, 2, (8, 16)),
    6: (4, 4, (8, 16)),
}
OPAQUE = {0, 2, 3}
#: What the decoder gets. Texts and profiles are compressed, too, and nobody asks for them.
NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
#: Bytes that deflate makes of one, at most: 258 of two bits.
RATIO = 1032


class PngFrames:
    """The frame of a PNG file. Can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    """

    file_backed = True

    def __init__(self, path: Path) -> None:
        self._path = path
        #: Of the file; set before the frame is read.
        self.layout: Layout | None = None
        self._file = OpenFile(path)
        try:
            self.facts = self._header()
        except BaseException:
            self.close()
            raise

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return the frame.

        Parameters
        ----------
        t : int
            Its number: 0.

        Returns
        -------
        ndarray
            Of shape (Y, X), or (Z, Y, X) with one plane.

        Raises
        ------
        SpotgpuError
            If the file is broken.
        """
        if self.layout is None:
            raise RuntimeError("the layout was not set")
        chunks = [chunk for chunk in self._chunks() if chunk[0] in NEEDED]
        self._require_plausible(sum(size for kind, _, size in chunks if kind == b"IDAT"))
        data = b"".join([SIGNATURE, *(self._read(place, size) for _, place, size in chunks)])
        whole = np.empty(self.facts.shape, self.facts.dtype)
        try:
            imagecodecs.png_decode(data, out=whole[0])
        except (RuntimeError, ValueError) as error:
            raise self._broken(str(error) or type(error).__name__) from error
        part = whole[self.layout.at(t)].transpose(self.layout.order)
        return np.ascontiguousarray(part)

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of the frame, all of which is decoded.

        Parameters
        ----------
        t : int
            Its number: 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            A view of the frame.

        Raises
        ------
        SpotgpuError
            If the file is broken.
        """
        return self.frame(t)[where]

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of the blocks in which the frame is stored.

        Returns
        -------
        tuple of int
            The whole frame.
        """
        if self.layout is None:
            raise RuntimeError("the layout was not set")
        return self.layout.frame_shape

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _header(self) -> Facts:
        start = self._read(0, 33)
        crc = struct.pack(">I", zlib.crc32(start[12:29]))
        if start[:16] != SIGNATURE + b"\0\0\0\x0dIHDR" or start[29:] != crc:
            raise self._broken("its header is damaged")
        width, height, bits, colour = struct.unpack(">IIBB", start[16:26])
        stored, samples, allowed = COLOURS.get(colour, (0, 0, ()))
        if bits not in allowed or width == 0 or height == 0:
            raise self._broken(
                f"its header says {width} x {height} pixels of {bits} bits and colour type {colour}"
            )
        self._pixels = f"{width} x {height} pixels"
        # Rows begin at whole bytes, after one for the filter; interlacing takes more.
        self._bytes = height * (1 + (width * stored * bits + 7) // 8)
        self._require_plausible(self._file.size)
        before = self._before_pixels()
        samples += b"tRNS" in before and colour in OPAQUE
        return Facts(
            name=str(self._path),
            axes="TYX" + "S" * (samples > 1),
            shape=(1, height, width) + (samples,) * (samples > 1),
            dtype=np.dtype(np.uint16 if bits == 16 else np.uint8),
        )

    def _before_pixels(self) -> set[bytes]:
        kinds = set()
        for kind, place, _ in self._chunks():
            if kind == b"IDAT":
                break
            if kind == b"acTL":
                images = int.from_bytes(self._read(place + 8, 4))
                if images != 1:
                    raise ValueError(
                        f"`source` must be a PNG with one image, got an animation of {images} "
                        f"images: {self._path}"
                    )
            kinds.add(kind)
        return kinds

    def _chunks(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield kind, first byte and size of each chunk, down to the last."""
        kind, place = b"", len(SIGNATURE)
        while kind != b"IEND":
            length, kind = struct.unpack(">I4s", self._read(place, 8))
            size = length + 12
            if place + size > self._file.size:
                raise self._broken("the file ends within it")
            # A capital letter: without this chunk, the image is another one.
            if kind[:1].isupper() and kind not in NEEDED:
                raise self._broken(f"it has a chunk {kind!r}")
            yield kind, place, size
            place += size

    def _require_plausible(self, size: int) -> None:
        if self._bytes > RATIO * size:
            raise self._broken(f"it says {self._pixels}, which {size} bytes cannot hold")

    def _read(self, place: int, size: int) -> bytes:
        try:
            return self._file.read(place, size)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._broken(str(error)) from error

    def _broken(self, why: str) -> SpotgpuError:
        return SpotgpuError(f"{self._path} is truncated or corrupt: {why}")
