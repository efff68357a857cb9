"""Worker processes that are killed, or whose parent is; and a device without memory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import faulty
import numpy as np
import pytest
from faulty import OPTIONS, Frames, frames_of, tables_in, write_movie
from test_faults_interrupt import session_of

import spotgpu as sg
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import _spot_parts
from spotgpu.pipeline._workers import end_workers

N = 120
SHM = Path("/dev/shm")  # noqa: S108 - looked at only


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """Return a movie and its tables."""
    folder = tmp_path_factory.mktemp("whole")
    movie = write_movie(folder / "movie.tif", N)
    with pytest.MonkeyPatch.context() as patch:
        faulty.make_small(patch)
        sg.track(movie, output=folder / "out", **OPTIONS)
    return movie, tables_in(folder / "out")


def workers_of(pid: int) -> list[int]:
    """Return the worker processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            command = (path / "cmdline").read_text()
            if int(parent) == pid and "loky.backend.popen_loky" in command:
                found.append(int(path.name))
    return found


@pytest.mark.parametrize("how", ["file", "shared memory"])
def test_a_worker_is_killed(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    movie, tables = whole
    faulty.make_small(monkeypatch)
    monkeypatch.setattr("spotgpu.pipeline._plan.TASK_FRAMES", 2)
    output, folder = tmp_path / "out", tmp_path / "out.unfinished"
    source: Any = movie if how == "file" else Frames(frames_of(N))
    blocks = set(SHM.glob("psm_*"))
    mine: set[Path] = set()
    flush = _spot_parts.SpotParts.flush
    killed = []

    def killing(self: Any, columns: Any) -> None:
        flush(self, columns)
        if self.n_frames > 20 and not killed:
            mine.update(set(SHM.glob("psm_*")) - blocks)
            killed.append(workers_of(os.getpid())[0])
            os.kill(killed[0], signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(_spot_parts.SpotParts, "flush", killing)
        with pytest.raises(SpotgpuError, match=r"a worker process died, .*: use fewer") as caught:
            sg.track(source, output=output, **{**OPTIONS, "processes": 2})
    (note,) = caught.value.__notes__
    kept = int(note.split()[3])
    assert note.endswith(f"kept in {folder}: the same command goes on from there")
    assert 20 < kept < N
    assert workers_of(os.getpid()) == []
    if how != "file":
        assert not set(SHM.glob("psm_*")) & mine
        assert mine
        source = Frames(frames_of(N))
    sg.track(source, output=output, **{**OPTIONS, "processes": 2})
    assert tables_in(output) == tables
    end_workers()


#: Keeps spots often; the frames lie in shared memory if there is a second argument.
PROGRAM = """
import sys
import numpy as np
import faulty
import spotgpu as sg
from spotgpu.pipeline import _plan

if __name__ == "__main__":
    faulty.make_small()
    _plan.TASK_FRAMES = 2
    source, output = sys.argv[1:3]
    if len(sys.argv) > 3:
        source = faulty.Frames(np.load(source, mmap_mode="r"))
    sg.track(source, output=output, **{**faulty.OPTIONS, "processes": 2})
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["file", "shared memory"])
def test_killed_with_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Three times SIGKILL to the parent alone, at some moment after its first spots are kept."""
    images = frames_of(600)
    source = tmp_path / ("movie.npy" if how != "file" else "movie.tif")
    if how == "file":
        write_movie(source, 600)
    else:
        np.save(source, images)
    script = tmp_path / "script.py"
    script.write_text(PROGRAM)
    home = tmp_path / "results"
    output, spots = home / "out", home / "out.unfinished" / "spots"
    command = [sys.executable, str(script), str(source), str(output)]
    command += ["shared"] if how != "file" else []
    path = os.pathsep.join([str(Path(faulty.__file__).parent), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path}
    rng = np.random.default_rng(4)
    kept = 0
    for _ in range(3):
        before = set(SHM.iterdir())
        process = subprocess.Popen(
            command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while not len(list(spots.glob("*.parquet"))) > kept and time.monotonic() < deadline:
            assert process.poll() in {None, 0}
            time.sleep(0.01)
        time.sleep(rng.random() * 0.3)
        mine = {entry for entry in set(SHM.iterdir()) - before if str(process.pid) in entry.name}
        blocks = set(SHM.glob("psm_*")) - before
        process.kill()
        process.wait()
        # Workers and trackers notice that they are alone.
        for _ in range(150):
            if not session_of(process.pid):
                break
            time.sleep(0.1)
        assert session_of(process.pid) == set()
        assert not {entry for entry in mine | blocks if entry.exists()}
        kept = len(list(spots.glob("*.parquet")))
    subprocess.run(command, env=environment, check=True)
    faulty.make_small(monkeypatch)
    sg.track(images, output=tmp_path / "whole", **OPTIONS)
    assert tables_in(output) == tables_in(tmp_path / "whole")
    assert [entry.name for entry in home.iterdir()] == ["out"]


@pytest.mark.usefixtures("device")
def test_no_memory_on_the_device(
    whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cupy.cuda.memory import OutOfMemoryError

    from spotgpu.detect import _locator

    movie, tables = whole
    faulty.make_small(monkeypatch)
    output, folder = tmp_path / "out", tmp_path / "out.unfinished"
    monkeypatch.setattr("spotgpu.backends.cuda.slots.ENOUGH", 4 * 64 * 72)
    find, calls = _locator.find, [0]

    def full(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] > 6:
            raise OutOfMemoryError(1 << 40, 0)
        return find(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_locator, "find", full)
        with pytest.raises(SpotgpuError, match=r"no memory for .* one frame .*: use") as caught:
            sg.track(movie, output=output, **{**OPTIONS, "device": "cuda"})
    kept = int(caught.value.__notes__[-1].split()[3])
    assert 0 < kept < N
    assert len(list(folder.glob("spots/*.parquet"))) > 1
    for device in ("cpu", "cuda"):
        copy = tmp_path / device / "out"
        shutil.copytree(folder, copy.with_name("out.unfinished"))
        sg.track(movie, output=copy, **{**OPTIONS, "device": device})
        found = tables_in(copy)
        if device == "cuda":
            # The MSD is summed in another order there.
            found["msd.csv"] = tables["msd.csv"]
        assert found == tables


def test_threads_end(whole: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who read ahead do not outlive a run that fails."""
    movie, _ = whole
    faulty.make_small(monkeypatch)
    before = threading.active_count()

    def failing(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("spotgpu.pipeline._track_run.LongTracks.add", failing)
    with pytest.raises(KeyboardInterrupt):
        sg.track(movie, output=tmp_path / "out", **OPTIONS)
    assert threading.active_count() == before
