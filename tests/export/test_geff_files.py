"""GEFF in files: whole or not at all, nothing else replaced, and nothing in them trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
import zarr
from numcodecs import Pickle

from spotgpu.errors import SpotgpuError
from spotgpu.export import open_geff, save_geff
from spotgpu.tables import Tracks, edge_table

FRAMES = np.arange(20)


@pytest.fixture
def tracks():
    spots = pd.DataFrame({"id": FRAMES + 3, "frame": FRAMES, "y": 0.5, "x": 1.5, "label": "a"})
    return Tracks(spots, edge_table(FRAMES[1:] + 2, FRAMES[1:] + 3))


@pytest.fixture
def saved(tracks, tmp_path):
    save_geff(tmp_path / "a.geff", tracks)
    return tmp_path / "a.geff"


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("at", [1, 5, 30])
@pytest.mark.parametrize("overwrite", [False, True])
def test_failed_write_leaves_what_was_there(saved, tracks, monkeypatch, error, at, overwrite):
    """One of the files cannot be written, or Control-C is pressed meanwhile."""
    target = saved if overwrite else saved.with_name("b.geff")
    before = contents(saved.parent)
    monkeypatch.setattr(os, "fsync", Mock(side_effect=[*[None] * (at - 1), error]))
    is_full = isinstance(error, OSError)
    with pytest.raises(SpotgpuError if is_full else error) as caught:
        save_geff(target, tracks, overwrite=overwrite)
    if is_full:
        assert str(caught.value) == f"{target} cannot be written: {error}"
    assert os.fsync.call_count == at
    assert contents(saved.parent) == before


def test_killed_process_leaves_whole_graphs(tmp_path):
    """A process that writes one graph after the other, killed at any time."""
    code = """if True:
        import itertools
        import pandas as pd
        from spotgpu.export import save_geff
        from spotgpu.tables import Tracks, edge_table
        spots = pd.DataFrame({"id": range(9), "frame": range(9), "y": 0.0, "x": 1.0})
        tracks = Tracks(spots, edge_table(range(8), range(1, 9)))
        for i in itertools.count():
            save_geff(f"{i}.geff", tracks)
    """
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}
    ) as process:
        while not (tmp_path / "5.geff").exists() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    graphs = list(tmp_path.glob("[0-9]*.geff"))
    assert len(graphs) >= 6
    for graph in graphs:
        assert len(open_geff(graph).edges) == 8


@pytest.mark.parametrize("overwrite", [False, True])
def test_failed_rename_leaves_what_was_there(saved, tracks, monkeypatch, overwrite):
    target = saved if overwrite else saved.with_name("b.geff")
    before, rename = contents(saved.parent), Path.rename

    def failing(self, to):
        if self.suffix == ".part":
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(SpotgpuError, match=r"cannot be written: .*Permission denied"):
        save_geff(target, tracks, overwrite=overwrite)
    assert contents(saved.parent) == before


def test_replaces_only_if_asked(saved, tracks):
    before = contents(saved)
    fewer = Tracks(tracks.spots[:5], tracks.edges[:4])
    with pytest.raises(ValueError, match=r"`path` must be new, got .*a\.geff, which exists"):
        save_geff(saved, fewer)
    assert contents(saved) == before
    save_geff(saved, fewer, overwrite=True)
    assert len(open_geff(saved).spots) == 5
    assert [entry.name for entry in saved.parent.iterdir()] == ["a.geff"]


def test_replaces_nothing_but_a_graph(saved, tracks, tmp_path):
    shutil.copytree(saved, tmp_path / "more.geff")
    (tmp_path / "more.geff/segmentation").mkdir()
    (tmp_path / "folder").mkdir()
    zarr.create_group(tmp_path / "group", attributes={"other": 1})
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(saved)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"nothing but a GEFF graph .* with segmentation"):
        save_geff(tmp_path / "more.geff", tracks, overwrite=True)
    for name in ("folder", "group", "file", "link"):
        with pytest.raises(ValueError, match=f"must be a GEFF graph to be replaced, got .*{name}"):
            save_geff(tmp_path / name, tracks, overwrite=True)
    assert contents(tmp_path) == before


def test_two_writers_do_not_replace_each_other(saved, tracks, monkeypatch):
    """Another process makes the folder while this one writes."""
    target, flush = saved.with_name("b.geff"), os.fsync

    def meanwhile(file):
        flush(file)
        if not target.exists():
            saved.rename(target)

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(SpotgpuError, match=r"b\.geff cannot be written: .*not empty"):
        save_geff(target, Tracks(tracks.spots[:5], tracks.edges[:4]))
    assert len(open_geff(target).spots) == 20
    assert [entry.name for entry in target.parent.iterdir()] == ["b.geff"]


def test_reading_writes_nothing(saved):
    before = contents(saved.parent)
    open_geff(saved)
    assert contents(saved.parent) == before


def test_ids_that_no_table_holds(saved):
    ids = zarr.open_array(saved / "nodes/ids")[:].astype(np.uint64) + np.uint64(2**63)
    shutil.rmtree(saved / "nodes/ids")
    zarr.save_array(saved / "nodes/ids", ids, zarr_format=2)
    with pytest.raises(SpotgpuError, match=r"a\.geff shows no tracks: the ids .*got 9223"):
        open_geff(saved)


def test_relative_path(tracks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_geff("~a.geff", tracks)
    assert [entry.name for entry in tmp_path.iterdir()] == ["~a.geff"]
    assert len(open_geff("~a.geff").spots) == 20


class Program:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("it-ran",)


def test_nothing_is_run(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program = Pickle().encode(np.array([Program()], dtype=object))
    for chunk in ("nodes/ids/0", "nodes/props/x/values/0"):
        copy = tmp_path / chunk.replace("/", "-")
        shutil.copytree(saved, copy)
        told = json.loads((copy / chunk).with_name(".zarray").read_text())
        told |= {"compressor": None, "filters": [{"id": "pickle"}]}
        (copy / chunk).with_name(".zarray").write_text(json.dumps(told))
        (copy / chunk).write_bytes(program)
        with pytest.raises(SpotgpuError, match="compressed with pickle, which can run any program"):
            open_geff(copy)
    assert not Path("it-ran").exists()


def test_no_links_are_followed(saved):
    (saved / "nodes").rename(saved.with_name("elsewhere"))
    (saved / "nodes").symlink_to(saved.with_name("elsewhere"))
    with pytest.raises(SpotgpuError, match=r"a\.geff has a link to another folder, .*nodes"):
        open_geff(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\xff"])
def test_broken_metadata(saved, text):
    (saved / ".zattrs").write_bytes(text.encode("latin-1"))
    with pytest.raises(
        ValueError, match=r"`path` must be the folder of a GEFF graph, got .*a\.geff"
    ):
        open_geff(saved)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (".zattrs", {"geff": 1}),
        (".zattrs", {"geff": {}}),
        (".zattrs", {"geff": {"directed": "maybe"}}),
        (".zgroup", {"zarr_format": 9}),
        ("nodes/ids/.zarray", {"shape": [2**50]}),
        ("nodes/ids/.zarray", {"shape": [-1]}),
        ("nodes/ids/.zarray", {"shape": []}),
        ("nodes/ids/.zarray", {"chunks": [0]}),
        ("nodes/ids/.zarray", {"dtype": "<f8"}),
        ("nodes/ids/.zarray", {"dtype": "|O"}),
        ("nodes/ids/.zarray", {"compressor": {"id": "none such"}}),
        ("edges/ids/.zarray", {"shape": [19, 3]}),
        ("edges/props/kind/values/.zarray", {"dtype": "<U1"}),
        ("nodes/props/t/values/.zarray", {"shape": [19]}),
        ("nodes/props/x/values/.zarray", {"shape": [20, 2**45], "chunks": [20, 2**45]}),
    ],
)
def test_metadata_that_cannot_be(saved, file, change):
    told = json.loads((saved / file).read_text())
    (saved / file).write_text(json.dumps(told | change))
    with pytest.raises(SpotgpuError, match=r"a\.geff"):
        open_geff(saved)


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
def test_any_file_broken_or_gone(saved, tmp_path):
    """Cut off, garbled and deleted: as many spots, or an error that names the graph."""
    rng, messages = np.random.default_rng(0), []
    for name, data in contents(saved).items():
        garbled = bytearray(data)
        for at in rng.integers(0, len(data), 3):
            garbled[at] ^= 1 << rng.integers(0, 8)
        for broken in (None, b"", data[: len(data) // 2], bytes(garbled)):
            copy = tmp_path / "copy.geff"
            shutil.copytree(saved, copy)
            (copy / name).unlink() if broken is None else (copy / name).write_bytes(broken)
            try:
                assert len(open_geff(copy).spots) == len(FRAMES), name
            except (SpotgpuError, ValueError) as error:
                messages.append(str(error))
            shutil.rmtree(copy)
    assert len(messages) > 50
    assert [message for message in messages if "copy.geff" not in message] == []
