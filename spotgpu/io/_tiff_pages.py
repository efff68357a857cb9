"""The pixels of the pages of a TIFF file."""

from __future__ import annotations

import math
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._open_file import OpenFile
from spotgpu.io._tiff_directories import PageTable, page_table
from spotgpu.io._tiff_first_page import first_page, require_plain
from spotgpu.io._tiff_segments import UNDECODABLE, decode_segments

__all__ = ["TiffPages"]


class TiffPages:
    """The pages of one file, all alike. Can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = OpenFile(path)
        self._page: Any = None
        try:
            page = self.page()
            require_plain(page, path)
            self._raw_dtype = np.dtype(page.parent.byteorder + page.dtype.char)
            self.dtype: np.dtype[Any] = self._raw_dtype.newbyteorder("=")
            self.shape: tuple[int, ...] = page.shape
            self.axes: str = page.axes
            self.compression = int(page.compression)
            self._is_raw = (
                page.compression == 1
                and page.bitspersample == 8 * page.dtype.itemsize
                and page.fillorder == 1
                and page.predictor == 1
                and not page.is_tiled
                and not page.is_subsampled
            )
            self.segments = math.prod(page.chunked)
            # Strips or tiles come in rows of the same height, unless the first axis is another.
            height = int(page.tilelength if page.is_tiled else page.rowsperstrip)
            height = max(1, height) if self.axes[0] == "Y" else self.shape[0]
            self._strip_rows = min(height, self.shape[0])
            self.set_table(page_table(self.file.descriptor(), str(path)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_page": None}

    def sibling(self, path: Path) -> TiffPages | None:
        """Return the page of another file that is like the page of this one, without tifffile.

        Parameters
        ----------
        path : Path
            The other file.

        Returns
        -------
        TiffPages or None
            None if it has not one page, or is not like this.

        Raises
        ------
        SpotgpuError
            If the file is broken.
        """
        other = copy(self)
        other.path, other.file, other._page = path, OpenFile(path), self._page
        try:
            table = page_table(other.file.descriptor(), str(path))
            # The first bytes tell the byte order.
            alike = other.file.read(0, 4) == self.file.read(0, 4) and table.like == self.table.like
            if not alike or len(table) != 1 or len(self.table) != 1:
                other.close()
                return None
            other.set_table(table)
        except BaseException:
            other.close()
            raise
        return other

    def page(self) -> Any:
        """Return tifffile's first page, which knows how to decode all.

        Returns
        -------
        tifffile.TiffPage
            Its file is closed again.

        Raises
        ------
        SpotgpuError
            If the file is broken.
        """
        if self._page is None:
            self._page = first_page(self.path)
        return self._page

    def set_table(self, table: PageTable) -> None:
        """Take the places of the pages, after a look at their sizes.

        Parameters
        ----------
        table : PageTable
            Of this file.

        Raises
        ------
        SpotgpuError
            If pages are too short.
        """
        if table.offsets.shape[1] != self.segments:
            raise SpotgpuError(
                f"{self.path} is truncated or corrupt: its pages have {table.offsets.shape[1]} "
                f"strips or tiles instead of {self.segments}"
            )
        self.table = table
        bytes_there = table.counts.sum(axis=1)
        one_piece = (table.offsets[:, :-1] + table.counts[:, :-1] == table.offsets[:, 1:]).all(1)
        if self._is_raw and (bytes_there < self.page_bytes).any():
            page = int(np.argmax(bytes_there < self.page_bytes))
            raise SpotgpuError(
                f"{self.path} is truncated or corrupt: page {page} has {bytes_there[page]} bytes "
                f"of pixels, and needs {self.page_bytes}"
            )
        single = table.offsets.shape[1] == 1
        self._in_place = (
            one_piece & (single | (bytes_there == self.page_bytes))
            if self._is_raw
            else np.zeros(len(table), dtype=bool)
        )
        self._places: list[int] = table.offsets[:, 0].tolist()

    @property
    def page_bytes(self) -> int:
        """Size of the pixels of a page.

        Returns
        -------
        int
            In bytes, decoded.
        """
        return math.prod(self.shape) * self.dtype.itemsize

    def virtual(self, pages: int) -> None:
        """Take the pages that ImageJ writes behind the first without directories of their own.

        Parameters
        ----------
        pages : int
            How many there are, with the first.

        Raises
        ------
        SpotgpuError
            If the file is too short for them.
        """
        start = self._places[0]
        size = self.file.size
        if not self._in_place[0] or start + pages * self.page_bytes > size:
            raise SpotgpuError(
                f"{self.path} is truncated: it says {pages} pages and has "
                f"{max(1, (size - start) // self.page_bytes) if self._in_place[0] else 1}; "
                "pass axes='TYX' to read them as they come"
            )
        offsets = start + self.page_bytes * np.arange(pages, dtype=np.int64)[:, None]
        self.segments = 1
        self.set_table(PageTable(offsets, np.full_like(offsets, self.page_bytes), self.table.like))

    def read(self, page: int, out: npt.NDArray[Any]) -> None:
        """Read the pixels of a page.

        Parameters
        ----------
        page : int
            Its number.
        out : ndarray
            Of the shape of a page, contiguous; filled.

        Raises
        ------
        SpotgpuError
            If the file is broken there.
        """
        if self._in_place[page]:
            self._read_raw(self._places[page], out, page)
        else:
            self._decode(page, out)

    def read_run(self, pages: list[int], out: npt.NDArray[Any]) -> None:
        """Read pages, in one go if they lie one behind the other.

        Parameters
        ----------
        pages : list of int
            Their numbers.
        out : ndarray
            Of the shape of the pages on top of each other, contiguous; filled.

        Raises
        ------
        SpotgpuError
            If the file is broken there.
        """
        first = self._places[pages[0]]
        size = self.page_bytes
        if all(
            self._in_place[p] and self._places[p] == first + k * size for k, p in enumerate(pages)
        ):
            self._read_raw(first, out, pages[0])
            return
        for k, page in enumerate(pages):
            self.read(page, out[k])

    @property
    def rows_at_once(self) -> int:
        """How many elements of the first axis of a page are read together.

        Returns
        -------
        int
            At least 1.
        """
        return 1 if self._in_place.all() else self._strip_rows

    def read_rows(self, page: int, rows: range) -> npt.NDArray[Any]:
        """Read a part of the first axis of a page: the bytes, or the strips or tiles that it is in.

        Parameters
        ----------
        page : int
            Its number.
        rows : range
            The part.

        Returns
        -------
        ndarray
            ``page[rows.start : rows.stop]``.

        Raises
        ------
        SpotgpuError
            If the file is broken there.
        """
        if self._in_place[page]:
            part = np.empty((len(rows), *self.shape[1:]), self.dtype)
            row_bytes = self.page_bytes // self.shape[0]
            self._read_raw(self._places[page] + rows.start * row_bytes, part, page)
            return part
        whole = np.empty(self.shape, self.dtype)
        self._decode(page, whole, rows)
        return whole[rows.start : rows.stop]

    def _read_raw(self, place: int, out: npt.NDArray[Any], page: int) -> None:
        try:
            self.file.read_into(place, out)
        except OSError as error:
            raise self._unreadable(page, error) from error
        if not self._raw_dtype.isnative:
            out.byteswap(inplace=True)

    def _decode(self, page: int, out: npt.NDArray[Any], rows: range | None = None) -> None:
        """Fill a page, or what is in the strips or tiles of some rows."""
        first, chosen = self.page(), range(self.segments)
        if rows is not None:
            height = self._strip_rows
            abreast = self.segments // -(-self.shape[0] // height)
            chosen = range(rows.start // height * abreast, -(-rows.stop // height) * abreast)
        offsets, counts = self.table.offsets[page], self.table.counts[page]
        segments = [(k, int(offsets[k]), int(counts[k])) for k in chosen]
        try:
            decode_segments(first, self.file, segments, out)
        except UNDECODABLE as error:
            raise self._unreadable(page, error) from error

    def _unreadable(self, page: int, error: Exception) -> SpotgpuError:
        why = str(error) or type(error).__name__
        return SpotgpuError(f"page {page} of {self.path} is truncated or corrupt: {why}")
