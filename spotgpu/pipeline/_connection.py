"""A connection to a Dask cluster that does not wait for what cannot come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from spotgpu.errors import SpotgpuError

__all__ = ["Connection", "TaskKilledError"]

#: Seconds between two looks at the cluster while a result does not come.
LOOK = 2.0
#: Seconds in which a result is brought here.
FETCH = 60.0
#: Seconds for which a cluster may be without workers.
ALONE = 300.0
#: Above this size of a task, distributed warns. Frames are as large as they are.
LARGEST = {"distributed.admin.large-graph-warning-threshold": "1 PB"}
AGAIN = "run it again, with `output` it goes on from where it was"


class TaskKilledError(SpotgpuError):
    """Workers died over one task again and again."""


class Connection:
    """Gives tasks to a cluster, and takes their results.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._held: dict[str, Any] = {}
        self._alone_since: float | None = None

    def threads(self) -> int:
        """Return how many tasks the workers can do at the same time.

        Returns
        -------
        int
            At least 1, as workers may come.

        Raises
        ------
        SpotgpuError
            If the cluster has gone, or has been without workers for five minutes.
        """
        with self._explained():
            threads = sum(self._client.nthreads().values())
        now = time.monotonic()
        if threads:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > ALONE:
            raise SpotgpuError(
                f"the cluster has had no worker for {ALONE:.0f} seconds: start workers, wait for "
                f"them (client.wait_for_workers(1)), and {AGAIN}"
            )
        return max(threads, 1)

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Give out a task.

        Parameters
        ----------
        work : callable
            What to do.
        *arguments
            Of the task; futures stand for their results.

        Returns
        -------
        Future
            For `result`. It is held until then, or until `release`.

        Raises
        ------
        SpotgpuError
            If the cluster has gone.
        """
        import dask

        with self._explained(), dask.config.set(LARGEST):
            future = self._client.submit(work, *arguments, pure=False)
        self._held[future.key] = future
        return future

    def result(self, future: Any) -> Any:
        """Wait for a result.

        Parameters
        ----------
        future : Future
            Made by `submit`; gone afterwards.

        Returns
        -------
        object
            What the task returned.

        Raises
        ------
        SpotgpuError
            If workers die over this task again and again, none is left, or the cluster has gone.
        Exception
            What the task raised.
        """
        while True:
            with self._explained(), suppress(TimeoutError):
                error = future.exception(timeout=LOOK)
                # The worker that has it may be lost meanwhile: then it is computed again.
                result = future.result(timeout=FETCH) if error is None else None
                break
            # Raises if there is nothing to wait for.
            self.threads()
        if error is not None:
            explained = _explanation(error)
            if explained is None:
                raise error
            raise explained from error
        del self._held[future.key]
        return result

    def release(self) -> None:
        """Take back what was given out: what waits is not begun, results are let go."""
        from distributed import CancelledError

        if self._client.status == "running" and self._held:
            # It may go just now; then there is nothing to take back.
            with suppress(OSError, CancelledError):
                self._client.cancel(list(self._held.values()))
        self._held.clear()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from distributed import CancelledError, client

        # Not there in releases before 2026.
        closed = getattr(client, "ClosedClientError", CancelledError)
        gone = f"the Dask cluster has gone, or was restarted; {AGAIN}"
        if self._client.status != "running":
            raise SpotgpuError(gone)
        try:
            yield
        except (CancelledError, closed, OSError) as error:
            raise SpotgpuError(f"{gone} ({error})") from error


def _explanation(error: BaseException) -> SpotgpuError | None:
    """Return what to do about an error of the cluster, None for one of the task."""
    from distributed import scheduler

    if isinstance(error, scheduler.KilledWorker):
        return TaskKilledError(
            f"{error.allowed_failures + 1} workers of the cluster died over the same frames, "
            "probably for lack of memory: give the workers more memory or fewer threads, see "
            f"their logs, and {AGAIN}"
        )
    # Raised if dask's own option `no-workers-timeout` is set.
    if isinstance(error, (scheduler.NoWorkerError, scheduler.NoValidWorkerError)):
        return SpotgpuError(f"the cluster has no worker: {error}")
    return None
