"""Runs of `track` in processes of their own, which are made to fail."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from walking_spots import draw, grid_of, walk

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import _result_files, _spot_parts, _track_pieces, track
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._stages import Stages

#: The same on every run; run.json and report.html hold times.
TABLES = (
    *("spots.parquet", "tracks.parquet", "particles.parquet"),
    *("msd.csv", "drift.csv", "diffusion.json"),
)
FRAMES, SHAPE = 60, (64, 72)
OPTIONS = {"diameter": 9, "search_range": 5, "memory": 2, "min_length": 5, "drift": True}
OPTIONS |= {"max_lagtime": 20, "processes": 1}


def frames_of(n_frames: int = FRAMES) -> np.ndarray:
    """Return a movie of 12 walking spots, of which some are missing now and then."""
    starts = grid_of(SHAPE, 20)
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 6, (n_frames, *SHAPE), dtype=np.uint8)
    seen = rng.random((n_frames, len(starts))) < 0.97
    places = walk(n_frames, starts, 0.7)
    images = np.stack([draw(SHAPE, at[there]) for at, there in zip(places, seen, strict=True)])
    images[7:8] = 10
    return images + noise


def write_movie(path: Path, n_frames: int = FRAMES) -> Path:
    tifffile.imwrite(path, frames_of(n_frames), photometric="minisblack", metadata={"axes": "TYX"})
    return path


def tables_in(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all tables that are there."""
    return {name: (folder / name).read_bytes() for name in TABLES if (folder / name).exists()}


def make_small(monkeypatch: Any = None) -> None:
    """Have spots kept every few frames, tracks cut into pieces, and no figures drawn."""
    put = setattr if monkeypatch is None else monkeypatch.setattr
    put(_spot_parts, "KEEP_S", 1e9)
    put(_spot_parts, "KEEP_SPOTS", 60)
    put(_track_pieces, "ROWS", 250)
    put(_result_files, "report", _page)


def _page(result: Any) -> str:
    return f"<html>{result.n_tracks}</html>"


class Attempt(NamedTuple):
    """How a run went: exit code (minus the signal that ended it), error, frames looked at."""

    code: int
    error: str = ""
    message: str = ""
    notes: tuple[str, ...] = ()
    looked_at: int = 0


def attempt(
    source: Any, output: Path, fault: Callable[[], Any] | None = None, **options: Any
) -> Attempt:
    """Track in a process of its own, in which `fault` is called first."""
    context = _server()
    receiver, sender = context.Pipe(duplex=False)
    call = (source, output, fault, {**OPTIONS, **options}, sender)
    process = context.Process(target=_child, args=call)
    process.start()
    sender.close()
    try:
        told = receiver.recv()
    except EOFError:
        told = ()
    process.join()
    receiver.close()
    code = process.exitcode
    process.close()
    return Attempt(code, *told)


# Who has become nobody may not read what would be imported later.
assert all(getattr(io, name) for name in io.__all__)


@cache
def _server() -> Any:
    """Start the process that has imported all and forks; it finds modules by PYTHONPATH alone."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faulty"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def _child(
    source: Any, output: Path, fault: Callable[[], Any] | None, options: Any, sender: Any
) -> None:
    make_small()
    looked_at = [0]
    rows = FrameLocator.rows

    def counted(self: FrameLocator, image: object, number: int) -> Any:
        looked_at[0] += 1
        return rows(self, image, number)

    FrameLocator.rows = counted
    if fault is not None:
        fault()
    told: tuple[Any, ...] = ("", "", ())
    try:
        track(source, output=output, **options)
    except (ValueError, TypeError, OSError, MemoryError, SpotgpuError, KeyboardInterrupt) as error:
        sys.setprofile(None)
        told = (type(error).__name__, str(error), tuple(getattr(error, "__notes__", ())))
        if os.environ.get("FAULTS_SHOWN"):
            traceback.print_exc()
    sys.setprofile(None)
    if isinstance(fault, KillAt):
        fault.say()
    sender.send((*told, looked_at[0]))


def kill() -> None:
    """End this process as a power loss would."""
    os.kill(os.getpid(), signal.SIGKILL)


class KillAt:
    """Kills at the n-th call of a stage in the product's code; 'move' is all after the report."""

    def __init__(self, stage: str, event: int, tell: Path | None = None) -> None:
        self.stage, self.event, self.tell = stage, event, tell
        self.now, self.count = "open", 0

    def __call__(self) -> None:
        stage = Stages.stage

        @contextmanager
        def watched(this: Stages, name: str, *args: Any) -> Any:
            with stage(this, name, *args) as advance:
                self._enter(name)
                yield advance
            self._enter("move" if name == "report" else f"after {name}")

        Stages.stage = watched
        sys.setprofile(self._seen)

    def _enter(self, name: str) -> None:
        self.say()
        self.now, self.count = name, 0

    def say(self) -> None:
        if self.tell is not None:
            with self.tell.open("a") as file:
                file.write(f"{self.now}\t{self.count}\n")

    def _seen(self, frame: Any, *_: Any) -> None:
        if "spotgpu/" not in frame.f_code.co_filename:
            return
        self.count += 1
        if self.now == self.stage and self.count >= self.event:
            if self.tell is None:
                kill()
            self.event = sys.maxsize


class Frames:
    """A sequence whose frames cannot be read from number `bad` on; counts those that are read."""

    def __init__(
        self, images: np.ndarray, bad: int | None = None, error: BaseException | None = None
    ) -> None:
        self.images, self.bad, self.error, self.read = images, bad, error, 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, k: int) -> np.ndarray:
        if self.bad is not None and k >= self.bad and self.error is not None:
            raise self.error
        self.read += 1
        return self.images[k]
