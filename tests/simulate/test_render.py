"""Images of spots against the formula, summed over all pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from spotgpu.simulate import render


def dense(
    centres: np.ndarray, shape: tuple[int, ...], sigma: Any, signal: Any, background: Any
) -> np.ndarray:
    image = np.zeros(shape) + background
    grids = np.indices(shape, dtype=float)
    sigma = np.broadcast_to(sigma, len(shape))
    for centre, height in zip(centres, np.broadcast_to(signal, len(centres)), strict=True):
        squares = sum(((g - c) / s) ** 2 for g, c, s in zip(grids, centre, sigma, strict=True))
        image += height * np.exp(-squares / 2)
    return image


@pytest.mark.parametrize(("shape", "sigma"), [((40, 50), 2.0), ((12, 30, 25), (0.8, 2.0, 1.5))])
def test_equals_the_formula(shape: tuple[int, ...], sigma: Any) -> None:
    rng = np.random.default_rng(1)
    centres = rng.uniform(-6, np.array(shape) + 5, (30, len(shape)))
    heights = rng.uniform(0, 100, 30)
    ours = render(centres, shape, sigma=sigma, signal=heights, background=7.0)
    exact = dense(centres, shape, sigma, heights, 7.0)
    # A spot ends where it has 4e-6 of its height.
    np.testing.assert_allclose(ours, exact, atol=100 * 4e-6 * 4)
    assert ours.dtype == np.float64


@settings(max_examples=30, deadline=None)
@given(st.floats(-30, 60), st.floats(-30, 60), st.floats(0.3, 6))
def test_anywhere(y: float, x: float, sigma: float) -> None:
    centre = np.array([[y, x]])
    ours = render(centre, (17, 23), sigma=sigma, signal=1.0)
    np.testing.assert_allclose(ours, dense(centre, (17, 23), sigma, 1.0, 0.0), atol=4e-6)


@pytest.mark.parametrize("centre", [(30.0, 30.0), (30.25, 29.5), (29.6, 30.4)])
def test_centre_of_mass_and_width(centre: tuple[float, float]) -> None:
    image = render([centre], (61, 61), sigma=2.0, signal=50.0)
    y, x = np.indices(image.shape)
    total = image.sum()
    assert ((image * y).sum() / total, (image * x).sum() / total) == pytest.approx(centre, abs=1e-5)
    assert total == pytest.approx(50 * 2 * np.pi * 4, rel=1e-5)
    assert (image * (y - centre[0]) ** 2).sum() / total == pytest.approx(4.0, rel=1e-4)


def test_integrated_over_pixels() -> None:
    image = render([(10.3, 9.8)], (21, 21), sigma=(0.5, 0.7), signal=40.0, integrate=True)
    assert image.sum() == pytest.approx(40 * 2 * np.pi * 0.5 * 0.7, rel=1e-6)
    along = [
        quad(lambda v, c=c, s=s: np.exp(-(((v - c) / s) ** 2) / 2), a - 0.5, a + 0.5)[0]
        for a, c, s in ((11, 10.3, 0.5), (9, 9.8, 0.7))
    ]
    assert image[11, 9] == pytest.approx(40 * along[0] * along[1], rel=1e-9)


def test_integrated_is_the_same_if_wide() -> None:
    point, mean = (render([(20.2, 20.0)], (41, 41), sigma=6, integrate=i) for i in (False, True))
    np.testing.assert_allclose(point, mean, atol=0.25)


def test_tables_and_backgrounds() -> None:
    table = pd.DataFrame({"x": [4.0], "y": [2.0], "mass": [9.0]})
    slope = np.linspace(0, 10, 9)
    image = render(table, (6, 9), sigma=1, signal=30, background=slope)
    assert image[2, 4] == pytest.approx(30 + slope[4])
    np.testing.assert_array_equal(render([], (6, 9), background=slope), np.tile(slope, (6, 1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": [[1.0, 2.0, 3.0]]}, r"`positions` must be of shape \(n, 2\)"),
        ({"positions": [[np.nan, 2.0]]}, "`positions` must be finite"),
        ({"sigma": 0}, "`sigma` must be"),
        ({"sigma": (1, 2, 3)}, "`sigma` must be one value or 2"),
        ({"signal": -1}, "`signal` must be"),
        ({"signal": [1, 2]}, "`signal` must be one number or 1"),
        ({"signal": [np.nan]}, "`signal` must be finite"),
        ({"background": -1}, "`background` must be"),
        ({"background": np.zeros((3, 3))}, "`background` must be numbers that broadcast"),
        ({"background": np.full((9, 9), np.inf)}, "`background` must be finite"),
        ({"shape": (9, 0)}, "`shape` must be"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(**({"positions": [[1.0, 2.0]], "shape": (9, 9)} | change))
