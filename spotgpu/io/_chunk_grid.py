"""The files of the chunks that frames lie in: counted and looked for without a list of them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Container, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Layout

__all__ = ["ChunkGrid"]

#: Number of a chunk along an axis, as zarr writes it.
NUMBER = "(0|[1-9][0-9]*)"


class ChunkGrid:
    """Files of the chunks, or shards, of some frames. At most one number a frame is kept.

    Parameters
    ----------
    array : zarr.Array
        In a local folder.
    layout : Layout
        Of the array.
    numbers : range or ndarray of int or sequence of int
        Which frames.
    """

    def __init__(
        self, array: Any, layout: Layout, numbers: Sequence[int] | npt.NDArray[np.intp]
    ) -> None:
        self._folder = Path(array.store.root) / array.path
        self._name = array.metadata.encode_chunk_key
        self._places = _places(array, layout, numbers)

    def __len__(self) -> int:
        return math.prod(len(places) for places in self._places)

    def __getitem__(self, k: int) -> Path:
        """Return the file of a chunk, which need not be there, in C order."""
        at: list[int] = []
        for places in reversed(self._places):
            k, place = divmod(k, len(places))
            at.append(places[place])
        return self._folder / self._name(tuple(reversed(at)))

    def count_there(self) -> int:
        """Count the files that are there, with one look at a folder of many.

        Returns
        -------
        int
            At most the length.

        Raises
        ------
        SpotgpuError
            If a folder cannot be looked into.
        """
        if not len(self):
            return 0
        # Either all numbers are in the name of the file, or that of the last axis alone is.
        nested = "/" in self._name((0,) * len(self._places))
        outer, inner = (self._places[:-1], self._places[-1:]) if nested else ([], self._places)
        first = tuple(places[0] for places in inner)
        wanted = [_container(places) for places in inner]
        one = all(len(places) == 1 for places in inner)
        there = 0
        for at in product(*outer):
            path = os.path.join(self._folder, self._name((*at, *first)))  # noqa: PTH118 (many)
            there += os.path.isfile(path) if one else _listed(path, first, wanted)  # noqa: PTH113
        return there


def _places(
    array: Any, layout: Layout, numbers: Sequence[int] | npt.NDArray[np.intp]
) -> list[Sequence[int]]:
    """Return the numbers of the chunks along each axis."""
    lengths = getattr(array, "shards", None) or array.chunks
    places: list[Sequence[int]] = []
    for axis, (entry, length) in enumerate(zip(layout.selection, lengths, strict=True)):
        if axis == layout.time and _dense(numbers, length):
            places.append(range(numbers[0] // length, numbers[-1] // length + 1))
        elif axis == layout.time:
            # A dictionary keeps the order.
            places.append(tuple(dict.fromkeys(int(t) // length for t in numbers)))
        elif isinstance(entry, slice):
            places.append(range(-(-array.shape[axis] // length)))
        else:
            places.append((entry // length,))
    return places


def _dense(numbers: object, length: int) -> TypeGuard[range]:
    """Tell whether frames ascend and leave no chunk out."""
    return isinstance(numbers, range) and len(numbers) > 0 and 0 < numbers.step <= length


def _container(places: Sequence[int]) -> Container[int]:
    return places if isinstance(places, range) else frozenset(places)


def _listed(path: str, first: tuple[int, ...], wanted: list[Container[int]]) -> int:
    """Count the files in the folder of one of them that have the numbers that are wanted."""
    folder, name = os.path.split(path)
    head = name.removesuffix(".".join(map(str, first)))
    pattern = re.compile(re.escape(head) + r"\.".join([NUMBER] * len(first)))
    there = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found = pattern.fullmatch(entry.name)
                there += (
                    found is not None
                    and all(
                        int(n) in those for n, those in zip(found.groups(), wanted, strict=True)
                    )
                    and entry.is_file()
                )
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise SpotgpuError(f"{folder} cannot be looked into: {error.strerror}") from error
    return there
