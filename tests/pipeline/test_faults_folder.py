"""What an unfinished run finds when it goes on: broken files, other things, other options."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
from faulty import OPTIONS, Frames, frames_of, tables_in, write_movie

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import FinishedError, _manifest, _spot_parts, _work_folder
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._spot_parts import SpotParts

N, STOP = 40, 31


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Return a movie and its tables."""
    folder = tmp_path_factory.mktemp("whole")
    movie = write_movie(folder / "movie.tif", N)
    with pytest.MonkeyPatch.context() as patch:
        faulty.make_small(patch)
        sg.track(movie, output=folder / "out", **OPTIONS)
    return movie, tables_in(folder / "out")


def stop(movie: Path, output: Path, at: int = STOP) -> Path:
    """Run until a frame, and return the folder that is left."""
    with pytest.MonkeyPatch.context() as patch:
        rows = FrameLocator.rows

        def stopping(self: FrameLocator, image: object, number: int) -> Any:
            if number == at:
                raise KeyboardInterrupt
            return rows(self, image, number)

        patch.setattr(FrameLocator, "rows", stopping)
        with pytest.raises(KeyboardInterrupt) as caught:
            sg.track(movie, output=output, **OPTIONS)
    folder = output.with_name("out.unfinished")
    assert caught.value.__notes__ == [
        f"the spots of {at} frames are kept in {folder}: the same command goes on from there"
    ]
    return folder


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


def rename(path: Path) -> None:
    """Let a file stand for more frames than it has."""
    path.rename(path.with_name(f"{path.name[:12]}-{int(path.name[13:25]) + 1:012}.parquet"))


@pytest.mark.parametrize("which", [0, -1])
@pytest.mark.parametrize(
    "harm",
    [truncate, flip, lambda path: path.write_bytes(b""), Path.unlink, rename],
    ids=["truncated", "flipped", "empty", "missing", "renamed"],
)
def test_broken_parts(
    whole: Any, looked_at: list[int], tmp_path: Path, harm: Callable[[Path], Any], which: int
) -> None:
    movie, tables = whole
    output = tmp_path / "results" / "out"
    folder = stop(movie, output)
    parts = sorted((folder / "spots").iterdir())
    assert len(parts) > 4
    harm(parts[which])
    (folder / "spots" / f"{STOP:012}-{STOP + 9:012}.partial").write_bytes(b"half")
    looked_at.clear()
    sg.track(movie, output=output, **OPTIONS)
    # What follows a gap is found again.
    assert looked_at == list(range(int(parts[which].name[:12]), N))
    assert tables_in(output) == tables
    assert [path.name for path in output.parent.iterdir()] == ["out"]


def test_no_broken_byte_goes_unseen(tmp_path: Path) -> None:
    """Each byte of a file is changed in turn, in a way that differs."""
    parts, columns = SpotParts(tmp_path / "spots"), ["y", "x"]
    rng = np.random.default_rng(0)
    for number in range(5):
        parts.add((number, rng.random((3 * (number != 2), 2))), columns)
    parts.flush(columns)
    (path,) = (tmp_path / "spots").iterdir()
    before, content = _spot_parts._read(path), path.read_bytes()
    assert before is not None
    refused = 0
    for k in range(len(content)):
        changed = bytearray(content)
        changed[k] ^= 1 << (k % 8)
        path.write_bytes(changed)
        found = _spot_parts._read(path)
        refused += found is None
        if found is not None:
            assert [number for number, _ in found] == list(range(5))
            for (_, rows), (_, expected) in zip(found, before, strict=True):
                np.testing.assert_array_equal(rows, expected)
    assert refused > len(content) / 2


def test_kept_frames_do_not_hold_their_file(tmp_path: Path) -> None:
    parts, columns = SpotParts(tmp_path / "spots"), ["y", "x"]
    for number in range(5):
        parts.add((number, np.ones((3, 2))), columns)
    parts.flush(columns)
    assert [rows.base for _, rows in parts.frames()] == [None] * 5


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}", b'{"program": "another"}'])
def test_broken_manifest(whole: Any, looked_at: list[int], tmp_path: Path, content: bytes) -> None:
    movie, _ = whole
    folder = stop(movie, tmp_path / "out")
    (folder / "manifest.json").write_bytes(content)
    before = sorted(path.name for path in folder.rglob("*"))
    with pytest.raises(ValueError, match=r"something else \(no manifest.json of spotgpu\): move"):
        sg.track(movie, output=tmp_path / "out", **OPTIONS)
    assert sorted(path.name for path in folder.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "photo.tif",
        "photos/",
        "spots/notes.txt",
        "spots/more/",
        "result/notes.txt",
        "manifest.json/",
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_others_have_put_there_is_kept(
    whole: Any, looked_at: list[int], tmp_path: Path, name: str, overwrite: bool
) -> None:
    movie, _ = whole
    folder = tmp_path / "out.unfinished"
    if "/" in name.rstrip("/"):
        stop(movie, tmp_path / "out")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_text("precious")
    before = sorted(path.name for path in folder.rglob("*"))
    with pytest.raises(ValueError, match=f"holds something else \\({name.rstrip('/')}\\): move"):
        sg.track(movie, output=tmp_path / "out", overwrite=overwrite, **OPTIONS)
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_folders_that_may_be_used(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    movie, tables = whole
    folder = tmp_path / "out.unfinished"
    folder.mkdir()
    sg.track(movie, output=tmp_path / "out", **OPTIONS)
    assert tables_in(tmp_path / "out") == tables
    assert not folder.exists()
    folder.write_text("a file")
    with pytest.raises(ValueError, match="which is something else: move it elsewhere"):
        sg.track(movie, output=tmp_path / "out", overwrite=True, **OPTIONS)
    assert folder.read_text() == "a file"


def test_nothing_kept_is_no_obstacle(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    """Killed before any spots were kept: other options may follow."""
    movie, _ = whole
    folder = stop(movie, tmp_path / "out")
    shutil.rmtree(folder / "spots")
    sg.track(movie, output=tmp_path / "out", **{**OPTIONS, "memory": 0})
    assert json.loads((tmp_path / "out" / "run.json").read_text())["parameters"]["memory"] == 0


def test_spots_that_cannot_be_removed_are_not_mixed(
    whole: Any, looked_at: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    movie, tables = whole
    folder = stop(movie, tmp_path / "out")

    def denied(path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", denied)
        with pytest.raises(SpotgpuError, match="Permission denied"):
            sg.track(movie, output=tmp_path / "out", overwrite=True, **{**OPTIONS, "diameter": 7})
    assert json.loads((folder / "manifest.json").read_text())["parameters"]["diameter"] == 9
    sg.track(movie, output=tmp_path / "out", **OPTIONS)
    assert tables_in(tmp_path / "out") == tables


CHANGES: dict[str, tuple[Any, str]] = {
    "diameter": (7, "diameter: 9 then, 7 now"),
    "search_range": (6, "search_range: 5 then, 6 now"),
    "minmass": (300, "minmass: not given then, 300 now"),
    "maxsize": (4.5, "maxsize: not given then, 4.5 now"),
    "separation": ((9, 8), "separation: not given then, [9, 8] now"),
    "noise_size": (1.5, "noise_size: 1 then, 1.5 now"),
    "smoothing_size": (11, "smoothing_size: not given then, 11 now"),
    "threshold": (2, "threshold: not given then, 2 now"),
    "invert": (True, "invert: false then, true now"),
    "percentile": (70, "percentile: 64 then, 70 now"),
    "topn": (3, "topn: not given then, 3 now"),
    "preprocess": (False, "preprocess: true then, false now"),
    "max_iterations": (3, "max_iterations: 10 then, 3 now"),
    "memory": (3, "memory: 2 then, 3 now"),
    "min_length": (6, "min_length: 5 then, 6 now"),
    "drift": (False, "drift: true then, false now"),
    "drift_smoothing": (2, "drift_smoothing: 0 then, 2 now"),
    "max_lagtime": (9, "max_lagtime: 20 then, 9 now"),
    "confidence": (0.9, "confidence: 0.95 then, 0.9 now"),
    "pixel_size_um": (0.16, "pixel_size_um: not given then, 0.16 now"),
    "fps": (10, "fps: not given then, 10 now"),
    "axes": ("TYX", 'axes: not given then, "TYX" now'),
    "csv": (True, "csv: false then, true now"),
}
FREE = {
    *("source", "processes", "client", "device", "max_gb", "output", "overwrite", "progress"),
    "channel",
}


def test_changed_options_are_named(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    movie, tables = whole
    output = tmp_path / "out"
    assert set(inspect.signature(sg.track).parameters) == {*CHANGES, *FREE}
    folder = stop(movie, output)
    before = sorted(path.name for path in folder.rglob("*"))
    looked_at.clear()
    for name, (value, text) in CHANGES.items():
        with pytest.raises(
            ValueError, match="`output` has an unfinished run that differs"
        ) as caught:
            sg.track(movie, output=output, **{**OPTIONS, name: value})
        assert str(caught.value) == (
            f"`output` has an unfinished run that differs, in {folder}: {text}. Finish that one "
            "with the same options and files (cp -p keeps a file's time), choose another output, "
            "or start anew with `overwrite` (--overwrite)"
        )
    assert sorted(path.name for path in folder.rglob("*")) == before
    sg.track(movie, output=output, **{**OPTIONS, "processes": "auto"})
    assert looked_at == list(range(STOP, N))
    assert tables_in(output) == tables
    for name, (value, text) in CHANGES.items():
        with pytest.raises(ValueError, match="the results of another run") as caught:
            sg.track(movie, output=output, **{**OPTIONS, name: value})
        assert text in str(caught.value)
    with pytest.raises(FinishedError, match="has the results of this run already"):
        sg.track(movie, output=output, **OPTIONS)


def test_another_version(
    whole: Any, looked_at: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    movie, _ = whole
    stop(movie, tmp_path / "out")
    now = _manifest.installed("spotgpu")
    monkeypatch.setattr(_manifest, "installed", lambda _: "99.0")
    with pytest.raises(ValueError, match=f'version of spotgpu: "{now}" then, "99.0" now'):
        sg.track(movie, output=tmp_path / "out", **OPTIONS)


def test_changed_input_is_named(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    movie, tables = whole
    mine = tmp_path / "movie.tif"
    output = tmp_path / "out"
    shutil.copy2(movie, mine)
    stop(mine, output)
    times = (mine.stat().st_atime_ns, mine.stat().st_mtime_ns)
    # Copied again, as who mends a file does: the same bytes, another time.
    os.utime(mine, ns=(times[0], times[1] + 10**9))
    with pytest.raises(ValueError, match=r"changed on disk since: movie\.tif\. Finish that one"):
        sg.track(mine, output=output, **OPTIONS)
    os.utime(mine, ns=times)
    with mine.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ValueError, match=r"movie\.tif: [\d,]+ bytes then, [\d,]+ bytes now"):
        sg.track(mine, output=output, **OPTIONS)
    shutil.copy2(movie, mine)
    other = shutil.copy2(movie, tmp_path / "other.tif")
    with pytest.raises(ValueError, match=r"movie\.tif then, .*other\.tif now"):
        sg.track(other, output=output, **OPTIONS)
    with pytest.raises(ValueError, match="40 frames then, 20 now"):
        sg.track(sg.open(mine)[:20], output=output, **OPTIONS)
    looked_at.clear()
    sg.track(mine, output=output, **OPTIONS)
    assert looked_at == list(range(STOP, N))
    assert tables_in(output) == tables


def test_another_channel(looked_at: list[int], tmp_path: Path) -> None:
    images = np.stack([frames_of(N), frames_of(N)[::-1]], axis=1)
    path = tmp_path / "movie.npy"
    np.save(path, images)
    options = {**OPTIONS, "axes": "TCYX", "channel": 0}
    movie = Frames(images[:, 0], 30, OSError("gone"))
    assert len(movie) == N
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FrameLocator, "rows", _interrupted(FrameLocator.rows, 20))
        with pytest.raises(KeyboardInterrupt):
            sg.track(path, output=tmp_path / "out", **options)
    with pytest.raises(ValueError, match="channel: 0 then, 1 now"):
        sg.track(path, output=tmp_path / "out", **{**options, "channel": 1})
    sg.track(path, output=tmp_path / "out", **options)
    assert not (tmp_path / "out.unfinished").exists()


def _interrupted(rows: Any, at: int) -> Any:
    def stopping(self: FrameLocator, image: object, number: int) -> Any:
        if number == at:
            raise KeyboardInterrupt
        return rows(self, image, number)

    return stopping


def test_the_first_image_is_the_movies(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    """Going on begins with a later frame; the report and the warnings are about the first."""
    movie, _ = whole
    for at in (STOP, N):
        output = tmp_path / str(at) / "out"
        if at < N:
            stop(movie, output, at)
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    "spotgpu.pipeline._track_run.analyse",
                    lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt),
                )
                with pytest.raises(KeyboardInterrupt):
                    sg.track(movie, output=output, **OPTIONS)
        result = sg.track(movie, output=output, **OPTIONS)
        np.testing.assert_array_equal(result.image, frames_of(N)[0])


def test_two_at_once(whole: Any, looked_at: list[int], tmp_path: Path) -> None:
    movie, tables = whole
    output = tmp_path / "out"
    begun, go_on = threading.Event(), threading.Event()
    images = frames_of(N)

    class Slow(Frames):
        def __getitem__(self, k: int) -> np.ndarray:
            if k == 20:
                begun.set()
                go_on.wait(60)
            return super().__getitem__(k)

    first = threading.Thread(
        target=sg.track, args=(Slow(images),), kwargs={**OPTIONS, "output": output}
    )
    first.start()
    try:
        assert begun.wait(60)
        for overwrite in (False, True):
            with pytest.raises(SpotgpuError) as caught:
                sg.track(Frames(images), output=output, overwrite=overwrite, **OPTIONS)
            assert str(caught.value) == (
                f"another run is at work in {output}.unfinished: wait until it has ended, or "
                "choose another output"
            )
        # Another process, and another movie.
        done = faulty.attempt(movie, output)
        assert (done.error, done.looked_at) == ("SpotgpuError", 0)
        assert "another run is at work" in done.message
    finally:
        go_on.set()
        first.join()
    assert tables_in(output) == tables
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["settle", "WorkFolder"])
@pytest.mark.parametrize("kept", [False, True])
def test_interrupted_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kept: bool
) -> None:
    """Nothing is left of a run that has found nothing; what an earlier try has found stays."""
    movie, output = write_movie(tmp_path / "movie.tif", N), tmp_path / "out"
    parts = stop(movie, output) / "spots" if kept else None
    before = parts and sorted(parts.iterdir())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_work_folder, name, interrupt)
    monkeypatch.setattr(FrameLocator, "rows", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sg.track(movie, output=output, **OPTIONS)
    if parts is None:
        assert [path.name for path in tmp_path.iterdir()] == ["movie.tif"]
    else:
        assert sorted(parts.iterdir()) == before
