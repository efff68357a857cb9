"""What kind of motion each particle makes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.motion._columns import checked_lags, checked_units
from spotgpu.motion._pairs import pair_sums
from spotgpu.motion._tracks import SortedTracks, read_rows, sort_rows
from spotgpu.tables import position_columns, require_columns

__all__ = ["characterize"]

Array = npt.NDArray[np.float64]

#: The exponent is fitted to at most and at least this many lags.
MOST_LAGS, FEWEST_LAGS = 10, 5

#: Exponents below the first are confined, above the second directed.
CONFINED, DIRECTED = 0.7, 1.3


def characterize(
    traj: pd.DataFrame,
    mpp: float | Sequence[float] = 1.0,
    fps: float = 1.0,
    max_lagtime: int = 30,
    pos_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Describe the motion of each particle.

    The anomalous exponent is the slope of a straight line through log(MSD) against log(lag), by
    ordinary least squares over the first ten lags that were measured::

        MSD(lag) = 2 ndim D_app lag^alpha

    Parameters
    ----------
    traj : DataFrame
        Trajectories: ``particle``, ``frame`` and the positions in pixels, in any order of rows.
        Positions of NaN count as not seen.
    mpp : float or sequence of float
        Pixel size in µm; several values are for `pos_columns`.
    fps : float
        Frames per second.
    max_lagtime : int
        Largest lag in frames that the fit may use.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).

    Returns
    -------
    DataFrame
        One row a particle, in ascending order:

        - ``particle``
        - ``alpha``: the exponent; about 1 for Brownian motion
        - ``D_app``: the apparent diffusion coefficient, µm²/s^alpha
        - ``r^2``: squared correlation of the fit
        - ``regime``: ``confined`` (alpha < 0.7), ``brownian``, ``directed`` (alpha > 1.3) or
          ``undetermined``: fewer than five lags or an MSD of 0, where the three above are NaN
        - ``mean_speed``: ``path_length`` over the time from first to last frame, µm/s; NaN for a
          particle seen once
        - ``net_displacement``: distance from first to last position, µm
        - ``straightness``: ``net_displacement`` over ``path_length``, 0 to 1; NaN for a particle
          that rests
        - ``length``: number of positions
        - ``path_length``: sum of the distances between positions that follow each other, across
          gaps too, µm
        - ``radius_of_gyration``: root mean square distance from the mean position, µm

    Raises
    ------
    TypeError
        If an argument or a column is of the wrong type.
    ValueError
        If a column is missing, a value is out of range, or a particle is twice in a frame.

    Notes
    -----
    Localisation error lifts the MSD at short lags and lowers ``alpha``; drift raises it. For a
    diffusion coefficient with its uncertainty use `fit_diffusion`.
    """
    require_columns("traj", traj, ["frame"])
    columns = position_columns("traj", traj, pos_columns)
    scale, rate = checked_units(mpp, fps, columns)
    rows = read_rows("traj", traj, columns)
    rows.positions[:] = [x * size for x, size in zip(rows.positions, scale, strict=True)]
    tracks = sort_rows("traj", rows)
    result = pd.DataFrame({"particle": tracks.labels})
    alpha, intercept, squared = _power_laws(tracks, checked_lags(max_lagtime), rate)
    result["alpha"] = alpha
    result["D_app"] = np.exp(intercept) / (2 * len(columns))
    result["r^2"] = squared
    cases = [np.isnan(alpha), alpha < CONFINED, alpha > DIRECTED]
    names = ["undetermined", "confined", "directed"]
    result["regime"] = np.select(cases, names, "brownian")
    for name, values in _shapes(tracks, rate).items():
        result[name] = values
    result.attrs = deepcopy(traj.attrs)
    return result


def _power_laws(tracks: SortedTracks, lags: int, rate: float) -> tuple[Array, Array, Array]:
    """Return slope, intercept and r^2 of log(MSD) against log(lag) for each track."""
    fits = np.full((3, len(tracks.labels)), np.nan)
    for sums in pair_sums(tracks, lags):
        measured = sums.pairs > 0
        measured &= np.cumsum(measured, axis=1) <= MOST_LAGS
        count = measured.sum(axis=1)
        msd = sums.squares[0] / np.maximum(sums.pairs, 1)
        usable = (count >= FEWEST_LAGS) & (msd > 0).all(axis=1, where=measured)
        used = measured[usable]
        x = np.where(used, np.log(np.arange(1, msd.shape[1] + 1) / rate), 0.0)
        y = np.where(used, np.log(msd[usable], where=used, out=np.zeros(used.shape)), 0.0)
        fits[:, sums.members[usable]] = _lines(x, y, used)
    return fits[0], fits[1], fits[2]


def _lines(x: Array, y: Array, used: npt.NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Fit a line to each row by ordinary least squares; both are 0 where not `used`."""
    count = used.sum(axis=1)
    middle_x, middle_y = x.sum(axis=1) / count, y.sum(axis=1) / count
    x = (x - middle_x[:, None]) * used
    y = (y - middle_y[:, None]) * used
    slope = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    variance = (y * y).sum(axis=1)
    explained = slope**2 * (x * x).sum(axis=1)
    squared = np.divide(explained, variance, out=np.full_like(slope, np.nan), where=variance > 0)
    return slope, middle_y - slope * middle_x, np.minimum(squared, 1.0)


def _shapes(tracks: SortedTracks, rate: float) -> dict[str, Array]:
    """Return the columns that do not need the MSD."""
    starts, counts = tracks.starts, tracks.counts
    first, last = starts[:-1], starts[1:] - 1
    x = tracks.positions - np.repeat(tracks.positions[:, first], counts, axis=1)
    steps = np.zeros(x.shape[1])
    steps[1:] = np.sqrt(((x[:, 1:] - x[:, :-1]) ** 2).sum(axis=0))
    steps[first] = 0.0
    path, net = _per_track(steps, starts), np.sqrt((x[:, last] ** 2).sum(axis=0))
    x -= np.repeat(_per_track(x, starts) / counts, counts, axis=1)
    seconds = (tracks.spans - 1) / rate
    nan = np.full(len(counts), np.nan)
    return {
        "mean_speed": np.divide(path, seconds, out=nan.copy(), where=seconds > 0),
        "net_displacement": net,
        # A particle that goes straight ahead would exceed 1 by rounding.
        "straightness": np.minimum(np.divide(net, path, out=nan.copy(), where=path > 0), 1.0),
        "length": counts,
        "path_length": path,
        "radius_of_gyration": np.sqrt(_per_track((x * x).sum(axis=0), starts) / counts),
    }


def _per_track(values: Array, starts: npt.NDArray[np.int64]) -> Array:
    """Sum along the last axis over the rows of each track."""
    if len(starts) == 1:
        return values[..., :0]
    return np.asarray(np.add.reduceat(values, starts[:-1], axis=-1))
