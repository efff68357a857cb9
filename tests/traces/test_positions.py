"""Positions at random, on lines and in collages."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from spotgpu.traces import collage_positions, positions_from_A_to_B, random_positions


def test_all_pixels_are_as_likely() -> None:
    rng = np.random.default_rng(3)
    counts = Counter(p for _ in range(2000) for p in random_positions((3, 4), 5, seed=rng))
    assert set(counts) == {(x, y) for x in range(4) for y in range(3)}
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_all_are_different() -> None:
    every = random_positions((5, 7), 35)
    assert sorted(every) == [(x, y) for x in range(7) for y in range(5)]
    assert len(set(random_positions((1000, 1000), 5000))) == 5000
    assert random_positions((5, 7), 0) == []
    assert random_positions(np.zeros((3, 3)), 0) == []


@pytest.mark.parametrize("kind", [bool, np.uint8, float, list])
def test_only_where_the_mask_is(kind: Any) -> None:
    mask = np.zeros((6, 9), int)
    mask[2, 3:8] = 2
    given = mask.tolist() if kind is list else mask.astype(kind)
    assert sorted(random_positions(given, 5)) == [(x, 2) for x in range(3, 8)]
    assert sorted(random_positions(given, 5, order="yx")) == [(2, x) for x in range(3, 8)]


def test_volumes() -> None:
    mask = np.zeros((3, 4, 5), bool)
    mask[1, 2, 3] = True
    assert random_positions(mask) == [(3, 2, 1)]
    assert random_positions(mask, order="yx") == [(1, 2, 3)]
    assert np.array(random_positions((1, 2, 30), 60)).max(axis=0).tolist() == [29, 1, 0]


def test_seeds() -> None:
    first = random_positions((50, 60), 10, seed=4)
    assert first == random_positions((50, 60), 10, seed=4)
    assert first != random_positions((50, 60), 10, seed=5)
    assert first != random_positions((50, 60), 10)
    assert first == random_positions((50, 60), 10, seed=np.random.default_rng(4))
    assert first == [p[::-1] for p in random_positions((50, 60), 10, seed=4, order="yx")]
    assert {type(value) for position in first for value in position} == {int}


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (((3, 3), 10), {}, ValueError, "`N` must be at most 9, the pixels to choose from, got 10"),
        ((np.eye(3), 4), {}, ValueError, "`N` must be at most 3"),
        (((3, 3), -1), {}, ValueError, "`N` must be an integer >= 0"),
        (((3, 0),), {}, ValueError, "`shape_or_mask` must be an integer >= 1"),
        (((3.5, 3),), {}, TypeError, "`shape_or_mask` must be an integer"),
        (((3,),), {}, ValueError, "`shape_or_mask` must be a shape"),
        ((np.zeros((1, 2, 3, 4)),), {}, ValueError, "`shape_or_mask` must be a shape"),
        ((np.full((2, 2), np.nan),), {}, ValueError, "`shape_or_mask` must have no NaN"),
        (("ab",), {}, TypeError, "`shape_or_mask` must be a shape or an array of numbers"),
        (((3, 3),), {"seed": -1}, ValueError, "`seed` must be"),
        (((3, 3),), {"seed": "a"}, TypeError, "`seed` must be"),
        (((3, 3),), {"order": "rc"}, ValueError, "`order` must be one of"),
    ],
)
def test_bad_random(arguments: Any, options: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        random_positions(*arguments, **options)


def test_lines() -> None:
    assert positions_from_A_to_B(1, (3, 4), (9, 9)) == [(3.0, 4.0)]
    assert positions_from_A_to_B(2, (3, 4), (9, 9)) == [(3.0, 4.0), (9.0, 9.0)]
    assert positions_from_A_to_B(4, [0, 9], np.array([6, 0])) == [(0, 9), (2, 6), (4, 3), (6, 0)]
    assert positions_from_A_to_B(3, (0, 0, 0), (1, 2, 4)) == [(0, 0, 0), (0.5, 1, 2), (1, 2, 4)]
    whole = positions_from_A_to_B(5, (0, 0), (2, 10), as_integers=True)
    assert whole == [(0, 0), (0, 2), (1, 5), (2, 8), (2, 10)]
    assert {type(value) for position in whole for value in position} == {int}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, (0, 0), (1, 1)), ValueError, "`N` must be an integer >= 1"),
        ((2, (0, 0), (1, 1, 1)), ValueError, "`B` must have as many components as `A`, 2"),
        ((2, (0,), (1, 1)), ValueError, "`A` must be a position"),
        ((2, (0, 0), (1, np.inf)), ValueError, "`B` must be a position, 2 or 3 finite numbers"),
        ((2, (0, 0), "ab"), TypeError, "`B` must be a position"),
    ],
)
def test_bad_lines(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        positions_from_A_to_B(*arguments)


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_collages_show_the_same_pixels(order: str) -> None:
    """A collage made of five images, the last row short, has at the new places what was there."""
    rng = np.random.default_rng(0)
    images = rng.random((5, 4, 7))
    blank = np.zeros((4, 7))
    collage = np.block([[images[0], images[1], images[2]], [images[3], images[4], blank]])
    positions = [random_positions((4, 7), n, seed=n, order=order) for n in (3, 1, 0, 4, 2)]
    before = [list(several) for several in positions]
    found = collage_positions(positions, (4, 7), 3, order=order)
    assert positions == before
    swap = 1 if order == "yx" else -1
    expected = [
        image[p[::swap]] for image, several in zip(images, positions, strict=True) for p in several
    ]
    assert [collage[p[::swap]] for p in found] == expected
    assert {type(value) for position in found for value in position} == {int}


def test_collages_of_any_arrays() -> None:
    given = [np.array([[250, 1]], np.uint8), [(0.5, 1)], np.empty((0, 2))]
    kept = given[0].copy()
    assert collage_positions(given, (10, 300)) == [(250, 1), (300.5, 1.0)]
    np.testing.assert_array_equal(given[0], kept)
    assert collage_positions([], (10, 10)) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[(1, 2)], [(1, 2, 3)]], (4, 4)), ValueError, r"`positions\[1\]` must be of shape"),
        (([(1, 2)], (4, 4)), ValueError, r"`positions\[0\]` must be of shape \(n, 2\), got \(2,\)"),
        (([["ab"]], (4, 4)), TypeError, r"`positions\[0\]` must be of numbers"),
        (([], (4, 4, 3)), ValueError, r"`image_shape` must be \(Y, X\)"),
        (([], (4, 0)), ValueError, "`image_shape` must be an integer >= 1"),
        (([], (4, 4), 0), ValueError, "`ncols` must be an integer >= 1"),
    ],
)
def test_bad_collages(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        collage_positions(*arguments)
