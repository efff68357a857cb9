"""Arrays of this backend, and numpy's: `spotgpu.backends.cpu` specifies the functions."""

from __future__ import annotations

from typing import Any

import cupy
import numpy as np
import numpy.typing as npt

from spotgpu.backends.cuda._launch import Array
from spotgpu.backends.cuda.device import free_memory

__all__ = ["get", "put", "room"]

#: Bytes a pixel that finding spots takes beside the frames themselves, at most.
WORKING = 32
#: Pixels at once, at most: in a plane they are counted in 32 bits.
MOST_PIXELS = 1 << 30


def put(array: npt.NDArray[Any]) -> Array:
    """As `spotgpu.backends.cpu.put`: a copy on the current device."""
    return cupy.asarray(array, order="C")


def get(array: Array) -> npt.NDArray[Any]:
    """As `spotgpu.backends.cpu.get`: a copy in the host's memory, when it is complete."""
    host: npt.NDArray[Any] = cupy.asnumpy(array)
    return host


def room(dtype: npt.DTypeLike) -> int:
    """As `spotgpu.backends.cpu.room`, of the current device."""
    return min(free_memory() // (np.dtype(dtype).itemsize + WORKING), MOST_PIXELS)
