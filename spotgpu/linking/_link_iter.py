"""`link_iter` and `link_df_iter`: linking of streams, one frame after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.backends import on
from spotgpu.backends.pairs import Ints
from spotgpu.linking._settings import check_names, settings
from spotgpu.linking._stepwise import Stepwise
from spotgpu.linking._table import LONGEST
from spotgpu.tables import position_columns, require_columns

__all__ = ["link_df_iter", "link_iter"]


def link_iter(
    coords_iter: Iterable[Any], search_range: Any, *, device: str = "cpu", **options: Any
) -> Iterator[tuple[Any, Ints]]:
    """Link a stream of positions to trajectories.

    Parameters
    ----------
    coords_iter : iterable of array_like, shape (N, ndim), or of tuples of a time and such an array
        The positions of the spots of each frame. Frames follow each other, whatever their times
        are; one without spots has the shape (0, ndim).
    search_range : float or tuple of float
        As for `link`.
    device : {'cpu', 'cuda', 'auto'}
        As for `link`.
    **options
        The others of `link`: ``memory``, ``predictor``, ``adaptive_stop`` and so on.

    Yields
    ------
    tuple of a time and ndarray of int64, shape (N,)
        The particle that each spot of the frame is. Times are 0, 1, ... where none came.

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        As of `link`; ValueError too if positions are not an array of (N, ndim).

    Examples
    --------
    >>> frames = [[[5.0, 1.0], [5.0, 8.0]], [[5.0, 9.0], [5.0, 2.0]]]
    >>> [particle.tolist() for _, particle in link_iter(frames, 3)]
    [[0, 1], [1, 0]]
    """
    check_names("link_iter", options)
    engine = on(device)
    linker = None
    for number, item in enumerate(coords_iter):
        t, coords = item if isinstance(item, tuple) and len(item) == 2 else (number, item)
        positions = _checked(coords, t)
        if linker is None:
            ndim = positions.shape[1]
            linker = Stepwise(settings(ndim, search_range, **options), engine)
        elif positions.shape[1] != ndim:
            raise ValueError(
                f"`coords_iter` must yield positions of {ndim} axes, got {positions.shape[1]} at "
                f"time {t}"
            )
        yield t, linker.step(positions, t)


def link_df_iter(
    f_iter: Iterable[pd.DataFrame],
    search_range: Any,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    *,
    device: str = "cpu",
    **options: Any,
) -> Iterator[pd.DataFrame]:
    """Link a stream of tables to trajectories.

    Parameters
    ----------
    f_iter : iterable of DataFrame
        The spots of each frame. Frames follow each other, whatever their numbers are.
    search_range : float or tuple of float
        As for `link`.
    pos_columns : sequence of str, optional
        Columns of the positions. Default: as the first table has them, z (if it is there), y and x.
    t_column : str
        Column of the frame number or the time: one number a table.
    device : {'cpu', 'cuda', 'auto'}
        As for `link`.
    **options
        The others of `link`: ``memory``, ``predictor``, ``adaptive_stop`` and so on.

    Yields
    ------
    DataFrame
        A copy of each table with the column ``particle`` (int64).

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        As of `link`.
    """
    waiting: list[pd.DataFrame] = []

    def coordinates() -> Iterator[tuple[Any, npt.NDArray[np.float64]]]:
        columns, t = None, None
        for f in f_iter:
            require_columns("f_iter", f, [t_column])
            if columns is None:
                columns = position_columns("f_iter", f, pos_columns)
            require_columns("f_iter", f, columns)
            if len(f):
                t = f[t_column].iloc[0]
                if (other := f[t_column] != t).any():
                    raise ValueError(
                        "`f_iter` must yield a table for each frame, got one with the frames "
                        f"{t} and {f[t_column][other].iloc[0]}"
                    )
            elif t is not None:
                t += 1
            waiting.append(f)
            yield t, f[columns].to_numpy(np.float64, na_value=np.nan)

    for _, particle in link_iter(coordinates(), search_range, device=device, **options):
        yield waiting.pop().assign(particle=particle)


def _checked(coords: Any, t: Any) -> npt.NDArray[np.float64]:
    """Return the positions of a frame as floats."""
    given = np.asarray(coords)
    if given.dtype.kind not in "iufO" and given.size:
        raise TypeError(f"positions must be real numbers, got {given.dtype} at time {t}")
    try:
        positions = given.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"positions must be real numbers, got {coords!r} at time {t}") from None
    if positions.ndim != 2 or positions.shape[1] == 0:
        raise ValueError(
            f"`coords_iter` must yield arrays of (N, ndim), got {positions.shape} at time {t}"
        )
    bad = ~(np.abs(positions) <= LONGEST)
    if bad.any():
        raise ValueError(f"positions must be finite, got {positions[bad][0]} at time {t}")
    return positions
