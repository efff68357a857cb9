"""`track` on a Dask cluster: the same bytes, whatever happens to the workers."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from slow_frames import DeadlyFrames, SlowFrames
from walking_spots import draw, grid_of, walk

import spotgpu as sg
from spotgpu.detect import Locator
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import Silent, _connection, track
from spotgpu.pipeline._clients import cluster
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._stream import locate_frames
from spotgpu.pipeline._task_size import ALL_SENT, SENT, TASK_FRAMES, TaskSize

distributed = pytest.importorskip("distributed")

OPTIONS: dict[str, Any] = {
    "diameter": 9,
    "search_range": 4,
    "minmass": 300,
    "min_length": 5,
    "pixel_size_um": 0.2,
    "fps": 10,
}


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    """Two worker processes of one thread."""
    with cluster("local:2") as client:
        yield client


@contextmanager
def threads_of_this_process(workers: int, threads: int) -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=False,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
        ) as started,
        distributed.Client(started, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def threads() -> Iterator[Any]:
    """Two workers of two threads, in this process."""
    with threads_of_this_process(2, 2) as client:
        yield client


@pytest.fixture(params=["processes", "threads"])
def client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """Return 40 frames of 96 x 80 pixels with 12 walking spots; frame 9 is empty."""
    noise = np.random.default_rng(1).integers(0, 6, (40, 96, 80), dtype=np.uint8)
    movie = np.stack([draw((96, 80), at) for at in walk(40, grid_of((96, 80), 24), 0.7)]) + noise
    movie[9] = 10
    return movie


@pytest.fixture(scope="module")
def volumes() -> np.ndarray:
    """Return 12 frames of 16 x 40 x 40 pixels."""
    shape = (16, 40, 40)
    return np.stack([draw(shape, at) for at in walk(12, grid_of(shape, 20), 0.5)])


KINDS = ["tiff", "zarr", "series", "array", "list", "generator"]


def sources(kind: str, frames: np.ndarray, folder: Path) -> Callable[[], Any]:
    """Write a movie, and return what gives a source of it, again and again."""
    if kind == "tiff":
        axes = "TYX" if frames.ndim == 3 else "TZYX"
        sg.save_tiff(folder / "movie.tif", sg.open(frames, axes=axes))
    elif kind == "zarr":
        chunks = (3, *frames.shape[1:])
        zarr.create_array(folder / "movie.zarr", data=frames, chunks=chunks)
    elif kind == "series":
        (folder / "series").mkdir()
        for k, frame in enumerate(frames):
            sg.save_tiff(folder / f"series/{k:03}.tif", frame[None])
    return {
        "tiff": lambda: folder / "movie.tif",
        "zarr": lambda: folder / "movie.zarr",
        "series": lambda: folder / "series",
        "array": lambda: frames,
        "list": lambda: list(frames),
        "generator": lambda: iter(frames),
    }[kind]


def tables_of(folder: Path) -> dict[str, bytes]:
    tables = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    tables |= {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    assert {"spots.parquet", "tracks.parquet"} <= set(tables)
    return tables


def spots_of(client: Any, movie: Any, locator: FrameLocator | None = None) -> Iterator[Any]:
    """Yield what `locate_frames` finds on the cluster."""
    if locator is None:
        locator = FrameLocator(Locator(9, minmass=300))
    yield from locate_frames(sg.open(movie), locator, None, clock=Clock(), client=client)


def alone(movie: Any) -> list[Any]:
    frames = FrameLocator(Locator(9, minmass=300))
    return list(locate_frames(sg.open(movie), frames, 1, clock=Clock()))


def assert_same(found: list[Any], wanted: list[Any]) -> None:
    assert [number for number, _ in found] == [number for number, _ in wanted]
    for (_, rows), (_, expected) in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(rows, expected)


def assert_nothing_left(client: Any) -> None:
    """The scheduler forgets, soon, what nobody waits for."""
    end = time.monotonic() + 10
    while client.cluster.scheduler.tasks and time.monotonic() < end:
        time.sleep(0.02)
    assert not client.cluster.scheduler.tasks
    assert not client.futures


@pytest.mark.parametrize("kind", KINDS)
def test_same_tables(client: Any, frames: np.ndarray, tmp_path: Path, kind: str) -> None:
    source = sources(kind, frames, tmp_path)
    axes = "TYX" if kind in {"zarr", "array"} else None
    options = OPTIONS | {"csv": True, "axes": axes}
    track(source(), **options, processes=1, output=tmp_path / "alone")
    result = track(source(), **options, client=client, output=tmp_path / "spread")
    assert tables_of(tmp_path / "spread") == tables_of(tmp_path / "alone")
    assert (result.n_frames, result.n_tracks > 5) == (40, True)
    assert_nothing_left(client)


@pytest.mark.parametrize("kind", ["tiff", "zarr", "array", "generator"])
def test_volumes(processes: Any, volumes: np.ndarray, tmp_path: Path, kind: str) -> None:
    source = sources(kind, volumes, tmp_path)
    axes = "TZYX" if kind in {"zarr", "array"} else None
    options = OPTIONS | {"axes": axes, "pixel_size_um": (0.4, 0.2, 0.2)}
    track(source(), **options, processes=1, output=tmp_path / "alone")
    result = track(source(), **options, client=processes, output=tmp_path / "spread")
    assert tables_of(tmp_path / "spread") == tables_of(tmp_path / "alone")
    assert len(result.spots) > 40


class Interrupts(Silent):
    """Ctrl-C after some frames."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def stage(self, *_: Any) -> Iterator[Callable[[], None]]:
        def advance() -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance


@pytest.mark.parametrize("kind", ["tiff", "generator"])
def test_interrupted_and_gone_on(
    client: Any, frames: np.ndarray, tmp_path: Path, kind: str
) -> None:
    source = sources(kind, frames, tmp_path)
    track(source(), **OPTIONS, processes=1, output=tmp_path / "alone")
    spread: dict[str, Any] = {**OPTIONS, "client": client, "output": tmp_path / "spread"}
    for after in (15, 10):
        with pytest.raises(KeyboardInterrupt):
            track(source(), **spread, progress=Interrupts(after))
        assert not (tmp_path / "spread").exists()
        assert_nothing_left(client)
    track(source(), **spread)
    assert tables_of(tmp_path / "spread") == tables_of(tmp_path / "alone")


def test_few_frames_under_way(threads: Any, frames: np.ndarray) -> None:
    """Four threads: one task each, and two that wait; each is let go when it was taken."""
    scheduler = threads.cluster.scheduler
    taken, given, ahead, tasks = 0, 0, [], []

    def endless() -> Iterator[np.ndarray]:
        nonlocal taken
        for k in range(400):
            taken += 1
            ahead.append(taken - given)
            tasks.append(len(scheduler.tasks))
            yield frames[k % 40]

    locator = FrameLocator(Locator(9, minmass=300))
    with sg.open(endless()) as movie:
        for number, _ in locate_frames(movie, locator, None, clock=Clock(), client=threads):
            assert number == given
            given += 1
    assert given == 400
    # The job is one more.
    assert max(tasks) <= 3 * 4 + 1
    most = max(ahead)
    assert most <= (3 * 4 + 1) * min(TASK_FRAMES, SENT // frames[0].nbytes)
    assert_nothing_left(threads)


def test_task_size() -> None:
    size = TaskSize(1000)
    assert [size.next(2) for _ in range(3)] == [1, 1, 1]
    size.took(1, 0.01)
    assert size.next(2) == 4
    for _ in range(4):
        size.took(4, 0.04)
    assert size.next(2) == 50
    size.took(50, 5.0)
    assert size.next(2) == 5
    size.took(5, 0.0)
    size.took(20, 0.0)
    left, given = 1000 - 3 - 4 - 50 - 5, []
    while count := size.next(2):
        given.append(count)
    assert sum(given) == left
    assert given == sorted(given, reverse=True)
    assert given[-4:] == [1, 1, 1, 1]


def test_large_frames_are_few() -> None:
    """4 MiB: two in a task; 500 MiB: as many as there are threads."""
    small = TaskSize(None, 4 << 20)
    for _ in range(5):
        small.took(1, 0.0)
    assert (small.next(8), small.under_way(8)) == (SENT // (4 << 20), 24) == (2, 24)
    large = TaskSize(None, 500 << 20)
    assert (large.next(8), large.under_way(8), large.under_way(1)) == (1, 8, 2)
    assert ALL_SENT // (500 << 20) == 2


def test_frames_above_the_size_that_distributed_warns_of(threads: Any) -> None:
    frames = np.zeros((3, 2400, 2400), np.uint16)
    assert frames[0].nbytes > 10e6
    assert [len(rows) for _, rows in spots_of(threads, frames)] == [0, 0, 0]


def pids(client: Any) -> list[int]:
    return list(client.run(os.getpid).values())


@pytest.mark.parametrize("kind", ["tiff", "array"])
def test_a_worker_is_killed(processes: Any, frames: np.ndarray, tmp_path: Path, kind: str) -> None:
    locator = SlowFrames(Locator(9, minmass=300))
    with sg.open(sources(kind, frames, tmp_path)()) as movie:
        wanted = alone(movie)
        killed, found = pids(processes)[0], []
        for number, rows in spots_of(processes, movie, locator):
            if number == 12:
                os.kill(killed, signal.SIGKILL)
            found.append((number, rows))
    assert_same(found, wanted)
    processes.wait_for_workers(2, timeout=30)
    assert killed not in pids(processes)


@pytest.mark.slow
def test_frames_that_kill(processes: Any, frames: np.ndarray, tmp_path: Path) -> None:
    scheduler = processes.cluster.scheduler
    before, scheduler.allowed_failures = scheduler.allowed_failures, 1
    source = sources("tiff", frames, tmp_path)()
    try:
        with (
            sg.open(source) as movie,
            pytest.raises(SpotgpuError, match=r"^2 workers .* died over the same .*more memory"),
        ):
            list(spots_of(processes, movie, DeadlyFrames(Locator(9, minmass=300))))
    finally:
        scheduler.allowed_failures = before
    processes.wait_for_workers(2, timeout=30)
    with sg.open(source) as movie:
        assert_same(list(spots_of(processes, movie)), alone(movie))


def test_no_worker_is_left(frames: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "ALONE", 0.5)
    monkeypatch.setattr(_connection, "LOOK", 0.1)
    monkeypatch.setattr(_connection, "FETCH", 0.2)
    with threads_of_this_process(1, 1) as client:
        found = spots_of(client, frames)
        next(found)
        client.cluster.scale(0)
        with pytest.raises(SpotgpuError, match=r"no worker for 0 .*wait_for_workers"):
            list(found)
        # With workers, it goes on.
        client.cluster.scale(1)
        assert_same(list(spots_of(client, frames)), alone(frames))


def test_workers_come_late(frames: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "LOOK", 0.05)
    with threads_of_this_process(0, 1) as client:
        found = spots_of(client, frames)
        client.loop.call_later(0.5, client.cluster.scale, 1)
        assert_same(list(found), alone(frames))


def test_the_scheduler_goes(frames: np.ndarray) -> None:
    with threads_of_this_process(1, 1) as client:
        found = spots_of(client, frames)
        next(found)
        client.cluster.close()
        with pytest.raises(SpotgpuError, match=r"the Dask cluster has gone, .*run it again"):
            list(found)


def test_restarted(frames: np.ndarray) -> None:
    with threads_of_this_process(1, 1) as client:
        found = spots_of(client, frames)
        next(found)
        client.restart(wait_for_workers=False)
        with pytest.raises(SpotgpuError, match="the Dask cluster has gone, or was restarted"):
            list(found)


def test_an_error_names_its_frame(client: Any, frames: np.ndarray) -> None:
    many = [*frames[:20], frames[0][:50], *frames[20:]]
    with pytest.raises(ValueError, match=r"one shape and type, got .* in frame 20"):
        list(spots_of(client, iter(many)))
    negative = frames.astype(np.int16)
    negative[23, 5, 5] = -4
    options = OPTIONS | {"preprocess": False}
    with pytest.raises(ValueError, match=r"^frame 23: .* must not be negative.*-4"):
        track(negative, **options, client=client, axes="TYX")
    assert_nothing_left(client)


def test_options_are_checked(threads: Any, frames: np.ndarray) -> None:
    with pytest.raises(TypeError, match=r"`client` must be a distributed\.Client, got str"):
        track(frames, **OPTIONS, client="tcp://localhost:8786")
    with pytest.raises(ValueError, match="`processes` must be 'auto' or 1 with a `client`, got 2"):
        track(frames, **OPTIONS, client=threads, processes=2)
    with pytest.raises(ValueError, match="`device` must be"):
        track(frames, **OPTIONS, client=threads, device="gpu")
    with pytest.raises(ValueError, match="must have at least one frame"):
        track(iter([]), **OPTIONS, client=threads)
    with threads_of_this_process(1, 1) as closed:
        pass
    with pytest.raises(ValueError, match="`client` must be connected, got one that is closed"):
        track(frames, **OPTIONS, client=closed)


def test_cuda_is_looked_for_on_the_workers(processes: Any, frames: np.ndarray) -> None:
    """The workers here have none, whatever this process has."""
    with pytest.raises(SpotgpuError, match=r"^the worker on .*: device='cuda' needs"):
        track(frames, **OPTIONS, client=processes, device="cuda")


def open_files() -> list[str]:
    """Return the movies that this process has open."""
    gc.collect()
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for link in links if (name := str(link.readlink())).endswith(".tif")]


def test_workers_close_files(processes: Any, frames: np.ndarray, tmp_path: Path) -> None:
    for k in range(10):
        path = tmp_path / f"{k}.tif"
        sg.save_tiff(path, frames[:6])
        with sg.open(path) as movie:
            assert len(list(spots_of(processes, movie))) == 6
    end = time.monotonic() + 10
    while any(processes.run(open_files).values()) and time.monotonic() < end:
        time.sleep(0.1)
    assert list(processes.run(open_files).values()) == [[], []]


@pytest.mark.slow
def test_workers_are_busy(processes: Any, frames: np.ndarray, tmp_path: Path) -> None:
    """Frames that take 20 ms of waiting, whatever else the machine does."""
    source = sources("tiff", np.concatenate([frames] * 5), tmp_path)()
    with sg.open(source) as movie:
        list(spots_of(processes, movie))
    clock = Clock()
    begin = time.perf_counter()
    with sg.open(source) as movie:
        locator = SlowFrames(Locator(9, minmass=300))
        assert len(list(locate_frames(movie, locator, None, clock=clock, client=processes))) == 200
    share = sum(clock.values()) / (2 * (time.perf_counter() - begin))
    assert sum(clock.values()) > 200 * 0.02
    assert share > 0.75
