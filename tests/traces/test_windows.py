"""Windows as runs, against each pixel asked by itself, in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from spotgpu import traces
from spotgpu.traces._windows import ring_of, window_of

SHAPES = [(9, 12), (3, 40), (1, 6), (4, 6, 9)]


def pixels(runs: Any) -> list[tuple[int, ...]]:
    """Return z, y, x of all pixels of runs, in their order."""
    return [(z, y, x) for z, y, first, end in runs.tolist() for x in range(first, end)]


def offsets(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the offsets that lead from one pixel of a frame to another, ascending."""
    padded = (1,) * (3 - len(shape)) + shape
    return list(product(*(range(1 - n, n) for n in padded)))


def squares(offset: tuple[int, ...], sides: Any) -> Fraction:
    """Return (2 d / s)^2, summed over the last axes."""
    near = offset[3 - len(sides) :]
    return sum(((2 * d / Fraction(s)) ** 2 for d, s in zip(near, sides, strict=True)), Fraction(0))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [2, 3, 5, 6, 7, 13, 2.5, 6.01, 100, (3, 8), (2, 5, 9), (1, 3)])
def test_discs(shape: tuple[int, ...], size: Any) -> None:
    sides = size if isinstance(size, tuple) else (size,) * len(shape)
    if len(sides) != len(shape):
        return
    wanted = [d for d in offsets(shape) if squares(d, sides) <= 1]
    assert pixels(window_of("disc", size, shape, "yx")) == wanted


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [2, 3, 8, 99, 10**30])
def test_rectangles(shape: tuple[int, ...], size: int) -> None:
    wanted = [
        offset
        for offset in offsets(shape)
        if all(-(size // 2) <= d < size - size // 2 for d in offset[3 - len(shape) :])
    ]
    assert pixels(window_of("rect", size, shape, "yx")) == wanted


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radii", [(0, 1), (1, 2), (2, 4), (2.5, 3.7), (0, 99), (3, 99)])
def test_rings(shape: tuple[int, ...], radii: tuple[float, float]) -> None:
    inner, outer = (Fraction(radius) ** 2 for radius in radii)
    wanted = [d for d in offsets(shape) if inner < sum(c * c for c in d) <= outer]
    if wanted:
        assert pixels(ring_of(radii, shape)) == wanted


@pytest.mark.parametrize("size", [1e15, 1e200, (1e200, 1e300)])
def test_windows_of_any_size(size: Any) -> None:
    """A window beyond all borders is the whole image."""
    video = np.arange(2 * 5 * 7).reshape(2, 5, 7)
    found = traces.extract_traces(video, (6, 0), size, window="disc")
    np.testing.assert_array_equal(found, video.mean(axis=(1, 2)))


def test_a_disc_as_long_as_the_image() -> None:
    assert pixels(window_of("disc", (1e200, 1), (2, 4), "xy")) == [(0, 0, x) for x in range(-3, 4)]


def test_rings_of_any_size() -> None:
    assert pixels(ring_of((1, 1e200), (2, 3))) == pixels(ring_of((1, 9), (2, 3)))
    with pytest.raises(ValueError, match="with pixels between them in frames of"):
        ring_of((1e200, 1e201), (2, 3))


@pytest.mark.parametrize(("kind", "value"), [("int64", 1 << 62), ("uint64", 1 << 63)])
def test_integers_of_64_bits_do_not_overflow(kind: str, value: int) -> None:
    video = np.full((2, 9, 9), value, kind)
    np.testing.assert_array_equal(traces.extract_traces(video, (4, 4)), [float(value)] * 2)
