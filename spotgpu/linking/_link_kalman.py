"""`link_kalman`: the tracker of particles that keep their velocity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.backends import on
from spotgpu.backends.pairs import Ints
from spotgpu.checks import choice, integer, number, per_axis
from spotgpu.linking._event import events_of, weights_of
from spotgpu.linking._follow import Search, followed
from spotgpu.linking._kalman import Noise, estimated_noise
from spotgpu.linking._lap_rules import lap_rules
from spotgpu.linking._links import Links, Taken, tracks_of
from spotgpu.linking._segments import link_segments
from spotgpu.linking._table import LONGEST, Spots, read_spots
from spotgpu.tables import Tracks

__all__ = ["link_kalman"]


def link_kalman(
    spots: pd.DataFrame,
    search_radius: Any,
    *,
    initial_radius: float | None = None,
    max_missed: int = 2,
    occlusions: str = "successive",
    process_noise: Any = None,
    measurement_noise: float | str | None = None,
    penalties: Mapping[str, Any] | None = None,
    gap_closing_distance: Any = None,
    splitting_distance: Any = None,
    merging_distance: Any = None,
    max_frame_gap: int = 2,
    alternative_cost_factor: float | None = None,
    cutoff_percentile: float | None = None,
    percentile_rank: str | None = None,
    gate: str | None = None,
    singletons: bool | None = None,
    branch_points: str | None = None,
    preset: str | None = None,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    device: str = "cpu",
) -> Tracks:
    r"""Link spots to tracks of particles that keep their velocity, more or less.

    Each particle has a Kalman filter [1]_ that predicts where it is in the next frame. Spots are
    linked to predictions by the least sum of squared distances (as in the first step of
    `link_lap`); those left over begin new filters, two by two. A particle that is missing goes on
    as predicted for a while. Gaps, splits and merges can be added as by `link_lap`.

    Parameters
    ----------
    spots : DataFrame
        One row a spot. A column ``id`` of distinct integers is kept; else the ids are the rows'
        numbers.
    search_radius : float or tuple of float
        How far a spot may be from where it is predicted (exclusive), in the unit of the positions.
        One value per axis makes it an ellipsoid; costs, noises and `initial_radius` are then in
        units of the last axis.
    initial_radius : float, optional
        How far a particle may move between its first two frames (exclusive). Default: the search
        radius.
    max_missed : int
        A particle is given up when it is missing in more frames than this.
    occlusions : {'successive', 'cumulative'}
        Whether these are frames in a row, or in all since it was first seen (as TrackMate counts).
    process_noise : float, tuple of two floats or 'estimate', optional
        Standard deviation of what is added to position and velocity from a frame to the next: of
        both, or of each. 'estimate' takes it, and the measurement noise, from the tracks that the
        default finds. Default: a third of the search radius, both.
    measurement_noise : float, optional
        Standard deviation of the error of positions. Default: a tenth of the mean ``radius`` of
        the second frame that has spots; without such a column, a tenth of the process noise.
    penalties : mapping, optional
        As for `link_lap`. Those for 'linking' compare a spot with the last one of the particle.
    gap_closing_distance, splitting_distance, merging_distance : float or tuple of float, optional
        As for `link_lap`. None: there are none but the gaps of missing particles.
    max_frame_gap : int
        As for `link_lap`, for `gap_closing_distance`.
    alternative_cost_factor, cutoff_percentile : float, optional
        As for `link_lap`.
    percentile_rank, gate : str, optional
        As for `link_lap`.
    singletons : bool, optional
        As for `link_lap`.
    branch_points : str, optional
        As for `link_lap`.
    preset : {'trackmate', 'laptrack'}, optional
        As for `link_lap`, for the segment step; 'trackmate' does not change `occlusions`.
    pos_columns : sequence of str, optional
        Columns of the positions. Default z (if there is one), y and x.
    t_column : str
        Column of the frame numbers. A number that does not occur is an empty frame.
    device : {'cpu', 'cuda', 'auto'}
        Where pairs are found and small problems solved; the result is the same.

    Returns
    -------
    Tracks
        Spots in the order of frames, those of one frame as they came; edges in the order of their
        targets. The cost of an edge is the squared distance to the prediction, with penalties.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range, a column is missing, a position is not
        finite, a frame number is not an integer, or an id occurs twice.
    SpotgpuError
        If `device` is 'cuda' and there is none.

    Notes
    -----
    State :math:`(x, v)` along each axis, :math:`x_{t+1} = x_t + v_t + p`,
    :math:`v_{t+1} = v_t + q`, measured as :math:`x_t + e`. A filter begins with the second of its
    spots and their displacement as velocity; with the default noises, its covariance is then 0,
    else that which the measurement noise gives. In a frame, predictions are linked first, then the
    spots of the frame before that have no filter, to spots that are left.

    References
    ----------
    .. [1] R. E. Kalman, "A New Approach to Linear Filtering and Prediction Problems", J. Basic
       Eng. 82, 35 (1960), https://doi.org/10.1115/1.3662552

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 1, 3], "y": 0.0, "x": [0.0, 4.0, 12.0]})
    >>> tracks = link_kalman(spots, 2, initial_radius=5)
    >>> tracks.edges[["source", "target", "kind"]].to_numpy().tolist()
    [[0, 1, 'link'], [1, 2, 'gap']]
    """
    rules = lap_rules(
        preset,
        alternative_cost_factor=alternative_cost_factor,
        cutoff_percentile=cutoff_percentile,
        percentile_rank=percentile_rank,
        gate=gate,
        singletons=singletons,
        branch_points=branch_points,
    )
    read = read_spots("spots", spots, pos_columns, t_column)
    length = partial(number, above=0, at_most=LONGEST)
    positions, radius = read.scaled("search_radius", search_radius)
    search = Search(
        radius,
        radius if initial_radius is None else length("initial_radius", initial_radius),
        integer("max_missed", max_missed, at_least=0),
        choice("occlusions", occlusions, ("successive", "cumulative")) == "cumulative",
        rules,
        weights_of(penalties, read.table)["linking"],
    )
    gap = integer("max_frame_gap", max_frame_gap, at_least=1)
    table = read.with_ids(t_column)
    engine = on(device)
    distances = {
        "gap_closing": gap_closing_distance,
        "splitting": splitting_distance,
        "merging": merging_distance,
    }
    events = events_of(read, distances, gap, penalties)
    noise = _noise(process_noise, measurement_noise, radius, read)
    links = followed(read, positions, search, noise, engine)
    if isinstance(process_noise, str):
        noise = estimated_noise(_runs(links, read.frame), positions, noise)
        links = followed(read, positions, search, noise, engine)
    joined = link_segments(links, events, Taken.none(len(table)), rules, engine)
    return tracks_of(table, Links.joined([links, joined]), t_column)


def _noise(process: Any, measured: Any, radius: float, read: Spots) -> Noise:
    """Return the noise of the model, as far as it is known before the spots are linked."""
    if isinstance(process, str):
        choice("process_noise", process, ("estimate",))
    given = (radius / 3, radius / 3)
    if process is not None and not isinstance(process, str):
        given = per_axis("process_noise", process, 2, partial(number, at_least=0))  # type: ignore[assignment]
    known = process is not None and not isinstance(process, str)
    if measured is not None:
        error = number("measurement_noise", measured, at_least=0)
    elif "radius" in read.table and len(read.frame):
        frames = np.unique(read.frame)
        second = read.frame == frames[min(1, len(frames) - 1)]
        radii = read.table["radius"].to_numpy(np.float64, na_value=np.nan)[second]
        error = float(np.nan_to_num(radii).mean()) / 10
    else:
        error = max(given) / 10
    return Noise(*given, error, known)


def _runs(links: Links, frame: Ints) -> Ints:
    """Return the points of all runs of five linked spots in successive frames, (5, runs)."""
    following = np.full(len(frame), -1)
    next_frame = frame[links.target] - frame[links.source] == 1
    following[links.source[next_frame]] = links.target[next_frame]
    runs = [np.flatnonzero(following >= 0)]
    for _ in range(4):
        after = following[runs[-1]]
        runs = [row[after >= 0] for row in (*runs, after)]
    return np.stack(runs)
