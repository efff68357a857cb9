"""Mirror of the `grid` kernels: points in the order of frames and cells."""

from __future__ import annotations

import numpy as np

from spotgpu.backends.cells import Cells, Grid
from spotgpu.backends.cpu._group import group
from spotgpu.backends.pairs import Floats, Ints

__all__ = ["grid"]


def grid(positions: Floats, frame: Ints, cells: Cells) -> Grid:
    """Sort points by frame and cell.

    Parameters
    ----------
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0; a frame may be empty.
    cells : Cells
        Where the cells lie; cells at the border take in what lies outside.

    Returns
    -------
    Grid
        Points of one cell stay in their order. The cell of a point p is, per axis,
        ``clip(floor((p - low) / side), 0, shape - 1)``.
    """
    low, shape = np.array(cells.low), np.array(cells.shape)
    scaled = (positions - low[:, None]) / cells.side
    cell = np.clip(scaled, 0, shape[:, None] - 1, out=scaled).astype(np.int64)
    key = frame * cells.frame_stride + cells.margin
    for along, stride in zip(cell, cells.strides, strict=True):
        key += along * stride
    order, start = group(key, cells.total)
    return Grid(cells, order, key[order], start, np.stack([axis[order] for axis in positions]))
