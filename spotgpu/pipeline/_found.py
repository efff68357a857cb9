"""What is found in a frame."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Found"]

#: A frame's number and its spots.
Found: TypeAlias = "tuple[int, npt.NDArray[np.float64]]"
