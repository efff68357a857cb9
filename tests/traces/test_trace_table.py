"""Traces as tables: at positions and along tracks, with a background, in order and in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import spotgpu as sg
from spotgpu import traces
from spotgpu.backends import compiled
from spotgpu.tables import Tracks, edge_table


def noise(shape: tuple[int, ...], dtype: Any = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


def ring_mean(frame: np.ndarray, centre: tuple[int, ...], inner: float, outer: float) -> float:
    """Return the mean between two radii, over all pixels of the frame."""
    squares = sum((k - c) ** 2 for k, c in zip(np.indices(frame.shape), centre, strict=True))
    return frame[(squares > inner**2) & (squares <= outer**2)].mean()


def test_positions() -> None:
    video = noise((5, 12, 14))
    coords = [(0, 0), (6, 5), (13, 11)]
    table = traces.trace_table(video, coords, 3, "disc")
    np.testing.assert_array_equal(table, traces.extract_traces(video, coords, 3, window="disc"))
    assert table.index.name == "frame"
    assert table.index.tolist() == [0, 1, 2, 3, 4]
    assert table.columns.tolist() == [0, 1, 2]


@pytest.mark.parametrize("shape", [(3, 12, 14), (2, 7, 8, 9)])
def test_background(shape: tuple[int, ...]) -> None:
    video = noise(shape, np.uint16)
    centres = [tuple(n // 2 for n in shape[1:]), (0,) * (len(shape) - 1)]
    table = traces.trace_table(video, centres, 3, background=(2, 3.5), order="yx")
    plain = traces.extract_traces(video, centres, 3, order="yx")
    expected = [[ring_mean(frame, centre, 2, 3.5) for centre in centres] for frame in video]
    np.testing.assert_allclose(table, plain - expected, rtol=1e-12)


def test_background_by_hand() -> None:
    """Of the eight neighbours of a pixel, four are at a distance of 1."""
    image = np.array([[1, 2, 3, 0, 0], [4, 100, 6, 0, 0], [7, 8, 9, 0, 0]], np.float64)
    video = image[None]
    table = traces.trace_table(video, [(1, 1), (0, 0)], 1, background=(0, 1))
    assert table.iloc[0].tolist() == [100 - (2 + 4 + 6 + 8) / 4, 1 - (2 + 4) / 2]
    table = traces.trace_table(video, [(1, 1)], 1, background=(1, 2))
    assert table.iloc[0].tolist() == [100 - (1 + 3 + 7 + 9 + 0) / 5]
    # In the middle, no pixel of the ring is inside.
    table = traces.trace_table(video, [(2, 1), (0, 0)], 1, background=(3, 4))
    np.testing.assert_array_equal(table.iloc[0], [np.nan, 1 - (0 + 0 + 0) / 3])


def test_names_units_and_numbers_of_frames() -> None:
    class Frame(np.ndarray):
        """A frame with a number, as those of pims."""

        frame_no: int

    frames = [noise((6, 6)).view(Frame) for _ in range(3)]
    for k, frame in enumerate(frames):
        frame.frame_no = 10 + k
    table = traces.trace_table(frames, pd.DataFrame({"x": [1, 2], "y": 3, "id": ["a", "b"]}))
    assert table.index.tolist() == [10, 11, 12]
    assert table.columns.tolist() == ["a", "b"]
    movie = sg.open(noise((2, 6, 6)), pixel_size_um=0.5, frame_interval_s=2)
    attrs = traces.trace_table(movie, [(1, 1)]).attrs
    assert attrs["pixel_size_um"] == [0.5, 0.5]
    assert attrs["frame_interval_s"] == 2
    spots = pd.DataFrame({"frame": [12, 10], "y": 2, "x": 2})
    along = traces.along_tracks(frames, spots, 1)
    assert along["intensity"].tolist() == [frames[2][2, 2], frames[0][2, 2]]


@pytest.mark.parametrize("shape", [(9, 20, 22), (6, 6, 20, 22)])
@pytest.mark.parametrize("window", ["rect", "disc", "pixel"])
@pytest.mark.parametrize("n_bytes", [1, 1500, 1 << 24])
def test_along_tracks(
    shape: tuple[int, ...], window: str, n_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is the trace at its position, in its frame."""
    for name in ("ON_CPU", "IN_MEMORY"):
        monkeypatch.setattr(f"spotgpu.traces._means.{name}", n_bytes)
    rng = np.random.default_rng(1)
    video = noise(shape, np.uint16)
    columns = ["z", "y", "x"][4 - len(shape) :]
    table = pd.DataFrame(
        rng.uniform(0, np.array(shape[1:]) - 0.6, (50, len(columns))),
        columns=columns,
        index=rng.permutation(50),
    ).assign(frame=rng.integers(0, shape[0] - 1, 50), particle=rng.integers(0, 5, 50))
    table.attrs["pixel_size_um"] = [1.0]
    before = table.copy(deep=True)
    found = traces.along_tracks(video, table, 4, window, background=(3, 4))
    pd.testing.assert_frame_equal(table, before)
    pd.testing.assert_frame_equal(found[table.columns], table.reset_index(drop=True))
    assert found.attrs == table.attrs
    for row in found.itertuples():
        place = [getattr(row, column) for column in columns]
        trace = traces.extract_traces(video, place, 4, window=window, order="yx")
        assert row.intensity == trace[row.frame]
        centre = tuple(int(p) for p in np.rint(place))
        expected = ring_mean(video[row.frame], centre, 3, 4)
        np.testing.assert_allclose(row.background, expected, rtol=1e-12)


def test_along_tracks_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    loops = pytest.importorskip("spotgpu.backends.cpu._loops", reason="needs numba")
    video = noise((4, 20, 22), np.float32)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.uniform(0, 19, (90, 2)), columns=["y", "x"])
    table["frame"] = rng.integers(0, 4, 90)
    results = []
    for jit in (None, loops):
        monkeypatch.setattr(compiled._Work, "loops", jit)
        monkeypatch.setattr(compiled._Work, "absent", True)
        results.append(traces.along_tracks(video, table, 5, "disc", background=(3, 6)))
    pd.testing.assert_frame_equal(*results, check_exact=True)


def test_along_tracks_on_device(cuda: Any) -> None:
    video = noise((4, 20, 22), np.float32)
    table = pd.DataFrame({"frame": [3, 0, 1], "y": [0.0, 7, 19], "x": [21.0, 3, 11]})
    expected = traces.along_tracks(video, table, background=(3, 6))
    found = traces.along_tracks(video, table, background=(3, 6), device="cuda")
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_an_earlier_background_is_left_out() -> None:
    video = noise((2, 8, 8))
    before = traces.along_tracks(video, SPOTS, background=(1, 3))
    pd.testing.assert_frame_equal(
        traces.along_tracks(video, before, 1), traces.along_tracks(video, SPOTS, 1)
    )


def test_columns_that_may_lack_values() -> None:
    video = noise((2, 8, 8))
    expected = traces.along_tracks(video, SPOTS)["intensity"]
    for table in (SPOTS.convert_dtypes(), SPOTS.astype({"frame": "UInt64", "x": "Float32"})):
        found = traces.along_tracks(video, table)
        pd.testing.assert_series_equal(found["intensity"], expected)
        assert found.dtypes["frame"] == table.dtypes["frame"]


def test_tracks_that_split() -> None:
    video = noise((2, 8, 8))
    spots = pd.DataFrame({"id": [7, 8, 9], "frame": [0, 1, 1], "y": 3.0, "x": [5.0, 4.0, 6.0]})
    found = traces.along_tracks(video, Tracks(spots, edge_table([7, 7], [8, 9], kind="split")), 1)
    assert found["particle"].tolist() == [0, 1, 2]
    assert found["intensity"].tolist() == [video[0, 3, 5], video[1, 3, 4], video[1, 3, 6]]


def test_no_rows() -> None:
    table = pd.DataFrame({"frame": np.empty(0, int), "y": np.empty(0), "x": np.empty(0)})
    found = traces.along_tracks(noise((2, 8, 8)), table, background=(2, 3))
    assert found.shape == (0, 5)
    # Without rows, the columns of a table are objects.
    table = pd.DataFrame(columns=["frame", "y", "x"])
    assert len(traces.along_tracks(noise((2, 8, 8)), table)) == 0
    assert traces.trace_table(noise((2, 8, 8)), []).shape == (2, 0)


def test_memory_does_not_grow_with_the_movie() -> None:
    """A stream of frames of 1 MB: 80 and 200 of them take the same."""

    def frames(n: int) -> Iterator[np.ndarray]:
        for k in range(n):
            yield np.full((1024, 1024), k % 256, np.uint8)

    peaks = []
    for n in (80, 200):
        tracemalloc.start()
        found = traces.trace_table(frames(n), [(5, 5), (1000, 1000)], background=(3, 5))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found.shape == (n, 2)
    assert peaks[1] < 1.2 * peaks[0]


SPOTS = pd.DataFrame({"frame": [0, 1], "y": [2.0, 3.0], "x": [4.0, 5.0]})
BAD_TRACKS = [
    (
        {"tracks": SPOTS.drop(columns="frame")},
        ValueError,
        r"`tracks` must have the column\(s\) frame",
    ),
    ({"tracks": SPOTS.drop(columns="y")}, ValueError, r"`tracks` must have the column\(s\) y"),
    ({"tracks": SPOTS.assign(z=1.0)}, ValueError, r"column\(s\) y, x for frames.*got z, y, x"),
    ({"tracks": SPOTS.assign(x=[1, 99.0])}, ValueError, "`tracks` must be finite and.*at index 1"),
    ({"tracks": SPOTS.assign(y=[np.nan, 1])}, ValueError, "`tracks` must be finite.*y=nan"),
    ({"tracks": SPOTS.assign(x="a")}, TypeError, "`tracks` must be positions"),
    ({"tracks": SPOTS.assign(frame=[0, 2])}, ValueError, "frames of the movie only, got frame 2"),
    ({"tracks": SPOTS.assign(frame=[-1, 0])}, ValueError, "got frame -1"),
    ({"tracks": SPOTS.assign(frame=[0.5, 0])}, ValueError, "whole frames, got 0.5 at index 0"),
    ({"tracks": SPOTS.assign(frame=[0, np.nan])}, ValueError, "whole frames, got nan"),
    ({"tracks": SPOTS.assign(frame=[0, np.inf])}, ValueError, "whole frames, got inf at index 1"),
    ({"tracks": SPOTS.assign(frame=[0, 1e30])}, ValueError, r"movie only, got frame 1e\+30"),
    (
        {"tracks": SPOTS.assign(frame=np.array([0, 2**64 - 1], np.uint64))},
        ValueError,
        "movie only, got frame 18446744073709551615",
    ),
    (
        {"tracks": SPOTS.assign(frame=pd.array([0, pd.NA], "Int64"))},
        ValueError,
        "whole frames, got nan at index 1",
    ),
    ({"tracks": SPOTS[["frame", *SPOTS]]}, ValueError, "column once, got frame twice"),
    ({"tracks": SPOTS.assign(frame="a")}, TypeError, "numbers in the column frame"),
    ({"tracks": [1, 2]}, TypeError, "`tracks` must be a pandas DataFrame"),
    ({"background": 3}, ValueError, r"`background` must be two radii \(inner, outer\), got 3"),
    ({"background": "34"}, ValueError, "`background` must be two radii"),
    (
        {"background": (3, 3)},
        ValueError,
        r"with pixels between them in frames of shape \(8, 8\), got",
    ),
    ({"background": (4, 3)}, ValueError, "with pixels between them"),
    ({"background": (-1, 3)}, ValueError, "`background` must be a finite number >= 0"),
    ({"background": (1, np.inf)}, ValueError, "`background` must be a finite number"),
]


@pytest.mark.parametrize(("changed", "kind", "message"), BAD_TRACKS)
def test_bad_tracks(changed: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        traces.along_tracks(**{"video": noise((2, 8, 8)), "tracks": SPOTS, **changed})


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (SPOTS, "`positions` must be fixed, got a table with frame: "),
        (pd.DataFrame({"x": [1, 2], "y": 1, "id": 3}), "`positions` must have an id once"),
        (
            pd.DataFrame({"x": [1, 2], "y": 1, "id": [3, np.nan]}),
            "`positions` must have an id once",
        ),
        ([(1, 99)], "`positions` must be finite and inside the image"),
    ],
)
def test_bad_positions(positions: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        traces.trace_table(noise((2, 8, 8)), positions)
