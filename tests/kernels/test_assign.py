"""Small assignment problems: the mirror against all sets of links, the kernels against it."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from types import ModuleType

import numpy as np
import pytest

from spotgpu.backends import cpu
from spotgpu.backends.blocks import assignments_by_side
from tests.kernels.compared import same as as_mirrored

NULL = 9.0
Edges = list[tuple[int, int, float]]


def numbers(edges: Edges, seed: int | None = None) -> tuple[np.ndarray, ...]:
    """Return sources, targets and costs in the order of targets; `seed` shuffles the numbers."""
    source, target, cost = (np.array(part) for part in zip(*edges, strict=True))
    if seed is not None:
        rng = np.random.default_rng(seed)
        source = rng.permutation(source.max() + 3)[source]
        target = rng.permutation(target.max() + 3)[target]
    order = np.lexsort((source, target))
    return source[order], target[order], cost[order].astype(float)


def both(cuda: ModuleType, source: np.ndarray, target: np.ndarray, cost: np.ndarray) -> tuple:
    """Return the links and what is open by the kernels, which must be what the mirror says."""
    import cupy

    sizes = int(source.max(initial=0)) + 2, int(target.max(initial=0)) + 3
    given = [cupy.asarray(part) for part in (source, target, cost)]
    expected = cpu.assign(source, target, cost, *sizes, NULL)
    as_mirrored(cuda.assign(*given, *sizes, NULL), expected)
    return expected


def by_all_sets(source: np.ndarray, target: np.ndarray, cost: np.ndarray) -> tuple[dict, set]:
    """Return the source of each target that has one, and the numbers of the pairs left open."""
    left, match, open_ = set(range(len(source))), {}, set()
    while left:
        part = {left.pop()}
        while grown := {
            i for i in left for j in part if source[i] == source[j] or target[i] == target[j]
        }:
            part |= grown
            left -= grown
        rows, columns = ({int(end[i]) for i in part} for end in (source, target))
        n = max(len(rows), len(columns))
        pairs = {(int(source[i]), int(target[i])): Fraction(cost[i]) - Fraction(NULL) for i in part}
        if len(pairs) == 1:
            best = {frozenset(pairs)}
        elif min(len(rows), len(columns)) == 1:
            least = min(pairs.values())
            best = {frozenset({p}) for p, g in pairs.items() if g == least <= 0} or {frozenset()}
            best = best if len(pairs) <= 32 else set()
        elif n <= 5:
            filled = [*sorted(rows), *[-1] * (n - len(rows))]
            others = [*sorted(columns), *[-1] * (n - len(columns))]
            sets = {
                frozenset(p for p in zip(filled, way, strict=True) if pairs.get(p, 1) <= 0)
                for way in permutations(others)
            }
            least = min(sum(pairs[p] for p in links) for links in sets)
            best = {links for links in sets if sum(pairs[p] for p in links) == least}
        else:
            best = set()
        if len(best) == 1:
            match.update((t, s) for s, t in next(iter(best)))
        else:
            open_ |= part
    return match, open_


def same(found: tuple[np.ndarray, np.ndarray], expected: tuple[dict, set]) -> None:
    match, open_ = found
    assert {t: int(s) for t, s in enumerate(match) if s >= 0} == expected[0]
    assert set(np.flatnonzero(open_).tolist()) == expected[1]


def blocks(count: int, rows: int, columns: int, share: float, seed: int, high: float) -> Edges:
    """Return components of some rows and columns, of integer costs if `high` is one."""
    rng = np.random.default_rng(seed)
    edges = []
    for block in range(count):
        there = rng.uniform(size=(rows, columns)) < share
        there[0, :] |= ~there.any(axis=0)
        there[:, 0] |= ~there.any(axis=1)
        for r, c in np.argwhere(there).tolist():
            cost = rng.integers(0, int(high)) if high == int(high) else rng.uniform(0, high)
            edges.append((block * rows + r, block * columns + c, float(cost)))
    return edges


#: One component each: edges, links as (source, target), whether it stays open.
BY_HAND = [
    ([(0, 0, 4)], [(0, 0)], False),
    ([(0, 0, 9.5)], [(0, 0)], False),  # a pair is linked whatever it costs
    ([(0, 0, 4), (0, 1, 3)], [(0, 1)], False),
    ([(0, 0, 4), (1, 0, 3)], [(1, 0)], False),
    ([(0, 0, 4), (1, 0, 4)], [], True),
    ([(0, 0, 9), (1, 0, 9.5)], [(0, 0)], False),  # at the range
    ([(0, 0, 9.5), (1, 0, 9.5)], [], False),  # beyond it
    ([(0, 0, 9.5), (0, 1, 9.25)], [], False),
    ([(0, 0, 9), (0, 1, 9)], [], True),
    ([(0, 0, 1), (0, 1, 2), (1, 1, 9)], [(0, 0), (1, 1)], False),
    ([(0, 0, 1), (0, 1, 2), (1, 1, 9.5)], [(0, 0)], False),
    ([(0, 0, 4), (0, 1, 1), (1, 1, 3)], [(0, 0), (1, 1)], False),  # -5 - 6 against -8
    ([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)], [], True),
    ([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 2)], [(1, 0), (0, 1)], False),
    ([(0, 0, 9.5), (0, 1, 9.5), (1, 0, 9.5), (1, 1, 9.5)], [], False),
    ([(0, 0, 1), (0, 1, 1.25), (1, 0, 9), (1, 1, 9.5)], [(0, 0)], False),  # -8 + 0, not -8 + 0.5
]


@pytest.mark.parametrize(("edges", "links", "left"), BY_HAND)
def test_kernel_by_hand(cuda: ModuleType, edges: Edges, links: list, left: bool) -> None:
    match, open_ = both(cuda, *numbers(edges))
    assert [(int(s), t) for t, s in enumerate(match) if s >= 0] == sorted(links, key=lambda p: p[1])
    assert open_.tolist() == [left] * len(edges)


def test_kernel_on_stars(cuda: ModuleType) -> None:
    """Of 2 to 40 rays, 32 at most are solved; the shortest is anywhere."""
    edges: Edges = []
    for rays in (2, 3, 16, 31, 32, 33, 40):
        for shortest in (0, 1, rays // 2, rays - 1):
            first = len(edges) + 50
            costs = np.arange(rays) % 4 + 2.0
            costs[shortest] = 1
            edges += [(first, first + i, c) for i, c in enumerate(costs)]
            edges += [(first + i + 1, first - 1, c) for i, c in enumerate(costs)]
    both(cuda, *numbers(edges))


@pytest.mark.parametrize("high", [9.5, 4.0, 11.0])
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_kernel_on_blocks(cuda: ModuleType, share: float, high: float) -> None:
    """Up to 5 x 5 is solved; ties, costs at the null cost and beyond it stay as they are."""
    edges: Edges = []
    for rows, columns in ((2, 2), (2, 5), (5, 2), (3, 4), (5, 5), (6, 2), (2, 6), (6, 6)):
        first = len(edges) + 10
        part = blocks(3, rows, columns, share, rows * 10 + columns, high)
        edges += [(first + s, first + t, c) for s, t, c in part]
    match, open_ = both(cuda, *numbers(edges, seed=1))
    assert open_.any()
    assert (match >= 0).any()


def test_kernel_leaves_many_pairs(cuda: ModuleType) -> None:
    """32 pairs of 5 x 8, and 33 and more of others, are open to the last."""
    edges = [(s, t, 1.0 + s + t) for s in range(4) for t in range(8)]
    edges += [(10 + s, 10 + t, 1.0 + s + t) for s in range(3) for t in range(11)]
    edges += [(20 + s, 30 + t, 1.0) for s in range(7) for t in range(10)]
    match, open_ = both(cuda, *numbers(edges))
    assert open_.all()
    assert (match == -1).all()


def same_lane() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of assignments of 5 rows that one lane tries, that differ in a cycle of 3."""
    ways = assignments_by_side(5) % 5
    pairs = [(ways[i], ways[j]) for i in range(120) for j in range(i + 32, 120, 32)]
    return [(a, b) for a, b in pairs if np.count_nonzero(a != b) == 3]


def test_kernel_on_ties_in_a_lane(cuda: ModuleType) -> None:
    """Two sets are best and no others: what differs in them is one cycle."""
    found = same_lane()
    assert len(found) > 3
    for a, b in found:
        costs = np.full((5, 5), 8.5)
        costs[range(5), a] = costs[range(5), b] = 1
        match, open_ = both(cuda, *numbers([(r, c, costs[r, c]) for r, c in np.ndindex(5, 5)]))
        assert open_.all()
        # A hair less, and one of them is the best.
        costs[range(5), b] = np.where(a == b, 1, 0.75)
        match, open_ = both(cuda, *numbers([(r, c, costs[r, c]) for r, c in np.ndindex(5, 5)]))
        assert not open_.any()
        assert match[b].tolist() == list(range(5))


def test_kernel_on_one_set_in_several_assignments(cuda: ModuleType) -> None:
    """Assignments that differ in pairs beyond the null cost only are the same set."""
    for a, b in same_lane():
        costs = np.full((5, 5), 9.5)
        rows = np.flatnonzero(a == b)
        costs[rows, a[rows]] = 1
        match, open_ = both(cuda, *numbers([(r, c, costs[r, c]) for r, c in np.ndindex(5, 5)]))
        assert not open_.any()
        assert {t: int(s) for t, s in enumerate(match) if s >= 0} == {a[r]: r for r in rows}


def test_kernel_sums_in_the_order_of_sources(cuda: ModuleType) -> None:
    """Two sets of the same gains: rounding decides, and in the other order decides otherwise."""
    rng = np.random.default_rng(0)
    seen, tried = set(), 0
    while len(seen) < 3 or tried < 25:
        a, b, c = rng.uniform(0, 9, 3)
        gains = [x - NULL for x in (a, b, c)]
        ours, other = gains[0] + gains[1] + gains[2], gains[1] + gains[2] + gains[0]
        backwards = gains[2] + gains[1] + gains[0], gains[0] + gains[2] + gains[1]
        if (ours < other) == (backwards[0] < backwards[1]):
            continue
        tried += 1
        edges = [(0, 0, a), (1, 1, b), (2, 2, c), (0, 1, b), (1, 2, c), (2, 0, a)]
        match, open_ = both(cuda, *numbers(edges))
        seen.add(float(np.sign(ours - other)))
        if ours == other:
            assert open_.all()
        else:
            assert match[:3].tolist() == ([0, 1, 2] if ours < other else [2, 0, 1])


@pytest.mark.parametrize("n", [0, 7, 8, 9, 70])
def test_kernel_on_pairs(cuda: ModuleType, n: int) -> None:
    rng = np.random.default_rng(n)
    both(cuda, rng.permutation(n), np.arange(n), rng.uniform(0, 9, n))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("high", [9.5, 4.0, 11.0])
def test_all_sets(seed: int, high: float) -> None:
    rng = np.random.default_rng(seed)
    edges: Edges = []
    for _ in range(12):
        first = len(edges) + 7
        rows, columns = rng.integers(1, 7, 2).tolist()
        part = blocks(1, rows, columns, rng.uniform(0.2, 1), int(rng.integers(1000)), high)
        edges += [(first + s, first + t, c) for s, t, c in part]
    given = numbers(edges, seed)
    found = cpu.assign(*given, int(given[0].max()) + 1, int(given[1].max()) + 1, NULL)
    same(found, by_all_sets(*given))


def test_all_sets_of_a_movie() -> None:
    """Random candidates, of which components of all kinds form."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        pairs = np.unique(rng.integers(0, 60, (40 + 5 * seed, 2)), axis=0).tolist()
        edges = [(s, t, rng.integers(0, 30) / 2) for s, t in pairs]
        given = numbers(edges)
        same(cpu.assign(*given, 60, 60, NULL), by_all_sets(*given))
