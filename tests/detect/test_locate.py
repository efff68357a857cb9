"""`locate` by itself: known positions, degenerate images, bad input."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes import spots
from spotgpu.detect import Locator, locate

SCENE = spots((80, 90), 20, (1.8, 1.8), seed=3)
COLUMNS = ["y", "x", "mass", "size", "ecc", "signal", "raw_mass", "ep"]


def gaussian(shape: tuple[int, ...], centre: tuple[float, ...], sigma: float) -> np.ndarray:
    grids = np.indices(shape, dtype=float)
    squares = sum((g - c) ** 2 for g, c in zip(grids, centre, strict=True))
    return 200 * np.exp(-squares / (2 * sigma**2))


@pytest.mark.parametrize("centre", [(15.3, 20.8), (16.0, 19.5), (14.75, 21.1)])
def test_finds_a_spot_where_it_is(centre: tuple[float, float]) -> None:
    image = (10 + gaussian((32, 40), centre, 1.5)).astype(np.uint8)
    found = locate(image, 11)
    assert len(found) == 1
    np.testing.assert_allclose(found.loc[0, ["y", "x"]].to_numpy(float), centre, atol=0.03)
    assert found.loc[0, "ecc"] < 0.15


def test_finds_a_spot_in_3d() -> None:
    image = gaussian((20, 30, 32), (9.4, 14.7, 16.2), 1.5).astype(np.uint16)
    found = locate(image, 9)
    assert list(found.columns) == ["z", *COLUMNS]
    np.testing.assert_allclose(found[["z", "y", "x"]].to_numpy()[0], (9.4, 14.7, 16.2), atol=0.03)
    assert np.isnan(found.loc[0, "ecc"])


@pytest.mark.parametrize("image", [np.zeros((40, 40), np.uint8), np.full((40, 40), 7.0)])
@pytest.mark.parametrize("options", [{}, {"characterize": False}, {"topn": 3}, {"minmass": 1e9}])
def test_nothing_to_find(image: np.ndarray, options: dict[str, Any]) -> None:
    found = locate(image, 7, **options)
    assert len(found) == 0
    assert list(found.columns) == (COLUMNS[:3] if "characterize" in options else COLUMNS)
    assert (found.dtypes == np.float64).all()


def test_saturated_image_has_no_spots() -> None:
    assert len(locate(np.full((40, 40), 255, np.uint8), 7)) == 0


def test_frame_number() -> None:
    class Frame(np.ndarray):
        frame_no = 17

    found = locate(SCENE.view(Frame), 7)
    assert (found["frame"] == 17).all()
    assert len(found) > 0


@settings(max_examples=20, deadline=None)
@given(dy=st.integers(0, 12), dx=st.integers(0, 12))
def test_translation(dy: int, dx: int) -> None:
    """What lies in the middle of zeros is found at the same place wherever that is."""
    image = np.zeros((70, 70), np.uint8)
    image[10 + dy : 50 + dy, 10 + dx : 50 + dx] = spots((40, 40), 8, (1.8, 1.8), seed=4)
    reference = np.zeros((70, 70), np.uint8)
    reference[10:50, 10:50] = spots((40, 40), 8, (1.8, 1.8), seed=4)
    moved, fixed = locate(image, 7), locate(reference, 7)
    assert len(fixed) > 0
    np.testing.assert_allclose(moved[["y", "x"]], fixed[["y", "x"]] + [dy, dx], atol=1e-9)
    # The background is that of the whole image.
    pd.testing.assert_frame_equal(
        moved.drop(columns=["y", "x", "ep"]), fixed.drop(columns=["y", "x", "ep"])
    )


def test_locator_survives_pickling() -> None:
    locator = Locator(7, minmass=100)
    again = pickle.loads(pickle.dumps(locator))  # noqa: S301
    pd.testing.assert_frame_equal(again(SCENE), locate(SCENE, 7, minmass=100))


def test_input_is_left_alone() -> None:
    image = SCENE.copy()
    locate(image, 7, invert=True)
    np.testing.assert_array_equal(image, SCENE)


@pytest.mark.parametrize(
    ("image", "diameter", "options", "error", "message"),
    [
        (SCENE, 8, {}, ValueError, "`diameter` must be an odd integer >= 3, got 8"),
        (SCENE, 1, {}, ValueError, "`diameter` must be an odd integer >= 3, got 1"),
        (SCENE, "7", {}, TypeError, "`diameter` must be an integer"),
        (SCENE, (7, 7, 7), {}, ValueError, "`raw_image` must have as many axes as `diameter`"),
        (SCENE, 7, {"threshold": -1}, ValueError, "`threshold` must be a finite number >= 0"),
        (SCENE, 7, {"threshold": np.nan}, ValueError, "`threshold` must be a finite number >= 0"),
        (SCENE, 7, {"minmass": np.nan}, ValueError, "`minmass` must be a finite number >= 0"),
        (SCENE, 7, {"minmass": -5}, ValueError, "`minmass` must be a finite number >= 0"),
        (SCENE, 7, {"maxsize": 0}, ValueError, "`maxsize` must be a finite number > 0"),
        (SCENE, (7, 9), {"maxsize": 2}, ValueError, "`maxsize` must be None for a `diameter`"),
        (SCENE, 7, {"separation": -1}, ValueError, "`separation` must be a finite number >= 0"),
        (SCENE, 7, {"separation": (1, 2, 3)}, ValueError, "`separation` must be one value or 2"),
        (SCENE, 7, {"noise_size": 9}, ValueError, "`noise_size` must be smaller than"),
        (SCENE, 7, {"smoothing_size": 6}, ValueError, "`smoothing_size` must be an odd integer"),
        (SCENE, 7, {"percentile": 101}, ValueError, "`percentile` must be a finite number"),
        (SCENE, 7, {"topn": 0}, ValueError, "`topn` must be an integer >= 1, got 0"),
        (SCENE, 7, {"max_iterations": 0}, ValueError, "`max_iterations` must be an integer >= 1"),
        (SCENE, 7, {"engine": "gpu"}, ValueError, "`engine` must be one of 'auto', 'python'"),
        (SCENE, 7, {"filter_before": len}, ValueError, "`filter_before` must be None"),
        (SCENE.astype(complex), 7, {}, TypeError, "`raw_image` must be an image of real numbers"),
        (SCENE.astype(object), 7, {}, TypeError, "`raw_image` must be an image of real numbers"),
        (np.zeros((9, 9, 3), np.uint8), 3, {}, ValueError, "must be a gray image, got a colour"),
        (np.zeros(30), 7, {}, ValueError, "must be a 2D or 3D image, got an array of shape (30,)"),
        (np.zeros((0, 5)), 3, {}, ValueError, "must be a 2D or 3D image"),
        (np.zeros((5, 50)), 7, {}, ValueError, "must be at least as large as `diameter` (7, 7)"),
        (np.full((9, 9), 2**40), 3, {}, ValueError, "must have pixels that fit 32 bits"),
        (-np.ones((9, 9), int), 3, {"preprocess": False}, ValueError, "must not be negative"),
    ],
)
def test_bad_input(
    image: Any, diameter: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        locate(image, diameter, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite(value: float) -> None:
    image = SCENE.astype(np.float32)
    image[31, 12] = value
    with pytest.raises(
        ValueError, match=r"`raw_image` must have finite pixels, got .* at \(31, 12\)"
    ):
        locate(image, 7)


def test_filter_after_has_no_effect_and_says_so() -> None:
    with pytest.warns(UserWarning, match="`filter_after` has no effect"):
        found = locate(SCENE, 7, filter_after=len)
    pd.testing.assert_frame_equal(found, locate(SCENE, 7))


def test_unknown_option() -> None:
    with pytest.raises(TypeError, match="`locate` has no argument minmas"):
        Locator(7, minmas=3)
