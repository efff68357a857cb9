"""Objects of label images by the rule of the Cell Tracking Challenge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from spotgpu.evaluate import match_labels
from spotgpu.tables import Tracks, edge_table
from tests.evaluate.sequences import Sequence, corrupted, simulated


def objects(images: Any, *edges: tuple[int, int]) -> Tracks:
    """Return a spot, with the id 10 frame + label, for each object."""
    rows = [(10 * t + i, t, i) for t, image in enumerate(images) for i in np.unique(image) if i]
    spots = pd.DataFrame(rows, columns=["id", "frame", "label"], dtype=np.int64)
    return Tracks(spots, edge_table(*np.array(edges, int).reshape(-1, 2).T))


def pairs(found: Any, truth: Any) -> list[tuple[int, int]]:
    """Return the labels that belong together, of one frame."""
    both = [np.asarray(image)[np.newaxis] for image in (found, truth)]
    result = match_labels(objects(both[0]), objects(both[1]), *both)
    return sorted(map(tuple, result.pairs.to_numpy().tolist()))


def test_more_than_half() -> None:
    assert pairs([[5, 5, 0, 0]], [[3, 3, 3, 3]]) == []
    assert pairs([[5, 5, 5, 0]], [[3, 3, 3, 3]]) == [(5, 3)]
    # How large the found object is does not matter, nor where the background is.
    assert pairs([[5, 5, 5, 5]], [[3, 3, 0, 0]]) == [(5, 3)]
    assert pairs([[1, 1, 2, 2]], [[0, 3, 3, 3]]) == [(2, 3)]
    assert pairs([[1, 1, 2, 2]], [[3, 3, 3, 3]]) == []


def test_one_for_three() -> None:
    truth = np.array([[[1, 1, 2, 2, 3, 3, 0, 4]]] * 2)
    found = truth.copy()
    found[1, :, :6] = 1
    edges = [(1, 11), (2, 12), (3, 13), (4, 14)]
    result = match_labels(objects(found, (1, 11), (4, 14)), objects(truth, *edges), found, truth)
    # The edge to the object that must be split goes with it.
    assert (result.ns, result.fn, result.fp, result.ed, result.ea, result.ec) == (2, 0, 0, 0, 3, 0)
    assert result.aogm == 2 * 5 + 3 * 1.5
    assert result.det == pytest.approx(1 - 10 / 80)
    assert (result.n_true, result.n_found, result.n_matched) == (8, 6, 8)
    assert result.pairs["found"].value_counts().loc[11] == 3


def brute_force(found: Sequence, truth: Sequence) -> set[tuple[int, int]]:
    return {
        (j + 100, r + 100)
        for r, t in truth.frame.items()
        for j, u in found.frame.items()
        if t == u
        and 2 * np.count_nonzero((truth.labels[t] == r) & (found.labels[t] == j))
        > np.count_nonzero(truth.labels[t] == r)
    }


@pytest.mark.parametrize("seed", range(5))
def test_pairs_as_by_definition(seed: int) -> None:
    truth = simulated(seed)
    found = corrupted(truth, seed)
    result = match_labels(found.tracks(), truth.tracks(), found.labels, truth.labels)
    assert set(map(tuple, result.pairs.to_numpy().tolist())) == brute_force(found, truth)
    assert result.n_matched == len(result.pairs)


def test_volumes_types_and_lists() -> None:
    truth = simulated(3)
    found = corrupted(truth, 3)
    arrays = found.labels, truth.labels
    expected = match_labels(found.tracks(), truth.tracks(), *arrays)
    for change in (
        lambda a: list(a.astype(np.uint16)),
        lambda a: a.reshape(len(a), 8, 8, -1).astype(np.int32),
        lambda a: [np.asfortranarray(image) for image in a],
    ):
        again = match_labels(found.tracks(), truth.tracks(), *map(change, arrays))
        pd.testing.assert_frame_equal(again.pairs, expected.pairs)
    large = [a.astype(np.uint64) + np.uint64(2**62) * (a > 0).astype(np.uint64) for a in arrays]
    spots = [t.tracks().spots.astype({"label": "uint64"}) for t in (found, truth)]
    far = [s.assign(label=s["label"] + np.uint64(2**62)) for s in spots]
    graphs = [Tracks(s, t.tracks().edges) for s, t in zip(far, (found, truth), strict=True)]
    again = match_labels(*graphs, *large)
    pd.testing.assert_frame_equal(again.pairs, expected.pairs)


def test_labels_without_spots_are_background() -> None:
    image = np.array([[[1, 1, 2, 2]]])
    one = objects(image)
    only = Tracks(one.spots[:1], edge_table([], []))
    result = match_labels(only, one, image, image)
    assert (result.n_matched, result.fn, result.fp) == (1, 1, 0)
    result = match_labels(one, only, image, image)
    assert (result.n_matched, result.fn, result.fp) == (1, 0, 1)


def test_nothing() -> None:
    image = np.array([[[1, 1, 2, 2]], [[0, 0, 0, 0]]])
    some, none = objects(image), objects(np.zeros_like(image))
    result = match_labels(none, some, np.zeros_like(image), image)
    assert (result.tra, result.det, result.fn) == (0, 0, 2)
    assert np.isnan(result.lnk)
    result = match_labels(some, none, image, np.zeros_like(image))
    assert np.isnan(result.tra)
    assert result.fp == 2
    assert np.isnan(match_labels(none, none, [], []).tra)


IMAGE = np.array([[[1, 1, 2, 2]]])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"found": 3}, TypeError, "`found` must be Tracks, got int"),
        ({"found_labels": IMAGE * 1.0}, TypeError, "`found_labels` must be arrays of integers"),
        ({"truth_labels": IMAGE[:, :, :3]}, ValueError, r"shape of `truth_labels`, got \(1, 4\)"),
        ({"truth_labels": IMAGE[:0]}, ValueError, "as many frames as `truth_labels`, got 1 and 0"),
        ({"truth_labels": IMAGE * 2}, ValueError, "are in `truth_labels`, got 1 in frame 0"),
        ({"label_column": "name"}, ValueError, r"`found` must have the column\(s\) name"),
    ],
)
def test_bad_input(change: dict[str, Any], error: type[Exception], message: str) -> None:
    good = {name: objects(IMAGE) for name in ("found", "truth")}
    images = {"found_labels": IMAGE, "truth_labels": IMAGE}
    with pytest.raises(error, match=message):
        match_labels(**{**good, **images, **change})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": [1, 1]}, "a label for each spot of a frame alone, got 1 twice in frame 0"),
        ({"label": [0, 1]}, "labels that are in `truth_labels`, got 0 in frame 0"),
        ({"label": [1.0, 2.0]}, "integers in column label, got float64"),
        ({"frame": [0, 1]}, "frames from 0 to 0, as there are label images, got 0 to 1"),
        ({"frame": [-1, 0]}, "frames from 0 to 0, as there are label images, got -1 to 0"),
    ],
)
def test_spots_that_do_not_fit(columns: dict[str, Any], message: str) -> None:
    good = objects(IMAGE)
    bad = Tracks(good.spots.assign(**columns), good.edges)
    with pytest.raises(ValueError, match=f"`truth` must have {message}"):
        match_labels(good, bad, IMAGE, IMAGE)
