"""Sums over all pairs of positions at each lag, by FFT, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from spotgpu.motion._tracks import SortedTracks, short_gaps

__all__ = ["PairSums", "pair_sums"]

#: Positions of one axis in a block: it and its transforms stay in a core's cache.
BLOCK = 1 << 16

#: A sum below this part of the track's moment has lost digits and is done again pair by pair.
CANCELLED = 1e-6

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PairSums:
    """Sums of a block of k tracks for the lags 1 to L.

    Attributes
    ----------
    members : ndarray of int64, shape (k,)
        Which tracks these are.
    pairs : ndarray of int64, shape (k, L)
        Number of pairs of positions.
    squares : ndarray of float64, shape (1 or ndim, k, L)
        Squared displacements; the first axis is summed over without `detail`.
    shifts : ndarray of float64, shape (ndim, k, L), or None
        Displacements, with `detail`.
    """

    members: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]
    squares: Array
    shifts: Array | None


@dataclass(frozen=True)
class _Dense:
    """Tracks of a block from their first frame on: positions about their mean, 0 where none is."""

    positions: Array  # (ndim, k, width)
    valid: npt.NDArray[np.bool_] | None  # (k, width), None if all are
    spans: npt.NDArray[np.int64]  # (k,)
    gapped: npt.NDArray[np.bool_] | None  # `valid` if frames are missing within the spans


def pair_sums(tracks: SortedTracks, max_lagtime: int, detail: bool = False) -> Iterator[PairSums]:
    """Yield the sums of all tracks that have two positions, in blocks of tracks of similar span.

    With x the positions about their mean (0 where there is none), q = x^2, v = 1 where there is a
    position and corr(a, b)[m] = sum over t of a[t] b[t + m], computed by FFT::

        squares = corr(v, q) + corr(q, v) - 2 corr(x, x)
        pairs   = corr(v, v)

    Without gaps the first two terms are running sums. Equivalent to the sums of `backends.cpu.msd`,
    up to rounding.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    max_lagtime : int
        Largest lag in frames; a block's L is this or what its longest track allows.
    detail : bool
        Keep the axes of the squares apart, and sum the displacements too.

    Yields
    ------
    PairSums
        Blocks; each track is in one of them.

    References
    ----------
    .. [1] V. Calandrini, E. Pellegrini, P. Calligari, K. Hinsen and G. R. Kneller, Collection SFN
       12, 201 (2011), https://doi.org/10.1051/sfn/201112010, section 4.2.
    """
    times, spans = short_gaps(tracks, max_lagtime)
    gaps = tracks.counts < spans
    # Tracks of one block are padded to its longest, so they differ by less than a third; within
    # such a class they keep their order, which leaves the rows of most blocks in one piece.
    classes = np.floor(np.log(spans) / np.log(4 / 3)).astype(np.int64)
    order = np.lexsort((classes, gaps))
    order = order[spans[order] > 1]
    start = 0
    while start < len(order):
        # More than this many of the first one's class do not fit into a block.
        rest = order[start : start + 1 + 4 * BLOCK // (3 * int(spans[order[start]]))]
        alike = (classes[rest] == classes[rest[0]]) & (gaps[rest] == gaps[rest[0]])
        rest = rest[: len(rest) if alike.all() else int(np.argmin(alike))]
        longest = int(spans[rest].max())
        lags = min(max_lagtime, longest - 1)
        members = rest[: max(1, BLOCK // (longest + lags))]
        yield _sums(_dense(tracks, times, spans, members), members, lags, detail)
        start += len(members)


def _dense(
    tracks: SortedTracks,
    times: npt.NDArray[np.int64],
    spans: npt.NDArray[np.int64],
    members: npt.NDArray[np.int64],
) -> _Dense:
    first, counts = tracks.starts[members], tracks.counts[members]
    width, k, ndim = int(spans[members].max()), len(members), len(tracks.positions)
    ends = np.cumsum(counts)
    rows: slice | npt.NDArray[np.int64] = slice(first[0], first[0] + ends[-1])
    if members[-1] - members[0] != k - 1:
        rows = np.arange(ends[-1]) + np.repeat(first - ends + counts, counts)
    full = bool((counts == width).all())
    if full:
        block = tracks.positions[:, rows].reshape(ndim, k, width)
        valid = None
    else:
        places = times[rows] + np.repeat(np.arange(0, k * width, width) - times[first], counts)
        block = np.zeros((ndim, k, width))
        for axis, values in enumerate(tracks.positions):
            block[axis].reshape(-1)[places] = values[rows]
        valid = np.zeros((k, width), np.bool_)
        valid.reshape(-1)[places] = True
    # From the first position, then from the mean: a particle that rests has exact zeros.
    block = block - block[:, :, :1]
    if valid is not None:
        block *= valid
    block -= (block.sum(axis=2) / counts)[:, :, None]
    if valid is not None:
        block *= valid
    return _Dense(block, valid, spans[members], valid if counts[0] < spans[members[0]] else None)


def _sums(dense: _Dense, members: npt.NDArray[np.int64], lags: int, detail: bool) -> PairSums:
    x = dense.positions
    length = fft.next_fast_len(x.shape[2] + lags, real=True)
    transform = fft.rfft(x, length, axis=2)
    power = transform.real**2 + transform.imag**2
    square = x * x
    if not detail:
        power, square = power.sum(axis=0, keepdims=True), square.sum(axis=0, keepdims=True)
    moments = square.sum(axis=2)
    shifted: Array | None = None
    if dense.gapped is not None:
        presence = fft.rfft(dense.gapped, length, axis=1)
        pairs = np.rint(_inverse(presence.real**2 + presence.imag**2, length, lags))
        crossed = presence.conj() * fft.rfft(square, length, axis=2)
        squares = _inverse(2 * (crossed.real - power), length, lags)
        if detail:
            shifted = _inverse(2j * (presence.conj() * transform).imag, length, lags)
    else:
        pairs = np.maximum(dense.spans[:, None] - np.arange(1, lags + 1), 0)
        head, tail = _ends(square, dense.spans, lags)
        squares = 2 * moments[:, :, None] - np.cumsum(head + tail, axis=2)
        squares -= 2 * _inverse(power, length, lags)
        if detail:
            head, tail = _ends(x, dense.spans, lags)
            shifted = np.cumsum(tail - head, axis=2)
    _repair(squares, moments, pairs, dense)
    if shifted is not None:
        shifted *= pairs > 0
    return PairSums(members, pairs.astype(np.int64), squares, shifted)


def _inverse(spectrum: npt.NDArray[Any], length: int, lags: int) -> Array:
    """Return the correlation at the lags 1 to `lags` of what has this spectrum."""
    return np.asarray(fft.irfft(spectrum, length, axis=-1)[..., 1 : lags + 1])


def _ends(values: Array, spans: npt.NDArray[np.int64], lags: int) -> tuple[Array, Array]:
    """Return the first `lags` values of each track, and the last ones from the end backwards."""
    places = np.maximum(spans[:, None] - np.arange(1, lags + 1), 0)
    return values[:, :, :lags], np.take_along_axis(values, places[None], axis=2)


def _repair(squares: Array, moments: Array, pairs: Array, dense: _Dense) -> None:
    """Sum again, pair by pair, where the difference of large sums has lost too many digits."""
    x = dense.positions
    squares *= pairs > 0
    bad = (squares < CANCELLED * moments[:, :, None]) & (pairs > 0)
    for lag in np.flatnonzero(bad.any(axis=(0, 1))):
        tracks = np.flatnonzero(bad[:, :, lag].any(axis=0))
        steps = x[:, tracks, lag + 1 :] - x[:, tracks, : -lag - 1]
        if dense.valid is not None:
            valid = dense.valid[tracks]
            steps *= valid[:, lag + 1 :] & valid[:, : -lag - 1]
        direct = (steps * steps).sum(axis=2)
        squares[:, tracks, lag] = direct if len(squares) == len(x) else direct.sum(axis=0)
