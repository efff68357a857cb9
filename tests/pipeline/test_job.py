"""A job in the threads of a worker: one opened movie each, closed with it, and the same movie."""

from __future__ import annotations

import copy
import gc
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

import spotgpu as sg
from spotgpu.detect import Locator
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import _job
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._job import Job
from spotgpu.pipeline._tasks import read_and_locate


def job_of(source: Any, device: str = "cpu") -> Job:
    with sg.open(source) as movie:
        return Job(Job.packed(FrameLocator(Locator(9)), movie, device, elsewhere=True))


def open_movies() -> list[str]:
    gc.collect()
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for link in links if (name := str(link.readlink())).endswith("movie.tif")]


@pytest.fixture
def path(movie: np.ndarray, tmp_path: Path) -> Path:
    sg.save_tiff(tmp_path / "movie.tif", movie)
    return tmp_path / "movie.tif"


def in_thread(work: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_each_thread_has_its_own(path: Path) -> None:
    job = job_of(path)
    mine, again = job.opened(), job.opened()
    other = in_thread(job.opened)
    assert mine[1] is again[1]
    assert mine[1] is not other[1]
    assert copy.copy(job).content == job.content


def test_files_are_closed_with_the_job(path: Path) -> None:
    job = job_of(path)
    assert open_movies() == []
    read_and_locate(job, 0, 2)
    in_thread(partial(read_and_locate, job, 0, 2))
    # That of the other thread went with it.
    assert open_movies() == [str(path)]
    del job
    assert open_movies() == []


def test_jobs_side_by_side_stay_open(path: Path, movie: np.ndarray) -> None:
    sg.save_tiff(path.with_name("other.tif"), movie[::-1])
    one, two = job_of(path), job_of(path.with_name("other.tif"))
    found = [read_and_locate(job, k, k + 1)[0][0][1] for k in range(3) for job in (one, two)]
    wanted = [
        sg.detect.Locator(9).array(image) for k in range(3) for image in (movie[k], movie[-1 - k])
    ]
    for rows, expected in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_bytes_close_what_was_before(path: Path, movie: np.ndarray) -> None:
    """As processes of this machine get them, with every task."""
    sg.save_tiff(path.with_name("other.tif"), movie)
    one, two = job_of(path), job_of(path.with_name("other.tif"))
    read_and_locate(one.content, 0, 1)
    read_and_locate(one.content, 1, 2)
    assert open_movies() == [str(path)]
    read_and_locate(two.content, 0, 1)
    assert open_movies() == []


def gone(path: Path) -> None:
    path.unlink()


def of_another_day(path: Path) -> None:
    sg.save_tiff(path, sg.open(path)[::-1])


def short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (gone, "bytes then, not there now"),
        (of_another_day, "changed on disk"),
        (short, "2,000 bytes now"),
    ],
)
def test_the_worker_sees_another_file(path: Path, change: Callable[[Path], None], why: str) -> None:
    job = job_of(path)
    change(path)
    with pytest.raises(SpotgpuError, match=rf"the worker on .* same movie under .*{why}.*: put it"):
        read_and_locate(job, 0, 1)


def test_the_worker_sees_no_zarr(movie: np.ndarray, tmp_path: Path) -> None:
    """Of an array that is not there, zarr reads zeros."""
    folder = tmp_path / "movie.zarr"
    zarr.create_array(folder, data=movie, chunks=(3, 96, 80), dimension_names=("t", "y", "x"))
    job = job_of(folder)
    shutil.rmtree(folder)
    with pytest.raises(SpotgpuError, match=r"the worker on .* does not see the same movie under"):
        read_and_locate(job, 0, 1)


def test_another_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(path)
    monkeypatch.setattr(_job, "installed", lambda _: "0.0.1")
    with pytest.raises(SpotgpuError, match=r"has spotgpu 0\.0\.1: install .* there"):
        job.opened()
