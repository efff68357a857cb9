"""Distances at which there are more pairs of spots than fit into memory."""

from __future__ import annotations

from types import ModuleType

from spotgpu.backends.cells import Grid
from spotgpu.backends.pairs import Ints

__all__ = ["MOST", "crowd", "refuse_crowd"]

#: Pairs that are kept at a time; more take gigabytes.
MOST = 50_000_000


def crowd(grid: Grid, point: Ints, step: int | Ints, engine: ModuleType) -> int:
    """Return how many points lie in the cells around some points, together.

    Parameters
    ----------
    grid : Grid
        All points; arrays of the backend.
    point : ndarray of int64, shape (Q,)
        Points of the grid.
    step : int or ndarray of int64, shape (Q,)
        How many frames on to look.
    engine : module
        The backend.

    Returns
    -------
    int
        Their number.
    """
    if not isinstance(step, int):
        step = engine.put(step)
    key = grid.key[engine.put(point)] + step * grid.cells.frame_stride
    total = 0
    for offset in grid.cells.offsets:
        total += int((grid.start[3:][key + offset] - grid.start[key + offset]).sum())
    return total


def refuse_crowd(grid: Grid, total: int, name: str) -> None:
    """Refuse a distance that makes too many pairs, and say at which there would be few enough.

    Parameters
    ----------
    grid : Grid
        Its cells are as wide as the distance.
    total : int
        Points in the cells around all points.
    name : str
        The argument that the distance came in by.

    Raises
    ------
    ValueError
        If there are more than `MOST`.
    """
    if total <= MOST:
        return
    ndim, reach = len(grid.positions), grid.cells.reach
    extent = float((grid.positions.max(axis=1) - grid.positions.min(axis=1)).max())
    # The number of neighbours goes with the volume, until the cells around are all there are.
    fits = 0.7 * min(reach, extent / 3 or reach) * (MOST / total) ** (1 / ndim)
    raise ValueError(
        f"`{name}` must make fewer than {MOST:,} pairs of spots from one frame to the next, got "
        f"{reach:g}, which makes up to {total:,}; about {fits:.3g} would do"
    )
