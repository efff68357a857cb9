"""Tables that come in pieces: the same bytes however they are cut."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spotgpu.pipeline import _track_pieces
from spotgpu.pipeline._table_file import TableFile
from spotgpu.pipeline._table_store import FolderTables, MemoryTables
from spotgpu.pipeline._track_pieces import TrackPieces


@pytest.fixture
def table() -> pd.DataFrame:
    """Return 3,000 rows of numbers and words."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(rng.normal(size=(3000, 2)), columns=["y", "x"])
    table["frame"] = np.sort(rng.integers(0, 100, 3000))
    table["word"] = rng.choice(["a", "bc", "ü"], 3000)
    return table


def cut(table: pd.DataFrame, *at: int) -> list[pd.DataFrame]:
    edges = [0, *at, len(table)]
    return [table.iloc[a:b].reset_index(drop=True) for a, b in pairwise(edges)]


@pytest.mark.parametrize("rows", [1 << 17, 1000, 700])
def test_bytes_do_not_depend_on_the_pieces(
    table: pd.DataFrame, rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spotgpu.pipeline._table_file.ROW_GROUP", rows)
    files = []
    cuts = ([], [1], [999, 1000, 1001], [0, 0, 2500], list(range(3, 3000, 7)))
    for k, at in enumerate(cuts):
        file = TableFile(tmp_path / f"{k}.parquet", {"unit": "px"})
        for piece in cut(table, *at):
            file.add(piece)
        file.close()
        files.append((tmp_path / f"{k}.parquet").read_bytes())
    assert len(set(files)) == 1
    read = pd.read_parquet(tmp_path / "0.parquet")
    pd.testing.assert_frame_equal(read, table)
    assert read.attrs == {"unit": "px"}


def test_folder_and_memory_agree(table: pd.DataFrame, tmp_path: Path) -> None:
    stores = [MemoryTables({"a": 1}), FolderTables(tmp_path, {"a": 1}, tmp_path)]
    for store in stores:
        for piece in cut(table, 1000, 1500):
            store.add("rows", piece.copy())
        store.add("none", table.iloc[:0])
        store.close()
        pieces = list(store.pieces("rows", ["x", "frame"]))
        pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), table[["x", "frame"]])
        assert [len(piece) for piece in store.pieces("none")] == [0]
        whole = store.whole("rows")
        pd.testing.assert_frame_equal(whole, table)
        assert whole.attrs == {"a": 1}
        assert list(store.whole("none")) == list(table)


def test_memory_keeps_one_copy(table: pd.DataFrame) -> None:
    store = MemoryTables({})
    for piece in cut(table, 1000, 1500):
        store.add("rows", piece)
    assert store.whole("rows") is store.whole("rows")
    assert len(list(store.pieces("rows"))) == 1


def tracks() -> pd.DataFrame:
    """Return tracks of 1 to 60 rows, by frame; one is longer than a piece, one frame is larger."""
    rng = np.random.default_rng(3)
    parts = []
    for particle in range(0, 200, 2):
        first, n = int(rng.integers(0, 50)), int(rng.integers(1, 60))
        n = 250 if particle == 100 else n
        part = pd.DataFrame(rng.normal(size=(n, 2)), columns=["y", "x"])
        part["frame"], part["particle"] = np.arange(first, first + n), particle
        parts.append(part)
    crowd = pd.DataFrame(rng.normal(size=(130, 2)), columns=["y", "x"])
    crowd["frame"], crowd["particle"] = 30, np.arange(1000, 1130)
    whole = pd.concat([*parts, crowd])
    return whole.sort_values(["frame", "particle"], ignore_index=True)


@pytest.mark.parametrize("rows", [1 << 20, 100, 7])
@pytest.mark.parametrize("chunk", [1 << 17, 64])
def test_pieces_of_tracks(
    rows: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_track_pieces, "ROWS", rows)
    monkeypatch.setattr("spotgpu.pipeline._table_file.ROW_GROUP", chunk)
    whole = tracks()
    particle, count = np.unique(whole["particle"], return_counts=True)
    cuts = []
    for store in (MemoryTables({}), FolderTables(tmp_path, {}, tmp_path)):
        for piece in cut(whole, 100, 101, 2000):
            store.add("tracks", piece)
        store.close()
        pieces = TrackPieces(store, ["y", "x"], particle, count, tmp_path)
        assert (pieces.n_tracks, pieces.n_rows) == (len(particle), len(whole))
        frames = list(pieces.by_frame())
        pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), whole)
        for before, after in pairwise(frames):
            assert before["frame"].iloc[-1] < after["frame"].iloc[0]
        alone = [piece for piece in frames if piece["frame"].nunique() == 1]
        assert all(len(piece) <= rows for piece in frames if piece["frame"].nunique() > 1)
        assert rows > 130 or any(len(piece) > rows for piece in alone)
        by_track = list(pieces.by_track())
        for piece in by_track:
            assert len(piece) <= rows or piece["particle"].nunique() == 1
            expected = whole[whole["particle"].isin(piece["particle"])].reset_index(drop=True)
            pd.testing.assert_frame_equal(piece.reset_index(drop=True), expected)
        assert sum(len(piece) for piece in by_track) == len(whole)
        cuts.append([len(piece) for piece in (*frames, *by_track)])
    assert cuts[0] == cuts[1]
    assert {path.name for path in tmp_path.iterdir()} == {"tracks.parquet"}


def test_no_tracks(tmp_path: Path) -> None:
    store = MemoryTables({})
    store.add("tracks", tracks().iloc[:0])
    none = np.empty(0, np.int64)
    pieces = TrackPieces(store, ["y", "x"], none, none, tmp_path)
    assert [len(piece) for piece in pieces.by_frame()] == [0]
    assert [len(piece) for piece in pieces.by_track()] == [0]
