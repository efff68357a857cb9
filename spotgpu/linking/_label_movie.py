"""The objects of a movie of label images, and which of them overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from spotgpu.linking._label_runs import Runs, read_runs, shared_pixels
from spotgpu.linking._measures import Overlapping
from spotgpu.tables import POSITION_COLUMNS

__all__ = ["between", "label_overlaps"]


def label_overlaps(
    frames: Iterable[Any], *, memory: int, bridge: bool, t_column: str
) -> tuple[pd.DataFrame, Overlapping]:
    """Make a table of the objects of a movie and find those that overlap.

    Each frame is read once, in order. What is kept of it are the runs of pixels of its objects,
    and these as long as they are needed only.

    Parameters
    ----------
    frames : iterable of array_like of int, shape ([z,] y, x)
        Label images; 0 is background.
    memory : int
        Objects overlap with those of as many more frames than the one before.
    bridge : bool
        Whether the frame before is the last that has objects.
    t_column : str
        Name of the column of the frame numbers.

    Returns
    -------
    DataFrame
        One row an object: `t_column`, ([z,] y, x), ``label``, ``area`` or ``volume`` (in
        pixels), ``id`` (the row's number).
    Overlapping
        Pairs of its rows.

    Raises
    ------
    TypeError
        If a frame is not of integers.
    ValueError
        If there is no frame, a label is negative or frames differ in shape.
    """
    recent: deque[tuple[int, Runs]] = deque(maxlen=memory + 1)
    seen: list[Runs] = []
    parts: list[Overlapping] = []
    shape, n = None, 0
    for number, image in enumerate(frames):
        runs = read_runs("objects", image)
        shape = shape or runs.shape
        if runs.shape != shape:
            raise ValueError(
                f"`objects` must be frames of one shape, got {shape} and {runs.shape} "
                f"(frame {number})"
            )
        seen.append(runs.without_pixels())
        if bridge and not len(runs.labels):
            continue
        parts.extend(between(before, runs, first, n) for first, before in recent)
        recent.append((n, runs))
        n += len(runs.labels)
    if not seen:
        raise ValueError("`objects` must have a frame at least, got none")
    nothing = between(seen[0], seen[0], 0, 0)
    return _spots(seen, t_column), Overlapping.joined([nothing, *parts])


def between(a: Runs, b: Runs, first_a: int, first_b: int) -> Overlapping:
    """Return the objects of two images that overlap.

    Parameters
    ----------
    a, b : Runs
        Of images of the same shape.
    first_a, first_b : int
        Rows of their first objects in the table.

    Returns
    -------
    Overlapping
        Pairs of rows.
    """
    source, target, overlap = shared_pixels(a, b)
    sizes = a.size[source], b.size[target]
    return Overlapping(source + first_a, target + first_b, overlap, *sizes)


def _spots(frames: list[Runs], t_column: str) -> pd.DataFrame:
    """Return the objects of all frames."""
    labels, size, centre = (
        np.concatenate(column)
        for column in zip(*((f.labels, f.size, f.centre) for f in frames), strict=True)
    )
    frame = np.repeat(np.arange(len(frames)), [len(f.labels) for f in frames])
    ndim = centre.shape[1]
    spots = pd.DataFrame(
        {t_column: frame, **dict(zip(POSITION_COLUMNS[-ndim:], centre.T, strict=True))}
    )
    spots["label"] = labels
    spots["area" if ndim == 2 else "volume"] = size
    spots["id"] = np.arange(len(spots))
    return spots
