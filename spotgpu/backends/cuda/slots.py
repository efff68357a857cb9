"""Batches of frames on their way to a device, each with memory and a stream of its own."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import cupy
import numpy as np
import numpy.typing as npt

from spotgpu.backends.cuda._array import room
from spotgpu.backends.cuda._launch import Array, blocks
from spotgpu.backends.cuda.device import FAULTS, usable
from spotgpu.errors import SpotgpuError

__all__ = ["Slot", "in_order", "slots"]

#: Slots of a device.
PER_DEVICE = 2
#: Frames of a batch are enough when they are so many bytes: launches no longer count.
ENOUGH = 1 << 26
#: Frames of a batch, at most: a grid's third axis.
MOST = 65535

#: Returns one result for each frame.
Work = Callable[[Array], list[Any]]
#: Returns labels of the frames that it put into the buffer.
Fill = Callable[[npt.NDArray[Any]], list[Any]]


def slots(
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    frames: int | None = None,
    devices: list[int] | None = None,
) -> list[Slot]:
    """Return slots for frames of one kind: 64 MiB of pixels each, less if memory is short.

    Parameters
    ----------
    shape : tuple of int
        Sides of a frame in pixels.
    dtype : dtype
        Type of its pixels.
    frames : int, optional
        How many there are.
    devices : list of int, optional
        Numbers of the devices; a device may be named more than once. Default: all that run the
        kernels.

    Returns
    -------
    list of Slot
        Two for each device that has memory for two frames: one batch goes up while the other is
        computed.
    """
    if devices is None:
        devices = usable()
    share = MOST if frames is None else blocks(frames, PER_DEVICE * len(devices))
    frame_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    sizes = []
    for device in devices:
        with cupy.cuda.Device(device):
            fitting = room(dtype) // math.prod(shape) // (PER_DEVICE * devices.count(device))
        sizes.append(min(fitting, max(1, ENOUGH // frame_bytes), MOST, share))
    return [
        Slot(device, size, shape, dtype, PER_DEVICE * place + number)
        for place, (device, size) in enumerate(zip(devices, sizes, strict=True))
        for number in range(PER_DEVICE if size else 0)
    ]


@lru_cache
def _stream(device: int, _number: int) -> cupy.cuda.Stream:
    """Return a stream, the same in every call: cupy's pool keeps memory for the one that had it."""
    with cupy.cuda.Device(device):
        return cupy.cuda.Stream(non_blocking=True)


class Slot:
    """Owns a pinned buffer, the device buffer that it goes to, and the stream of both.

    Parameters
    ----------
    device : int
        Number of the device.
    frames : int
        Most frames of a batch.
    shape : tuple of int
        Sides of a frame in pixels.
    dtype : dtype
        Type of its pixels.
    number : int
        Of the stream; slots that work at the same time have different ones.

    Attributes
    ----------
    host : ndarray, shape (frames, [Z,] Y, X)
        Where the frames of the next batch are put, while no `run` is under way.
    part : int
        Frames that are computed at once: fewer than `frames` after the device ran out of memory.
    """

    def __init__(
        self,
        device: int,
        frames: int,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        number: int = 0,
    ) -> None:
        self._device = cupy.cuda.Device(device)
        self.part = frames
        try:
            with self._device:
                self._stream = _stream(device, number)
                with self._stream:
                    self._frames = cupy.empty((frames, *shape), dtype)
                memory = cupy.cuda.alloc_pinned_memory(self._frames.nbytes)
        except FAULTS as error:
            raise SpotgpuError(
                f"no memory for a batch of {frames} frames of {' x '.join(map(str, shape))} pixels "
                f"on device {device}, or pinned on the host ({error}): use device='cpu'"
            ) from error
        flat = np.frombuffer(memory, dtype, self._frames.size)
        self.host: npt.NDArray[Any] = flat.reshape(self._frames.shape)

    def run(self, count: int, work: Work) -> list[Any]:
        """Bring the first frames of `host` to the device and compute there.

        Parameters
        ----------
        count : int
            How many frames.
        work : callable
            ``work(frames)`` returns a list with one result for each frame, on the host.

        Returns
        -------
        list
            Results in the order of the frames; `host` can be filled again.

        Raises
        ------
        SpotgpuError
            If the device has no memory for the work on one frame.
        """
        with self._device, self._stream:
            frames = self._frames[:count]
            cupy.cuda.runtime.memcpyAsync(
                frames.data.ptr,
                self.host.ctypes.data,
                frames.nbytes,
                cupy.cuda.runtime.memcpyHostToDevice,
                self._stream.ptr,
            )
            try:
                results: list[Any] = []
                while len(results) < count:
                    results += self._part(frames[len(results) :], work)
            finally:
                self._stream.synchronize()
        return results

    def _part(self, frames: Array, work: Work) -> list[Any]:
        """Compute as many frames as there is memory for."""
        count = min(self.part, len(frames))
        while True:
            try:
                return work(frames[:count])
            except cupy.cuda.memory.OutOfMemoryError as error:
                cupy.get_default_memory_pool().free_all_blocks()
                if count == 1:
                    raise SpotgpuError(
                        "the device has no memory for the work on one frame of "
                        f"{' x '.join(map(str, frames.shape[1:]))} pixels ({error}): use "
                        "device='cpu'"
                    ) from error
                # The few frames at the end of a batch say nothing of the next one.
                whole = count == self.part
                count //= 2
                if whole:
                    self.part = count


def in_order(slots: list[Slot], fill: Fill, work: Work) -> Iterator[tuple[Any, Any]]:
    """Deal frames out to slots; what comes back is in the order of the frames.

    A batch is filled in the caller's thread while others are computed, each in its slot's own.

    Parameters
    ----------
    slots : list of Slot
        One batch at a time each.
    fill : callable
        ``fill(host)`` puts the next frames into a slot's buffer and returns a label for each, an
        empty list at the end.
    work : callable
        As of `Slot.run`.

    Yields
    ------
    tuple
        Label and result of each frame.

    Warns
    -----
    UserWarning
        If a device ran out of memory, so that fewer frames are computed at once.
    """
    free = deque(slots)
    pending: deque[tuple[list[Any], Slot, int, Future[list[Any]]]] = deque()
    with ThreadPoolExecutor(len(slots)) as pool:
        while True:
            while free and (labels := fill(free[0].host)):
                slot = free.popleft()
                part = slot.part
                pending.append((labels, slot, part, pool.submit(slot.run, len(labels), work)))
            if not pending:
                return
            labels, slot, part, task = pending.popleft()
            results = task.result()
            if slot.part < part:
                warnings.warn(
                    "the device ran out of memory: going on with "
                    f"{slot.part} frames at once instead of {part}",
                    stacklevel=2,
                )
            free.append(slot)
            yield from zip(labels, results, strict=True)
