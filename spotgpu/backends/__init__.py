"""The engine: one module of functions for each kind of array."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from spotgpu.backends import cpu

__all__ = ["of"]


def of(array: object) -> ModuleType:
    """Return the backend that computes where `array` lives.

    Parameters
    ----------
    array : numpy.ndarray
        The data of the computation.

    Returns
    -------
    module
        `spotgpu.backends.cpu`.

    Raises
    ------
    TypeError
        If no backend computes on this kind of array.
    """
    if isinstance(array, np.ndarray):
        return cpu
    raise TypeError(f"`array` must be a numpy array, got {type(array).__name__}")
