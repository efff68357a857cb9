"""Whether loops of the CPU's backend, and of the linkers, run compiled, by numba."""

from __future__ import annotations

import importlib.util
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["PIXELS", "compiled", "for_loops"]

#: Points that are worth numba's import and the loading of what it has compiled before.
ENOUGH = 300_000

#: Pixels in which spots are looked for in the time that it takes to link a point.
PIXELS = 64


class _Work:
    """What has been done so far."""

    points = 0
    loops: ModuleType | None = None
    absent = False


def compiled(points: int = 0) -> ModuleType | None:
    """Return the module of compiled loops, if there is one and it pays.

    Parameters
    ----------
    points : int
        Points that are to be worked on, or pixels over `PIXELS`. Only when there have been some
        hundred thousand in this process is numba imported, which takes as long as they do without
        it.

    Returns
    -------
    module or None
        None without numba, or with little to do.
    """
    if _Work.loops is None and not _Work.absent:
        _Work.points += points
        if _Work.points >= ENOUGH:
            _Work.absent = importlib.util.find_spec("numba") is None
            if not _Work.absent:
                from spotgpu.backends.cpu import _loops

                _Work.loops = _loops
    return _Work.loops


def for_loops(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array as the loops are compiled for, once for all.

    Parameters
    ----------
    array : ndarray
        Of any layout and order of bytes, perhaps not to be written to.

    Returns
    -------
    ndarray
        The same, or a copy of it that is C-contiguous, in native order, and may be written to.
    """
    flags = array.flags
    if flags.c_contiguous and flags.writeable and array.dtype.isnative:
        return array
    return np.array(array, array.dtype.newbyteorder("="), order="C")
