"""Positions in optimap's containers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu import traces as room

__all__ = ["collage_positions", "random_positions"]


def random_positions(shape_or_mask: Any, N: int = 1) -> list[list[int]]:  # noqa: N803
    """Choose pixels as `spotgpu.traces.random_positions`, as lists.

    Parameters
    ----------
    shape_or_mask : tuple of int or ndarray
        Shape of an image, or an image that is not 0 where positions may be.
    N : int
        Number of positions.

    Returns
    -------
    list of list of int
        Different positions (column, row) in pixels.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    return [list(position) for position in room.random_positions(shape_or_mask, N)]


def collage_positions(
    positions: Sequence[Any], image_shape: tuple[int, int], ncols: int = 6
) -> list[npt.NDArray[Any]]:
    """Return positions in a collage as `spotgpu.traces.collage_positions`, as (row, column).

    Parameters
    ----------
    positions : sequence of array_like, shape (n, 2) each
        Positions (row, column) in pixels, for each image.
    image_shape : tuple of int
        Shape (Y, X) of each image.
    ncols : int
        Images in a row.

    Returns
    -------
    list of ndarray, shape (2,)
        Positions (row, column) of all images.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong.
    """
    found = room.collage_positions(positions, image_shape, ncols, order="yx")
    return [np.array(position) for position in found]
