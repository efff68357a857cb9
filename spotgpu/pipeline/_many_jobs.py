"""Movies side by side: in this process, in others, on a cluster."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._connection import Connection, TaskKilledError
from spotgpu.pipeline._folder import RUN_FILE
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._progress import Silent
from spotgpu.pipeline._track import track
from spotgpu.pipeline._work_folder import FinishedError, OtherRunError
from spotgpu.pipeline._workers import WorkerDiedError, executor

__all__ = ["Job", "Outcome", "outcomes"]

#: Of run.json, what the summary of many movies needs.
NEEDED = ("counts", "alpha", "diffusion", "warnings")


@dataclass(frozen=True)
class Job:
    """A movie to be tracked.

    Attributes
    ----------
    name, source, output : str
        Of the movie, where it lies, and the folder of its results.
    options : dict
        The others of `track`.
    """

    name: str
    source: str
    output: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of a movie.

    Attributes
    ----------
    name : str
        Of the movie.
    run : dict or None
        Of its run.json, what a summary needs; None if it failed.
    error : str or None
        Why it failed.
    notes : tuple of str
        What should not wait until somebody reads its report.
    """

    name: str
    run: dict[str, Any] | None
    error: str | None = None
    notes: tuple[str, ...] = ()


def outcomes(
    jobs: Sequence[Job], processes: int | None, client: Any, device: str
) -> Generator[Outcome]:
    """Yield what becomes of movies, as they are done.

    Parameters
    ----------
    jobs : sequence of Job
        The movies.
    processes : int or None
        How many at the same time; None for one a core.
    client : distributed.Client or None
        A cluster, instead.
    device : str
        As in `track`.

    Yields
    ------
    Outcome
        One a movie, in any order.

    Raises
    ------
    SpotgpuError
        If the cluster goes.
    """
    if client is not None:
        cluster = Connection(client)
        if len(jobs) >= cluster.threads():
            yield from _on_cluster(jobs, cluster)
        else:
            for job in jobs:
                yield _tracked(job, client=client)
        return
    from loky import cpu_count

    several = min(int(cpu_count()) if processes is None else processes, len(jobs))
    if several > 1 and device == "cpu":
        yield from _in_processes(jobs, several)
        return
    for job in jobs:
        yield _tracked(job, processes="auto" if processes is None else processes)


class _Noted(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def _tracked(job: Job, **how: Any) -> Outcome:
    progress = _Noted()
    try:
        _track(job, progress=progress, **how)
    # One movie, whatever it does, must not cost the others.
    except Exception as error:  # noqa: BLE001
        known = isinstance(error, (SpotgpuError, ValueError, TypeError, OSError, MemoryError))
        text = str(error) if known and str(error) else f"{type(error).__name__}: {error}"
        text = " ".join("; ".join([text, *getattr(error, "__notes__", ())]).split())
        return Outcome(job.name, None, text, tuple(progress.notes))
    run = json.loads((Path(job.output) / RUN_FILE).read_text(encoding="utf-8"))
    return Outcome(job.name, {name: run[name] for name in NEEDED}, None, tuple(progress.notes))


def _track(job: Job, **how: Any) -> None:
    """Track a movie, unless that was done before; only what differs is replaced."""
    options = {**job.options, **how, "output": job.output}
    try:
        track(job.source, **{**options, "overwrite": False})
    except FinishedError:
        pass
    except OtherRunError:
        if not job.options["overwrite"]:
            raise
        track(job.source, **options)


def _alone(job: Job, beside: int = 1) -> Outcome:
    """Track a movie in this process alone, which shares the memory with some others."""
    options = dict(job.options)
    if options.get("max_gb") is None:
        options["max_gb"] = frame_budget(None, beside) / 1e9
    return _tracked(replace(job, options=options), processes=1)


def _in_processes(jobs: Sequence[Job], processes: int) -> Iterator[Outcome]:
    waiting = deque(jobs)
    while waiting:
        running: dict[Any, Job] = {}
        try:
            with executor(processes) as submit:
                while waiting or running:
                    while waiting and len(running) < processes:
                        # It waits until it was taken: that may fail.
                        future = submit(_alone, waiting[0], processes)
                        running[future] = waiting.popleft()
                    for done in wait(running, return_when=FIRST_COMPLETED).done:
                        outcome: Outcome = done.result()
                        del running[done]
                        yield outcome
        except WorkerDiedError:
            # One of them took the others with it: alone, only that one fails again.
            for job in running.values():
                yield _by_itself(job)


def _by_itself(job: Job) -> Outcome:
    try:
        with executor(1) as submit:
            outcome: Outcome = submit(_alone, job).result()
    except WorkerDiedError:
        return Outcome(job.name, None, "its process died twice, probably for lack of memory")
    return outcome


def _on_cluster(jobs: Sequence[Job], cluster: Connection) -> Iterator[Outcome]:
    waiting, pending = iter(jobs), deque[tuple[Job, Any]]()
    try:
        while True:
            room = 2 * cluster.threads() - len(pending)
            pending.extend(
                (job, cluster.submit(_alone, job)) for job in islice(waiting, max(room, 0))
            )
            if not pending:
                return
            job, future = pending.popleft()
            try:
                outcome: Outcome = cluster.result(future)
            except TaskKilledError as error:
                outcome = Outcome(job.name, None, str(error))
            yield outcome
    finally:
        cluster.release()
