"""Launchers of the `msd` kernels; the mirrors in `spotgpu.backends.cpu` specify them."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["ensemble", "msd"]

THREADS, TILE, RUN = 64, 512, 16
LAGS, WARPS = 2 * THREADS, THREADS // 32


def msd(
    positions: Array, valid: Array, starts: Array, max_lagtime: int, detail: bool = False
) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.msd`, on the device."""
    axes, n = positions.shape
    tracks, columns = len(starts) - 1, 2 * axes + 1 if detail else 1
    means = cupy.empty((columns, tracks, max_lagtime))
    pairs = cupy.empty((tracks, max_lagtime), cupy.int64)
    if pairs.size:
        grid = (tracks, blocks(max_lagtime, LAGS))
        arguments = (positions, valid, starts, axes, n, max_lagtime, means, pairs)
        launch("msd", "track_means", grid, THREADS, arguments, _defines(detail, max_lagtime > LAGS))
    return means, pairs


def ensemble(means: Array, pairs: Array, spans: Array, counts: Array) -> Array:
    """As `spotgpu.backends.cpu.ensemble`, on the device."""
    columns, tracks, lags = means.shape
    runs = blocks(tracks, RUN)
    totals = cupy.empty((columns + 1, runs, lags))
    if totals.size:
        weights = cupy.empty((tracks, lags))
        arguments = (pairs, spans, counts, tracks, lags, weights)
        launch("msd", "weigh_tracks", blocks(tracks, WARPS), THREADS, arguments, _defines())
        arguments = (means, weights, columns, tracks, lags, totals)
        launch("msd", "add_tracks", (runs, columns + 1), THREADS, arguments, _defines())
    return totals


def _defines(detail: bool = False, far: bool = False) -> dict[str, int]:
    """Return the constants; lags beyond what a block's tile holds have a tile of their own."""
    pieces = 2 if far else 1
    return {
        "THREADS": THREADS,
        "TILE": TILE // pieces,
        "PIECES": pieces,
        "DETAIL": int(detail),
        "RUN": RUN,
    }
