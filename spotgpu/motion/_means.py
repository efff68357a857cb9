"""Means over all pairs of positions at each lag: of each track, and summed over the tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spotgpu.backends import cpu
from spotgpu.motion._direct import direct_means
from spotgpu.motion._pairs import PairSums, pair_sums
from spotgpu.motion._tracks import SortedTracks

__all__ = ["Members", "ensemble_sums", "track_means"]

Array = npt.NDArray[np.float64]
#: Which tracks.
Members = npt.NDArray[np.int64] | slice
Result = TypeVar("Result")


def track_means(
    tracks: SortedTracks,
    lags: int,
    detail: bool,
    backend: ModuleType,
    bring: Callable[[Any, Any, Members], Result],
) -> Iterator[tuple[Members, Result]]:
    """Yield what becomes of the means of all tracks that have two positions, part by part.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    lags : int
        Largest lag in frames; a part may have fewer.
    detail : bool
        As in `backends.cpu.msd`.
    backend : module
        Where to compute: by FFT on the CPU, elsewhere by direct sums.
    bring : callable
        ``bring(means, pairs, members)`` returns what is wanted of a part, on the host: `means` and
        `pairs` as from `backends.cpu.msd`, of the tracks `members`.

    Yields
    ------
    tuple
        Which tracks, and what `bring` returned.
    """
    if backend is not cpu:
        yield from direct_means(tracks, lags, detail, backend, bring)
        return
    for sums in pair_sums(tracks, lags, detail):
        yield sums.members, bring(_means(sums), sums.pairs, sums.members)


def _means(sums: PairSums) -> Array:
    columns = sums.squares
    if sums.shifts is not None:
        columns = np.concatenate([sums.shifts, columns, columns.sum(axis=0, keepdims=True)])
    return np.asarray(columns / np.where(sums.pairs > 0, sums.pairs, np.nan))


def ensemble_sums(
    backend: ModuleType, tracks: SortedTracks, means: Any, pairs: Any, members: Members
) -> Array:
    """Return the weighted sums over runs of tracks.

    Parameters
    ----------
    backend : module
        Where `means` and `pairs` are.
    tracks : SortedTracks
        The trajectories.
    means, pairs : array
        As from `backends.cpu.msd`, of the tracks `members`.
    members : ndarray of int64, or slice
        Which tracks these are.

    Returns
    -------
    ndarray of float64, shape (C + 1, R, L)
        As from `backends.cpu.ensemble`; on the host.
    """
    spans, counts = backend.put(tracks.spans[members]), backend.put(tracks.counts[members])
    return np.asarray(backend.get(backend.ensemble(means, pairs, spans, counts)))
