"""Lazy arrays that are expensive to ask: zarr, dask, HDF5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Layout

__all__ = ["BlockFrames", "chunk_length", "chunk_sides"]

#: Bytes of frames read at once, where a chunk does not ask for more.
BLOCK = 16 * 2**20
#: Bytes that are never exceeded, unless one frame does.
MOST = 256 * 2**20


def chunk_length(array: Any, layout: Layout) -> int:
    """Return how many frames one chunk has.

    Parameters
    ----------
    array : object
        With ``chunks``: lengths (zarr, HDF5) or tuples of lengths (dask).
    layout : Layout
        Of the array.

    Returns
    -------
    int
        At least 1.
    """
    sides = _sides(array)
    return 1 if sides is None or layout.time is None else sides[layout.time]


def chunk_sides(array: Any, layout: Layout) -> tuple[int, ...]:
    """Return the sides of a chunk along the axes of a frame.

    Parameters
    ----------
    array : object
        With ``chunks``: lengths (zarr, HDF5) or tuples of lengths (dask: the longest counts).
    layout : Layout
        Of the array.

    Returns
    -------
    tuple of int
        In pixels; 1 where nothing is known.
    """
    sides = _sides(array)
    if sides is None:
        return (1,) * len(layout.frame_shape)
    return tuple(
        min(sides[place], n) for place, n in zip(layout.places, layout.frame_shape, strict=True)
    )


def _sides(array: Any) -> list[int] | None:
    chunks = getattr(array, "chunks", None)
    if chunks is None:
        return None
    return [int(along if np.ndim(along) == 0 else max(along)) for along in chunks]


class BlockFrames:
    """Frames of a lazy array that is expensive to ask: zarr, dask, HDF5. One block is kept.

    Parameters
    ----------
    array : object
        Has ``shape`` and ``dtype``; ``numpy.asarray(array[index])`` are its pixels.
    layout : Layout
        Of the array.
    chunk : int
        Frames that lie in one chunk.
    name : str
        For messages.
    broken : tuple of type
        Exceptions that mean that the data cannot be read.
    """

    file_backed = False

    def __init__(
        self,
        array: Any,
        layout: Layout,
        chunk: int,
        name: str = "an array",
        broken: tuple[type[Exception], ...] = (),
    ) -> None:
        self._array = array
        self._layout = layout
        self._name = name
        self._broken = broken
        self._chunk = max(1, chunk)
        frame_bytes = max(1, int(np.prod(layout.frame_shape)) * array.dtype.itemsize)
        self._most = max(1, MOST // frame_bytes)
        self._ahead = max(1, BLOCK // (frame_bytes * self._chunk)) * self._chunk
        self._start, self._block = 0, self._nothing()

    @property
    def chunk(self) -> int:
        """How many frames are read together, at least.

        Returns
        -------
        int
            Those of a chunk, if it is not too large.
        """
        return min(self._chunk, self._most)

    @property
    def module(self) -> str:
        """Whose array it is.

        Returns
        -------
        str
            Name of the package.
        """
        return type(self._array).__module__.partition(".")[0]

    def _nothing(self) -> npt.NDArray[Any]:
        return np.empty((0, *self._layout.frame_shape), self._array.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_block": self._nothing(), "_start": 0}

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a frame.

        Parameters
        ----------
        t : int
            Its number, from 0.

        Returns
        -------
        ndarray
            A copy, of shape (Y, X) or (Z, Y, X).

        Raises
        ------
        SpotgpuError
            If it cannot be read.
        """
        if not 0 <= t - self._start < len(self._block):
            self._load(t)
        return self._block[t - self._start].copy()

    def part(self, t: int, where: tuple[slice, ...]) -> npt.NDArray[Any]:
        """Return a part of a frame: only its chunks are read, and none is kept.

        Parameters
        ----------
        t : int
            Its number, from 0.
        where : tuple of slice
            The part.

        Returns
        -------
        ndarray
            A copy.

        Raises
        ------
        SpotgpuError
            If it cannot be read.
        """
        try:
            part = self._plain(self._array[self._layout.part(t, where)])
        except self._broken as error:
            raise self._unreadable(t, error) from error
        return part.transpose(self._layout.order)

    def chunks(self) -> tuple[int, ...]:
        """Return the sides of a chunk along the axes of a frame.

        Returns
        -------
        tuple of int
            In pixels.
        """
        return chunk_sides(self._array, self._layout)

    def _load(self, t: int) -> None:
        # Who goes on from where the last block ended will go on.
        going_on = len(self._block) > 0 and t == self._start + len(self._block)
        start = t - t % self._chunk
        stop = start + (self._ahead if going_on else self._chunk)
        if stop - start > self._most:
            start, stop = t, t + self._most
        stop = min(stop, self._layout.frames)
        self._block = self._nothing()  # before the next one comes in
        try:
            self._block, self._start = self._read(start, stop), start
        except self._broken as error:
            if stop - start == 1:
                raise self._unreadable(t, error) from error
            # Another frame of the block may be the broken one.
            self._block, self._start = self._read_alone(t), t

    def _read_alone(self, t: int) -> npt.NDArray[Any]:
        try:
            return self._read(t, t + 1)
        except self._broken as error:
            raise self._unreadable(t, error) from error

    def _unreadable(self, t: int, error: Exception) -> SpotgpuError:
        return SpotgpuError(
            f"frame {t} of {self._name} is truncated or corrupt: {error or type(error).__name__}"
        )

    def together(self, numbers: Sequence[int]) -> Iterator[npt.NDArray[Any]]:
        """Yield frames that are read at once, and not kept here.

        Parameters
        ----------
        numbers : sequence of int
            Ascending; what lies between them is read, too.

        Yields
        ------
        ndarray
            Of shape (Y, X) or (Z, Y, X). Those of files are views of what was read.

        Raises
        ------
        SpotgpuError
            If one cannot be read, after those before it.
        """
        start = numbers[0]
        try:
            block = self._read(start, numbers[-1] + 1)
        except self._broken:
            # Another one may be the broken one.
            yield from (self.frame(t) for t in numbers)
            return
        for t in numbers:
            # What others made may be theirs to write to.
            frame = block[t - start]
            yield np.ascontiguousarray(frame) if self.file_backed else frame.copy()

    def _read(self, start: int, stop: int) -> npt.NDArray[Any]:
        layout = self._layout
        if layout.time is None:
            return self._plain(self._array[layout.selection]).transpose(layout.order)[None]
        index = list(layout.selection)
        index[layout.time] = slice(start, stop)
        block = self._plain(self._array[tuple(index)])
        # Integers have taken their axes away.
        time = sum(isinstance(entry, slice) for entry in index[: layout.time])
        return np.moveaxis(block, time, 0).transpose(0, *(k + 1 for k in layout.order))

    def _plain(self, part: Any) -> npt.NDArray[Any]:
        pixels = np.asarray(part)
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)

    def close(self) -> None:
        """Forget the block."""
        self._block = self._nothing()
