"""`link_lap`: the tracker that solves linear assignment problems, with splits and merges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from spotgpu.backends import on
from spotgpu.checks import integer
from spotgpu.linking._costs import Cost
from spotgpu.linking._event import events_of
from spotgpu.linking._fixed import fixed_links
from spotgpu.linking._lap_rules import lap_rules
from spotgpu.linking._links import Links, tracks_of
from spotgpu.linking._segments import link_frames, link_segments
from spotgpu.linking._table import read_spots
from spotgpu.tables import Tracks

__all__ = ["link_lap", "link_simple_lap"]


def link_lap(
    spots: pd.DataFrame,
    linking_distance: Any,
    *,
    gap_closing_distance: Any = None,
    splitting_distance: Any = None,
    merging_distance: Any = None,
    max_frame_gap: int = 2,
    penalties: Mapping[str, Any] | None = None,
    cost: Cost | None = None,
    alternative_cost_factor: float | None = None,
    cutoff_percentile: float | None = None,
    percentile_rank: str | None = None,
    auxiliary_cost: str | None = None,
    gate: str | None = None,
    singletons: bool | None = None,
    branch_points: str | None = None,
    preset: str | None = None,
    fixed_edges: Any = None,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    device: str = "cpu",
) -> Tracks:
    r"""Link spots to tracks that may have gaps, split and merge.

    Two steps [1]_. From each frame to the next, links are chosen such that the sum of their
    squared distances and of what spots without a link cost is least. Then the segments that this
    makes are joined, all at once: the end of one to the beginning of another (a gap), its
    beginning to a spot inside of another (a split), its end to a spot inside of another (a
    merge).

    Parameters
    ----------
    spots : DataFrame
        One row a spot. A column ``id`` of distinct integers is kept; else the ids are the rows'
        numbers.
    linking_distance : float or tuple of float
        How far a spot may move from a frame to the next (exclusive), in the unit of the positions.
        One value per axis makes it an ellipsoid; costs are then in units of the last axis.
    gap_closing_distance, splitting_distance, merging_distance : float or tuple of float, optional
        The same for gaps, splits and merges (inclusive). None: there are none.
    max_frame_gap : int
        Difference of the frames of a gap's ends, at most: 2 is one missed frame.
    penalties : mapping, optional
        Features (columns) and their weights, by which differences between spots raise the cost;
        see `costs`. Or such mappings for some of 'linking', 'gap_closing', 'splitting' and
        'merging'.
    cost : callable, optional
        Instead of the squared distance, as in `costs`; all spots within the distance can then be
        linked, at any finite cost.
    alternative_cost_factor : float, optional
        A spot without a link costs so many times a cost of the links that are possible: in the
        first step, the largest of the two frames; in the second, that at `cutoff_percentile`.
        Default 1.05.
    cutoff_percentile : float, optional
        Share of the costs of the second step, 0 to 1. Default 0.9.
    percentile_rank : {'nearest', 'lower'}, optional
        Which cost that is, where the share falls between two. Default 'nearest'.
    auxiliary_cost : {'alternative', 'minimum'}, optional
        What fills the lower right block of the matrix of the first step: the cost of no link (the
        default), or the least of all costs.
    gate : {'cost', 'distance'}, optional
        Whether the cost with its penalties must be less than the squared distance (the default),
        or the distance alone.
    singletons : bool, optional
        Whether spots without a link in the first step take part in the second. Default True.
    branch_points : {'interior', 'all'}, optional
        Where tracks split and merge: at spots inside of a segment (the default), or at any.
    preset : {'trackmate', 'laptrack'}, optional
        The choices of these programs: TrackMate's is ``singletons=False``; laptrack's is
        ``percentile_rank='lower'``, ``auxiliary_cost='minimum'`` and ``branch_points='all'``.
        Options given beside it prevail.
    fixed_edges : DataFrame or sequence of pairs of int, optional
        Edges that are to be kept: ``source`` and ``target`` (ids) and, optionally, ``kind`` and
        ``cost``. The rest is solved around them.
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
        targets. A fixed edge costs what its table says, or NaN.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range, a column is missing, a position is not
        finite, a frame number is not an integer, an id occurs twice, a fixed edge cannot be, or a
        distance makes too many pairs.
    SpotgpuError
        If `device` is 'cuda' and there is none.

    Notes
    -----
    Step 1, frames t and t + 1: links (i, j) with :math:`c_{ij} < d^2` minimise
    :math:`\sum c_{ij} + a\,(\text{spots without a link})`, where
    :math:`a = 1.05 \max c_{ij}` (and :math:`a` is added for each link: the lower right block).
    Step 2: the same over all gaps, splits and merges with :math:`c \le d^2`, with :math:`a` from
    the percentile of all their costs. A segment's end has one link, its beginning one; a spot
    inside splits once and merges once. A split or a merge is from a frame to the next.

    References
    ----------
    .. [1] K. Jaqaman et al., "Robust single-particle tracking in live-cell time-lapse sequences",
       Nat. Methods 5, 695 (2008), https://doi.org/10.1038/nmeth.1237

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 1, 3], "y": 0.0, "x": [0.0, 1.0, 2.0]})
    >>> tracks = link_lap(spots, 3, gap_closing_distance=3)
    >>> tracks.edges[["source", "target", "cost", "kind"]].to_numpy().tolist()
    [[0, 1, 1.0, 'link'], [1, 2, 1.0, 'gap']]
    """
    rules = lap_rules(
        preset,
        alternative_cost_factor=alternative_cost_factor,
        cutoff_percentile=cutoff_percentile,
        percentile_rank=percentile_rank,
        auxiliary_cost=auxiliary_cost,
        gate="distance" if gate is None and cost is not None else gate,
        singletons=singletons,
        branch_points=branch_points,
    )
    gap = integer("max_frame_gap", max_frame_gap, at_least=1)
    read = read_spots("spots", spots, pos_columns, t_column)
    table = read.with_ids(t_column)
    engine = on(device)
    distances = {
        "linking": linking_distance,
        "gap_closing": gap_closing_distance,
        "splitting": splitting_distance,
        "merging": merging_distance,
    }
    events = events_of(read, distances, gap, penalties, cost)
    fixed, taken = fixed_links(fixed_edges, table, t_column)
    found = link_frames(events.pop("linking"), taken, rules, engine)
    there = Links.joined([fixed, found])
    joined = link_segments(there, events, taken, rules, engine)
    return tracks_of(table, Links.joined([there, joined]), t_column)


def link_simple_lap(
    spots: pd.DataFrame,
    linking_distance: Any,
    *,
    gap_closing_distance: Any = None,
    max_frame_gap: int = 2,
    **options: Any,
) -> Tracks:
    """Link spots to tracks that may have gaps, and neither split nor merge nor have penalties.

    Equivalent to::

        link_lap(spots, linking_distance, gap_closing_distance=gap_closing_distance,
                 max_frame_gap=max_frame_gap, preset="trackmate")

    Parameters
    ----------
    spots : DataFrame
        As for `link_lap`.
    linking_distance, gap_closing_distance : float or tuple of float
        As for `link_lap`.
    max_frame_gap : int
        As for `link_lap`.
    **options
        ``pos_columns``, ``t_column`` and ``device`` of `link_lap`.

    Returns
    -------
    Tracks
        As of `link_lap`.

    Raises
    ------
    TypeError, ValueError, SpotgpuError
        As of `link_lap`; TypeError for its other options.
    """
    unknown = set(options) - {"pos_columns", "t_column", "device"}
    if unknown:
        raise TypeError(f"link_simple_lap() has no option {', '.join(sorted(unknown))}")
    return link_lap(
        spots,
        linking_distance,
        gap_closing_distance=gap_closing_distance,
        max_frame_gap=max_frame_gap,
        preset="trackmate",
        **options,
    )
