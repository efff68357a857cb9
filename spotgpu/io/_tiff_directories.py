"""Where in a TIFF file the pixels of each page lie.

The directories are read here and not by tifffile: it takes the shape of every page but the first
for granted, fills in zeros for what is missing, and needs two to three times as long.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from operator import add

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError

__all__ = ["PageTable", "page_table"]

#: Tags that all pages must share: what the pixels are and how they are stored.
ALIKE = (256, 257, 258, 259, 266, 277, 278, 284, 317, 322, 323, 339, 32997, 32998)
OFFSETS, COUNTS = (324, 273), (325, 279)
NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
DESCRIPTION = 270
#: Letter and bytes of the types that the tags above may have.
TYPES = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 13: ("I", 4), 16: ("Q", 8), 18: ("Q", 8)}
#: Enough for most directories.
FIRST_READ = 1024
MOST_TAGS = 4096

#: Type, count and value (or where it is) by tag.
Entries = dict[int, tuple[int, int, bytes]]
#: Values by tag.
Alike = tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class PageTable:
    """Place and size in bytes of the strips or tiles of each page.

    `like` is what the pages have in common; files with equal `like` hold equal kinds of pages.
    """

    offsets: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    like: Alike

    def __len__(self) -> int:
        return len(self.offsets)


def page_table(descriptor: int, name: str) -> PageTable:
    """Read the directories of a TIFF file.

    Parameters
    ----------
    descriptor : int
        Of the open file.
    name : str
        Its name, for messages.

    Returns
    -------
    PageTable
        Of its full-size pages: previews and masks are left out.

    Raises
    ------
    SpotgpuError
        If the file is cut off or broken.
    ValueError
        If pages differ in shape, type or storage.
    """
    walk = _Walk(descriptor, name)
    offsets: list[tuple[int, ...]] = []
    counts: list[tuple[int, ...]] = []
    alike = _Alike(walk)
    for number, entries in enumerate(walk):
        if number == 0:
            walk.require_text(entries)
        elif walk.is_side_image(entries):
            continue
        alike.require(entries, number)
        place, size = walk.segments(entries, OFFSETS), walk.segments(entries, COUNTS)
        if not place or len(place) != len(offsets[0] if offsets else place):
            raise walk.broken(f"page {number} says nothing of where its pixels lie")
        if len(size) != len(place):
            raise walk.broken(f"page {number} has {len(place)} strips but {len(size)} sizes")
        if min(place) == 0 or min(size) == 0 or max(map(add, place, size)) > walk.size:
            raise walk.broken(
                f"the pixels of page {number} should lie at {min(place)} to "
                f"{max(map(add, place, size))} of {walk.size} bytes"
            )
        offsets.append(place)
        counts.append(size)
    if not offsets:
        raise walk.broken("it has no pages")
    return PageTable(np.array(offsets, np.int64), np.array(counts, np.int64), alike.first)


class _Alike:
    """Compares what the pages must share."""

    def __init__(self, walk: _Walk) -> None:
        self._walk = walk
        self.first: Alike = ()
        self._last: list[tuple[int, int, bytes] | None] = []
        self._points = False

    def require(self, entries: Entries, number: int) -> None:
        """Compare a page with the first."""
        raw = [entries.get(tag) for tag in ALIKE]
        # Equal entries are equal values, unless they point elsewhere.
        if raw == self._last and not self._points:
            return
        self._last = raw
        self._points = any(entry is not None and entry[1] > 1 for entry in raw)
        walk = self._walk
        values = tuple((tag, walk.numbers(entries, tag)) for tag in ALIKE if tag in entries)
        if number == 0:
            self.first = values
        elif values != self.first:
            raise ValueError(
                f"`source` must have pages of one shape and type, got another one in page {number} "
                f"of {walk.name} ({_differences(self.first, values)})"
            )


def _differences(first: Alike, other: Alike) -> str:
    names = {256: "width", 257: "height", 258: "bits", 259: "compression", 277: "samples"}
    before, after = dict(first), dict(other)
    return ", ".join(
        f"{names.get(tag, f'tag {tag}')} {after.get(tag, '-')} after {before.get(tag, '-')}"
        for tag in sorted(before | after)
        if before.get(tag) != after.get(tag)
    )


class _Walk:
    """Goes from directory to directory."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self.name = name
        self.size = os.fstat(descriptor).st_size
        header = os.pread(descriptor, 16, 0)
        self._order = ">" if header[:2] == b"MM" else "<"
        big = header[2:4] in {b"\x2b\x00", b"\x00\x2b"}
        #: Formats of number of entries, entry and next offset; bytes of a value in the entry.
        self._number, self._entry, self._next, self._inline = (
            ("Q", "HHQ8s", "Q", 8) if big else ("H", "HHI4s", "I", 4)
        )
        self._start = self._unpack(self._next, header[8:16] if big else header[4:8])

    def __iter__(self) -> Iterator[Entries]:
        place, seen = self._start, set[int]()
        number_size = struct.calcsize(self._order + self._number)
        entry_size = struct.calcsize(self._order + self._entry)
        next_size = self._inline
        while place:
            if place in seen or place < 8 or place + number_size > self.size:
                raise self.broken(f"page {len(seen)} should be at byte {place} of {self.size}")
            seen.add(place)
            data = os.pread(self._descriptor, FIRST_READ, place)
            n = self._unpack(self._number, data[:number_size])
            length = number_size + n * entry_size + next_size
            if not 0 < n <= MOST_TAGS or place + length > self.size:
                raise self.broken(f"page {len(seen) - 1} has no whole directory")
            if len(data) < length:
                data = os.pread(self._descriptor, length, place)
            table = data[number_size : number_size + n * entry_size]
            yield {
                tag: (kind, count, value)
                for tag, kind, count, value in struct.iter_unpack(self._order + self._entry, table)
            }
            place = self._unpack(self._next, data[length - next_size : length])

    def _unpack(self, form: str, data: bytes) -> int:
        try:
            return int(struct.unpack(self._order + form, data)[0])
        except struct.error:
            raise self.broken("its header is cut off") from None

    def is_side_image(self, entries: Entries) -> bool:
        """Tell whether a page is a preview or a mask of another one."""
        new = self.numbers(entries, NEW_SUBFILE_TYPE)
        return bool(new and new[0] & 0b101) or self.numbers(entries, SUBFILE_TYPE) == (2,)

    def require_text(self, entries: Entries) -> None:
        """Look whether the description is in the file: without it, pages mean something else."""
        _, count, value = entries.get(DESCRIPTION, (2, 0, b""))
        if count > self._inline and self._unpack(self._next, value) + count > self.size:
            raise self.broken("its description is cut off")

    def segments(self, entries: Entries, tags: tuple[int, ...]) -> tuple[int, ...]:
        """Return places or sizes of the strips or tiles."""
        return self.numbers(entries, tags[0]) or self.numbers(entries, tags[1])

    def numbers(self, entries: Entries, tag: int) -> tuple[int, ...]:
        """Return the values of a tag, or none if it is not there."""
        if tag not in entries:
            return ()
        kind, count, value = entries[tag]
        if kind not in TYPES:
            raise self.broken(f"tag {tag} has type {kind}")
        letter, size = TYPES[kind]
        if count * size > self._inline:
            place = self._unpack(self._next, value)
            if place + count * size > self.size:
                raise self.broken(f"tag {tag} points to byte {place + count * size} of {self.size}")
            value = os.pread(self._descriptor, count * size, place)
        return struct.unpack_from(f"{self._order}{count}{letter}", value)

    def broken(self, why: str) -> SpotgpuError:
        """Return the error for a file that is not whole."""
        return SpotgpuError(f"{self.name} is truncated or corrupt: {why}")
