"""Launcher of the `components` kernels, specified by `spotgpu.backends.cpu.components`."""

from __future__ import annotations

import cupy

from spotgpu.backends.cuda._launch import Array, blocks, launch

__all__ = ["components"]

THREADS = 256
DEFINES = {"THREADS": THREADS}


def components(source: Array, target: Array, n_sources: int, n_targets: int) -> tuple[Array, Array]:
    """As `spotgpu.backends.cpu.components`, on the device."""
    n, n_nodes = len(source), n_targets + n_sources
    parent = cupy.arange(n_nodes, dtype=cupy.int64)
    label = cupy.empty_like(parent)
    if n:
        arguments = (source, target, n, n_targets, parent)
        launch("components", "join_trees", blocks(n, THREADS), THREADS, arguments, DEFINES)
    if n_nodes:
        nodes = (parent, n_nodes, label)
        launch("components", "name_nodes", blocks(n_nodes, THREADS), THREADS, nodes, DEFINES)
    return label[n_targets:], label[:n_targets]
