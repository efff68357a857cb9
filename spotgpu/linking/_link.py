"""`link`: the public function of the linker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.backends import cpu, on
from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import integer, number, per_axis
from spotgpu.errors import SpotgpuError
from spotgpu.linking._chunks import Movie, Rules, previous_points
from spotgpu.linking._memory import previous_points_remembered
from spotgpu.linking._table import LONGEST, read_spots

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
    device: str = "cpu",
) -> pd.DataFrame:
    """Link the spots of successive frames to trajectories.

    From each frame to the next, the links are those that make the sum of squared displacements
    least, each particle that is not linked on counting as much as one displaced by
    `search_range` [1]_. This is exact, however many spots compete.

    Parameters
    ----------
    f : DataFrame
        One row a spot.
    search_range : float or tuple of float
        How far a particle may move from one frame to the next, in the unit of the positions. One
        value per axis, in the order of `pos_columns` (the image's, by default), makes the range
        an ellipsoid: displacements are divided by it.
    pos_columns : sequence of str, optional
        Columns of the positions. Default z (if there is one), y and x.
    t_column : str
        Column of the frame numbers: integers, or floats without a fraction. A number that does
        not occur is an empty frame.
    memory : int
        A particle may be missing for so many frames, and is remembered where it was last.
        `search_range` does not grow meanwhile.
    max_candidates : int
        A spot is linked to one of this many nearest particles only.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute; the result is the same. Components in which many spots compete or several
        sets of links cost the same are solved on the host, and so is what `memory` adds. 'auto'
        takes the GPU if there is one.

    Returns
    -------
    DataFrame
        A copy of `f` with the column ``particle`` (int64), numbered from 0 in the order of rows:
        a row that starts a trajectory gets the next number. Rows are in the order of frames; those
        of one frame stay in their order. The index is 0, 1, ...; `t_column` is an integer column.

    Raises
    ------
    TypeError
        If an argument is of the wrong type, or a column of positions is not of real numbers.
    ValueError
        If an argument is out of range, a column is missing, a position is not finite or a frame
        number is not an integer.
    SpotgpuError
        If `device` is 'cuda' and there is none, or its memory does not suffice.

    Notes
    -----
    Where sets of links cost the same, the one chosen depends on the positions only, not on the
    order of rows: of the particles that compete, the first (by the first axis, then the next) gets
    the first spot that a best set of links allows it, then the second, and so on; a link at
    exactly the range is preferred to none. This holds where at most five particles compete for at
    most five spots; beyond, the solver (see `solver_name`) decides between equals.

    References
    ----------
    .. [1] J. C. Crocker and D. G. Grier, "Methods of Digital Video Microscopy for Colloidal
       Studies", J. Colloid Interface Sci. 179, 298 (1996), https://doi.org/10.1006/jcis.1996.0217

    Examples
    --------
    >>> import pandas as pd
    >>> spots = pd.DataFrame({"frame": [0, 0, 1, 1], "y": [5., 5, 5, 5], "x": [1., 8, 9, 2]})
    >>> link(spots, 3)["particle"].tolist()
    [0, 1, 1, 0]
    """
    spots = read_spots("f", f, pos_columns, t_column)
    check = partial(number, above=0, at_most=LONGEST)
    ranges = per_axis("search_range", search_range, len(spots.positions), check)
    memory = integer("memory", memory, at_least=0)
    most = integer("max_candidates", max_candidates, at_least=1)
    engine = on(device)
    result = spots.table
    try:
        result["particle"] = _particles(spots.positions, spots.frame, ranges, memory, most, engine)
    except MemoryError as error:
        if engine is cpu:
            raise
        raise SpotgpuError(
            f"no memory for links within `search_range` ({error}): make it smaller, or use "
            "device='cpu'"
        ) from error
    return result


def _particles(
    positions: Floats,
    frame: Ints,
    ranges: tuple[float, ...],
    memory: int,
    most: int,
    engine: ModuleType,
) -> Ints:
    """Return the number of the particle that each point is, the points in the order of frames."""
    if len(frame) == 0:
        return np.empty(0, np.int64)
    search_range = ranges[0]
    if len(set(ranges)) > 1:
        positions, search_range = positions / np.array(ranges)[:, None], 1.0
    memory = min(memory, max(int(frame[-1] - frame[0]) - 1, 0))
    rules = Rules(search_range + _RIM, search_range**2, memory, most)
    movie = Movie.of(positions, frame, memory)
    link_all = previous_points_remembered if memory else previous_points
    previous = link_all(movie, rules, engine)
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
