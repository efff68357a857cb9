"""`link_overlap` on label images, and its rule."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import regionprops

from spotgpu.linking import link_overlap

CELLS = Path(__file__).parents[3] / "shared" / "data" / "cells_10frames.npz"

movies = hnp.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.uint8, shape, elements=st.integers(0, 3))
)


def rows_of(*values):
    """Return a movie of one line of pixels for each frame."""
    return np.array([[[int(c) for c in value]] for value in values])


def edges(tracks, columns=("source", "target", "cost", "kind")):
    return [tuple(row) for row in tracks.edges[list(columns)].itertuples(index=False)]


def by_label(tracks):
    """Return the edges by frame and label, whatever the ids."""
    name = tracks.spots.set_index("id")[["frame", "label"]].apply(tuple, axis=1)
    ends = [tracks.edges[end].map(name) for end in ("source", "target")]
    return set(zip(*ends, tracks.edges["cost"], tracks.edges["kind"], strict=True))


def one_by_one(movie, min_iou, bridge=False):
    """Apply the rule object by object, with a mask for each."""
    found, before = {}, None
    for frame, image in enumerate(movie):
        labels = np.unique(image[image > 0])
        for j in labels if before is not None else ():
            best = (min_iou,)
            for i in np.unique(movie[before][movie[before] > 0]):
                a, b = movie[before] == i, image == j
                iou = np.count_nonzero(a & b) / np.count_nonzero(a | b)
                place = [-float(x) for x in np.argwhere(a).mean(axis=0)]
                if iou > min_iou:
                    best = max(best, (iou, place, -int(i)))
            if len(best) > 1:
                found[frame, int(j)] = (before, -best[2]), 1 - best[0]
        if len(labels) or not bridge:
            before = frame
    children = [source for source, _ in found.values()]
    return {
        (
            source,
            target,
            cost,
            "split"
            if children.count(source) > 1
            else "gap"
            if target[0] - source[0] > 1
            else "link",
        )
        for target, (source, cost) in found.items()
    }


def test_division_by_hand():
    """Object 1 divides to 2 and 3; 4 comes from the one of 5 and 6 that it overlaps more."""
    tracks = link_overlap(rows_of("11110556666", "22330444444"), min_iou=0.3)
    assert tracks.spots.columns.tolist() == ["frame", "y", "x", "label", "area", "id"]
    assert tracks.spots["label"].tolist() == [1, 5, 6, 2, 3, 4]
    assert tracks.spots["area"].tolist() == [4, 2, 4, 2, 2, 6]
    assert tracks.spots["x"].tolist() == [1.5, 5.5, 8.5, 0.5, 2.5, 7.5]
    assert tracks.spots["id"].tolist() == list(range(6))
    assert edges(tracks) == [(0, 3, 0.5, "split"), (0, 4, 0.5, "split"), (2, 5, 1 - 4 / 6, "link")]


def test_min_iou_is_exclusive():
    movie = rows_of("1111", "2200")
    assert len(link_overlap(movie, min_iou=0.5).edges) == 0
    assert len(link_overlap(movie, min_iou=np.nextafter(0.5, 0)).edges) == 1
    assert len(link_overlap(rows_of("11", "11"), min_iou=1).edges) == 0


def test_ties_go_to_the_first_position():
    """Sources 9 and 2 overlap the target equally; 9 lies before 2."""
    movie = rows_of("9922", "3333")
    assert by_label(link_overlap(movie)) == {((0, 9), (1, 3), 0.5, "link")}
    turned = movie.transpose(0, 2, 1)
    assert by_label(link_overlap(turned)) == {((0, 9), (1, 3), 0.5, "link")}


def test_ties_go_by_the_first_axis_first():
    movie = np.array([[[0, 9], [2, 0]], [[3, 3], [3, 3]]])
    assert by_label(link_overlap(movie, min_iou=0.2)) == {((0, 9), (1, 3), 0.75, "link")}


def test_ties_at_one_place_go_to_the_first_label():
    movie = rows_of("5445", "3333")
    assert by_label(link_overlap(movie)) == {((0, 4), (1, 3), 0.5, "link")}


def test_empty_frames():
    movie = rows_of("0000", "1100", "0000", "0000", "2200", "2200")
    cut = link_overlap(movie)
    assert edges(cut) == [(1, 2, 0.0, "link")]
    assert cut.spots["frame"].tolist() == [1, 4, 5]
    assert edges(link_overlap(movie, bridge_empty=True)) == [
        (0, 1, 0.0, "gap"),
        (1, 2, 0.0, "link"),
    ]


def test_nothing_there():
    tracks = link_overlap(np.zeros((3, 2, 4, 4), np.uint8))
    assert len(tracks.spots) == len(tracks.edges) == 0
    assert tracks.spots.columns.tolist() == ["frame", "z", "y", "x", "label", "volume", "id"]
    assert len(link_overlap(np.zeros((2, 0, 5), np.uint8)).spots) == 0


def test_one_frame():
    tracks = link_overlap(rows_of("1203"))
    assert tracks.spots["label"].tolist() == [1, 2, 3]
    assert len(tracks.edges) == 0


@settings(deadline=None)
@given(movies, st.sampled_from([0, 0.1, 0.3, 0.5]), st.booleans())
def test_object_by_object(movie, min_iou, bridge):
    tracks = link_overlap(iter(movie), min_iou=min_iou, bridge_empty=bridge)
    assert by_label(tracks) == one_by_one(movie, min_iou, bridge)
    positions = tracks.spots[["z", "y", "x"][-(movie.ndim - 1) :]].to_numpy()
    rows = zip(tracks.spots["frame"], tracks.spots["label"], positions, strict=True)
    for frame, label, position in rows:
        where = np.argwhere(movie[frame] == label)
        assert position.tolist() == (where.sum(axis=0) / len(where)).tolist()


@settings(deadline=None)
@given(movies, st.permutations([1, 2, 3]), st.integers(0, 3))
def test_relabelled_and_moved(movie, names, pad):
    """Other labels and more background change names and positions only."""
    new = np.array([0, *names], np.int64)
    moved = np.pad(new[movie], [(0, 0)] + [(pad, 0)] * (movie.ndim - 1))

    def placed(tracks, names, shift):
        columns = [c for c in ("z", "y", "x") if c in tracks.spots]
        place = (tracks.spots[columns] + shift).round(9).apply(tuple, axis=1)
        labels = names[tracks.spots["label"]]
        edges = tracks.edges
        ends = place[edges["source"]], edges["target"].map(dict(enumerate(labels)))
        spots = zip(tracks.spots["frame"], labels, place, strict=True)
        return sorted(spots), sorted(zip(*ends, edges["cost"], edges["kind"], strict=True))

    plain = placed(link_overlap(movie, min_iou=0), new, pad)
    assert placed(link_overlap(moved, min_iou=0), np.arange(4), 0) == plain


def test_against_skimage():
    rng = np.random.default_rng(3)
    movie = np.kron(rng.integers(0, 30, (3, 3, 6, 6)), np.ones((1, 2, 5, 4), np.int64))
    spots = link_overlap(movie).spots
    regions = [(f, r) for f, image in enumerate(movie) for r in regionprops(image)]
    assert spots["frame"].tolist() == [f for f, _ in regions]
    assert spots["label"].tolist() == [r.label for _, r in regions]
    assert spots["volume"].tolist() == [r.area for _, r in regions]
    centres = np.array([r.centroid for _, r in regions])
    np.testing.assert_allclose(spots[["z", "y", "x"]], centres, rtol=0, atol=1e-12)


@pytest.mark.skipif(not CELLS.exists(), reason=f"no {CELLS}")
@pytest.mark.parametrize("min_iou", [0, 0.3, 0.7])
def test_cells(min_iou):
    movie = np.load(CELLS)["labels"]
    tracks = link_overlap(movie, min_iou=min_iou)
    assert by_label(tracks) == one_by_one(movie, min_iou)
    assert len(tracks.edges) > 10


@pytest.mark.skipif(not CELLS.exists(), reason=f"no {CELLS}")
def test_laptracks_tracks_of_cells():
    """Above an IoU of 1/2 no two objects compete, so that its assignment has no choice."""
    laptrack = pytest.importorskip("laptrack")
    movie = np.load(CELLS)["labels"]
    options = {"metric_coefs": (1, 0, -1, 0, 0), "cutoff": 0.5, "gap_closing_cutoff": False}
    theirs, splits, merges = laptrack.OverLapTrack(**options).predict_overlap_dataframe(movie)
    ours = link_overlap(movie, min_iou=0.5).to_dataframe().set_index(["frame", "label"])
    pairs = pd.DataFrame({"ours": ours["particle"], "theirs": theirs["track_id"]})
    assert len(splits) == len(merges) == 0
    assert len(pairs) == len(ours) == len(theirs)
    assert (
        len(pairs.drop_duplicates()) == ours["particle"].nunique() == theirs["track_id"].nunique()
    )
    assert ours["particle"].nunique() < len(ours) / 2


def test_memory_does_not_grow_with_the_movie():
    """Ten times as many frames: less than one frame more."""
    rng = np.random.default_rng(0)
    image = np.kron(rng.integers(0, 9, (4, 4)), np.ones((64, 64), np.int64))

    def peak(frames):
        tracemalloc.start()
        link_overlap(np.roll(image, i, 0) for i in range(frames))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(3)
    assert peak(60) - peak(6) < image.nbytes


@pytest.mark.parametrize(
    ("movie", "error", "message"),
    [
        (np.ones((2, 4, 4)), TypeError, "images of integers, got float64"),
        (np.full((2, 4, 4), np.nan), TypeError, "images of integers, got float64"),
        (np.ones((2, 4, 4), bool), TypeError, "images of integers, got bool"),
        (-np.ones((2, 4, 4), int), ValueError, "labels >= 0, got -1"),
        (np.ones((4, 4), int), ValueError, r"images \(\[z,\] y, x\), got shape \(4,\)"),
        (
            [np.ones((4, 4), int), np.ones((4, 5), int)],
            ValueError,
            r"one shape, got \(4, 4\) and \(4, 5\) \(frame 1\)",
        ),
        ([], ValueError, "a frame at least, got none"),
        (5, TypeError, "a sequence of label images, got int"),
        ("movie.tif", TypeError, "a sequence of label images, got str"),
    ],
)
def test_bad_images(movie, error, message):
    with pytest.raises(error, match=f"`objects` must .*{message}"):
        link_overlap(movie)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_iou": 1.1}, ValueError, "`min_iou` must be a finite number >= 0 and <= 1, got 1.1"),
        ({"min_iou": np.nan}, ValueError, "`min_iou` must be"),
        ({"scale_factor": 0}, ValueError, "`scale_factor` must be a finite number > 0, got 0"),
        ({"scale_factor": 2}, ValueError, "`scale_factor` must be 1 for label images, got 2"),
        ({"shape_column": "r"}, ValueError, "`shape_column` must be None for label images"),
        ({"pos_columns": ["y"]}, ValueError, "`pos_columns` must be None for label images"),
        ({"bridge_empty": 1}, TypeError, "`bridge_empty` must be True or False, got 1"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        link_overlap(rows_of("11", "11"), **options)


def test_name_of_the_frame_column():
    tracks = link_overlap(rows_of("11", "11"), t_column="t")
    assert tracks.t_column == "t"
    assert tracks.spots["t"].tolist() == [0, 1]
    assert isinstance(tracks.to_dataframe(), pd.DataFrame)
