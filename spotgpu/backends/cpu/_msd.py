"""Mirror of the `msd` kernels: displacements over all pairs of frames, of each track and of all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["ensemble", "msd"]

#: Tracks that `ensemble` adds up one after the other.
RUN = 16
#: Sums of a row that `ensemble` adds up in pairs in the end.
LANES = 32

Array = npt.NDArray[np.float64]


def msd(
    positions: Array,
    valid: npt.NDArray[np.bool_],
    starts: npt.NDArray[np.int64],
    max_lagtime: int,
    detail: bool = False,
) -> tuple[Array, npt.NDArray[np.int64]]:
    """Average the displacements of each track, and their squares, at each lag.

    With x the positions of a track along one axis and v whether there is one, for the lags
    m = 1, 2, ... ::

        pairs[m] = sum over t of v[t] v[t + m]
        <x>[m]   = sum over t of v[t] v[t + m] (x[t + m] - x[t])   / pairs[m]
        <x^2>[m] = sum over t of v[t] v[t + m] (x[t + m] - x[t])^2 / pairs[m]
        msd[m]   = sum of the sums of all axes, first to last, / pairs[m]

    Sums begin with 0 and go on one pair at a time, in ascending order of t, in float64: a thread
    that owns a track and a lag gives the same bits. Positions that are not valid are never used.

    Parameters
    ----------
    positions : ndarray of float64, shape (ndim, N)
        Tracks of K particles one after the other, each with all frames from its first to its last,
        in any unit of length; any value where there is none.
    valid : ndarray of bool, shape (N,)
        Whether there is a position in the frame.
    starts : ndarray of int64, shape (K + 1,)
        Track k is ``starts[k]:starts[k + 1]``; the last is N.
    max_lagtime : int
        Largest lag L in frames.
    detail : bool
        Return the means along each axis too.

    Returns
    -------
    means : ndarray of float64, shape (1 or 2 ndim + 1, K, L)
        ``msd``, or with `detail` ``<x>`` of each axis, ``<x^2>`` of each axis and ``msd``, in the
        unit of `positions` or its square; the first lag is 1. NaN without pairs.
    pairs : ndarray of int64, shape (K, L)
        Number of pairs in the sums, 0 where the lag does not occur.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    .. [1] H. Qian, M. P. Sheetz and E. L. Elson, Biophys. J. 60, 910 (1991),
       https://doi.org/10.1016/S0006-3495(91)82125-7, equation 2.
    """
    if valid.shape != positions.shape[1:]:
        raise ValueError(
            f"`valid` must have the last axis of `positions`, got shapes {valid.shape} "
            f"and {positions.shape}"
        )
    ndim, tracks = len(positions), len(starts) - 1
    shifts, squares = np.zeros((2, ndim, tracks, max_lagtime))
    pairs = np.zeros((tracks, max_lagtime), np.int64)
    track = np.repeat(np.arange(tracks), np.diff(starts))
    for lag in range(1, max_lagtime + 1):
        both = valid[:-lag] & valid[lag:] & (track[:-lag] == track[lag:])
        at = np.flatnonzero(both)
        own = track[at]
        pairs[:, lag - 1] = np.bincount(own, minlength=tracks)
        for axis, x in enumerate(positions):
            step = x[at + lag] - x[at]
            # Adds one weight at a time, in their order.
            shifts[axis, :, lag - 1] = np.bincount(own, step, tracks)
            squares[axis, :, lag - 1] = np.bincount(own, step * step, tracks)
    total = squares[0].copy()
    for further in squares[1:]:
        total += further
    sums = [*shifts, *squares, total] if detail else [total]
    none = pairs == 0
    means = np.array(sums) / np.where(none, 1, pairs)
    means[:, none] = np.nan
    return means, pairs


def ensemble(
    means: Array,
    pairs: npt.NDArray[np.int64],
    spans: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> Array:
    """Add up what `msd` gives for each track, weighted with what each value is worth.

    The weight of a value is the number of independent displacements in a track without gaps of the
    same span n, the inverse of the relative variance of the MSD, times the share of frames in which
    the particle was seen::

        B4(n, m) = 1 / (1 + (k^3 + 5 m - 4 k^2 m - n) / (6 k m^2))    k = n - m, n/2 < m < n
                   6 k^2 m / (2 n - m + 4 n m^2 - 5 m^3)              m <= n/2
                   0                                                   m >= n
        share    = counts / n
        N(m)     = B4(n, m) share sum(B4 share over all lags) / sum(B4 share over lags with pairs)

    and 0 where there are no pairs. The two sums go over lags 1, 33, 65, ..., over 2, 34, 66, ... up
    to 32, 64, 96, ..., in ascending order; then those 32 sums are halved by adding the second half
    to the first, until one is left.

    Tracks are added up one after the other in runs of 16.

    Parameters
    ----------
    means : ndarray of float64, shape (C, K, L)
        As `msd` returns them.
    pairs : ndarray of int64, shape (K, L)
        As `msd` returns them.
    spans : ndarray of int64, shape (K,)
        Number of frames n from the first to the last of each track, both included.
    counts : ndarray of int64, shape (K,)
        Number of frames in which the particle was seen.

    Returns
    -------
    ndarray of float64, shape (C + 1, ceil(K / 16), L)
        For each run of tracks: the sums of N times the mean for each column of `means`, and of N.

    References
    ----------
    .. [1] H. Qian, M. P. Sheetz and E. L. Elson, Biophys. J. 60, 910 (1991),
       https://doi.org/10.1016/S0006-3495(91)82125-7, equation B4.
    """
    columns, tracks, lags = means.shape
    measured = pairs > 0
    weights = _independent(spans, lags) * (counts / spans)[:, None]
    wanted = _over_lags(weights)
    weights *= measured
    left = _over_lags(weights)
    weights *= np.divide(wanted, left, out=np.ones(tracks), where=left > 0)[:, None]
    values = np.empty((columns + 1, tracks, lags))
    np.multiply(means, weights, out=values[:-1])
    values[:-1, ~measured] = 0.0
    values[-1] = weights
    totals = np.zeros((columns + 1, -(-tracks // RUN), lags))
    for i in range(RUN):
        part = values[:, i::RUN]
        totals[:, : part.shape[1]] += part
    return totals


def _independent(spans: npt.NDArray[np.int64], lags: int) -> Array:
    """Return B4 for tracks of some spans, (K, L)."""
    different, which = np.unique(spans, return_inverse=True)
    n, m = different[:, None].astype(np.float64), np.arange(1.0, lags + 1)
    beyond, k = m >= n, np.maximum(n - m, 1.0)
    few = 1 / (1 + (k * k * k + 5 * m - 4 * k * k * m - n) / (6 * k * m * m))
    upper, m = m > n / 2, np.minimum(m, n / 2)
    k = n - m
    many = 6 * k * k * m / (2 * n - m + 4 * n * m * m - 5 * m * m * m)
    return np.asarray(np.where(beyond, 0.0, np.where(upper, few, many))[which])


def _over_lags(values: Array) -> Array:
    sums = np.zeros((len(values), LANES))
    for first in range(0, values.shape[1], LANES):
        part = values[:, first : first + LANES]
        sums[:, : part.shape[1]] += part
    while (half := sums.shape[1] // 2) > 0:
        sums = sums[:, :half] + sums[:, half:]
    return sums[:, 0]
