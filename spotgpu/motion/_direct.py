"""Means over all pairs of positions at each lag, by direct sums on a device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.motion._tracks import SortedTracks, short_gaps

__all__ = ["direct_means"]

#: Bytes on the device of a chunk of tracks.
CHUNK = 1 << 28

#: Chunks are of a multiple of so many tracks, which `ensemble` adds up together.
RUN = 16

Result = TypeVar("Result")
#: What `backends.cpu.msd` takes.
Frames = tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]


def direct_means(
    tracks: SortedTracks,
    lags: int,
    detail: bool,
    backend: ModuleType,
    bring: Callable[[Any, Any, slice], Result],
) -> Iterator[tuple[slice, Result]]:
    """Yield what becomes of the means of all tracks, in chunks of tracks.

    Parameters
    ----------
    tracks : SortedTracks
        The trajectories.
    lags : int
        Largest lag in frames.
    detail : bool
        As in `backends.cpu.msd`.
    backend : module
        Where to compute.
    bring : callable
        ``bring(means, pairs, members)`` brings what is wanted of a chunk to the host: `means` and
        `pairs` are as from ``backend.msd``, `members` says which tracks these are.

    Yields
    ------
    tuple
        Which tracks, and what `bring` returned; the same however many tracks a chunk has.

    Raises
    ------
    SpotgpuError
        If the device has no memory for 16 tracks.

    Warns
    -----
    UserWarning
        If the device ran out of memory, so that fewer tracks are computed at once.
    """
    times, spans = short_gaps(tracks, lags)
    ndim, n = len(tracks.positions), len(spans)
    ends = np.cumsum(spans * (8 * ndim + 1) + 8 * lags * ((2 * ndim + 3) if detail else 3))
    limit, first = CHUNK, 0
    while first < n:
        before = ends[first - 1] if first else 0
        past = int(np.searchsorted(ends, before + limit, side="right"))
        if past < n:
            past = min(n, first + max(RUN, (past - first) // RUN * RUN))
        members = slice(first, past)
        try:
            result = _chunk(
                _frames(tracks, times, spans, members), lags, detail, backend, bring, members
            )
        except MemoryError as error:
            if past - first <= RUN:
                raise SpotgpuError(
                    f"the device has no memory for {past - first} tracks, the longest of "
                    f"{spans[members].max()} frames, and {lags} lags: use device='cpu' ({error})"
                ) from error
            warnings.warn(
                f"the device ran out of memory for {past - first} tracks: going on with fewer "
                "at once",
                stacklevel=4,
            )
            limit = int(ends[past - 1] - before) // 2
            continue
        yield members, result
        first = past


def _chunk(
    frames: Frames,
    lags: int,
    detail: bool,
    backend: ModuleType,
    bring: Callable[[Any, Any, slice], Result],
    members: slice,
) -> Result:
    """Compute one chunk; what it had on the device is free afterwards."""
    positions, valid, starts = map(backend.put, frames)
    means, pairs = backend.msd(positions, valid, starts, lags, detail)
    return bring(means, pairs, members)


def _frames(
    tracks: SortedTracks,
    times: npt.NDArray[np.int64],
    spans: npt.NDArray[np.int64],
    members: slice,
) -> Frames:
    """Return positions, valid and starts of some tracks, as `backends.cpu.msd` takes them."""
    first, counts = tracks.starts[:-1][members], tracks.counts[members]
    starts = np.concatenate([[0], np.cumsum(spans[members])])
    rows = slice(first[0], first[-1] + counts[-1])
    given = tracks.positions[:, rows]
    if given.shape[1] == starts[-1]:
        return np.ascontiguousarray(given), np.ones(starts[-1], np.bool_), starts
    places = times[rows] + np.repeat(starts[:-1] - times[first], counts)
    positions = np.zeros((len(given), starts[-1]))
    for own, values in zip(positions, given, strict=True):
        own[places] = values
    valid = np.zeros(starts[-1], np.bool_)
    valid[places] = True
    return positions, valid, starts
