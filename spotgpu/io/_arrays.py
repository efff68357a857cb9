"""Arrays, lazy arrays and sequences of images that somebody else made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._layout import Facts, Layout
from spotgpu.io._movie import require_alike

__all__ = ["ArrayFrames", "BlockFrames", "NpyFrames", "SequenceFrames", "array_facts", "as_image"]

#: Bytes of frames read at once from a chunked array, where a chunk does not ask for more.
BLOCK = 16 * 2**20
#: Bytes that are never exceeded, unless one frame does.
MOST = 256 * 2**20


def array_facts(name: str, shape: tuple[int, ...], dtype: Any) -> Facts:
    """Return what an array without names for its axes is: TYX or TZYX.

    Parameters
    ----------
    name : str
        For messages.
    shape : tuple of int
        Of the array.
    dtype : dtype
        Of its elements.

    Returns
    -------
    Facts
        With S for a last axis of 3 or 4, and Q where nothing is known.
    """
    hint = ""
    if len(shape) == 2:
        axes, hint = "QX", "pass axes='YX' for a movie of one frame"
    elif shape and shape[-1] in {3, 4} and len(shape) > 2:
        axes = {3: "YXS", 4: "TYXS"}.get(len(shape), "Q" * len(shape))
    else:
        axes = {3: "TYX", 4: "TZYX"}.get(len(shape), "Q" * len(shape))
    return Facts(name, axes, shape, np.dtype(dtype), hint=hint, guessed=True)


def as_image(image: object, where: str) -> npt.NDArray[Any]:
    """Return an image as an array; one that bears a frame number keeps it.

    Parameters
    ----------
    image : array_like
        What the source gave.
    where : str
        The frame's number, for the message.

    Returns
    -------
    ndarray
        Its pixels.

    Raises
    ------
    TypeError
        If it is masked, or is not an image.
    """
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(
            f"`source` must not have masked pixels, got a masked array in {where}: "
            "pass its .filled(value)"
        )
    if isinstance(image, np.ndarray) and hasattr(image, "frame_no"):
        return image
    try:
        return np.asarray(image)
    except ValueError as error:
        raise TypeError(f"`source` must have images in it, got {error} in {where}") from None


class ArrayFrames:
    """Frames of an array in memory: views of it.

    Parameters
    ----------
    array : ndarray
        All frames.
    layout : Layout
        Of the array.
    """

    file_backed = False

    def __init__(self, array: npt.NDArray[Any], layout: Layout) -> None:
        self._array = array
        self._layout = layout

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return frame `t`."""
        return self._array[self._layout.at(t)].transpose(self._layout.order)

    def close(self) -> None:
        """Nothing is open."""


class NpyFrames:
    """Frames of a .npy file. Can be pickled.

    Parameters
    ----------
    path : Path
        The file.
    layout : Layout, optional
        Of the array; set before frames are read.
    """

    file_backed = True

    def __init__(self, path: Path, layout: Layout | None = None) -> None:
        self._path = path
        self.layout = layout
        self._array: npt.NDArray[Any] | None = None

    def array(self) -> npt.NDArray[Any]:
        """Return the mapped array.

        Returns
        -------
        ndarray
            Read-only.

        Raises
        ------
        TypeError
            If it has objects in it.
        SpotgpuError
            If the file is cut off or broken.
        """
        if self._array is None:
            try:
                self._array = np.load(self._path, mmap_mode="r", allow_pickle=False)
            except (
                ValueError,
                EOFError,
                OSError,
                SyntaxError,
                MemoryError,
                OverflowError,
            ) as error:
                if "allow_pickle" in str(error) or "Python objects" in str(error):
                    raise TypeError(
                        f"`source` must have pixels that are real numbers, got objects in {self._path}"
                    ) from error
                raise SpotgpuError(f"{self._path} is truncated or corrupt: {error}") from error
        return self._array

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return a copy of frame `t`."""
        if self.layout is None:
            raise RuntimeError("the layout was not set")
        view = self.array()[self.layout.at(t)].transpose(self.layout.order)
        native = view.dtype.newbyteorder("=")
        return np.array(view, dtype=native, order="C", subok=False)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def close(self) -> None:
        """Unmap the file."""
        self._array = None


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
    broken : tuple of type
        Exceptions that mean that the data cannot be read.
    """

    file_backed = False

    def __init__(
        self, array: Any, layout: Layout, chunk: int, broken: tuple[type[Exception], ...] = ()
    ) -> None:
        self._array = array
        self._layout = layout
        self._broken = broken
        self._chunk = max(1, chunk)
        frame_bytes = max(1, int(np.prod(layout.frame_shape)) * array.dtype.itemsize)
        self._most = max(1, MOST // frame_bytes)
        self._ahead = max(1, BLOCK // (frame_bytes * self._chunk)) * self._chunk
        self._start, self._block = 0, self._nothing()

    def _nothing(self) -> npt.NDArray[Any]:
        return np.empty((0, *self._layout.frame_shape), self._array.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_block": self._nothing(), "_start": 0}

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return frame `t`.

        Raises
        ------
        SpotgpuError
            If it cannot be read.
        """
        if not 0 <= t - self._start < len(self._block):
            self._load(t)
        return self._block[t - self._start].copy()

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
            self._block = self._read(start, stop)
        except self._broken as error:
            if stop - start > 1:
                self._block, start = self._read_alone(t), t
            else:
                raise SpotgpuError(f"frame {t} cannot be read: {error}") from error
        self._start = start

    def _read_alone(self, t: int) -> npt.NDArray[Any]:
        try:
            return self._read(t, t + 1)
        except self._broken as error:
            raise SpotgpuError(f"frame {t} cannot be read: {error}") from error

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


class SequenceFrames:
    """Frames of a list, or of a reader that gives images by index, such as those of pims.

    Parameters
    ----------
    sequence : sequence of array_like
        The frames.
    layout : Layout
        Of one image; it has no time.
    shape : tuple of int
        Of the first image.
    dtype : dtype
        Of the first image.
    """

    file_backed = False

    def __init__(
        self, sequence: Any, layout: Layout, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._sequence = sequence
        self._shape = shape
        self._dtype = dtype
        self._pick = picker(layout)

    def frame(self, t: int) -> npt.NDArray[Any]:
        """Return frame `t`.

        Raises
        ------
        ValueError
            If it is not like the first one.
        """
        image = as_image(self._sequence[t], f"frame {t}")
        require_alike(image, self._shape, self._dtype, f"frame {t}")
        return self._pick(image)

    def close(self) -> None:
        """Nothing of ours is open."""


class _Picker:
    """Takes the frame out of an image. Can be pickled."""

    def __init__(self, layout: Layout) -> None:
        self._selection = layout.selection
        self._order = layout.order
        self._whole = all(entry == slice(None) for entry in layout.selection) and layout.order == (
            tuple(range(len(layout.order)))
        )

    def __call__(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self._whole:
            return image
        return image[self._selection].transpose(self._order)


def picker(layout: Layout) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
    """Return what takes the frame out of an image.

    Parameters
    ----------
    layout : Layout
        Of one image.

    Returns
    -------
    callable
        Its result has the axes of a frame.
    """
    return _Picker(layout)


def picked(
    first: npt.NDArray[Any], rest: Iterator[object], layout: Layout
) -> Iterator[npt.NDArray[Any]]:
    """Yield the frames of a stream.

    Parameters
    ----------
    first : ndarray
        The first image.
    rest : iterator
        The others.
    layout : Layout
        Of one image.

    Yields
    ------
    ndarray
        Frames, not compared with the first.
    """
    pick = picker(layout)
    yield pick(first)
    for number, image in enumerate(rest, start=1):
        array = as_image(image, f"frame {number}")
        require_alike(array, first.shape, first.dtype, f"frame {number}")
        yield pick(array)
