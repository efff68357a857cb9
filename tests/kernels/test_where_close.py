"""Close spots: the mirror against all pairs, the kernels against the mirror."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotgpu.backends import cpu

SEPARATION = (4.0, 3.0, 5.0)


def spots(n: int, ndim: int, frames: int, extent: float, seed: int) -> tuple[np.ndarray, ...]:
    """Return frames, positions and masses, some of which are equal."""
    rng = np.random.default_rng(seed)
    frame = np.sort(rng.integers(5, 5 + frames, n))
    positions = rng.uniform(-extent / 10, extent, (n, ndim))
    positions[: n // 2] = np.round(positions[: n // 2])
    return frame, positions, rng.integers(1, 4, n).astype(float)


def every_pair(
    frame: np.ndarray, positions: np.ndarray, separation: Any, mass: np.ndarray
) -> np.ndarray:
    scaled = positions / separation
    dropped = np.zeros(len(scaled), bool)
    for i in range(len(scaled)):
        for j in range(i + 1, len(scaled)):
            apart = np.sqrt(((scaled[i] - scaled[j]) ** 2).sum())
            if frame[i] == frame[j] and apart < 1 - 1e-9:
                keys = [(mass[k], scaled[k].sum(), k) for k in (i, j)]
                dropped[min(keys)[2]] = True
    return dropped


def both(cuda: ModuleType, frame: Any, positions: Any, separation: Any, mass: Any) -> np.ndarray:
    """Return what the kernels mark, which must be what the mirror marks."""
    import cupy

    arrays = [np.asarray(a, t) for a, t in ((frame, np.int64), (positions, float), (mass, float))]
    ours = cuda.where_close(*map(cupy.asarray, arrays[:2]), separation, cupy.asarray(arrays[2]))
    assert ours.dtype == bool
    expected = cpu.where_close(arrays[0], arrays[1], separation, arrays[2])
    np.testing.assert_array_equal(ours.get(), expected)
    return expected


#: Two spots, separation 4, and which of them goes.
PAIRS = [
    ([[5, 5], [5, 5]], [1, 1], [True, False]),  # of equals the first
    ([[5, 5], [4, 6]], [1, 1], [True, False]),  # equal sums
    ([[4, 6], [5, 5]], [1, 1], [True, False]),
    ([[5, 5], [4, 5]], [1, 1], [False, True]),  # the smaller sum
    ([[4, 5], [5, 5]], [1, 1], [True, False]),
    ([[5, 4], [5, 5]], [1, 1], [True, False]),
    ([[4, 5], [5, 5]], [2, 1], [False, True]),  # the mass comes first
    ([[5, 5], [4, 5]], [1, 2], [True, False]),
    ([[0, 0], [0, 4]], [1, 2], [False, False]),  # exactly one separation apart
    ([[0, 0], [4 - 3e-7, 0]], [1, 2], [False, False]),
    ([[0, 0], [4 - 5e-7, 0]], [1, 2], [True, False]),
    ([[0, 0], [4 * (1 - 1e-7), 0]], [1, 2], [True, False]),  # just close enough
    ([[-0.1, 0], [0.1, 0]], [1, 2], [True, False]),  # across zero
    ([[0, 0], [3, 3]], [1, 2], [False, False]),  # too far on the diagonal
    ([[3.9, 3.9], [5.9, 5.9]], [1, 2], [True, False]),  # corners of cells
    ([[5.9, 3.9], [3.9, 5.9]], [1, 2], [True, False]),
]


@pytest.mark.parametrize(("positions", "mass", "gone"), PAIRS)
def test_kernel_on_pairs(cuda: ModuleType, positions: Any, mass: Any, gone: list[bool]) -> None:
    assert both(cuda, [7, 7], positions, (4, 4), mass).tolist() == gone
    assert not both(cuda, [7, 8], positions, (4, 4), mass).any()


@pytest.mark.parametrize(
    ("n", "ndim", "frames", "extent"),
    [(0, 2, 1, 9), (1, 3, 1, 9), (300, 2, 3, 40), (127, 2, 1, 3), (128, 3, 2, 12), (129, 3, 1, 20)],
)
def test_kernel(cuda: ModuleType, n: int, ndim: int, frames: int, extent: float) -> None:
    frame, positions, mass = spots(n, ndim, frames, extent, n)
    marked = both(cuda, frame, positions, SEPARATION[:ndim], mass)
    assert marked.any() == (n > 1)


@pytest.mark.parametrize("ndim", [2, 3])
def test_rows_of_cells_are_as_good_as_random(
    cuda: ModuleType, monkeypatch: pytest.MonkeyPatch, ndim: int
) -> None:
    """Axis by axis multiplied by the odd number below 2^64 over the golden ratio."""
    from spotgpu.backends.cuda import _where_close

    keys, group = [], _where_close.group
    monkeypatch.setattr(
        _where_close, "group", lambda key, n: (keys.append((key.get(), n)), group(key, n))[1]
    )
    frame, positions, mass = spots(200, ndim, 3, 20, 1)
    both(cuda, frame, positions, SEPARATION[:ndim], mass)
    ((key, rows),) = keys
    cells = np.floor(positions / SEPARATION[:ndim]).astype(int)
    golden, expected = (math.isqrt(5 << 128) - (1 << 64)) // 2, []
    for number, cell in zip(frame.tolist(), cells.tolist(), strict=True):
        mixed = number
        for part in cell:
            mixed = (mixed + part) * golden % 2**64
        expected.append(mixed >> (64 - rows.bit_length() + 1))
    assert key.tolist() == expected


def test_kernel_takes_a_column(cuda: ModuleType) -> None:
    import cupy

    frame, positions, mass = spots(40, 2, 2, 10, 0)
    windows = cupy.asarray(np.column_stack([frame, positions.astype(np.int64)]))
    ours = cuda.where_close(windows[:, 0], cupy.asarray(positions), (4, 3), cupy.asarray(mass))
    np.testing.assert_array_equal(ours.get(), cpu.where_close(frame, positions, (4, 3), mass))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 60),
    ndim=st.sampled_from([2, 3]),
    frames=st.integers(1, 3),
    extent=st.sampled_from([3, 20, 1000]),
)
def test_mirror(seed: int, n: int, ndim: int, frames: int, extent: float) -> None:
    frame, positions, mass = spots(n, ndim, frames, extent, seed)
    separation = np.array(SEPARATION[:ndim])
    np.testing.assert_array_equal(
        cpu.where_close(frame, positions, separation, mass),
        every_pair(frame, positions, separation, mass),
    )
