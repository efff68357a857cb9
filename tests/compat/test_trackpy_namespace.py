"""`spotgpu.compat.trackpy` beside trackpy: tables and their labels."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest
import trackpy

import spotgpu.compat.trackpy as ours
from benchmarks.scenes import spots

trackpy.quiet()
IMAGE = spots((90, 110), 30, (1.8, 1.8), seed=5)


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """Spots of 20 particles in 15 frames, 5 px apart and moving by 0.3 px; rows shuffled."""
    rng = np.random.default_rng(0)
    start = np.stack(np.meshgrid(np.arange(5), np.arange(4), [2.0]), -1).reshape(-1, 3) * 5
    position = start + np.cumsum(rng.normal(0, 0.3, (15, 20, 3)), axis=0)
    table = pd.DataFrame(position.reshape(-1, 3), columns=["z", "y", "x"])
    table["frame"] = np.repeat(np.arange(15), 20)
    table["size"] = rng.uniform(1, 2, len(table))
    return table[rng.random(len(table)) < 0.9].sample(frac=1, random_state=1)


@pytest.fixture(scope="module")
def linked(found: pd.DataFrame) -> pd.DataFrame:
    return trackpy.link(found, 2, memory=1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "options", [{}, {"minmass": 200}, {"minmass": 100, "maxsize": 2}, {"topn": 4}, {"topn": 1}]
)
def test_locate(options: dict[str, Any]) -> None:
    pd.testing.assert_frame_equal(
        ours.locate(IMAGE, 7, **options),
        trackpy.locate(IMAGE, 7, engine="python", **options),
        check_index_type=False,
        rtol=1e-9,
    )


def test_link(found: pd.DataFrame, linked: pd.DataFrame) -> None:
    result = ours.link(found, 2, memory=1, link_strategy="numba")
    assert set(result.index) == set(found.index)
    pd.testing.assert_frame_equal(result[found.columns].loc[found.index], found)
    pairs = pd.DataFrame({"a": result["particle"], "b": linked["particle"]}).drop_duplicates()
    assert len(pairs) == result["particle"].nunique() == linked["particle"].nunique()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("filter_stubs", (12,)),
        ("filter_clusters", (0.6,)),
        ("filter_clusters", (0.8, 1.5)),
        ("compute_drift", ()),
        ("compute_drift", (3,)),
        ("subtract_drift", ()),
        ("imsd", (0.5, 10.0, 8)),
        ("emsd", (0.5, 10.0, 8)),
        ("emsd", (0.5, 10.0, 8, True)),
    ],
)
def test_motion(linked: pd.DataFrame, name: str, arguments: tuple[Any, ...]) -> None:
    result = getattr(ours, name)(linked, *arguments)
    expected = getattr(trackpy, name)(linked, *arguments)
    if isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(result, expected, rtol=1e-9)
        return
    if name == "subtract_drift":
        # Rows of a frame come in trackpy's order only up to its sort.
        assert result.index.names == expected.index.names
        result, expected = result.sort_index(), expected.sort_index()
    pd.testing.assert_frame_equal(
        result, expected, rtol=1e-9, atol=1e-12, check_index_type=False, check_column_type=False
    )


def test_names_that_trackpy_has_too() -> None:
    for name in ours.__all__:
        assert hasattr(trackpy, name), name


@pytest.mark.parametrize("name", ["locate", "link", "batch", "imsd", "emsd", "compute_drift"])
def test_positional_arguments_have_trackpys_order(name: str) -> None:
    def positional(function: Any) -> list[str]:
        parameters = inspect.signature(function).parameters.values()
        return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]

    mine, theirs = positional(getattr(ours, name)), positional(getattr(trackpy, name))
    assert mine == theirs[: len(mine)]


@pytest.mark.filterwarnings("ignore")
def test_link_partial_and_reconnect(found: pd.DataFrame) -> None:
    before = trackpy.link(found, 1)
    ours_again = ours.link_partial(before, 2, (4, 9))
    theirs = trackpy.link_partial(before, 2, (4, 9))
    assert set(ours_again.index) == set(theirs.index)
    pairs = pd.DataFrame({"a": ours_again["particle"], "b": theirs["particle"]}).drop_duplicates()
    # trackpy may give two particles of a frame the same number.
    assert theirs.duplicated(["frame", "particle"]).sum() == 1
    assert not ours_again.duplicated(["frame", "particle"]).any()
    assert len(pairs) == pairs["a"].nunique() == pairs["b"].nunique() + 1
    patch = before.rename(columns={"particle": "old"}).assign(particle=before["particle"])
    assert ours.reconnect_traj_patch(patch, (4, 9), "old") is None
    pd.testing.assert_series_equal(patch["particle"], before["particle"])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("NullPredict", {}),
        ("NearestVelocityPredict", {"span": 2}),
        ("DriftPredict", {"initial_guess": [0.0, 0.4, 0.1], "pos_columns": ["z", "y", "x"]}),
    ],
)
def test_predictors(found: pd.DataFrame, name: str, arguments: dict[str, Any]) -> None:
    moving = found.assign(y=found["y"] + 1.5 * found["frame"])
    mine = getattr(ours.predict, name)(**arguments).link_df(moving, 2)
    peer = getattr(trackpy.predict, name)(**arguments).link_df(moving, 2)
    stream = getattr(ours.predict, name)(**arguments)
    parts = pd.concat(stream.link_df_iter((f for _, f in moving.groupby("frame")), 2))
    for other in (peer, parts):
        pairs = pd.DataFrame({"a": mine["particle"], "b": other["particle"]}).drop_duplicates()
        assert len(pairs) == mine["particle"].nunique() == other["particle"].nunique()


@pytest.mark.filterwarnings("ignore")
def test_find_link() -> None:
    movie = np.stack([np.roll(IMAGE, shift, axis=1) for shift in (0, 1, 2)])
    frames = [trackpy_frame(image, number) for number, image in enumerate(movie)]
    mine = ours.find_link(frames, 3, 9, minmass=300)
    peer = trackpy.find_link(frames, 3, 9, minmass=300)
    both = mine.merge(peer, on=["frame", "y", "x"], suffixes=("", "_peer"))
    assert len(both) == len(mine) == len(peer) > 40
    assert len(both[["particle", "particle_peer"]].drop_duplicates()) == mine["particle"].nunique()


def trackpy_frame(image: np.ndarray, number: int) -> Any:
    import pims

    return pims.Frame(image, frame_no=number)
