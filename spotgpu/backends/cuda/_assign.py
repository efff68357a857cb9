"""Launcher of the `assign` kernels; the mirror `spotgpu.backends.cpu.assign` specifies them."""

from __future__ import annotations

import cupy

from spotgpu.backends.blocks import TRIED, assignments_by_side
from spotgpu.backends.cuda import _group
from spotgpu.backends.cuda._components import components
from spotgpu.backends.cuda._launch import Array, blocks, launch
from spotgpu.backends.cuda._scan import scan

__all__ = ["assign"]

THREADS = 256
WARPS = THREADS // 32


def assign(
    source: Array, target: Array, cost: Array, n_sources: int, n_targets: int, null_cost: float
) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.assign`, on the device."""
    match = cupy.full(n_targets, -1, cupy.int64)
    open_ = cupy.empty(len(source), cupy.bool_)
    if len(source) == 0:
        return match, open_
    ways = cupy.asarray(assignments_by_side(TRIED), cupy.int32)
    defines = {"THREADS": THREADS, "WARPS": WARPS, "SIDE": TRIED, "WAYS": len(ways)}
    _, of_target = components(source, target, n_sources, n_targets)
    members, start = _gathered(of_target[target], n_targets)
    arguments = (members, start, n_targets, source, target, cost, ways, null_cost, match, open_)
    launch("assign", "solve", blocks(n_targets, THREADS), THREADS, arguments, defines)
    return match, open_


def _gathered(key: Array, n_keys: int) -> tuple[Array, Array]:
    """Return the members of each key as `group` does, but in any order, however many they are."""
    n, n_blocks = len(key), blocks(len(key), _group.THREADS)
    counts = cupy.zeros(n_keys, cupy.int64)
    slot, members = cupy.empty((2, n), cupy.int64)
    size = n_blocks, _group.THREADS
    launch("group", "count_members", *size, (key, n, counts, slot), _group.DEFINES)
    start = scan(counts)
    launch("group", "place_members", *size, (key, slot, n, start, members), _group.DEFINES)
    return members, start
