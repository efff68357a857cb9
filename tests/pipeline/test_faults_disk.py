"""A full disk at each file that a run writes, and places where nothing can be written."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pyarrow
import pytest
from faulty import FRAMES, OPTIONS, Attempt, attempt, tables_in
from pyarrow import parquet

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import FinishedError, _spot_parts, _table_file, _writing

NOBODY = 65534


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Return a movie and its tables, those in CSV as well."""
    folder = tmp_path_factory.mktemp("whole")
    movie = faulty.write_movie(folder / "movie.tif")
    with pytest.MonkeyPatch.context() as patch:
        faulty.make_small(patch)
        sg.track(movie, output=folder / "out", csv=True, **OPTIONS)
    return movie, everything_in(folder / "out")


def everything_in(folder: Path) -> dict[str, bytes]:
    more = {name: (folder / name).read_bytes() for name in ("spots.csv", "tracks.csv")}
    return {**tables_in(folder), **more}


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullWriter(parquet.ParquetWriter):
    """A writer on a disk that is full after some row groups of some files."""

    def __init__(self, where: Any, *args: Any, of: str, after: int, **options: Any) -> None:
        super().__init__(where, *args, **options)
        self.hit, self.left = of in str(where), after

    def write_table(self, *args: Any, **options: Any) -> None:
        if self.hit and self.left == 0:
            full()
        self.left -= 1
        super().write_table(*args, **options)

    def close(self) -> None:
        """Fail, too: there is no room for the end of the file."""
        super().close()
        if self.hit and self.left == 0:
            full()


def writer(of: str, after: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the writer of a Parquet file fail."""

    def set_(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(_table_file, "ROW_GROUP", 100)
        patch.setattr("spotgpu.pipeline._table_feed.BLOCK", 100)
        patch.setattr(parquet, "ParquetWriter", partial(FullWriter, of=of, after=after))

    return set_


def opened(name: str, method: str = "open", after: int = 0) -> Callable[[pytest.MonkeyPatch], None]:
    """Let a method of paths fail for a file."""

    def set_(patch: pytest.MonkeyPatch) -> None:
        before, calls = getattr(Path, method), [0]

        def failing(self: Path, *args: Any, **options: Any) -> Any:
            mode = args[0] if args and method == "open" else options.get("mode", "w")
            if self.match(name) and "r" not in str(mode):
                calls[0] += 1
                if calls[0] > after:
                    full()
            return before(self, *args, **options)

        patch.setattr(Path, method, failing)

    return set_


def parts(patch: pytest.MonkeyPatch) -> None:
    """Let the third part fail."""
    write, calls = parquet.write_table, [0]

    def failing(table: Any, where: Any, **options: Any) -> None:
        calls[0] += 1
        if calls[0] > 2:
            Path(where).write_bytes(b"half")
            full()
        write(table, where, **options)

    patch.setattr(parquet, "write_table", failing)


def synced(patch: pytest.MonkeyPatch) -> None:
    """Let the system tell at the end only that a part has no place on the disk."""
    calls = [0]

    def failing(path: Path) -> None:
        calls[0] += 1
        if calls[0] > 4:
            full()
        _writing.settle(path)

    patch.setattr(_spot_parts, "settle", failing)


PLACES: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], bool]] = {
    "manifest": (opened("manifest.json.partial", "write_text"), False),
    "a part": (parts, True),
    "a part, noticed late": (synced, True),
    "the rename of a part": (opened("*.partial", "rename", 2), True),
    "spots.parquet": (writer("spots.parquet", 2), True),
    "spots.parquet, from the start": (writer("spots.parquet", 0), True),
    "tracks.parquet": (writer("tracks.parquet", 1), True),
    "particles.parquet": (writer("particles.parquet", 0), True),
    "scratch": (opened("spotgpu-*/*", "open", 2), True),
    "spots.csv": (opened("spots.csv"), True),
    "msd.csv": (opened("msd.csv"), True),
    "diffusion.json": (opened("diffusion.json", "write_text"), True),
    "report.html": (opened("report.html", "write_text"), True),
    "run.json": (opened("run.json", "write_text"), True),
    "the rename of the results": (opened("result", "rename"), True),
}


@pytest.mark.parametrize(
    ("place", "replaces"),
    [(place, False) for place in PLACES]
    + [(place, True) for place in ("a part", "spots.csv", "run.json", "the rename of the results")],
)
def test_no_room(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, replaces: bool
) -> None:
    movie, tables = whole
    fault, kept = PLACES[place]
    faulty.make_small(monkeypatch)
    home = tmp_path / "results"
    output, folder = home / "out", home / "out.unfinished"
    options: dict[str, Any] = {**OPTIONS, "csv": True, "output": output, "overwrite": replaces}
    earlier = {}
    if replaces:
        sg.track(movie, **{**options, "memory": 0})
        earlier = everything_in(output)
    with monkeypatch.context() as patch:
        fault(patch)
        with pytest.raises(SpotgpuError) as caught:
            sg.track(movie, **options)
    message = str(caught.value)
    assert "No space left on device" in message
    assert "make room on" in message
    assert message.endswith("then run again")
    names = {path.name for path in home.iterdir()} if home.exists() else set()
    assert names <= {"out", "out.unfinished"}
    assert output.exists() == replaces
    if replaces:
        assert everything_in(output) == earlier
    if kept:
        (note,) = caught.value.__notes__
        assert f"frames are kept in {folder}: the same command goes on from there" in note
        assert {path.name for path in folder.iterdir()} == {"manifest.json", "spots"}
        assert not list(folder.glob("spots/*.partial"))
    sg.track(movie, **options)
    assert everything_in(output) == tables
    assert [path.name for path in home.iterdir()] == ["out"]


def limit(n_bytes: int) -> None:
    """Let no file of this process become larger."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


@pytest.mark.parametrize("n_bytes", [100, 3000, 20_000])
def test_files_that_the_system_keeps_small(whole: Any, tmp_path: Path, n_bytes: int) -> None:
    movie, tables = whole
    output = tmp_path / "results" / "out"
    done = attempt(movie, output, partial(limit, n_bytes), csv=True)
    assert done.error == "SpotgpuError"
    assert done.message.startswith(f"could not write {output}: ")
    assert "File too large; nothing was left there: make room on the disk" in done.message
    assert not output.exists()
    kept = len(list(output.parent.glob("out.unfinished/spots/*.parquet")))
    assert (kept > 0) == (n_bytes == 20_000)
    assert done.notes or not kept
    done = attempt(movie, output, csv=True)
    assert done[:4] == (0, "", "", ())
    assert (done.looked_at < FRAMES) == (n_bytes == 20_000)
    assert everything_in(output) == tables


def nobody() -> None:
    """Become a user who owns nothing."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def as_nobody(*arguments: Any, **options: Any) -> Attempt:
    return attempt(*arguments, nobody if os.geteuid() == 0 else None, **options)


def test_place_that_is_not_ours(whole: Any, tmp_path: Path) -> None:
    movie, _ = whole
    for path in (movie, *movie.parents[:2], tmp_path):
        path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    for output in (closed / "out", closed / "deep" / "out"):
        done = as_nobody(movie, output)
        assert done.error == "SpotgpuError"
        assert done.message == (
            f"could not write {output}: Permission denied; nothing was left there: choose another "
            "place, then run again"
        )
        assert done.looked_at == 0
    assert list(closed.iterdir()) == []
    # What another user has left unfinished.
    closed.chmod(0o755)
    folder = closed / "out.unfinished"
    (folder / "spots").mkdir(parents=True)
    folder.chmod(0o555)
    done = as_nobody(movie, closed / "out")
    assert done.error in {"SpotgpuError", "ValueError"}
    assert done.looked_at == 0
    assert [path.name for path in folder.iterdir()] == ["spots"]
    # Results may be looked for in a place that is read-only.
    output = tmp_path / "done"
    sg.track(movie, output=output, **OPTIONS)
    assert as_nobody(movie, output).error == "FinishedError"


def test_places(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    movie, _ = whole
    faulty.make_small(monkeypatch)
    # Parents are made; those of a run that fails at its options are not.
    output = tmp_path / "a" / "b" / "out"
    with pytest.raises(ValueError, match="memory"):
        sg.track(movie, output=output, **{**OPTIONS, "memory": -1})
    assert list(tmp_path.iterdir()) == []
    sg.track(movie, output=output, **OPTIONS)
    with pytest.raises(FinishedError):
        sg.track(movie, output=output, **OPTIONS)
    for read_only in ("/proc/out", "/sys/out"):
        with pytest.raises(SpotgpuError, match=f"could not write {read_only}: .*: choose another"):
            sg.track(movie, output=read_only, **OPTIONS)
    with pytest.raises(SpotgpuError, match="File name too long"):
        sg.track(movie, output=tmp_path / ("x" * 250), **OPTIONS)
    monkeypatch.chdir(tmp_path / "a" / "b" / "out")
    with pytest.raises(FinishedError):
        sg.track(movie, output=".", **OPTIONS)
    with pytest.raises(ValueError, match="`output` must be a folder of an earlier run"):
        sg.track(np.zeros((2, 32, 32), np.uint8), output="/", overwrite=True, **OPTIONS)
    assert pyarrow.__version__
