"""Tracks that split and merge against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spotgpu.evaluate._assignment import best_pairs
from spotgpu.evaluate._graphs import SpotPairs
from spotgpu.evaluate._measures import LineageMatch, measures
from spotgpu.evaluate._neighbours import near, shared_columns
from spotgpu.evaluate._overlap import overlapping
from spotgpu.tables import Tracks

__all__ = ["match_labels", "match_lineages"]


def match_lineages(
    found: Tracks,
    truth: Tracks,
    max_distance: Any,
    *,
    pos_columns: Sequence[str] | None = None,
    frame_tolerance: int = 0,
    weights: Mapping[str, float] | None = None,
) -> LineageMatch:
    r"""Compare found tracks that may split and merge with true ones, as graphs.

    Spots are paired by position, one to one, as `match_spots` has it. Then the operations are
    counted that make the found graph the true one (acyclic oriented graph matching, AOGM [1]_),
    and weighted with what each takes a person to do by hand, :math:`w`. With the cost
    :math:`\mathrm{AOGM}_0` of making the true graph from nothing,

    .. math:: \mathrm{TRA} = 1 - \frac{\min(\mathrm{AOGM}, \mathrm{AOGM}_0)}{\mathrm{AOGM}_0},
        \quad \mathrm{AOGM}_0 = w_\mathrm{fn} n_\mathrm{spots} + w_\mathrm{ea} n_\mathrm{edges};

    DET and LNK are the same for spots and for edges alone [2]_.

    An edge joins two tracks where it is one of several that leave or reach a spot, or skips
    frames (in the challenge's files a track has no gaps); else it continues one. Kinds and costs
    of edges do not matter. An edge over a gap is right if the truth has the same one. If the
    truth has spots in the gap, they and their edges must be added, and the edge deleted: to close
    a gap over a spot that was missed costs ``ed`` more than to leave it open.

    A division is a spot with several children, which ends the mother's track and begins those of
    the daughters. Two divisions are the same if they have as many daughters, the mothers' ends
    are `frame_tolerance` frames apart at most and their spots a pair in the frame of the earlier
    end, and the daughters can be paired such that the same holds of their beginnings, in the
    frame of the later one (BC(i) of [2]_).

    Parameters
    ----------
    found, truth : Tracks
        The graphs. Their spots have ``[z,] y, x``.
    max_distance : float or sequence of float
        Distance at which two spots have nothing to do with each other, in the unit of the
        positions; several values are half-axes of an ellipse, for ([z,] y, x).
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).
    frame_tolerance : int
        How many frames too early or too late a division may be found.
    weights : mapping of str to float, optional
        What operations cost, by their names in `LineageMatch`: ``{"fp": 10}``. The others, by
        default all, have the challenge's `CTC_WEIGHTS`.

    Returns
    -------
    LineageMatch
        The measures, and the pairs of spots. As pairs are one to one, ``ns`` is 0: of two true
        spots that are found as one, the other counts as not found.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, a position is NaN, or an option does not fit.

    References
    ----------
    .. [1] P. Matula et al., "Cell tracking accuracy measurement based on comparison of acyclic
       oriented graphs", PLoS ONE 10, e0144959 (2015),
       https://doi.org/10.1371/journal.pone.0144959
    .. [2] V. Ulman et al., "An objective comparison of cell-tracking algorithms",
       Nat. Methods 14, 1141 (2017), https://doi.org/10.1038/nmeth.4473

    Examples
    --------
    >>> import pandas as pd
    >>> from spotgpu.tables import edge_table
    >>> spots = pd.DataFrame({"id": range(4), "frame": [0, 1, 2, 2], "y": 0.0, "x": [5, 5, 4, 6]})
    >>> truth = Tracks(spots, edge_table([0, 1, 1], [1, 2, 3], kind=["link", "split", "split"]))
    >>> found = Tracks(spots, edge_table([0, 1], [1, 2]))  # one daughter is lost
    >>> result = match_lineages(found, truth, max_distance=1)
    >>> result.ea, result.ec, result.aogm, round(result.tra, 3), result.division_recall
    (1, 1, 2.5, 0.944, 0.0)
    """
    _check_tracks(found, truth)
    spots = found.spots.rename(columns={found.t_column: truth.t_column})
    columns = shared_columns(spots, truth.spots, pos_columns, [truth.t_column])
    close = near(spots, truth.spots, max_distance, columns, truth.t_column)
    chosen = best_pairs(close.found, close.truth, 1 - close.distance)
    pairs = SpotPairs(close.found[chosen], close.truth[chosen])
    return measures(found, truth, pairs, frame_tolerance, weights)


def match_labels(
    found: Tracks,
    truth: Tracks,
    found_labels: Sequence[Any],
    truth_labels: Sequence[Any],
    *,
    label_column: str = "label",
    frame_tolerance: int = 0,
    weights: Mapping[str, float] | None = None,
) -> LineageMatch:
    r"""Compare found tracks of objects with true ones by the rule of the Cell Tracking Challenge.

    A true object :math:`r` is found as :math:`j` if :math:`|r \cap j| > |r| / 2`: as one at most,
    but several may be found as the same one, which must be split then. All else is as in
    `match_lineages`.

    Parameters
    ----------
    found, truth : Tracks
        The graphs. Frames are from 0, and a spot has its label, > 0, in the image of its frame.
    found_labels, truth_labels : sequence of array of int, shape ([Z,] Y, X)
        A label image for each frame, such as an array of shape (T, [Z,] Y, X); read one by one.
        Labels that no spot has are background.
    label_column : str
        Column of the labels: whole numbers, distinct in each frame.
    frame_tolerance : int
        How many frames too early or too late a division may be found.
    weights : mapping of str to float, optional
        What operations cost; see `match_lineages`.

    Returns
    -------
    LineageMatch
        The measures, and the pairs of spots. A found spot that is several true ones is in several
        pairs.

    Raises
    ------
    TypeError
        If an argument or a label image is of the wrong type.
    ValueError
        If the images do not fit each other or the spots, or an option does not fit.

    References
    ----------
    .. [1] P. Matula et al., PLoS ONE 10, e0144959 (2015),
       https://doi.org/10.1371/journal.pone.0144959

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from spotgpu.tables import edge_table
    >>> labels = np.array([[[1, 1, 1, 0, 2, 2, 2]]] * 2)  # two frames of one line
    >>> spots = pd.DataFrame({"id": range(4), "frame": [0, 0, 1, 1], "label": [1, 2, 1, 2]})
    >>> truth = Tracks(spots, edge_table([0, 1], [2, 3]))
    >>> merged = labels.copy()
    >>> merged[1] = labels[1] > 0  # both are one object
    >>> found = Tracks(spots[:3], edge_table([0], [2]))
    >>> result = match_labels(found, truth, merged, labels)
    >>> result.ns, result.ea, result.det
    (1, 2, 0.875)
    """
    _check_tracks(found, truth)
    pairs = overlapping(found, truth, found_labels, truth_labels, label_column)
    return measures(found, truth, pairs, frame_tolerance, weights)


def _check_tracks(found: object, truth: object) -> None:
    for name, value in (("found", found), ("truth", truth)):
        if not isinstance(value, Tracks):
            raise TypeError(f"`{name}` must be Tracks, got {type(value).__name__}")
