"""Traces in files: tables that are passed, wide tables, what fails, memory."""

from __future__ import annotations

import errno
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tifffile

from spotgpu import io, traces
from spotgpu.backends import compiled
from spotgpu.errors import SpotgpuError

VIDEO = np.random.default_rng(0).integers(100, 250, (12, 20, 24)).astype(np.uint8)
PLACES = pd.DataFrame({"x": [3, 20], "y": [4, 15], "id": ["a", "b"]})
#: One particle is in all frames but one, the other in two.
TRACKS = pd.DataFrame(
    {
        "frame": [0, 1, 2, 4, 5, 1, 2],
        "particle": [7, 7, 7, 7, 7, 2, 2],
        "y": [5.0, 6, 7, 8, 9, 12, 13],
        "x": [4.0, 5, 6, 7, 8, 15, 14],
    }
)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.parquet"


def test_tables_that_are_passed(output: Path) -> None:
    assert traces.traces_file(VIDEO, output, positions=PLACES) == (2, 12)
    expected = traces.trace_table(VIDEO, PLACES).reset_index()
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected)
    assert traces.traces_file(VIDEO, output, tracks=TRACKS, overwrite=True) == (7, 5)
    expected = traces.along_tracks(VIDEO, TRACKS)
    pd.testing.assert_frame_equal(pd.read_parquet(output), expected)
    for name in ("positions", "tracks"):
        with pytest.raises(TypeError, match=f"`{name}` must be a path or a DataFrame, got list"):
            traces.traces_file(VIDEO, output, overwrite=True, **{name: [(1, 2)]})


def test_what_an_earlier_run_wrote_does_not_count(output: Path) -> None:
    """Its background would be subtracted from an intensity that is another one."""
    clean = output.with_name("clean.parquet")
    traces.traces_file(VIDEO, clean, tracks=TRACKS, dff=True)
    traces.traces_file(VIDEO, output, tracks=TRACKS, dff=True, background=(3, 5))
    again = output.with_name("again.parquet")
    traces.traces_file(VIDEO, again, tracks=output, dff=True)
    pd.testing.assert_frame_equal(pd.read_parquet(again), pd.read_parquet(clean))
    traces.traces_file(VIDEO, again, tracks=output, overwrite=True)
    assert "dff" not in pd.read_parquet(again)


def test_wide(output: Path) -> None:
    assert traces.traces_file(VIDEO, output, tracks=TRACKS, wide=True) == (2, 5)
    found = pd.read_parquet(output)
    assert found.columns.tolist() == ["frame", "2", "7"]
    assert found["frame"].tolist() == [0, 1, 2, 4, 5]
    intensity = traces.along_tracks(VIDEO, TRACKS)["intensity"].tolist()
    assert found["7"].tolist() == intensity[:5]
    np.testing.assert_array_equal(found["2"], [np.nan, *intensity[5:], np.nan, np.nan])

    options: dict[str, Any] = {"background": (3, 5), "dff": True, "overwrite": True}
    traces.traces_file(VIDEO, output, tracks=TRACKS, wide=True, **options)
    found = pd.read_parquet(output)
    rows = traces.along_tracks(VIDEO, TRACKS, background=(3, 5))[:5]
    change = traces.dff((rows["intensity"] - rows["background"]).to_numpy())
    np.testing.assert_array_equal(found["7"], change)


def test_tables_that_cannot_be_wide(output: Path) -> None:
    twice = pd.concat([TRACKS, TRACKS[3:4]])
    with pytest.raises(ValueError, match="once in a frame for wide, got particle 7 twice in fram"):
        traces.traces_file(VIDEO, output, tracks=twice, wide=True)
    with pytest.raises(ValueError, match="the column particle for wide"):
        traces.traces_file(VIDEO, output, tracks=TRACKS.drop(columns="particle"), wide=True)
    with pytest.raises(ValueError, match="`wide` must be False at positions"):
        traces.traces_file(VIDEO, output, positions=PLACES, wide=True)
    assert not output.exists()


@pytest.mark.parametrize("where", [{"positions": PLACES}, {"tracks": TRACKS}])
def test_a_source_that_fails_is_not_a_disk_that_fails(output: Path, where: Any) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield from VIDEO[:4]
        raise OSError(errno.EIO, "the share is gone")

    with pytest.raises(OSError, match="the share is gone") as caught:
        traces.traces_file(frames(), output, **where)
    assert not isinstance(caught.value, SpotgpuError)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("dff", [False, True])
def test_a_full_disk_ends_the_reading(
    output: Path, dff: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, not when nobody holds the error any more."""
    ended = []
    read_ahead = io.read_ahead

    @contextmanager
    def watched(movie: Any) -> Iterator[Any]:
        with read_ahead(movie) as ahead:
            try:
                yield ahead
            finally:
                ended.append(True)

    def full(pieces: Iterator[Any], *_: Any) -> None:
        next(pieces)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(io, "read_ahead", watched)
    monkeypatch.setattr("spotgpu.traces._means.ON_CPU", 1)
    monkeypatch.setattr("spotgpu.traces._file.write_pieces", full)
    with pytest.raises(SpotgpuError, match=r"could not write .*make room on the disk") as held:
        traces.traces_file(list(VIDEO), output, positions=PLACES, dff=dff)
    assert ended == [True]
    assert isinstance(held.value.__cause__, OSError)


def test_frames_that_a_file_cannot_have_are_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tifffile.imwrite(tmp_path / "movie.tif", VIDEO, photometric="minisblack")

    def read(*_: Any) -> None:
        raise AssertionError("the movie is read")

    monkeypatch.setattr("spotgpu.traces._along_tracks.moving_means", read)
    with pytest.raises(ValueError, match="frames of the movie only, got frame 12"):
        traces.along_tracks(tmp_path / "movie.tif", TRACKS.replace({"frame": {5: 12}}))


def test_memory_does_not_grow_with_the_movie(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1000 and 4000 frames take the same; the traces of 4000 are 6 MB."""
    # Loops that are compiled on the way take memory that stays.
    monkeypatch.setattr(compiled._Work, "loops", None)
    monkeypatch.setattr(compiled._Work, "absent", True)
    monkeypatch.setattr("spotgpu.traces._means.VALUES", 1 << 14)
    monkeypatch.setattr("spotgpu.traces._file.VALUES", 1 << 15)
    places = traces.random_positions((32, 32), 200, seed=0)
    positions = pd.DataFrame(places, columns=["x", "y"])
    frame = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32)
    peaks = []

    def frames(n: int) -> Iterator[np.ndarray]:
        for _ in range(n):
            peaks[-1] = max(peaks[-1], pa.total_allocated_bytes())
            yield frame

    for n in (1000, 4000):
        before = pa.total_allocated_bytes()
        peaks.append(0)
        tracemalloc.start()
        assert traces.traces_file(frames(n), output, positions=positions, overwrite=True)[1] == n
        peaks[-1] += tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 3_000_000
