"""Connected components: the mirror against a walk, the kernels against the mirror."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu

Edges = tuple[np.ndarray, np.ndarray, int, int]


def drawn(n_edges: int, n_sources: int, n_targets: int) -> Edges:
    rng = np.random.default_rng(n_edges + n_sources)
    target = np.sort(rng.integers(0, n_targets, n_edges))
    return rng.integers(0, n_sources, n_edges), target, n_sources, n_targets


def chain(n: int, shuffled: bool = True) -> Edges:
    """Return one long way: target, source, target, and so on, in any order of numbers."""
    rng = np.random.default_rng(n)
    sources, targets = (rng.permutation(n) if shuffled else np.arange(n)[::-1] for _ in range(2))
    source, target = np.repeat(sources, 2)[:-1], np.repeat(targets, 2)[1:]
    order = np.argsort(target, kind="stable")
    return source[order], target[order], n, n


def star(n: int) -> Edges:
    return np.full(n, 3), np.arange(n), 5, n


GRAPHS = {
    "one edge": drawn(1, 1, 1),
    "no edges": drawn(0, 3, 2),
    "nothing": drawn(0, 0, 1),
    "sparse": drawn(100, 150, 150),
    "critical": drawn(257, 180, 150),
    "dense": drawn(256, 30, 40),
    "255 edges": drawn(255, 300, 300),
    "few sources": drawn(80, 2, 100),
    "chain": chain(150),
    "chain downwards": chain(60, shuffled=False),
    "star": star(100),
    "all to all": (np.tile(np.arange(9), 8), np.repeat(np.arange(8), 9), 9, 8),
    "256 nodes": drawn(128, 128, 128),
    "257 nodes": drawn(128, 129, 128),
    "255 nodes": drawn(128, 127, 128),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_kernel(cuda: ModuleType, name: str) -> None:
    import cupy

    source, target, n_sources, n_targets = GRAPHS[name]
    given = cupy.asarray(source), cupy.asarray(target)
    expected = cpu.components(source, target, n_sources, n_targets)
    for ours, array in zip(cuda.components(*given, n_sources, n_targets), expected, strict=True):
        assert ours.dtype == array.dtype
        np.testing.assert_array_equal(ours.get(), array)


def test_kernel_without_nodes(cuda: ModuleType) -> None:
    import cupy

    none = cupy.empty(0, cupy.int64)
    assert [part.size for part in cuda.components(none, none, 0, 0)] == [0, 0]


@pytest.mark.parametrize("name", GRAPHS)
def test_by_a_walk(name: str) -> None:
    source, target, n_sources, n_targets = GRAPHS[name]
    joined: dict[int, set[int]] = {node: set() for node in range(n_targets + n_sources)}
    for s, t in zip((source + n_targets).tolist(), target.tolist(), strict=True):
        joined[s].add(t)
        joined[t].add(s)
    label = [-1] * len(joined)
    for node in joined:
        todo = [node] if label[node] < 0 else []
        while todo:
            at = todo.pop()
            if label[at] < 0:
                label[at] = node
                todo += joined[at]
    of_source, of_target = cpu.components(source, target, n_sources, n_targets)
    assert [*of_target.tolist(), *of_source.tolist()] == label
