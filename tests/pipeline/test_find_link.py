"""`find_link` beside trackpy's, on images; what it searches for again, by hand; its arguments."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pims
import pytest
import trackpy

import spotgpu as sg
from spotgpu.simulate import brownian_motion, movie

SHARED = Path(__file__).parents[3] / "shared" / "data" / "bulk_water_000-099.tif"
SIZE = (110, 130)


@pytest.fixture(autouse=True)
def _quiet_trackpy() -> Iterator[None]:
    trackpy.quiet()
    yield
    trackpy.quiet(False)


def spots_at(places: list[tuple[float, ...]], shape: tuple[int, ...], signal: Any = 150.0) -> Any:
    """Return an image of Gaussian spots, sigma 1.8, on 10."""
    image = np.full(shape, 10.0)
    signals = np.broadcast_to(signal, len(places))
    axes = np.ogrid[tuple(map(slice, shape))]
    for place, height in zip(places, signals, strict=True):
        distance = sum((axis - p) ** 2 for axis, p in zip(axes, place, strict=True))
        image += height * np.exp(-distance / (2 * 1.8**2))
    return image.astype(np.uint8)


def crowd(seed: int, n: int = 60, ndim: int = 2) -> Any:
    """Return a movie of spots that diffuse, some dim, and close to each other."""
    shape = SIZE if ndim == 2 else (20, 60, 70)
    truth = brownian_motion(6, n, shape, D=0.8, margin=4, seed=seed)
    return movie(truth, shape, sigma=1.6, signal=90, seed=seed)


def both(frames: Any, search_range: Any, separation: Any, **options: Any) -> pd.DataFrame:
    """Return the spots of both, which must be the same and in the same tracks."""
    ours = sg.find_link(frames, search_range, separation, **options)
    numbered = [pims.Frame(np.asarray(frame), frame_no=i) for i, frame in enumerate(frames)]
    peer = trackpy.find_link(numbered, search_range, separation, **options)
    columns = ["frame", *(axis for axis in "zyx" if axis in ours)]
    merged = ours.merge(peer, on=columns, how="outer", suffixes=("", "_peer"), indicator=True)
    assert (merged["_merge"] == "both").all()
    pairs = merged[["particle", "particle_peer"]].drop_duplicates()
    assert len(pairs) == ours["particle"].nunique() == peer["particle"].nunique()
    return merged


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("search_range", "separation", "options"),
    [
        (5, 9, {"minmass": 1500}),
        (4, 7, {"minmass": 1200, "memory": 2, "percentile": 80}),
        (5, 9, {"minmass": 1500, "diameter": 7, "noise_size": 1.5, "smoothing_size": 11}),
        (5, 9, {"minmass": 1500, "preprocess": False, "diameter": 7}),
        ((4, 6), 9, {"minmass": 1500, "threshold": 2}),
    ],
)
def test_beside_trackpy(
    seed: int, search_range: Any, separation: Any, options: dict[str, Any]
) -> None:
    merged = both(crowd(seed), search_range, separation, **options)
    assert len(merged) > 100
    # What was searched for again is measured in the image as it came, not in a filtered part.
    same = np.isclose(merged["mass"], merged["mass_peer"])
    assert same.mean() > 0.5
    for name in ("size", "ecc", "signal"):
        np.testing.assert_allclose(merged[name][same], merged[f"{name}_peer"][same], rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_beside_trackpy_in_3d() -> None:
    merged = both(crowd(1, 25, 3), 4, (7, 9, 9), minmass=4000)
    same = np.isclose(merged["mass"], merged["mass_peer"])
    assert len(merged) > 40
    # trackpy has the axes of sizes in reverse.
    for ours, theirs in (("size_z", "size_x_peer"), ("size_y", "size_y_peer")):
        np.testing.assert_allclose(merged[ours][same], merged[theirs][same], rtol=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_beside_trackpy_on_real_frames() -> None:
    frames = 255 - np.asarray(sg.open(SHARED)[:4])[:, :200, :250]
    assert len(both(frames, 5, 11, minmass=2000)) > 300


def test_a_spot_that_is_missed_is_found_again() -> None:
    """The dimmer of two spots closer than the separation is dropped, but goes on as a track."""
    apart, close = [(30, 40), (30, 54)], [(30, 42), (30, 51)]
    frames = [spots_at(places, (60, 90), (150, 120)) for places in (apart, close, apart)]
    assert len(sg.find_link(frames[1:2], 5, 9.5, minmass=300)) == 1
    found = sg.find_link(frames, 5, 9.5, minmass=300)
    assert found["particle"].tolist() == [0, 1, 0, 1, 0, 1]
    # What is less than the separation from the other spot is blanked out; refinement heals that.
    assert found.loc[found["frame"] == 1, "x"].tolist() == [42, 52]
    refined = sg.find_link(frames, 5, 9.5, minmass=300, refine=True)
    assert refined["particle"].tolist() == [0, 1, 0, 1, 0, 1]
    assert refined.loc[refined["frame"] == 1, "x"].to_numpy() == pytest.approx([42, 51], abs=0.7)


def test_only_near_a_track() -> None:
    """A spot that is missed everywhere is found where a track would go on, and not elsewhere."""
    apart, close = [(30, 40), (30, 54)], [(30, 42), (30, 51)]
    elsewhere = [(30, 100), (30, 109)]
    first = spots_at([*apart, (30, 100)], (60, 140), (150, 120, 150))
    second = spots_at([*close, *elsewhere], (60, 140), (150, 120, 150, 120))
    found = sg.find_link([first, second], 5, 9.5, minmass=300)
    assert sorted(found.loc[found["frame"] == 1, "x"]) == [42, 52, 100]


def test_no_more_than_are_missed_and_bright_enough() -> None:
    apart, close = [(30, 40), (30, 54)], [(30, 42), (30, 51)]
    frames = [spots_at(places, (60, 90), (150, 120)) for places in (apart, close)]
    assert len(sg.find_link(frames, 5, 9.5, minmass=300)) == 4
    # The filtered pixels around the dim spot sum up to less than this.
    assert len(sg.find_link(frames, 5, 9.5, minmass=1500)) == 3


def test_refined() -> None:
    truth = [(30.3, 40.6), (31.8, 70.2)]
    frames = [spots_at([(y, x + t) for y, x in truth], (60, 110)) for t in range(3)]
    found = sg.find_link(frames, 5, 9, minmass=300, refine=True)
    for particle, (y, x) in enumerate(truth):
        track = found[found["particle"] == particle]
        np.testing.assert_allclose(track["y"], y, atol=0.1)
        np.testing.assert_allclose(track["x"], x + track["frame"], atol=0.1)
    whole = sg.find_link(frames, 5, 9, minmass=300)
    assert (whole[["y", "x"]] % 1 == 0).all(axis=None)


def test_functions_of_the_callers() -> None:
    frames = [spots_at([(30, 40 + t), (30, 70)], (60, 110)) for t in range(3)]
    seen = []

    def before(coords: Any, image: Any, image_proc: Any, **about: Any) -> Any:
        seen.append((image.shape, image_proc.shape, about["margin"], about["minmass"]))
        return coords[coords[:, 1] < 60]

    def after(features: pd.DataFrame, **_: Any) -> pd.DataFrame:
        return features.assign(x=features["x"] + 0.25)

    # The second spot is taken away; no track misses it, so it is not searched for.
    found = sg.find_link(frames, 5, 9, minmass=300, before_link=before, after_link=after)
    assert found["particle"].tolist() == [0, 0, 0]
    assert found["x"].tolist() == [40.25, 41.25, 42.25]
    assert seen == [((60, 110), (60, 110), (4, 4), 300.0)] * 3


def test_one_frame_at_a_time() -> None:
    given = iter(crowd(0))
    taken = islice(sg.find_link_iter(given, 5, 9, minmass=1500), 2)
    numbers = [t for t, table in taken if len(table)]
    assert numbers == [0, 1]
    assert len(list(given)) == 4  # those not asked for have not been read


def test_options_of_link() -> None:
    """Predictors, and a range that grows with the gap, work as in `link`."""
    frames = [spots_at([(30, 15 + 9 * t)], (60, 110)) for t in range(4)]
    guess = sg.linking.DriftPredict([0.0, 9.0])
    assert sg.find_link(frames, 4, 9, minmass=300)["particle"].nunique() == 4
    assert sg.find_link(frames, 4, 9, minmass=300, predictor=guess)["particle"].nunique() == 1
    gap = [frames[0], np.full((60, 110), 10, np.uint8), frames[1]]
    one = {"memory": 1, "range_growth": "linear"}
    assert sg.find_link(gap, 5, 9, minmass=300, **one)["particle"].nunique() == 1


def test_nothing_there() -> None:
    empty = sg.find_link(np.zeros((3, 40, 40), np.uint8), 5, 9)
    assert list(empty) == ["y", "x", "mass", "size", "ecc", "signal", "frame", "particle"]
    assert len(empty) == 0
    later = sg.find_link([np.zeros((60, 90), np.uint8), spots_at([(30, 40)], (60, 90))], 5, 9)
    assert later["frame"].tolist() == [1]


def test_inverted_and_float() -> None:
    frames = crowd(2)
    expected = sg.find_link(frames, 5, 9, minmass=1500)
    dark = [255 - np.asarray(frame) for frame in frames]
    inverted = sg.find_link(dark, 5, 9, minmass=1500, invert=True)
    pd.testing.assert_frame_equal(inverted, expected)
    real = [np.asarray(frame, np.float64) for frame in frames]
    # A float image has another background (not truncated), so that spots may differ in a few.
    assert abs(len(sg.find_link(real, 5, 9, minmass=1500, threshold=1)) / len(expected) - 1) < 0.05


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"refine": True, "after_link": lambda features, **_: features}, ValueError, "`refine`"),
        ({"dist_func": max}, ValueError, "`dist_func` must be None"),
        ({"colour": "red"}, TypeError, r"find_link\(\) has no option colour"),
        ({"minmass": -1}, ValueError, "`minmass` must be"),
        ({"diameter": 99}, ValueError, "`frames` must be larger than `diameter`"),
        ({"noise_size": 20}, ValueError, "`noise_size` must be smaller"),
        ({"after_link": lambda features, **_: features[1:]}, ValueError, "`after_link` must ret"),
        ({"before_link": lambda coords, **_: coords[0]}, ValueError, "`before_link` must return"),
        ({"memory": -1}, ValueError, "`memory` must be"),
    ],
)
def test_arguments_that_cannot_be(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    frames = [spots_at([(30, 40), (20, 20)], (60, 90))] * 2
    with pytest.raises(error, match=message):
        sg.find_link(frames, 5, 9, **options)
    with pytest.raises(ValueError, match="at least one frame"):
        sg.find_link([], 5, 9)


def test_on_the_device(cuda: Any) -> None:
    frames = crowd(3, 25)[:3]
    ours = sg.find_link(frames, 5, 9, minmass=1500, refine=True, device="cuda")
    pd.testing.assert_frame_equal(ours, sg.find_link(frames, 5, 9, minmass=1500, refine=True))
