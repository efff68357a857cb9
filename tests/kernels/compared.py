"""What the tests of several kernels share: types of pixels, and the comparison with a mirror."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

INTEGERS = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32]


def same(found: Sequence[Any], wanted: Sequence[np.ndarray]) -> None:
    """Demand that arrays on the device have the types and the bits of those on the host."""
    for array, expected in zip(found, wanted, strict=True):
        assert array.dtype == expected.dtype
        np.testing.assert_array_equal(array.get(), expected)
