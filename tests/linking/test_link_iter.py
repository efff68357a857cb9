"""`link_iter` and `link_df_iter`: streams of frames."""

from __future__ import annotations

import tracemalloc
import weakref

import numpy as np
import pandas as pd
import pytest
import trackpy

from spotgpu.linking import DriftPredict, link, link_df_iter, link_iter
from tests.linking.crocker_grier import in_order

OPTIONS = [
    {},
    {"memory": 2},
    {"memory": 3, "adaptive_stop": 1.0, "adaptive_step": 0.9},
    {"link_strategy": "drop", "memory": 1},
]


def frames_of(f, columns=("y", "x")):
    """Return the positions in each frame, those without spots too."""
    return [f.loc[f["frame"] == t, list(columns)].to_numpy() for t in range(f["frame"].max() + 1)]


@pytest.fixture
def movie(brownian):
    """Return spots in the order of frames, four of which are empty."""
    f = in_order(brownian(16, 50, candidates=0.6, blink=0.1))
    return f[~f["frame"].isin([0, 5, 9, 10])].reset_index(drop=True)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("search_range", [5, (4.0, 6.0)])
def test_as_link_and_trackpy(movie, search_range, options, partition):
    expected = link(movie, search_range, **options)["particle"].tolist()
    frames = frames_of(movie)
    found = list(link_iter(frames, search_range, **options))
    assert [t for t, _ in found] == list(range(16))
    assert all(p.dtype == np.int64 for _, p in found)
    assert np.concatenate([p for _, p in found]).tolist() == expected
    peer = np.concatenate([p for _, p in trackpy.link_iter(frames, search_range, **options)])
    assert partition(peer) == partition(np.array(expected))


def test_other_options(movie):
    for options in (
        {"memory": 2, "range_growth": "sqrt", "max_speed": 4},
        {"max_candidates": 1},
        {"predictor": lambda t, particles: particles.pos + (t - 3)},
    ):
        expected = link(movie, 5, **options)["particle"].tolist()
        found = [p for _, p in link_iter(frames_of(movie), 5, **options)]
        assert np.concatenate(found).tolist() == expected


def test_volumes(brownian, partition):
    f = in_order(brownian(8, 40, ndim=3, candidates=0.6, blink=0.1))
    frames = frames_of(f, ["z", "y", "x"])
    expected = link(f, 5, memory=1)["particle"].tolist()
    found = [p for _, p in link_iter(frames, 5, memory=1)]
    assert np.concatenate(found).tolist() == expected


@pytest.mark.parametrize("memory", [0, 1, 2])
def test_frames_follow_each_other(memory, movie, partition):
    """Whatever the times are: trackpy's counts the frames that come, too."""
    frames = [(10.5 * t, part) for t, part in enumerate(frames_of(movie)) if len(part)]
    expected = trackpy.link_iter(frames, 5, memory=memory)
    found = list(link_iter(iter(frames), 5, memory=memory))
    assert [t for t, _ in found] == [t for t, _ in frames]
    numbers = np.concatenate([p for _, p in found])
    assert partition(numbers) == partition(np.concatenate([p for _, p in expected]))
    squeezed = movie.assign(frame=pd.factorize(movie["frame"])[0])
    assert numbers.tolist() == link(squeezed, 5, memory=memory)["particle"].tolist()


def test_a_frame_may_be_anything_like_an_array():
    spots = [[0.0, 0], [9, 9]]
    for frame in (spots, tuple(map(tuple, [*spots, (50, 50)])), np.array(spots, np.float32)):
        frames = [frame, np.asarray(frame)[::-1]]
        n = len(frame)
        assert [p.tolist() for _, p in link_iter(frames, 3)] == [[*range(n)], [*range(n)][::-1]]
    tables = [pd.DataFrame(spots), pd.DataFrame(spots)]
    assert [p.tolist() for _, p in link_iter(tables, 3)] == [[0, 1], [0, 1]]
    stack = np.zeros((3, 1, 4))
    assert [p.tolist() for _, p in link_iter(stack, 3)] == [[0], [0], [0]]


def test_hardly_anything():
    none = np.empty((0, 2))
    assert list(link_iter([], 3)) == []
    assert [p.tolist() for _, p in link_iter([none], 3)] == [[]]
    one = np.zeros((1, 2))
    assert [p.tolist() for _, p in link_iter([none, one, none, one], 3)] == [[], [0], [], [1]]
    found = link_iter([none, one, none, none, one], 3, memory=2)
    assert [p.tolist() for _, p in found] == [[], [0], [], [], [0]]


def test_one_frame_at_a_time(movie):
    """A frame is asked for when its links are."""
    asked = []

    def stream():
        for t, frame in enumerate(frames_of(movie)):
            asked.append(t)
            yield frame

    linked = link_iter(stream(), 5, memory=1)
    assert asked == []
    for t in range(5):
        assert next(linked)[0] == t
        assert asked == list(range(t + 1))
    tables = link_df_iter((asked.append("table") or part for _, part in movie.groupby("frame")), 5)
    asked.clear()
    next(tables)
    next(tables)
    assert asked == ["table"] * 2


def test_tables_are_let_go():
    """No more than the last table is kept."""
    alive = []

    class Table(pd.DataFrame):
        pass

    def stream():
        for t in range(10):
            table = Table({"frame": t, "y": [0.0, 9.0], "x": 0.0})
            alive.append(weakref.ref(table))
            yield table
            del table

    for linked in link_df_iter(stream(), 3, memory=2):
        del linked
        assert sum(table() is not None for table in alive) <= 2


@pytest.mark.parametrize("memory", [0, 2])
def test_memory_does_not_grow(memory):
    """Particles come and go; what is known of those that are gone is not kept."""

    def peak(frames):
        def stream():
            rng = np.random.default_rng(0)
            for _ in range(frames):
                yield rng.uniform(0, 300, (200, 2))

        tracemalloc.start()
        for _ in link_iter(stream(), 3, memory=memory):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(3)
    assert peak(60) < 1.2 * peak(15)


@pytest.mark.parametrize("options", OPTIONS)
def test_tables(movie, options, partition):
    movie = movie.assign(mass=np.arange(len(movie)) % 7)
    movie.index += 100
    tables = [movie[movie["frame"] == t] for t in range(16)]
    found = list(link_df_iter(iter(tables), 5, **options))
    for table, linked in zip(tables, found, strict=True):
        assert "particle" not in table
        pd.testing.assert_frame_equal(linked.drop(columns="particle"), table)
        assert linked["particle"].dtype == np.int64
    whole = pd.concat(found)["particle"]
    assert whole.tolist() == link(movie, 5, **options)["particle"].tolist()
    peer = pd.concat(trackpy.link_df_iter(tables, 5, pos_columns=["y", "x"], **options))
    assert partition(whole) == partition(peer["particle"])


def test_names_of_columns(movie):
    other = movie.rename(columns={"y": "b", "x": "a", "frame": "time"}).assign(
        time=lambda f: f["time"] / 7
    )
    tables = [part for _, part in other.groupby("time")]
    found = link_df_iter(tables, (4, 6), pos_columns=["b", "a"], t_column="time")
    squeezed = movie.assign(frame=pd.factorize(movie["frame"])[0])
    expected = link(squeezed, (4, 6))["particle"].tolist()
    assert pd.concat(found)["particle"].tolist() == expected


@pytest.mark.parametrize("memory", [0, 2])
def test_on_device(memory, movie, cuda):
    frames = frames_of(movie)[:8]
    expected = [p.tolist() for _, p in link_iter(frames, 5, memory=memory)]
    found = link_iter(frames, 5, memory=memory, device="cuda")
    assert [p.tolist() for _, p in found] == expected


A = np.array([[0.0, 0], [9, 9]])


@pytest.mark.parametrize(
    ("frames", "options", "error", "match"),
    [
        ([A, A[0]], {}, ValueError, r"arrays of \(N, ndim\), got \(2,\) at time 1"),
        ([(3, A), (4, A[:, :0])], {}, ValueError, r"got \(2, 0\) at time 4"),
        ([A, np.zeros((1, 3))], {}, ValueError, "positions of 2 axes, got 3 at time 1"),
        ([A, A * np.nan], {}, ValueError, "finite, got nan at time 1"),
        ([A, A + np.inf], {}, ValueError, "finite, got inf at time 1"),
        ([A], {"memory": -1}, ValueError, "`memory` must be .*got -1"),
        ([A], {"search_range": 0}, ValueError, "`search_range` must be .*got 0"),
        ([A], {"search_range": (3, 3, 3)}, ValueError, "`search_range` must be .*or 2"),
        ([A], {"device": "gpu"}, ValueError, "`device` must be .*got 'gpu'"),
        ([A], {"memroy": 1}, TypeError, "memroy"),
        (3, {}, TypeError, "not iterable"),
    ],
)
def test_bad_streams(frames, options, error, match):
    with pytest.raises(error, match=match):
        list(link_iter(frames, **{"search_range": 3} | options))


TABLE = pd.DataFrame({"frame": 0, "y": A[:, 0], "x": A[:, 1]})


@pytest.mark.parametrize(
    ("tables", "error", "match"),
    [
        ([TABLE, TABLE.drop(columns="x")], ValueError, r"`f_iter` must have the column\(s\) x"),
        ([TABLE.drop(columns="frame")], ValueError, r"must have the column\(s\) frame"),
        ([TABLE, None], TypeError, "`f_iter` must be a pandas DataFrame, got NoneType"),
        (TABLE, TypeError, "`f_iter` must be a pandas DataFrame, got str"),
        ([TABLE, TABLE.assign(x=np.nan)], ValueError, "finite, got nan"),
    ],
)
def test_bad_tables(tables, error, match):
    with pytest.raises(error, match=match):
        list(link_df_iter(tables, 3))


def test_tables_of_several_frames():
    both = pd.DataFrame({"frame": [0, 3], "y": [0.0, 1.0], "x": [0.0, 1.0]})
    with pytest.raises(ValueError, match="a table for each frame, got one with the frames 0 and 3"):
        list(link_df_iter([both], 5))


@pytest.mark.parametrize("coords", [[["a", "b"]], np.ones((2, 2), complex), [[True, False]]])
def test_positions_of_other_types(coords):
    with pytest.raises(TypeError, match="positions must be real numbers"):
        list(link_iter([coords], 5))


def test_times_that_stand_still():
    frames = [(0, np.zeros((1, 2))), (0, np.zeros((1, 2)))]
    with pytest.raises(ValueError, match="frames of growing times, got 0 after 0"):
        list(link_iter(frames, 5, predictor=DriftPredict()))


def test_memory_without_end():
    with pytest.raises(ValueError, match="`memory` must be an integer >= 0 and <= 1e"):
        list(link_iter([np.zeros((1, 2))], 5, memory=10**12))
