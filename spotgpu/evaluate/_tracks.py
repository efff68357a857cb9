"""Tracks against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.evaluate._assignment import best_pairs
from spotgpu.evaluate._neighbours import Neighbours, near, shared_columns
from spotgpu.evaluate._spots import ratio

__all__ = ["TrackMatch", "match_tracks"]

Ints = npt.NDArray[np.int64]

#: Spots of candidate pairs of tracks that are looked up at once.
CHUNK = 1 << 22


@dataclass(frozen=True, eq=False)
class TrackMatch:
    """Found tracks against true ones; numbers that have no meaning, like 0/0, are NaN.

    Attributes
    ----------
    n_true, n_found, n_paired : int
        True tracks, found tracks, and pairs of both.
    alpha : float
        1 if all true tracks are found without error, 0 if none is found. False tracks do not
        matter.
    beta : float
        `alpha` with a penalty for false tracks: from 0 to `alpha`.
    jsc : float
        Jaccard index of the spots: of those that are true or found, the share that is both, in
        tracks that are paired.
    jsc_theta : float
        Jaccard index of the tracks: ``n_paired / (n_true + n_found - n_paired)``.
    rmse : float
        Root mean square distance of the spots that `jsc` counts as both.
    link_recall : float
        Correct links over true ones. A link joins two consecutive spots of a track; a found one is
        correct if both of its spots are paired with spots of the same true track.
    link_precision : float
        Correct links over found ones.
    switches : int
        Found links between spots of two different true tracks.
    purity : float
        Share of the found spots that are paired with a spot of the true track to which most of
        their track belongs.
    pairs : DataFrame
        A row for each pair of tracks: ``truth`` and ``found`` (their numbers in the tables given),
        ``n_matched`` (spots that `jsc` counts as both) and ``rmse``.
    """

    n_true: int
    n_found: int
    n_paired: int
    alpha: float
    beta: float
    jsc: float
    jsc_theta: float
    rmse: float
    link_recall: float
    link_precision: float
    switches: int
    purity: float
    pairs: pd.DataFrame


def match_tracks(
    found: pd.DataFrame,
    truth: pd.DataFrame,
    max_distance: Any,
    *,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
) -> TrackMatch:
    r"""Compare found tracks with true ones by the measures of the Particle Tracking Challenge.

    The distance of two tracks is the sum, over the frames that one of them has at least, of the
    distance of their spots, :math:`\epsilon` (`max_distance`) at most and where one is missing.
    True and found tracks are paired such that the sum :math:`d(X, Y)` of the distances is least,
    where a track may stay without a partner, and does if it gains nothing by one. With
    :math:`d(X, \emptyset)` for no found tracks at all and :math:`\bar Y` for the found tracks
    without a partner [1]_,

    .. math:: \alpha = 1 - \frac{d(X, Y)}{d(X, \emptyset)}, \quad
        \beta = \frac{d(X, \emptyset) - d(X, Y)}{d(X, \emptyset) + d(\bar Y, \emptyset)}.

    Links, switches and purity do not use this pairing of tracks but that of single spots, as
    `match_spots` has it.

    Parameters
    ----------
    found : DataFrame
        Trajectories, as from `spotgpu.link`: ``frame``, ``[z,] y, x`` and ``particle``.
    truth : DataFrame
        The same of the true ones.
    max_distance : float or sequence of float
        :math:`\epsilon`, in the unit of the positions (5 px in [1]_); several values are half-axes
        of an ellipse, for ([z,] y, x), and distances are then relative to it.
    pos_columns : sequence of str, optional
        Position columns. Default: ([z,] y, x).
    t_column : str
        Column of the frame.

    Returns
    -------
    TrackMatch
        The measures, and the pairs of tracks.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a column is missing, a value is NaN, a particle is twice in a frame, or `max_distance`
        does not fit.

    References
    ----------
    .. [1] N. Chenouard et al., "Objective comparison of particle tracking methods",
       Nat. Methods 11, 281 (2014), https://doi.org/10.1038/nmeth.2808 (Supplementary Note 3)

    Examples
    --------
    >>> truth = pd.DataFrame({"frame": range(4), "y": 0.0, "x": range(4), "particle": 0})
    >>> found = truth.assign(particle=[0, 0, 1, 1])
    >>> result = match_tracks(found, truth, max_distance=1)
    >>> result.alpha, round(result.link_recall, 3), result.jsc_theta
    (0.5, 0.667, 0.5)
    """
    columns = shared_columns(found, truth, pos_columns, [t_column, "particle"])
    true, seen = _Tracks.of("truth", truth, t_column), _Tracks.of("found", found, t_column)
    close = near(found, truth, max_distance, columns, t_column)
    score = _paired(close, seen, true)
    shifts = (
        found[columns].to_numpy(float)[score.found] - truth[columns].to_numpy(float)[score.truth]
    )
    squares = (shifts**2).sum(axis=1)
    counts = np.bincount(score.pair, minlength=len(score.true_tracks))
    sums = np.bincount(score.pair, squares, len(counts))
    pairs = pd.DataFrame(
        {
            "truth": true.labels[score.true_tracks],
            "found": seen.labels[score.found_tracks],
            "n_matched": counts,
            "rmse": np.sqrt(sums / counts),
        }
    )
    spurious = len(found) - int(seen.lengths[score.found_tracks].sum())
    n, n_true, n_found = len(pairs), len(true.labels), len(seen.labels)
    return TrackMatch(
        n_true=n_true,
        n_found=n_found,
        n_paired=n,
        alpha=ratio(score.gain, len(truth)),
        beta=ratio(score.gain, len(truth) + spurious),
        jsc=ratio(len(squares), len(truth) + len(found) - len(squares)),
        jsc_theta=ratio(n, n_true + n_found - n),
        rmse=ratio(float(squares.sum()), len(squares)) ** 0.5,
        **_links(close, seen, true),
        pairs=pairs,
    )


@dataclass(frozen=True)
class _Tracks:
    """The tracks of a table: a number from 0 for each row's track and frame."""

    labels: npt.NDArray[Any]
    track: Ints
    time: npt.NDArray[Any]
    lengths: Ints

    @classmethod
    def of(cls, name: str, table: pd.DataFrame, t_column: str) -> _Tracks:
        labels, track = np.unique(table["particle"].to_numpy(), return_inverse=True)
        time = table[t_column].to_numpy(float)
        if table.duplicated(["particle", t_column]).any():
            raise ValueError(f"`{name}` must have a particle once in a frame, got one twice")
        return cls(labels, track, time, np.bincount(track, minlength=len(labels)))

    def links(self) -> tuple[Ints, Ints]:
        """Return the rows that consecutive spots of a track are in."""
        order = np.lexsort((self.time, self.track))
        same = np.diff(self.track[order]) == 0
        return order[:-1][same], order[1:][same]


@dataclass(frozen=True)
class _Score:
    """Pairs of tracks, and the pairs of rows that are near each other in them."""

    true_tracks: Ints
    found_tracks: Ints
    #: How much less than d(X, 0) the distance is, in units of the largest distance.
    gain: float
    pair: Ints
    truth: Ints
    found: Ints


def _paired(close: Neighbours, seen: _Tracks, true: _Tracks) -> _Score:
    """Pair true and found tracks."""
    keys = true.track[close.truth] * max(1, len(seen.labels)) + seen.track[close.found]
    candidates, which = np.unique(keys, return_inverse=True)
    left, right = np.divmod(candidates, max(1, len(seen.labels)))
    # Against leaving the true track alone, a partner brings what its spots are nearer than the
    # largest distance, and costs as much as that for each spot where the true track has none.
    gain = np.bincount(which, 1 - close.distance, len(candidates)).astype(float)
    gain -= seen.lengths[right] - _common_frames(seen, true, left, right)
    worth = np.flatnonzero(gain > 0)
    chosen = worth[best_pairs(left[worth], right[worth], gain[worth])]
    place = np.full(len(candidates), -1)
    place[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(place[which] >= 0)
    return _Score(
        left[chosen],
        right[chosen],
        float(gain[chosen].sum()),
        place[which[rows]],
        close.truth[rows],
        close.found[rows],
    )


def _common_frames(seen: _Tracks, true: _Tracks, left: Ints, right: Ints) -> Ints:
    """Return in how many frames both of two tracks have a spot."""
    frames, codes = np.unique(np.concatenate((seen.time, true.time)), return_inverse=True)
    keys = np.sort(seen.track * len(frames) + codes[: len(seen.time)])
    order = np.argsort(true.track, kind="stable")
    codes = codes[len(seen.time) :][order]
    starts = np.cumsum(true.lengths) - true.lengths
    counts = np.empty(len(left), np.int64)
    ends = np.cumsum(true.lengths[left])
    first = 0
    while first < len(left):
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        lengths = true.lengths[left[first:last]]
        pair = np.repeat(np.arange(last - first), lengths)
        rows = np.arange(len(pair)) + np.repeat(
            starts[left[first:last]] - np.cumsum(lengths) + lengths, lengths
        )
        wanted = right[first:last][pair] * len(frames) + codes[rows]
        hits = keys[np.searchsorted(keys, wanted).clip(max=len(keys) - 1)] == wanted
        counts[first:last] = np.bincount(pair[hits], minlength=last - first)
        first = last
    return counts


def _links(close: Neighbours, seen: _Tracks, true: _Tracks) -> dict[str, Any]:
    """Compare consecutive spots by the single spots that they are paired with."""
    chosen = best_pairs(close.found, close.truth, 1 - close.distance)
    owner = np.full(len(seen.track), -1)
    owner[close.found[chosen]] = true.track[close.truth[chosen]]
    first, second = (owner[rows] for rows in seen.links())
    both = (first >= 0) & (second >= 0)
    correct = int(np.count_nonzero(both & (first == second)))
    matched = owner >= 0
    shares = pd.Series(1, range(int(matched.sum()))).groupby([seen.track[matched], owner[matched]])
    largest = shares.size().groupby(level=0).max()
    return {
        "link_recall": ratio(correct, len(true.links()[0])),
        "link_precision": ratio(correct, len(first)),
        "switches": int(np.count_nonzero(both & (first != second))),
        "purity": ratio(int(largest.sum()), len(seen.track)),
    }
