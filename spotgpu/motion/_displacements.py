"""Products of displacements within runs of consecutive frames, and their covariance.

Positions that are Brownian motion seen with localisation error have, along one axis, ::

    mean((x[i + t] - x[i])^2) / 2 = g(t) = step t + error    for t > 0 frames,   g(0) = 0
    step = D dt,   error = sigma^2 - 2 R D dt

and every covariance here follows from g. Runs that a missing frame separates are independent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spotgpu.motion._tracks import SortedTracks

__all__ = ["Products", "products"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Products:
    """Sums of P kinds of products of two displacements, and what predicts their covariance.

    Attributes
    ----------
    times : ndarray of int64, shape (P, 4)
        Start and end of the one and of the other displacement, in frames.
    sums : ndarray of float64, shape (P, ndim)
        Over the products of all tracks.
    totals : ndarray of int64, shape (P,)
        How many there are.
    n_tracks : int
        Tracks that have a product of the second kind.
    moments : ndarray of float64, shape (P (ndim + 1), P (ndim + 1))
        Sum over the tracks of the outer product of (sums, counts) of a track with itself.
    offsets : ndarray of int64, shape (M,)
        Times between two products that have a covariance.
    overlaps : ndarray of float64, shape (P, P, M)
        How many pairs of products of two kinds are that far apart.
    """

    times: npt.NDArray[np.int64]
    sums: Array
    totals: npt.NDArray[np.int64]
    n_tracks: int
    moments: Array
    offsets: npt.NDArray[np.int64]
    overlaps: Array

    def __add__(self, other: Products) -> Products:
        """Return the products of two sets of tracks together."""
        return Products(
            self.times,
            self.sums + other.sums,
            self.totals + other.totals,
            self.n_tracks + other.n_tracks,
            self.moments + other.moments,
            self.offsets,
            self.overlaps + other.overlaps,
        )

    @property
    def means(self) -> Array:
        """Mean product over all tracks.

        Returns
        -------
        ndarray of float64, shape (P, ndim)
            0 where there is no product.
        """
        return np.asarray(self.sums / np.maximum(self.totals, 1)[:, None])

    def scatter(self, weights: Array) -> float:
        """Return the sum over the tracks of the square of what each adds to a weighted sum.

        Parameters
        ----------
        weights : ndarray of float64, shape (ndim, P)
            Of the products, each less the mean of its kind.

        Returns
        -------
        float
            In the fourth power of the unit of length.
        """
        # sum_p,a w[a, p] (s[p, a] - mean[p, a] n[p]), as one weight for each sum and each count
        of_counts = -(weights.T * self.means).sum(axis=1)
        both = np.concatenate([weights.T.reshape(-1), of_counts])
        return max(float(both @ self.moments @ both), 0.0)

    def covariance(self, step: float, error: float) -> Array:
        """Return the covariance of the means along one axis.

        For Gaussian a, b, c, d: ``cov(a b, c d) = <a c> <b d> + <a d> <b c>`` (Isserlis).

        Parameters
        ----------
        step, error : float
            Of the motion, see the module.

        Returns
        -------
        ndarray of float64, shape (P, P)
            In the fourth power of the unit of length.
        """

        def moment(first: Array, second: Array) -> Array:
            total = np.zeros((1, 1, 1))
            for i, j, sign in ((1, 0, 1), (0, 1, 1), (1, 1, -1), (0, 0, -1)):
                time = np.abs(first[i] - second[j])
                total = total + sign * (step * time + error * (time > 0))
            return total

        times = self.times.T.astype(np.float64)
        here, there = times[:, :, None, None], times[:, None, :, None] + self.offsets
        product = moment(here[:2], there[:2]) * moment(here[2:], there[2:])
        product += moment(here[:2], there[2:]) * moment(here[2:], there[:2])
        scale = np.maximum(np.outer(self.totals, self.totals), 1)
        return np.asarray((self.overlaps * product).sum(axis=2) / scale)


def products(tracks: SortedTracks, times: npt.NDArray[np.int64]) -> Products:
    """Sum products of displacements over all places where they fit into a run.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    times : ndarray of int64, shape (P, 4)
        Start and end of the one and of the other displacement, in frames, from 0.

    Returns
    -------
    Products
        The sums.
    """
    k, n = len(tracks.labels), len(tracks.frames)
    breaks = np.diff(tracks.frames, prepend=0) != 1
    breaks[tracks.starts[:-1]] = True
    run = np.cumsum(breaks)
    track = np.repeat(np.arange(k), tracks.counts)
    extents = times.max(axis=1)
    sums, counts = np.zeros((len(times), len(tracks.positions), k)), np.zeros((len(times), k), int)
    for kind, (from_1, to_1, from_2, to_2) in enumerate(times):
        room = max(n - int(extents[kind]), 0)
        fits = run[:room] == run[n - room :]
        where = track[:room]
        counts[kind] = np.bincount(where[fits], minlength=k)
        for axis, x in enumerate(tracks.positions):
            product = x[to_1 : to_1 + room] - x[from_1 : from_1 + room]
            product = product * (x[to_2 : to_2 + room] - x[from_2 : from_2 + room])
            sums[kind, axis] = np.bincount(where, product * fits, minlength=k)
    offsets = np.arange(-extents.max(), extents.max() + 1)
    lengths = np.bincount(run)[1:] if n else np.zeros(0, np.int64)
    each = np.concatenate([sums.reshape(counts.shape[0] * sums.shape[1], k), counts])
    return Products(
        times=times,
        sums=sums.sum(axis=2),
        totals=counts.sum(axis=1),
        n_tracks=int(np.count_nonzero(counts[1])),
        moments=each @ each.T,
        offsets=offsets,
        overlaps=_overlaps(lengths, extents, offsets),
    )


def _overlaps(
    lengths: npt.NDArray[np.int64], extents: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> Array:
    """Count the pairs of products at each offset in runs of these lengths, (P, P, M)."""
    one, other = extents[:, None, None], extents[None, :, None]

    def pairs(length: float) -> Array:
        last = np.minimum(length - 1 - one, length - 1 - other - offsets)
        return np.maximum(last - np.maximum(0, -offsets) + 1.0, 0.0)

    total = np.zeros((len(extents), len(extents), len(offsets)))
    # From some length on the count is linear in it, so that all long runs are done as one.
    long = lengths > 3 * extents.max(initial=0)
    if long.any():
        total += long.sum() * pairs(lengths[long].mean())
    for length, runs in zip(*np.unique(lengths[~long], return_counts=True), strict=True):
        total += runs * pairs(length)
    return total
