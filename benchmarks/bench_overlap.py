"""Overlaps of objects of label movies beside laptrack's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from benchmarks.interleaved import Case, Work, smoke
from spotgpu import linking

PEER = "laptrack 0.17.1"
#: 1 - IoU as the cost, below 0.5: then no two objects compete, and both trackers link the same.
LINKS = {"metric_coefs": (1, 0, -1, 0, 0), "cutoff": 0.5, "gap_closing_cutoff": False}


def movie(frames: int, side: int, cell: int) -> npt.NDArray[np.uint16]:
    """Return discs on a lattice that diffuse, with labels that are shuffled in each frame."""
    rng = np.random.default_rng(0)
    lattice = np.arange(cell // 2, side, cell)
    centre = np.stack(np.meshgrid(lattice, lattice), axis=-1).reshape(-1, 2).astype(float)
    offset = np.argwhere(np.ones((cell, cell))) - cell // 2
    offset = offset[(offset**2).sum(axis=1) < (0.42 * cell) ** 2]
    images = np.zeros((frames, side, side), np.uint16)
    for image in images:
        centre += rng.normal(0, 0.06 * cell, centre.shape)
        pixels = np.round(centre).astype(int)[:, None] + offset
        labels = np.repeat(rng.permutation(len(centre)) + 1, len(offset))
        y, x = pixels.reshape(-1, 2).T
        inside = (y >= 0) & (y < side) & (x >= 0) & (x < side)
        image[y[inside], x[inside]] = labels[inside]
    return images


def measures(small: bool) -> Work:
    """Return the work of measuring all overlaps from frame to frame."""
    images = movie(*((3, 90, 15) if small else (20, 1024, 51)))

    def theirs() -> list[tuple[float, ...]]:
        from laptrack.metric_utils import LabelOverlap

        peer = LabelOverlap(images)
        labels = [values[values > 0] for values in peer.unique_labels]
        found = [
            peer.calc_overlap(frame, i, frame + 1, j)
            for frame in range(len(images) - 1)
            for i in labels[frame]
            for j in labels[frame + 1]
        ]
        return [row for row in found if row[0]]

    def same(ours: tuple[pd.DataFrame, pd.DataFrame], other: list[tuple[float, ...]]) -> None:
        columns = ["overlap", "iou", "ratio_1", "ratio_2"]
        assert sorted(map(tuple, ours[1][columns].to_numpy())) == sorted(other)

    return Work(lambda: linking.overlap_candidates(images), theirs, same)


def tracker(frames: int, side: int, cell: int) -> Callable[[bool], Work]:
    """Return what makes the work of tracking."""

    def make(small: bool) -> Work:
        images = movie(*((3, 90, 15) if small else (frames, side, cell)))

        def theirs() -> Any:
            from laptrack import OverLapTrack

            return OverLapTrack(**LINKS).predict_overlap_dataframe(images)[0]

        def same(ours: Any, other: pd.DataFrame) -> None:
            key = ["frame", "label"]
            tracks = ours.to_dataframe().set_index(key)["particle"]
            pairs = pd.DataFrame({"ours": tracks, "peer": other["track_id"]}).drop_duplicates()
            assert len(pairs) == tracks.nunique() == other["track_id"].nunique()

        return Work(lambda: linking.link_overlap(images, min_iou=0.5), theirs, same)

    return make


CASES = [
    Case("overlap, 20 frames 1024 x 1024, 400 objects", PEER, measures, 10, 3),
    Case("link_overlap, 10 frames 234 x 234, 25 objects", PEER, tracker(10, 234, 47), 5),
    Case("link_overlap, 20 frames 1024 x 1024, 400 objects", PEER, tracker(20, 1024, 51), 50, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_smoke(case: Case) -> None:
    pytest.importorskip("laptrack")
    smoke(case)
