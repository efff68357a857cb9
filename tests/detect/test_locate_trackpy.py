"""`locate` against trackpy 0.7: the same rows in the same order, the same columns."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import trackpy
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scenes import BULK_WATER, spots
from spotgpu.detect import locate

FLAT = spots((90, 110), 30, (1.8, 1.8), seed=1)
VOLUME = spots((24, 60, 64), 40, (1.2, 1.8, 1.8), seed=2)


def peer(image: np.ndarray, diameter: Any, **options: Any) -> pd.DataFrame:
    with warnings.catch_warnings():
        # Its own: deprecations, empty images, logarithms of nothing.
        warnings.simplefilter("ignore")
        return trackpy.locate(image, diameter, engine="python", **options).reset_index(drop=True)


def assert_equal(image: np.ndarray, diameter: Any, tolerance: float = 1e-9, **options: Any) -> None:
    ours, theirs = locate(image, diameter, **options), peer(image, diameter, **options)
    assert len(theirs) > 0
    assert list(ours.columns) == list(theirs.columns)
    np.testing.assert_allclose(
        ours.to_numpy(float), theirs.to_numpy(float), rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize(
    ("diameter", "options"),
    [
        (7, {}),
        (7, {"minmass": 150}),
        (9, {"minmass": 300, "maxsize": 2.2}),
        (11, {"separation": 5}),
        (7, {"separation": 0}),
        (7, {"separation": (4, 9)}),
        (5, {"noise_size": 0}),
        (9, {"noise_size": 2}),
        (9, {"noise_size": (0.5, 1.5)}),
        (7, {"smoothing_size": 13}),
        (7, {"threshold": 4}),
        (7, {"threshold": 0}),
        (7, {"percentile": 0}),
        (7, {"percentile": 99}),
        (7, {"topn": 1}),
        (7, {"topn": 10}),
        (7, {"preprocess": False}),
        (7, {"max_iterations": 1}),
        (7, {"characterize": False}),
        ((7, 11), {}),
        ((11, 5), {"noise_size": (1, 0.7), "characterize": True}),
        (21, {"minmass": 50}),
    ],
)
def test_options_2d(diameter: Any, options: dict[str, Any]) -> None:
    assert_equal(FLAT, diameter, **options)


@pytest.mark.parametrize(
    ("diameter", "options"),
    [
        (7, {}),
        (7, {"minmass": 400}),
        ((5, 9, 9), {}),
        (9, {"separation": (2, 10, 10)}),
        ((5, 7, 9), {"separation": (4, 6, 7), "noise_size": (0.5, 1, 1)}),
        ((5, 9, 9), {"characterize": False}),
        (5, {"topn": 12, "maxsize": 1.9}),
        (5, {"preprocess": False}),
    ],
)
def test_options_3d(diameter: Any, options: dict[str, Any]) -> None:
    assert_equal(VOLUME, diameter, **options)


@pytest.mark.parametrize("image", [FLAT, VOLUME], ids=["2D", "3D"])
@pytest.mark.parametrize(
    ("dtype", "gain"),
    [
        (np.uint8, 1),
        (np.int8, 0.5),
        (np.uint16, 1),
        (np.uint16, 200),
        (np.int16, 100),
        (np.int32, 1000),
        (np.uint32, 1000),
        (">u2", 100),
    ],
)
def test_integer_types(image: np.ndarray, dtype: Any, gain: float) -> None:
    assert_equal((image.astype(float) * gain).astype(dtype), 7)


def test_64_bits() -> None:
    """There trackpy's quantised image overflows."""
    image = FLAT.astype(np.int64) * 1000
    pd.testing.assert_frame_equal(locate(image, 7), locate(image.astype(np.int32), 7))


@pytest.mark.parametrize("image", [FLAT, VOLUME], ids=["2D", "3D"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"invert": True}, {"preprocess": False}])
def test_float_types(image: np.ndarray, dtype: Any, options: dict[str, Any]) -> None:
    """Box sums in a fixed order may move single pixels by one level of 255, and nothing else."""
    values = (image / 255).astype(dtype)
    if options.get("invert"):
        values = 1 - values
    ours, theirs = locate(values, 7, **options), peer(values, 7, **options)
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == len(theirs) > 10
    position = [c for c in "zyx" if c in ours]
    np.testing.assert_allclose(ours[position], theirs[position], atol=0.02)
    np.testing.assert_allclose(ours["mass"], theirs["mass"], rtol=0.02)
    exact = (np.abs(ours[position].to_numpy() - theirs[position].to_numpy()) < 1e-9).all(axis=1)
    assert exact.mean() > 0.8
    np.testing.assert_allclose(ours["ep"][exact], theirs["ep"][exact], rtol=1e-4)


@pytest.mark.parametrize("image", [FLAT, VOLUME], ids=["2D", "3D"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_invert(image: np.ndarray, dtype: Any) -> None:
    dark = np.iinfo(dtype).max - image.astype(dtype)
    assert_equal(dark, 7, invert=True)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(30, 80), st.integers(30, 80)),
    n=st.integers(1, 60),
    diameter=st.sampled_from([3, 5, 7, 9, (5, 9), (9, 3)]),
    minmass=st.sampled_from([0, 60]),
    noise_size=st.sampled_from([0.6, 1, 1.4]),
    percentile=st.integers(0, 95),
)
def test_random_images(
    seed: int,
    shape: tuple[int, int],
    n: int,
    diameter: Any,
    minmass: float,
    noise_size: float,
    percentile: float,
) -> None:
    image = spots(shape, n, (1.5, 1.5), seed)
    # With minmass, trackpy's rows of unequal diameters are not clean.
    options = {"minmass": minmass} if np.ndim(diameter) == 0 else {}
    options |= {"noise_size": noise_size, "percentile": percentile}
    ours, theirs = locate(image, diameter, **options), peer(image, diameter, **options)
    assert len(ours) == len(theirs)
    if len(ours):
        assert list(ours.columns) == list(theirs.columns)
        np.testing.assert_allclose(
            ours.to_numpy(float), theirs.to_numpy(float), rtol=1e-9, atol=1e-9
        )


@pytest.mark.skipif(not BULK_WATER.exists(), reason=f"{BULK_WATER.name} is not there")
@pytest.mark.parametrize("number", [0, 37, 99])
@pytest.mark.parametrize("options", [{"minmass": 20}, {"minmass": 0, "percentile": 90}])
def test_real_frames(number: int, options: dict[str, Any]) -> None:
    import tifffile

    frame = tifffile.imread(BULK_WATER, key=number)
    assert_equal(frame, 11, invert=True, **options)


def test_unequal_diameters_with_minmass_give_clean_rows() -> None:
    """There trackpy's rows are mixed up; ours are those without minmass, filtered."""
    everything = locate(VOLUME, (5, 9, 9))
    some = locate(VOLUME, (5, 9, 9), minmass=400)
    expected = everything[everything["mass"] > 400].reset_index(drop=True)
    assert 0 < len(some) < len(everything)
    pd.testing.assert_frame_equal(some, expected)
