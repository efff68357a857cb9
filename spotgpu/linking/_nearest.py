"""`link_nearest`: the nearest pairs first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.backends import on
from spotgpu.backends.pairs import Ints, Mask, Pairs
from spotgpu.linking._candidates import Ends, pairs_within
from spotgpu.linking._links import LINK, Links, tracks_of
from spotgpu.linking._movie import Movie
from spotgpu.linking._table import read_spots
from spotgpu.tables import Tracks

__all__ = ["link_nearest"]


def link_nearest(
    spots: pd.DataFrame,
    linking_distance: Any,
    *,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
    device: str = "cpu",
) -> Tracks:
    """Link each spot to the nearest of the next frame, the nearest pairs first.

    Greedy: of all pairs of spots of a frame and the next, the nearest is linked, then the nearest
    of those that are left, and so on. Fast, and as good as the other trackers where spots move
    much less than they are apart.

    Parameters
    ----------
    spots : DataFrame
        One row a spot. A column ``id`` of distinct integers is kept; else the ids are the rows'
        numbers.
    linking_distance : float or tuple of float
        How far a spot may move from a frame to the next (inclusive), in the unit of the positions.
        One value per axis makes it an ellipsoid; costs are then in units of the last axis.
    pos_columns : sequence of str, optional
        Columns of the positions. Default z (if there is one), y and x.
    t_column : str
        Column of the frame numbers. A number that does not occur is an empty frame.
    device : {'cpu', 'cuda', 'auto'}
        Where pairs are found; the result is the same.

    Returns
    -------
    Tracks
        Spots in the order of frames, those of one frame as they came. Edges are links; their cost
        is the squared distance.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or out of range, a column is missing, a position is not
        finite, a frame number is not an integer, an id occurs twice, or the distance makes too
        many pairs.
    SpotgpuError
        If `device` is 'cuda' and there is none.

    Notes
    -----
    Of pairs of the same distance, the one comes first whose source, then whose target, is first
    by position (z, then y, then x).

    Examples
    --------
    >>> spots = pd.DataFrame({"frame": [0, 0, 1], "y": 0.0, "x": [0.0, 5.0, 2.0]})
    >>> link_nearest(spots, 4).edges["source"].tolist()
    [0]
    """
    read = read_spots("spots", spots, pos_columns, t_column)
    positions, length = read.scaled("linking_distance", linking_distance)
    table = read.with_ids(t_column)
    movie = Movie.of(positions, read.frame, 0)
    place = np.empty(len(read.frame), np.int64)
    place[np.lexsort(positions[::-1])] = np.arange(len(place))
    reach = float(np.nextafter(length, np.inf))
    chosen = []
    for pairs in pairs_within(movie, reach, 1, Ends(), on(device), "linking_distance"):
        near = pairs.at(np.flatnonzero(pairs.cost <= length * length))
        chosen.append(near.at(np.flatnonzero(_greedy(near, place))))
    best = Pairs.joined(chosen)
    links = Links(*best, np.full(len(best.cost), LINK, np.int8))
    return tracks_of(table, links, t_column)


def _greedy(pairs: Pairs, place: Ints) -> Mask:
    """Choose the cheapest pairs first.

    In rounds: a pair that is the first of both its source and its target would be chosen whatever
    happens to the others; so all of them are, and what they touch is out.
    """
    left = np.lexsort((place[pairs.target], place[pairs.source], pairs.cost))
    _, source = np.unique(pairs.source, return_inverse=True)
    _, target = np.unique(pairs.target, return_inverse=True)
    chosen = np.zeros(len(left), np.bool_)
    first_of_source, first_of_target = np.zeros((2, len(left)), np.int64)
    while len(left):
        # The last of what is written to a place stays: here, the first pair.
        backward = left[::-1]
        first_of_source[source[backward]] = backward
        first_of_target[target[backward]] = backward
        first = (first_of_source[source[left]] == left) & (first_of_target[target[left]] == left)
        chosen[left[first]] = True
        source_taken, target_taken = np.zeros((2, len(chosen)), np.bool_)
        source_taken[source[left[first]]] = True
        target_taken[target[left[first]]] = True
        left = left[~(source_taken[source[left]] | target_taken[target[left]])]
    return chosen
