"""Frames handed to worker processes through shared memory."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["FrameSlots", "Slot", "slots_that_fit"]

#: Upper limit of the shared memory of one run, in bytes.
BUDGET = 256 * 2**20
#: Where Linux keeps it; writing past its free space would kill the process.
MOUNT = Path("/dev/shm")  # noqa: S108 - only its free space is read


def slots_that_fit(frame_bytes: int, wanted: int) -> int:
    """Return how many frames of this size may lie in shared memory at once.

    Parameters
    ----------
    frame_bytes : int
        Size of a frame.
    wanted : int
        How many the caller would use.

    Returns
    -------
    int
        At most `wanted`; 0 if not even one fits.
    """
    free = shutil.disk_usage(MOUNT).free // 2 if MOUNT.exists() else BUDGET
    return min(wanted, min(free, BUDGET) // max(frame_bytes, 1))


@dataclass(frozen=True)
class Slot:
    """Where some frames lie: what a worker needs to read them."""

    block: str
    offset: int
    count: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self) -> npt.NDArray[Any]:
        """Return a copy of the frames.

        Returns
        -------
        ndarray, shape (count, [Z,] Y, X)
            In the memory of this process.
        """
        block = _attached(self.block)
        try:
            # A copy: a view would keep the block from being closed.
            view = np.ndarray(
                (self.count, *self.shape), self.dtype, buffer=block.buf, offset=self.offset
            )
            return view.copy()
        finally:
            del view
            block.close()


def _attached(name: str) -> SharedMemory:
    # Before 3.13 the name is registered a second time; as workers share the parent's tracker, that
    # changes nothing.
    options = {"track": False} if sys.version_info >= (3, 13) else {}
    return SharedMemory(name, **options)


class FrameSlots:
    """A block of shared memory, cut into places for a few frames each.

    Use it as a context manager: the block is freed on the way out, whatever happened.

    Parameters
    ----------
    slots : int
        Number of places.
    frames : int
        Frames that fit into a place.
    shape : tuple of int
        Shape of a frame.
    dtype : dtype
        Type of its pixels.
    """

    def __init__(
        self, slots: int, frames: int, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._shape, self._dtype = shape, dtype
        self._frame_bytes = int(np.prod(shape)) * dtype.itemsize
        self._slot_bytes = frames * self._frame_bytes
        self._block = SharedMemory(create=True, size=slots * self._slot_bytes)

    def __enter__(self) -> FrameSlots:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._block.close()
        self._block.unlink()

    def write(self, slot: int, frames: Sequence[npt.NDArray[Any]]) -> Slot:
        """Put frames into a place.

        Parameters
        ----------
        slot : int
            Which place.
        frames : sequence of ndarray
            At most as many as fit.

        Returns
        -------
        Slot
            What a worker reads them with.
        """
        offset = slot * self._slot_bytes
        for k, frame in enumerate(frames):
            place = np.ndarray(
                self._shape,
                self._dtype,
                buffer=self._block.buf,
                offset=offset + k * self._frame_bytes,
            )
            place[...] = frame
            del place
        return Slot(self._block.name, offset, len(frames), self._shape, self._dtype)
