"""Mirror of the `msd` kernel: squared displacements summed over all pairs of frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["msd"]


def msd(
    positions: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_], max_lagtime: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Sum the squared displacements of each track at each lag.

    With x the positions along one axis and v whether there is one, for lags m = 1, 2, ... ::

        squares[m] = sum over t of v[t] v[t + m] (x[t + m] - x[t])^2
        pairs[m]   = sum over t of v[t] v[t + m]

    One difference, one product and one sum per pair in float64, in ascending order of t: a thread
    that owns a track, a lag and an axis gives the same bits. Positions that are not valid are
    never used.

    Parameters
    ----------
    positions : ndarray of float64, shape (tracks, frames, ndim)
        In any unit of length; any value where there is none.
    valid : ndarray of bool, shape (tracks, frames)
        Whether the track has a position in the frame.
    max_lagtime : int
        Largest lag in frames, > 0.

    Returns
    -------
    squares : ndarray of float64, shape (tracks, max_lagtime, ndim)
        In the square of the unit of `positions`; the first entry is lag 1.
    pairs : ndarray of int64, shape (tracks, max_lagtime)
        Number of pairs in the sums, 0 where the lag does not occur.

    Raises
    ------
    ValueError
        If the shapes do not fit or `max_lagtime` is below 1.

    References
    ----------
    .. [1] H. Qian, M. P. Sheetz and E. L. Elson, Biophys. J. 60, 910 (1991),
       https://doi.org/10.1016/S0006-3495(91)82125-7, equation 2 before the division by the number
       of pairs.
    """
    if positions.ndim != 3 or valid.shape != positions.shape[:2]:
        raise ValueError(
            "`valid` must have the first two axes of `positions` (tracks, frames, ndim), "
            f"got shapes {valid.shape} and {positions.shape}"
        )
    if max_lagtime < 1:
        raise ValueError(f"`max_lagtime` must be >= 1, got {max_lagtime}")
    tracks, frames, ndim = positions.shape
    squares = np.zeros((tracks, max_lagtime, ndim))
    pairs = np.zeros((tracks, max_lagtime), np.int64)
    # What is not valid may be NaN: a difference with it must not reach a sum.
    clean = np.where(valid[:, :, None], positions, 0.0)
    for t in range(frames - 1):
        last = min(t + max_lagtime, frames - 1)
        both = valid[:, t + 1 : last + 1] & valid[:, t, None]
        step = clean[:, t + 1 : last + 1] - clean[:, t, None]
        step[~both] = 0.0
        squares[:, : last - t] += step * step
        pairs[:, : last - t] += both
    return squares, pairs
