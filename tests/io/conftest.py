"""Small movies, and how to compare one with what was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest


def noise(shape: tuple[int, ...], dtype: str = "uint16", seed: int = 0) -> np.ndarray:
    """Return pixels that are all different from their neighbours."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


@pytest.fixture(name="noise")
def _noise() -> Callable[..., np.ndarray]:
    return noise


@pytest.fixture
def same() -> Callable[[Any, np.ndarray], None]:
    """Return what compares a movie with the array that it must hold: pixels, shape and type."""

    def compare(movie: Any, expected: np.ndarray) -> None:
        assert movie.shape == expected.shape
        assert movie.ndim == expected.ndim == len(movie.axes)
        assert movie.frame_shape == expected.shape[1:]
        assert movie.dtype == expected.dtype.newbyteorder("=")
        assert len(movie) == len(expected)
        seen = 0
        for frame, wanted in zip(movie, expected, strict=True):
            assert isinstance(frame, np.ndarray)
            assert frame.dtype == movie.dtype
            np.testing.assert_array_equal(frame, wanted)
            seen += 1
        assert seen == len(expected)
        # In another order, as readers that keep a block must bear.
        for t in reversed(range(len(expected))):
            np.testing.assert_array_equal(movie[t], expected[t])

    return compare
