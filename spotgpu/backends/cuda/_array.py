"""Arrays of this backend, and numpy's: `spotgpu.backends.cpu` specifies the functions."""

from __future__ import annotations

from typing import Any

import cupy
import numpy.typing as npt

from spotgpu.backends.cuda._launch import Array

__all__ = ["get", "put"]


def put(array: npt.NDArray[Any]) -> Array:
    """As `spotgpu.backends.cpu.put`: a copy on the current device."""
    return cupy.asarray(array, order="C")


def get(array: Array) -> npt.NDArray[Any]:
    """As `spotgpu.backends.cpu.get`: a copy in the host's memory, when it is complete."""
    host: npt.NDArray[Any] = cupy.asnumpy(array)
    return host
