"""Clusters as the command line names them."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline import _clients
from spotgpu.pipeline._clients import cluster

distributed = pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "local",
        "local:",
        "local:0",
        "local:-1",
        "local:two",
        "host:8786",
        "tcp://host",
        "http://h:1",
    ],
)
def test_what_is_no_cluster(spec: str) -> None:
    with (
        pytest.raises(ValueError, match=r"`dask` must be 'tcp://HOST:PORT', .* got "),
        cluster(spec),
    ):
        pass


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_clients, "ANSWER", 0.3)
    with socket.socket() as taken:
        # Bound, and not listening.
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(SpotgpuError, match=rf"no Dask scheduler answers at {address}: start"),
            cluster(address),
        ):
            pass


def test_nobody_who_speaks_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_clients, "ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SpotgpuError, match="no Dask scheduler answers"), cluster(address):
            pass


def test_tls_without_certificates() -> None:
    with (
        pytest.raises(SpotgpuError, match=r"cannot connect to tls://.*:"),
        cluster("tls://127.0.0.1:1"),
    ):
        pass
    # What distributed leaves of its client waits for a lock if it is collected while a loop starts.
    gc.collect()


@pytest.mark.parametrize(
    ("spec", "missing", "how"),
    [
        ("local:1", "distributed", r"pip install 'spotgpu\[dask\]'"),
        ("cuda", "dask_cuda", "pip install dask-cuda"),
        ("local:cuda", "dask_cuda", "pip install dask-cuda"),
    ],
)
def test_missing_library(
    monkeypatch: pytest.MonkeyPatch, spec: str, missing: str, how: str
) -> None:
    real = _clients.importlib.util.find_spec
    monkeypatch.setattr(
        _clients.importlib.util, "find_spec", lambda name: None if name == missing else real(name)
    )
    with (
        pytest.raises(SpotgpuError, match=f"needs {missing}, which is not installed: {how}"),
        cluster(spec),
    ):
        pass


@pytest.fixture
def dask_cuda(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stand in for dask-cuda, whose cluster has the options of distributed's."""
    given: list[dict[str, Any]] = []

    class LocalCUDACluster(distributed.LocalCluster):
        def __init__(self, **options: Any) -> None:
            given.append(options)
            super().__init__(n_workers=1, processes=False, **options)

    module = ModuleType("dask_cuda")
    module.LocalCUDACluster = LocalCUDACluster
    module.__spec__ = _clients.importlib.util.spec_from_loader("dask_cuda", None)
    monkeypatch.setitem(sys.modules, "dask_cuda", module)
    return given


def test_cuda(dask_cuda: list[dict[str, Any]]) -> None:
    """As many workers as dask-cuda finds GPUs: it is not told how many."""
    with cluster("cuda") as client:
        assert client.submit(abs, -3).result() == 3
    assert len(dask_cuda) == 1
    assert "n_workers" not in dask_cuda[0]
    assert dask_cuda[0]["threads_per_worker"] == 1


def test_another_process_connects() -> None:
    with cluster("local:1") as ours:
        with cluster(ours.cluster.scheduler_address) as client:
            assert client is not ours
            assert client.submit(os.getpid).result() != os.getpid()
        # It stays.
        assert ours.submit(abs, -3).result() == 3
        assert len(ours.nthreads()) == 1
        assert set(ours.nthreads().values()) == {1}
    assert ours.status == "closed"


SCRIPT = """
import sys, time
import numpy as np
import spotgpu as sg
from spotgpu.pipeline import Silent, track
from spotgpu.pipeline._clients import cluster

def frames(count):
    for k in range(count):
        print(k, flush=True)
        time.sleep(0.01)
        yield np.random.default_rng(k).integers(0, 255, (64, 64), dtype=np.uint8)

if __name__ == "__main__":
    with cluster("local:2") as client:
        print("workers", *client.run(__import__("os").getpid).values(), flush=True)
        track(frames(int(sys.argv[1])), 9, 3, client=client, progress=Silent(),
              pixel_size_um=1, fps=1)
    print("done", flush=True)
"""


def started(folder: Path, frames: int) -> subprocess.Popen[str]:
    (folder / "script.py").write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "script.py", str(frames)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.slow
def test_nothing_is_printed(tmp_path: Path) -> None:
    out, err = started(tmp_path, 20).communicate(timeout=120)
    assert out.splitlines()[-1] == "done"
    assert err == ""


@pytest.mark.slow
def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C reaches all processes of the terminal: one traceback, and no worker is left."""
    process = started(tmp_path, 100_000)
    assert process.stdout is not None
    lines = iter(process.stdout)
    workers = [int(word) for word in next(lines).split()[1:]]
    assert len(workers) == 2
    while next(lines) != "30\n":
        pass
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "done" not in out
    assert err.count("Traceback") == 1
    assert err.splitlines()[-1].startswith("KeyboardInterrupt")
    end = time.monotonic() + 10
    while any(alive(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(alive(pid) for pid in workers)
