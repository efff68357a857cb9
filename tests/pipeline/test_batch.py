"""`batch` beside trackpy's, in this process and in others."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import trackpy

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import batch

trackpy.quiet()


class Numbered(np.ndarray):
    """A frame that knows its number, as those of pims readers do."""

    frame_no: int


def numbered(image: np.ndarray, number: int) -> Numbered:
    frame = image.view(Numbered)
    frame.frame_no = number
    return frame


def peer(movie: Any, diameter: Any, **options: Any) -> pd.DataFrame:
    """Return trackpy's table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return trackpy.batch(movie, diameter, processes=1, **options)


def test_rows_are_trackpys(movie: np.ndarray) -> None:
    found = batch(movie, 9, minmass=100, processes=1)
    pd.testing.assert_frame_equal(found, peer(movie, 9, minmass=100), rtol=1e-9)
    assert 5 not in set(found["frame"])
    assert found["frame"].nunique() == 11


@pytest.mark.parametrize("source", ["array", "list", "generator", "file"])
def test_workers_give_the_same_table(movie: np.ndarray, source: str, tmp_path: Any) -> None:
    expected = batch(movie, 9, minmass=100, processes=1)
    path = tmp_path / "movie.tif"
    if source == "file":
        tifffile.imwrite(path, movie, photometric="minisblack", metadata={"axes": "TYX"})
    given = {
        "array": movie,
        "list": list(movie),
        "generator": (frame for frame in movie),
        "file": path,
    }[source]
    pd.testing.assert_frame_equal(batch(given, 9, minmass=100, processes=2), expected)


def test_volumes_in_workers() -> None:
    z, y, x = np.mgrid[:12, :32, :32]
    one = (200 * np.exp(-((z - 6) ** 2 + (y - 14) ** 2 + (x - 17) ** 2) / 6)).astype(np.uint16)
    movie = np.stack([np.roll(one, k, axis=2) for k in range(4)])
    found = batch(movie, (5, 7, 7), processes=2)
    np.testing.assert_allclose(found[["z", "y", "x"]], [[6, 14, 17 + k] for k in range(4)])
    assert list(found["frame"]) == [0, 1, 2, 3]


def test_frames_keep_their_numbers(movie: np.ndarray) -> None:
    frames = [numbered(frame, 10 * k) for k, frame in enumerate(movie)]
    expected = peer(frames, 9, minmass=100)
    for processes in (1, 2):
        found = batch(frames, 9, minmass=100, processes=processes)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_nothing_found_gives_all_columns() -> None:
    blank = np.full((3, 32, 32), 7, np.uint8)
    with pytest.warns(UserWarning, match="no spots in any frame"):
        found = batch(blank, 7)
    assert found.empty
    columns = ["y", "x", "mass", "size", "ecc", "signal", "raw_mass", "ep", "frame"]
    assert list(found.columns) == columns
    assert found["frame"].dtype == np.int64


def test_output_gets_the_frames_with_spots(movie: np.ndarray) -> None:
    class Store:
        def __init__(self) -> None:
            self.tables: list[pd.DataFrame] = []

        def put(self, table: pd.DataFrame) -> None:
            self.tables.append(table)

    store = Store()
    assert batch(movie, 9, store, minmass=100) is store
    assert [t["frame"].iloc[0] for t in store.tables] == [k for k in range(12) if k != 5]
    together = pd.concat(store.tables, ignore_index=True)
    pd.testing.assert_frame_equal(together, batch(movie, 9, minmass=100))


def test_after_locate(movie: np.ndarray) -> None:
    def two(number: int, spots: pd.DataFrame) -> pd.DataFrame:
        return spots.tail(2).assign(twice=2 * number)

    found = batch(movie, 9, after_locate=two, minmass=100)
    expected = peer(movie, 9, after_locate=two, minmass=100)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)
    assert len(found) == 22


def test_meta_is_written(movie: np.ndarray, tmp_path: Any) -> None:
    batch(movie, 9, meta=tmp_path / "meta.yml", minmass=np.int64(100))
    record = json.loads((tmp_path / "meta.yml").read_text())
    assert record["diameter"] == 9
    assert record["minmass"] == 100
    assert set(record) == {"timestamp", "spotgpu_version", "source", "diameter", "minmass"}
    buffer = io.StringIO()
    batch(movie, 9, meta=buffer)
    assert json.loads(buffer.getvalue())["diameter"] == 9


def test_a_stream_is_read_one_frame_at_a_time(movie: np.ndarray) -> None:
    handed_out, seen = [], []

    def frames() -> Iterator[np.ndarray]:
        for k, frame in enumerate(movie):
            handed_out.append(k)
            yield frame

    def look(number: int, spots: pd.DataFrame) -> pd.DataFrame:
        seen.append((number, len(handed_out)))
        return spots

    batch(frames(), 9, after_locate=look, processes=1)
    assert seen == [(k, k + 1) for k in range(12)]


def with_bad(movie: np.ndarray, bad: Any) -> list[Any]:
    return [*movie[:7].astype(float), bad, *movie[8:].astype(float)]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.full((96, 80), np.nan), "frame 7: `raw_image` must have finite pixels, got nan"),
        (np.zeros((96, 81)), "one shape and type"),
        (np.zeros((96, 80), np.uint8), "one shape and type"),
    ],
)
def test_bad_frame_is_named(movie: np.ndarray, bad: Any, message: str, processes: int) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        batch((frame for frame in with_bad(movie, bad)), 9, processes=processes)
    assert "frame 7" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"diameter": 8}, ValueError, "`diameter` must be an odd integer"),
        ({"minmass": -1}, ValueError, "`minmass`"),
        ({"minmass": float("nan")}, ValueError, "`minmass`"),
        ({"processes": "two"}, TypeError, "`processes` must be an integer or 'auto'"),
        ({"processes": 1.5}, TypeError, "`processes`"),
        ({"raw_image": 1}, TypeError, "`raw_image`"),
        ({"min_mass": 1}, TypeError, "min_mass"),
        ({"output": []}, TypeError, "`output` must have a method `put`"),
        ({"after_locate": 3}, TypeError, "`after_locate` must be callable"),
        ({"after_locate": lambda *_: None}, TypeError, "`after_locate` must return a DataFrame"),
        ({"meta": 3}, TypeError, "`meta` must be a path or a text file"),
        ({"diameter": (5, 9, 9)}, ValueError, "`diameter`"),
    ],
)
def test_bad_arguments(
    movie: np.ndarray, options: dict[str, Any], error: Any, message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        batch(movie, **{"diameter": 9, **options})


@pytest.mark.parametrize("frames", [[], (f for f in ())])
def test_no_frames(frames: Any) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        batch(frames, 9)


def test_complex_and_colour(movie: np.ndarray) -> None:
    with pytest.raises(TypeError, match="real numbers"):
        batch(list(movie.astype(complex)), 9)
    with pytest.raises(ValueError, match="colour"):
        batch([np.zeros((32, 32, 3), np.uint8)] * 2, 9)


def test_no_room_in_shared_memory(movie: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spotgpu.pipeline._shared_frames.BUDGET", movie[0].nbytes)
    with pytest.raises(SpotgpuError, match="shared memory has no room for 2 frames"):
        batch(movie, 9, processes=2)
