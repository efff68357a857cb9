"""`link`: the public function of the linker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.checks import integer, number, per_axis
from spotgpu.linking._candidates import Floats, Ints
from spotgpu.linking._chunks import Movie, Rules, previous_points
from spotgpu.linking._memory import previous_points_remembered
from spotgpu.tables import position_columns, require_columns

__all__ = ["link"]

#: trackpy's: points as far apart as the search range are candidates, in spite of rounding.
_RIM = 1e-7


def link(
    f: pd.DataFrame,
    search_range: Any,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    memory: int = 0,
    *,
    max_candidates: int = 10,
) -> pd.DataFrame:
    """Link."""
    require_columns("f", f, [t_column])
    columns = position_columns("f", f, pos_columns)
    ranges = per_axis("search_range", search_range, len(columns), partial(number, above=0))
    memory = integer("memory", memory, at_least=0)
    most = integer("max_candidates", max_candidates, at_least=1)
    frame = _frames(f, t_column)
    positions = _positions(f, columns)

    if np.any(frame[1:] < frame[:-1]):
        order = np.argsort(frame, kind="stable")
        frame, positions = frame[order], positions[:, order]
        result = f.take(order)
    else:
        result = f.copy()
    result.index = pd.RangeIndex(len(f))
    result[t_column] = frame if result[t_column].dtype.kind not in "iu" else result[t_column]
    result["particle"] = _particles(positions, frame, ranges, memory, most)
    return result


def _frames(f: pd.DataFrame, t_column: str) -> Ints:
    frame = f[t_column].to_numpy()
    if frame.dtype.kind in "iu":
        return frame.astype(np.int64)
    if frame.dtype.kind == "f":
        whole = frame.astype(np.int64)
        return whole
    raise ValueError("x")


def _positions(f: pd.DataFrame, columns: list[str]) -> Floats:
    positions = np.empty((len(columns), len(f)))
    for axis, column in zip(positions, columns, strict=True):
        axis[:] = f[column].to_numpy()
    return positions


def _particles(
    positions: Floats, frame: Ints, ranges: tuple[float, ...], memory: int, most: int
) -> Ints:
    if len(frame) == 0:
        return np.empty(0, np.int64)
    search_range = ranges[0]
    if len(set(ranges)) > 1:
        positions, search_range = positions / np.array(ranges)[:, None], 1.0
    rules = Rules(search_range + _RIM, search_range**2, memory, most)
    movie = Movie.of(positions, frame, memory)
    previous = (previous_points_remembered if memory else previous_points)(movie, rules)
    return _numbered(previous, movie.start)


def _numbered(previous: Ints, start: Ints) -> Ints:
    """Number the tracks in the order of their first points; return the number of each point."""
    first = previous < 0
    number = np.cumsum(first) - 1
    later = np.flatnonzero(~first)
    earlier = previous[later]
    # Frame by frame: following all tracks at once, in steps that double, is slower.
    cuts = np.searchsorted(later, start).tolist()
    for i, j in pairwise(cuts):
        number[later[i:j]] = number[earlier[i:j]]
    return number
