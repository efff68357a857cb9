"""How the rest of a movie is best gone through: in this process, or in several."""

from __future__ import annotations

from multiprocessing import current_process
from typing import NamedTuple

__all__ = ["Plan", "planned"]

#: Seconds until new processes have imported what they need.
START_UP = 2.0
#: Share of the time alone that processes must not exceed to be worth it.
WORTH = 0.9
#: Seconds of work in one task, and frames at most.
TASK, TASK_FRAMES = 0.2, 32


class Plan(NamedTuple):
    """Who finds the spots.

    Attributes
    ----------
    workers : int
        How many processes; 1 for this one alone.
    task : int
        Frames of a task.
    """

    workers: int
    task: int


def planned(left: int | None, seconds: float, processes: int | None) -> Plan:
    """Choose.

    Parameters
    ----------
    left : int or None
        Number of frames, if it is known.
    seconds : float
        What one takes.
    processes : int or None
        How many were asked for; None for what is quickest.

    Returns
    -------
    Plan
        How to go on.
    """
    workers = _quickest(left, seconds) if processes is None else processes
    if left is not None:
        workers = max(min(workers, left), 1)
    by_time = int(TASK / max(seconds, 1e-6))
    # Four tasks a worker let them end at about the same time.
    by_share = TASK_FRAMES if left is None else left // (4 * workers)
    return Plan(workers, max(1, min(by_time, by_share, TASK_FRAMES)))


def _quickest(left: int | None, seconds: float) -> int:
    from loky import cpu_count

    # A daemon may not have children; what made it has the cores at work already.
    if left is None or current_process().daemon:
        return 1
    workers = max(min(int(cpu_count()), left), 1)
    alone = seconds * left
    return workers if START_UP + alone / workers < WORTH * alone else 1
