"""`overlaps` and `overlap_candidates`: how much objects overlap, as costs for a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from spotgpu.checks import integer
from spotgpu.linking._label_movie import between
from spotgpu.linking._label_runs import read_runs
from spotgpu.linking._measures import COEFFICIENTS, checked_coefficients
from spotgpu.linking._objects import object_overlaps

__all__ = ["overlap_candidates", "overlaps"]


def overlaps(
    labels_a: Any, labels_b: Any, *, coefficients: Sequence[float] = COEFFICIENTS
) -> pd.DataFrame:
    """Measure how much the objects of two label images overlap.

    Parameters
    ----------
    labels_a, labels_b : array_like of int, shape ([z,] y, x)
        Label images of the same shape; 0 is background. Pixels of one label are one object,
        wherever they are.
    coefficients : sequence of five float
        Of 1, ``overlap``, ``iou``, ``ratio_1`` and ``ratio_2``; the sum is ``cost``. The default
        is 1 - ``ratio_2``; (1, 0, -1, 0, 0) is what `link_overlap` pays.

    Returns
    -------
    DataFrame
        One row a pair that shares pixels: ``source`` and ``target`` (int64, labels in `labels_a`
        and `labels_b`), ``overlap`` (int64, pixels shared), ``iou`` (the same over the pixels of
        either), ``ratio_1`` and ``ratio_2`` (over those of the source, of the target), ``cost``.
        Sorted by source, then target.

    Raises
    ------
    TypeError
        If an argument is of the wrong type, or an image not of integers.
    ValueError
        If the shapes differ, a label is negative or the coefficients are not five.

    Examples
    --------
    >>> import numpy as np
    >>> table = overlaps(np.array([[1, 1, 2, 2]]), np.array([[0, 5, 5, 5]]))
    >>> table[["source", "target", "overlap", "iou"]].to_numpy().tolist()
    [[1.0, 5.0, 1.0, 0.25], [2.0, 5.0, 2.0, 0.6666666666666666]]
    """
    factors = checked_coefficients(coefficients)
    a, b = read_runs("labels_a", labels_a), read_runs("labels_b", labels_b)
    if a.shape != b.shape:
        raise ValueError(f"`labels_b` must be of the shape of `labels_a`, {a.shape}, got {b.shape}")
    return between(a, b, 0, 0).table(a.labels, b.labels, factors)


def overlap_candidates(
    objects: Any,
    *,
    memory: int = 0,
    coefficients: Sequence[float] = COEFFICIENTS,
    scale_factor: float = 1.0,
    shape_column: str | None = None,
    pos_columns: Sequence[str] | None = None,
    t_column: str = "frame",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find all objects of a movie that overlap, for a tracker that chooses among them by cost.

    Parameters
    ----------
    objects : DataFrame or iterable of array_like of int
        Spots with their shapes, or label images, as in `link_overlap`.
    memory : int
        How many frames may lie between the two objects of a pair.
    coefficients : sequence of five float
        Of 1, ``overlap``, ``iou``, ``ratio_1`` and ``ratio_2``; the sum is ``cost``. The default
        is 1 - ``ratio_2``.
    scale_factor : float
        Polygons and circles are scaled so much about the position of the spot.
    shape_column : str, optional
        Column of polygons or of radii, as in `link_overlap`.
    pos_columns : sequence of str, optional
        Columns of the positions. Default: ([z,] y, x).
    t_column : str
        Column of the frame numbers.

    Returns
    -------
    DataFrame
        The spots, with ``id``, as `link_overlap` returns them.
    DataFrame
        One row a pair that overlaps: ``source`` and ``target`` (ids; the source is the earlier),
        and the other columns as of `overlaps`. Sorted by the row of the target, then of the source.

    Raises
    ------
    TypeError, ValueError
        As `link_overlap` does; and if `memory` or the coefficients are out of range.
    SpotgpuError
        If polygons are given and shapely is not installed.
    """
    factors = checked_coefficients(coefficients)
    spots, pairs = object_overlaps(
        objects,
        scale_factor=scale_factor,
        shape_column=shape_column,
        pos_columns=pos_columns,
        t_column=t_column,
        memory=integer("memory", memory, at_least=0),
    )
    ids = spots["id"].to_numpy()
    return spots, pairs.table(ids, ids, factors)
