"""Whether loops of the CPU's backend, and of the linkers, run compiled, by numba."""

from __future__ import annotations

import importlib.util
from types import ModuleType

__all__ = ["compiled"]

#: Points that are worth numba's import and the loading of what it has compiled before.
ENOUGH = 300_000


class _Work:
    """What has been done so far."""

    points = 0
    loops: ModuleType | None = None
    absent = False


def compiled(points: int) -> ModuleType | None:
    """Return the module of compiled loops, if there is one and it pays.

    Parameters
    ----------
    points : int
        Points that are to be worked on. Only when there have been some hundred thousand in this
        process is numba imported, which takes as long as they do without it.

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
