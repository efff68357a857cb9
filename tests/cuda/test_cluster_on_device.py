"""Workers of a Dask cluster that compute on a device: here threads of one process, simulated."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import spotgpu as sg
from benchmarks.scenes import spots
from spotgpu import backends
from spotgpu.detect import Locator
from spotgpu.pipeline import _tasks
from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._frames import FrameLocator
from spotgpu.pipeline._stream import locate_frames

distributed = pytest.importorskip("distributed")


@pytest.mark.parametrize("kind", ["file", "stream", "volumes"])
def test_cluster(streams: str, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (9, 30, 33) if kind == "volumes" else (40, 48)
    frames = np.stack([spots(shape, 3 + 3 * (k % 4), (1.8,) * len(shape), k) for k in range(17)])
    source: Any = iter(frames)
    if kind == "file":
        source = tmp_path / "movie.tif"
        sg.save_tiff(source, frames)
    batches = counted_batches(monkeypatch)
    with sg.open(frames, axes="TZYX"[-frames.ndim :] if frames.ndim == 4 else "TYX") as movie:
        plain = FrameLocator(Locator(7))
        wanted = list(locate_frames(movie, plain, 1, clock=Clock()))
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
        ) as started,
        distributed.Client(started, set_as_default=False) as client,
        sg.open(source) as movie,
    ):
        # The caller's own detector computes on the CPU, whatever the workers do.
        frame_locator = FrameLocator(Locator(7))
        found = list(
            locate_frames(movie, frame_locator, None, clock=Clock(), client=client, device="cuda")
        )
    assert [number for number, _ in found] == list(range(17))
    for (_, rows), (_, expected) in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(rows, expected)
    assert sum(batches) == 17
    # Frames go up together, once a first task has told how long they take.
    assert max(batches) > 1


def counted_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the number of frames in each task that is computed on a device is put."""
    counts: list[int] = []
    plain = _tasks.on_devices

    def counting(images: Any, frames: Any, left: Any, devices: Any) -> Any:
        assert frames.locator.device == "cuda"
        assert devices == [0]
        counts.append(left)
        return plain(images, frames, left, devices)

    monkeypatch.setattr(_tasks, "on_devices", counting)
    return counts


def test_the_other_place(cuda: ModuleType) -> None:
    """A detector that is made here and computes there; the numbers are the same."""
    image = spots((70, 90), 30, (1.8, 1.8), seed=1)
    here = Locator(7, minmass=50)
    there = here.on("cuda")
    assert (here.device, there.device, there.on("cpu").device) == ("cpu", "cuda", "cpu")
    np.testing.assert_array_equal(there.array(image), here.array(image))
    assert len(here.array(image)) > 10
    assert backends.on(there.device) is cuda
