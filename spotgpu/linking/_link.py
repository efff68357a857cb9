"""`link`: the public function of the linker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.backends import cpu, on
from spotgpu.backends.pairs import Floats, Ints
from spotgpu.checks import integer
from spotgpu.errors import SpotgpuError
from spotgpu.linking._chunks import previous_points
from spotgpu.linking._limits import SubnetOversizeError
from spotgpu.linking._memory import previous_points_remembered
from spotgpu.linking._movie import Movie
from spotgpu.linking._settings import Settings, settings
from spotgpu.linking._stepwise import Stepwise
from spotgpu.linking._table import Spots, read_spots

__all__ = ["link"]


def link(
    f: pd.DataFrame,
    search_range: Any,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    memory: int = 0,
    *,
    predictor: Any = None,
    adaptive_stop: float | None = None,
    adaptive_step: float = 0.95,
    neighbor_strategy: str | None = None,
    link_strategy: str | None = None,
    dist_func: Any = None,
    to_eucl: Callable[[Any], Any] | None = None,
    range_growth: str = "constant",
    max_speed: float | None = None,
    max_candidates: int = 10,
    max_subnet_size: int | None = None,
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
    predictor : object, optional
        Says where particles will be, so that the range is around that place: one of
        `NearestVelocityPredict`, `DriftPredict` and `ChannelPredict`, or a callable: with the time
        of the next frame and the particles (see `NullPredict.predict`) it returns positions.
        Frames are then linked one by one.
    adaptive_stop : float, optional
        Where more than 15 particles compete, they are searched again with a smaller range, until
        fewer do, or the range is `adaptive_stop` or less. Default: the range stays. With one range
        per axis, in the unit of the positions, along the axis where it is relatively the longest.
    adaptive_step : float
        The factor by which the range then shrinks, again and again.
    neighbor_strategy : {'KDTree', 'BTree'}, optional
        Without effect; as trackpy has it.
    link_strategy : {'auto', 'hybrid', 'numba', 'recursive', 'nonrecursive', 'drop'}, optional
        trackpy's names of solvers. All but 'drop' find the same links; 'drop' links only spots and
        particles without competition. With `adaptive_stop`, the first three (the first is the
        default) also shrink the range where one of several particles has more than 8 spots.
    dist_func : callable or sklearn.metrics.DistanceMetric, optional
        Another distance than the Euclidean one, of two positions, shapes (ndim,). Needs
        scikit-learn, and time.
    to_eucl : callable, optional
        Maps positions, shape (N, ndim), to a space where distances are Euclidean.
    range_growth : {'constant', 'sqrt', 'linear'}
        How the range grows with the number n of frames since a particle was seen: not at all, as
        that of a diffusing particle (by the square root of n), or as that of a moving one (by n).
    max_speed : float, optional
        The range is not longer than this times n; in the unit of the positions per frame (along
        the last axis, if there is one range per axis).
    max_candidates : int
        A spot is linked to one of this many nearest particles only.
    max_subnet_size : int, optional
        How many particles may compete, before that is an error (after `adaptive_stop` is reached,
        where it is given; it then replaces the 15). trackpy has 30. Default: any number.
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
    SubnetOversizeError
        If more than `max_subnet_size` particles compete. It is a ValueError.
    SpotgpuError
        If `device` is 'cuda' and there is none, or its memory does not suffice; if `dist_func` is
        given and scikit-learn is not installed.

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
    frame = spots.frame
    memory = integer("memory", memory, at_least=0)
    options = settings(
        len(spots.positions),
        search_range,
        memory=min(memory, max(int(frame[-1] - frame[0]) - 1, 0) if len(frame) else 0),
        predictor=predictor,
        adaptive_stop=adaptive_stop,
        adaptive_step=adaptive_step,
        neighbor_strategy=neighbor_strategy,
        link_strategy=link_strategy,
        dist_func=dist_func,
        to_eucl=to_eucl,
        range_growth=range_growth,
        max_speed=max_speed,
        max_candidates=max_candidates,
        max_subnet_size=max_subnet_size,
    )
    engine = on(device)
    in_steps = predictor is not None or dist_func is not None
    try:
        particle = (_step_by_step if in_steps else _all_at_once)(spots, options, engine)
    except MemoryError as error:
        if engine is cpu:
            raise
        raise SpotgpuError(
            f"no memory for links within `search_range` ({error}): make it smaller, or use "
            "device='cpu'"
        ) from error
    spots.table["particle"] = particle
    return spots.table


def _all_at_once(spots: Spots, options: Settings, engine: ModuleType) -> Ints:
    """Return the number of the particle that each spot is."""
    if len(spots.frame) == 0:
        return np.empty(0, np.int64)
    rules = options.rules
    positions: Floats = np.ascontiguousarray(options.mapped(spots.positions.T).T)
    movie = Movie.of(positions, spots.frame, rules.memory)
    link_all = previous_points_remembered if rules.memory else previous_points
    try:
        previous = link_all(movie, rules, engine)
    except SubnetOversizeError:
        if rules.memory == 0:
            raise
        # On the way to the links, particles compete that do not in the end.
        return _step_by_step(spots, options, engine)
    return _numbered(previous, movie.start)


def _step_by_step(spots: Spots, options: Settings, engine: ModuleType) -> Ints:
    """Return the number of the particle that each spot is, found frame by frame."""
    linker = Stepwise(options, engine)
    positions = np.ascontiguousarray(spots.positions.T)
    parts = [linker.step(positions[part], t, elapsed) for t, part, elapsed in spots.by_frame()]
    return np.concatenate([np.empty(0, np.int64), *parts])


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
