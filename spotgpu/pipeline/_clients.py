"""Dask clusters: those that are there, and those that are started for a run."""

from __future__ import annotations

import importlib.util
import logging
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.resource_tracker import ensure_running
from typing import Any
from urllib.parse import urlsplit

from spotgpu.errors import SpotgpuError

__all__ = ["check_client", "cluster"]

#: Seconds for which a scheduler may take to answer.
ANSWER = 10.0
_EXPECTED = "'tcp://HOST:PORT', 'tls://HOST:PORT', 'local:WORKERS' or 'cuda'"


def check_client(client: object) -> None:
    """Raise if a client cannot be used.

    Parameters
    ----------
    client : object
        As the caller gave it; None is none.

    Raises
    ------
    TypeError, ValueError
        If it is not a client of `distributed` that is connected and can be waited for.
    """
    if client is None:
        return
    # Who has a client has imported it.
    distributed = sys.modules.get("distributed")
    if distributed is None or not isinstance(client, distributed.Client):
        raise TypeError(f"`client` must be a distributed.Client, got {type(client).__name__}")
    if client.asynchronous:
        raise ValueError("`client` must be waited for, got one with asynchronous=True")
    if client.status != "running":
        raise ValueError(f"`client` must be connected, got one that is {client.status}")


@contextmanager
def cluster(spec: str) -> Iterator[Any]:
    """Connect to a Dask cluster, or start one on this machine.

    Parameters
    ----------
    spec : str
        ``tcp://HOST:PORT`` or ``tls://HOST:PORT``: the scheduler of one that is there, which stays.
        ``local:4``: four worker processes of one thread each. ``cuda`` or ``local:cuda``: one
        worker for each GPU. What was started here ends with the context.

    Yields
    ------
    distributed.Client
        For `track`.

    Raises
    ------
    ValueError
        If it is something else.
    SpotgpuError
        If a library is missing, or nobody answers within ten seconds.
    """
    spec = spec.strip()
    local = re.fullmatch(r"local:([1-9]\d*)", spec)
    remote = re.fullmatch(r"(tcp|tls)://[^/]+:\d{1,5}", spec)
    if not (local or remote or spec in {"cuda", "local:cuda"}):
        raise ValueError(f"`dask` must be {_EXPECTED}, got {spec!r}")
    _need("distributed", "pip install 'spotgpu[dask]'")
    with ExitStack() as stack:
        if remote:
            address: Any = spec
        else:
            address = stack.enter_context(_started(int(local[1]) if local else None))
        yield stack.enter_context(_connected(address))


@contextmanager
def _connected(address: Any) -> Iterator[Any]:
    from distributed import Client

    try:
        if str(address).startswith("tcp:"):
            _hear(address)
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except OSError as error:
        raise SpotgpuError(
            f"no Dask scheduler answers at {address}: start one there (dask scheduler), or see "
            f"whether the address can be reached from here ({error})"
        ) from error
    except TypeError as error:
        # What distributed raises where tls:// comes without certificates.
        raise SpotgpuError(f"cannot connect to {address}: {error}") from error
    with client:
        yield client


def _hear(address: str) -> None:
    """Wait for a first byte: distributed would wait for ever for a listener that says nothing."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=ANSWER) as connection:
        if not connection.recv(1):
            raise OSError("what listens there is no Dask scheduler")


@contextmanager
def _started(workers: int | None) -> Iterator[Any]:
    """Start one process for each worker, or for each GPU; nothing is shown, nothing is printed."""
    quiet: dict[str, Any] = {
        "threads_per_worker": 1,
        "silence_logs": logging.CRITICAL,
        # Any free port, for this machine only: where the usual one is taken, there is a warning.
        "dashboard_address": "127.0.0.1:0",
        "scheduler_kwargs": {"dashboard": False},
    }
    if workers is None:
        _need("dask_cuda", "pip install dask-cuda")
        from dask_cuda import LocalCUDACluster

        kind, options = LocalCUDACluster, quiet
    else:
        from distributed import LocalCluster

        kind, options = LocalCluster, {**quiet, "n_workers": workers, "processes": True}
    with _interrupts_for_this_thread():
        started = kind(**options)
    with started:
        yield started


@contextmanager
def _interrupts_for_this_thread() -> Iterator[None]:
    # Threads that are started meanwhile inherit the mask, and the processes that these start. So
    # Ctrl-C ends this process alone, which then ends the workers. Python's tracker of resources
    # unblocks the signal where it is started, with the first process.
    ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _need(module: str, how: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise SpotgpuError(f"`dask` needs {module}, which is not installed: {how}")
