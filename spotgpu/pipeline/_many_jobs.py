"""Movies side by side: in this process, in others, on a cluster."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import RUN_FILE
from spotgpu.pipeline._memory_budget import frame_budget
from spotgpu.pipeline._progress import Silent
from spotgpu.pipeline._track import track
from spotgpu.pipeline._work_folder import FinishedError
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
    """

    name: str
    run: dict[str, Any] | None
    error: str | None = None


def outcomes(
    jobs: Sequence[Job], processes: int | None, client: Any, device: str
) -> Iterator[Outcome]:
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
    """
    if client is not None:
        if len(jobs) >= sum(client.nthreads().values()):
            yield from _on_cluster(jobs, client)
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


def _tracked(job: Job, **how: Any) -> Outcome:
    try:
        track(job.source, **job.options, **how, output=job.output, progress=Silent())
    except FinishedError:
        # By an earlier call.
        pass
    except (SpotgpuError, ValueError, TypeError, OSError, MemoryError) as error:
        notes = getattr(error, "__notes__", ())
        text = "; ".join([str(error) or type(error).__name__, *notes])
        return Outcome(job.name, None, " ".join(text.split()))
    run = json.loads((Path(job.output) / RUN_FILE).read_text(encoding="utf-8"))
    return Outcome(job.name, {name: run[name] for name in NEEDED})


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
                        job = waiting.popleft()
                        running[submit(_alone, job, processes)] = job
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        outcome: Outcome = future.result()
                        del running[future]
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


def _on_cluster(jobs: Sequence[Job], client: Any) -> Iterator[Outcome]:
    from distributed import CancelledError, as_completed

    futures = client.map(_alone, jobs, pure=False)
    try:
        names = {future.key: job.name for future, job in zip(futures, jobs, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            try:
                error = future.exception()
            except CancelledError as gone:
                raise SpotgpuError(
                    f"the cluster has gone: {gone}; call it again to go on"
                ) from gone
            if error is None:
                yield future.result()
            else:
                yield Outcome(names[future.key], None, f"its worker failed: {error}")
            future.release()
    finally:
        client.cancel(futures)
