"""`link_partial`: linking some of the frames again, and joining them to the others."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.checks import integer
from spotgpu.linking._link import link
from spotgpu.linking._table import read_spots
from spotgpu.tables import require_columns

__all__ = ["link_partial", "reconnect_traj_patch"]


def link_partial(
    f: pd.DataFrame,
    search_range: Any,
    link_range: tuple[int | None, int | None],
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    **options: Any,
) -> pd.DataFrame:
    """Link a range of frames, and keep the trajectories outside of it.

    Parameters
    ----------
    f : DataFrame
        One row a spot, with ``particle`` if it has been linked before.
    search_range : float or tuple of float
        As for `link`.
    link_range : tuple of int
        First frame, and the first after the range; None for the end of the movie.
    pos_columns : sequence of str, optional
        As for `link`.
    t_column : str
        As for `link`.
    **options
        The others of `link`. Particles are not remembered across the ends of the range.

    Returns
    -------
    DataFrame
        A copy of `f`, in the order of frames, with the index 0, 1, ...; ``particle`` is as from
        `reconnect_traj_patch`, or, if `f` had none, -1 outside of the range.

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        As of `link`; ValueError too if the range is empty.
    """
    read = read_spots("f", f, pos_columns, t_column)
    result, frame = read.table, read.frame
    start, stop = _range(link_range)
    low, high = int(frame.min(initial=0)), int(frame.max(initial=0)) + 1
    start, stop = (
        max(low if start is None else start, low),
        min(high if stop is None else stop, high),
    )
    inside = (frame >= start) & (frame < stop)
    if options.get("memory") and not inside.all():
        warnings.warn("particles are not remembered across the ends of `link_range`", stacklevel=2)
    part = link(result[inside], search_range, pos_columns, t_column, **options)
    before = result["particle"].to_numpy(copy=True) if "particle" in result else None
    particle = np.full(len(frame), -1) if before is None else before.copy()
    particle[inside] = part["particle"]
    result["particle"] = particle
    if before is None or inside.all():
        return result
    joined = reconnect_traj_patch(result.assign(_before=before), (start, stop), "_before", t_column)
    return joined.drop(columns="_before")


def reconnect_traj_patch(
    f: pd.DataFrame,
    link_range: tuple[int, int],
    old_particle_column: str,
    t_column: str = "frame",
) -> pd.DataFrame:
    """Join the trajectories inside of a range of frames to those outside of it.

    Parameters
    ----------
    f : DataFrame
        Trajectories, linked anew in the range.
    link_range : tuple of int
        First frame, and the first after the range.
    old_particle_column : str
        Column of the particles as they were before that.
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    DataFrame
        A copy of `f`. A particle inside of the range has the number that its spot in the first
        frame had before. One that begins later has the number that its spot in the last frame
        had, if no other has that in the range, else one that nothing has. After the range, what
        continues a particle has its number; a particle that was missing in the last frame of the
        range, and has the same one, gets another.

    Raises
    ------
    TypeError
        If `f` is not a DataFrame, or the range is not of integers.
    ValueError
        If a column is missing, or the range is empty.
    """
    require_columns("f", f, [t_column, "particle", old_particle_column])
    start, stop = _range(link_range)
    if start is None or stop is None:
        raise TypeError(f"`link_range` must be two integers, got {link_range!r}")
    result = f.copy()
    frame = result[t_column].to_numpy()
    inside, after = (frame >= start) & (frame < stop), frame >= stop

    def ends(at: int) -> Iterator[tuple[int, int]]:
        rows = result.loc[(frame == at) & (result[old_particle_column] >= 0)]
        new, old = (rows[name].tolist() for name in ("particle", old_particle_column))
        return zip(new, old, strict=True)

    renamed = dict(ends(start))
    taken = set(renamed.values())
    # Old particles that appear inside only, and not at its end, are free; those outside are not.
    used = taken.union(result.loc[~inside, "particle"].to_numpy(np.int64).tolist())
    used.update(old for _, old in ends(stop - 1))
    fresh = (number for number in count() if number not in used)
    later: dict[int, int] = {}
    for new, old in ends(stop - 1):
        if new not in renamed:
            renamed[new] = next(fresh) if old in taken else old
            taken.add(renamed[new])
            used.add(renamed[new])
        later[old] = renamed[new]
    for new in pd.unique(result.loc[inside, "particle"]).tolist():
        if new not in renamed:
            renamed[new] = next(fresh)
            used.add(renamed[new])
    # Particles that were missing at the end of the range give way to those that go on there.
    goes_on = set(later.values())
    for old in pd.unique(result.loc[after, "particle"]).tolist():
        if old in goes_on and old not in later:
            later[old] = next(fresh)
            used.add(later[old])
    for rows, numbers in ((inside, renamed), (after, later)):
        column = result.loc[rows, "particle"]
        result.loc[rows, "particle"] = column.map(numbers).fillna(column).astype(column.dtype)
    return result


def _range(link_range: Any) -> tuple[int | None, int | None]:
    """Return the two ends, checked."""
    try:
        start, stop = link_range
    except (TypeError, ValueError):
        raise TypeError(f"`link_range` must be a pair of integers, got {link_range!r}") from None
    start = None if start is None else integer("link_range", start)
    stop = None if stop is None else integer("link_range", stop)
    if start is not None and stop is not None and start >= stop:
        raise ValueError(f"`link_range` must not be empty, got {start} to {stop}")
    return start, stop
