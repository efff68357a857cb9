"""Which objects of two sequences of label images are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.evaluate._graphs import SpotPairs
from spotgpu.tables import Tracks, require_columns

__all__ = ["overlapping"]

Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.integer[Any]]


def overlapping(
    found: Tracks,
    truth: Tracks,
    found_labels: Sequence[Any],
    truth_labels: Sequence[Any],
    label_column: str,
) -> SpotPairs:
    """Pair each true object with the found one that covers more than half of it.

    Parameters
    ----------
    found, truth : Tracks
        Spots with their labels.
    found_labels, truth_labels : sequence of array of int, shape ([Z,] Y, X)
        A label image for each frame; 0 is background.
    label_column : str
        Column of the labels.

    Returns
    -------
    SpotPairs
        A true spot is in one pair at most. Labels that no spot has are no objects.

    Raises
    ------
    TypeError
        If a label image is not of integers.
    ValueError
        If the images do not fit each other or the spots.
    """
    if len(found_labels) != len(truth_labels):
        raise ValueError(
            "`found_labels` must have as many frames as `truth_labels`, got "
            f"{len(found_labels)} and {len(truth_labels)}"
        )
    seen, true = (
        _Rows(name, tracks, label_column, len(found_labels))
        for name, tracks in (("found", found), ("truth", truth))
    )
    pairs = [np.empty((2, 0), np.int64)]
    for frame, images in enumerate(zip(found_labels, truth_labels, strict=True)):
        one, other, area = _runs(frame, *images)
        rows = seen.rows(frame, one), true.rows(frame, other)
        pairs.append(_majorities(*rows, area))
    return SpotPairs(*np.concatenate(pairs, axis=1))


class _Rows:
    """The rows of the spots, by frame and label."""

    def __init__(self, name: str, tracks: Tracks, label_column: str, n_frames: int) -> None:
        require_columns(name, tracks.spots, [label_column])
        labels = tracks.spots[label_column].to_numpy()
        frames = tracks.spots[tracks.t_column].to_numpy()
        if labels.dtype.kind not in "iu":
            raise ValueError(
                f"`{name}` must have integers in column {label_column}, got {labels.dtype}"
            )
        if len(frames) and not (frames.min() >= 0 and frames.max() < n_frames):
            raise ValueError(
                f"`{name}` must have frames from 0 to {n_frames - 1}, as there are label images, "
                f"got {frames.min()} to {frames.max()}"
            )
        self._name = name
        self._order = np.lexsort((labels, frames))
        self._labels = labels[self._order]
        self._starts = np.searchsorted(frames[self._order], np.arange(n_frames + 1))

    def rows(self, frame: int, labels: Labels) -> Ints:
        """Return the row of each label in a frame, -1 where no spot has it."""
        part = slice(self._starts[frame], self._starts[frame + 1])
        known, order = self._labels[part], self._order[part]
        if (known[1:] == known[:-1]).any():
            twice = known[1:][known[1:] == known[:-1]][0]
            raise ValueError(
                f"`{self._name}` must have a label for each spot of a frame alone, got {twice} "
                f"twice in frame {frame}"
            )
        absent = np.setdiff1d(known, labels[labels != 0])
        if len(absent):
            raise ValueError(
                f"`{self._name}` must have labels that are in `{self._name}_labels`, got "
                f"{absent[0]} in frame {frame}"
            )
        if not len(known):
            return np.full(len(labels), -1)
        place = np.searchsorted(known, labels).clip(max=len(known) - 1)
        return np.where(known[place] == labels, order[place], -1)


def _runs(frame: int, found: Any, truth: Any) -> tuple[Labels, Labels, Ints]:
    """Return the labels of runs of equal pixels, and how long they are."""
    images = []
    for name, given in (("found_labels", found), ("truth_labels", truth)):
        image = np.asarray(given)
        if image.dtype.kind not in "iu":
            raise TypeError(f"`{name}` must be arrays of integers, got {image.dtype}")
        images.append(image)
    if images[0].shape != images[1].shape:
        raise ValueError(
            "`found_labels` must have the shape of `truth_labels`, got "
            f"{images[0].shape} and {images[1].shape} in frame {frame}"
        )
    one, other = (image.ravel() for image in images)
    change = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    starts = np.concatenate(([0], np.flatnonzero(change) + 1))[: one.size]
    return one[starts], other[starts], np.diff(np.append(starts, one.size))


def _majorities(found: Ints, truth: Ints, area: Ints) -> Ints:
    """Return the rows of which the one covers more than half of the other, shape (2, pairs)."""
    rows, code = np.unique(truth, return_inverse=True)
    whole = np.bincount(code, area)
    both = (found >= 0) & (truth >= 0)
    keys, which = np.unique(found[both] * len(rows) + code[both], return_inverse=True)
    shared = np.bincount(which, area[both], len(keys))
    found, code = np.divmod(keys[2 * shared > whole[keys % max(1, len(rows))]], max(1, len(rows)))
    return np.stack((found, rows[code]))
