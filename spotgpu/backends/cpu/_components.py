"""Mirror of the `components` kernels: which points are connected by candidates."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.compiled import compiled
from spotgpu.backends.pairs import Ints

__all__ = ["components"]


def components(source: Ints, target: Ints, n_sources: int, n_targets: int) -> tuple[Ints, Ints]:
    """Find the connected components of a graph between sources and targets.

    Parameters
    ----------
    source, target : ndarray of int64, shape (P,)
        The ends of each edge; in the order of targets.
    n_sources, n_targets : int
        How many there are.

    Returns
    -------
    tuple of ndarray of int64, shapes (n_sources,) and (n_targets,)
        The component of each source and of each target, named by its first target. A source
        without edges is ``n_targets + source``.
    """
    loops = compiled(len(source))
    if loops is not None:
        return loops.components(source, target, n_sources, n_targets)
    # Here, as a process that only finds spots has no use for it, and starts sooner.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    n = n_targets + n_sources
    start = np.full(n + 1, len(target), np.int32)
    start[: n_targets + 1] = np.searchsorted(target, np.arange(n_targets + 1))
    end = (source + n_targets).astype(np.int32)
    graph = csr_array((np.ones(len(end), np.int8), end, start), shape=(n, n))
    count, number = connected_components(graph, directed=False)
    # The last of what is written to a place stays: here, the first node.
    name = np.empty(count, np.int64)
    name[number[::-1]] = np.arange(n - 1, -1, -1)
    label: Ints = name[number]
    return label[n_targets:], label[:n_targets]
