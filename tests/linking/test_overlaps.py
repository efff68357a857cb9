"""`overlaps` and `overlap_candidates` count what pairs of objects share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spotgpu.linking import overlap_candidates, overlaps

CELLS = Path(__file__).parents[3] / "shared" / "data" / "cells_10frames.npz"

images = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6).flatmap(
    lambda shape: st.tuples(*[hnp.arrays(np.uint16, shape, elements=st.integers(0, 4))] * 2)
)


def pair_by_pair(a, b):
    """Count with one mask for each object."""
    rows = []
    for i in np.unique(a[a > 0]):
        for j in np.unique(b[b > 0]):
            both = np.count_nonzero((a == i) & (b == j))
            if both:
                either = np.count_nonzero((a == i) | (b == j))
                n, m = np.count_nonzero(a == i), np.count_nonzero(b == j)
                rows.append((i, j, both, both / either, both / n, both / m, 1 - both / m))
    return [tuple(map(float, row)) for row in rows]


def test_by_hand():
    a = np.array([[1, 1, 0, 7], [1, 1, 0, 7]])
    b = np.array([[0, 3, 3, 3], [0, 3, 3, 9]])
    table = overlaps(a, b, coefficients=(1, 0.5, -1, 2, 4))
    assert table.columns.tolist() == [
        "source", "target", "overlap", "iou", "ratio_1", "ratio_2", "cost",
    ]  # fmt: skip
    assert table["source"].tolist() == [1, 7, 7]
    assert table["target"].tolist() == [3, 3, 9]
    assert table["overlap"].tolist() == [2, 1, 1]
    assert table["iou"].tolist() == [2 / 7, 1 / 6, 1 / 2]
    assert table["ratio_1"].tolist() == [1 / 2, 1 / 2, 1 / 2]
    assert table["ratio_2"].tolist() == [2 / 5, 1 / 5, 1]
    assert table["cost"].tolist() == pytest.approx(
        [2 - 2 / 7 + 1 + 8 / 5, 1.5 - 1 / 6 + 1 + 4 / 5, 1.5 - 1 / 2 + 1 + 4], abs=1e-15
    )
    assert table.dtypes[["source", "target", "overlap"]].eq(np.int64).all()


@settings(deadline=None)
@given(images)
def test_masks_of_each_pair(pair):
    table = overlaps(*pair)
    assert [tuple(row) for row in table.to_numpy(float)] == pair_by_pair(*pair)


@settings(deadline=None)
@given(images, st.permutations(range(1, 5)))
def test_labels_are_names_only(pair, names):
    """Large and unordered labels, and other integer types, count the same."""
    a, b = pair
    new = np.array([0, *(2**62 + 3 * n for n in names)])
    table, renamed = overlaps(a, b), overlaps(new[a], b.astype(np.int8))
    table["source"] = new[table["source"]]
    table = table.sort_values(["source", "target"], ignore_index=True)
    pd.testing.assert_frame_equal(table, renamed)


def test_layout_of_memory_does_not_matter():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (2, 7, 11, 13))
    table = overlaps(a, b)
    pd.testing.assert_frame_equal(table, overlaps(np.asfortranarray(a), b.tolist()))
    mirrored = overlaps(a[:, ::-1, ::-1], b[:, ::-1, ::-1])
    pd.testing.assert_frame_equal(table, mirrored)


def laptracks(movie, gap):
    metrics = pytest.importorskip("laptrack.metric_utils")
    peer = metrics.LabelOverlap(movie)
    found = {}
    for frame in range(len(movie) - gap):
        for i in np.unique(movie[frame])[1:]:
            for j in np.unique(movie[frame + gap])[1:]:
                measures = peer.calc_overlap(frame, i, frame + gap, j)
                if measures[0]:
                    found[frame, int(i), frame + gap, int(j)] = tuple(map(float, measures))
    return found


@pytest.mark.parametrize("ndim", [2, 3])
def test_laptracks_measures(ndim):
    rng = np.random.default_rng(ndim)
    blocks = rng.integers(0, 12, (5, *(4,) * ndim))
    movie = np.kron(blocks, np.ones((1, *(3,) * ndim), np.int64))
    movie[rng.random(movie.shape) < 0.3] = 0
    check_against_laptrack(movie)


@pytest.mark.skipif(not CELLS.exists(), reason=f"no {CELLS}")
def test_laptracks_measures_of_cells():
    check_against_laptrack(np.load(CELLS)["labels"])


def check_against_laptrack(movie):
    """All measures are equal to the bit, over gaps too."""
    spots, pairs = overlap_candidates(iter(movie), memory=1)
    name = spots.set_index("id")[["frame", "label"]]
    ends = np.column_stack([name.loc[pairs["source"]], name.loc[pairs["target"]]])
    measures = pairs[["overlap", "iou", "ratio_1", "ratio_2"]].to_numpy(float)
    ours = dict(zip(map(tuple, ends.tolist()), map(tuple, measures.tolist()), strict=True))
    assert ours == {**laptracks(movie, 1), **laptracks(movie, 2)}
    assert len(ours) == len(pairs)
    assert pairs["cost"].tolist() == (1 - pairs["ratio_2"]).tolist()


def test_candidates_of_circles_over_gaps():
    spots = pd.DataFrame({"frame": [0, 1, 2, 3], "y": 0.0, "x": [0.0, 9, 1, 0], "radius": 2.0})
    for memory, found in ((0, [(2, 3)]), (1, [(0, 2), (2, 3)]), (9, [(0, 2), (0, 3), (2, 3)])):
        _, pairs = overlap_candidates(spots, memory=memory)
        assert list(zip(pairs["source"], pairs["target"], strict=True)) == found
    assert pairs["iou"].iloc[1] == 1


@pytest.mark.parametrize(
    ("a", "b", "error", "message"),
    [
        (np.ones((2, 2)), np.ones((2, 2), int), TypeError, "`labels_a` must be .* got float64"),
        (np.ones((2, 2), int), np.ones((2, 2), bool), TypeError, "`labels_b` must be .* got bool"),
        (np.ones((2, 2), int), -np.ones((2, 2), int), ValueError, "labels >= 0, got -1"),
        (np.ones(2, int), np.ones(2, int), ValueError, r"images \(\[z,\] y, x\), got shape \(2,\)"),
        (np.ones((2, 2), int), np.ones((2, 3), int), ValueError, r"\(2, 2\), got \(2, 3\)"),
        (np.full((1, 1), 2**63, np.uint64), np.ones((1, 1), int), ValueError, "below 2.*63"),
    ],
)
def test_bad_images(a, b, error, message):
    with pytest.raises(error, match=message):
        overlaps(a, b)


@pytest.mark.parametrize("coefficients", [(1, 0, 0, 0), 3, (1, 0, 0, 0, np.nan)])
def test_bad_coefficients(coefficients):
    image = np.ones((2, 2), int)
    with pytest.raises(ValueError, match="`coefficients` must be"):
        overlaps(image, image, coefficients=coefficients)
    with pytest.raises(ValueError, match="`coefficients` must be"):
        overlap_candidates([image], coefficients=coefficients)


def test_bad_memory():
    with pytest.raises(ValueError, match="`memory` must be an integer >= 0, got -1"):
        overlap_candidates([np.ones((2, 2), int)], memory=-1)
