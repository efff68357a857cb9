"""Arrays of this backend, and numpy's: here they are the same."""

from __future__ import annotations

import sys
from typing import Any

import numpy.typing as npt

__all__ = ["get", "put", "room"]


def put(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bring an array to where this backend computes.

    Parameters
    ----------
    array : ndarray
        In the host's memory.

    Returns
    -------
    ndarray
        The same array; a copy on the device in `spotgpu.backends.cuda`.
    """
    return array


def get(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bring an array of this backend to the host.

    Parameters
    ----------
    array : ndarray
        What a function of this backend returned.

    Returns
    -------
    ndarray
        The same array; a copy of that on the device in `spotgpu.backends.cuda`.
    """
    return array


def room(dtype: npt.DTypeLike) -> int:
    """Return how many pixels this backend has memory to find spots in at once.

    Parameters
    ----------
    dtype : dtype
        Type of the pixels.

    Returns
    -------
    int
        No limit here; on a device, by the memory that is free now.
    """
    del dtype
    return sys.maxsize
