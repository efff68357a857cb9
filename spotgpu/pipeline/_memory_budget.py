"""How much memory finding the spots of a frame may take."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from spotgpu.checks import number

__all__ = ["frame_budget"]

#: Where Linux says how much memory a container may take.
LIMIT = Path("/sys/fs/cgroup/memory.max")


def frame_budget(max_gb: float | None, processes: int | None) -> int:
    """Return the budget of a process.

    Parameters
    ----------
    max_gb : float or None
        What the caller says, in GB. Default: half of the machine's memory, or of the container's,
        shared by the processes; in a worker of Dask half of what it may have, shared by its
        threads.
    processes : int or None
        How many find spots at the same time; None for one a core.

    Returns
    -------
    int
        In bytes.

    Raises
    ------
    TypeError, ValueError
        If it is not a positive number.
    """
    if max_gb is not None:
        return int(number("max_gb", max_gb, above=0) * 1e9)
    of_worker = _of_dask_worker()
    if of_worker is not None:
        return of_worker // 2
    memory = _of_machine()
    if processes is None:
        from loky import cpu_count

        processes = int(cpu_count())
    return memory // (2 * max(processes, 1))


@cache
def _of_machine() -> int:
    # Asked for with every frame.
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if LIMIT.is_file() and (limit := LIMIT.read_text().strip()).isdecimal():
        memory = min(memory, int(limit))
    return memory


def _of_dask_worker() -> int | None:
    """Return the memory of a thread of the worker in which this runs, None outside of one."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        worker = distributed.get_worker()
    except ValueError:
        return None
    limit = worker.memory_manager.memory_limit
    return int(limit) // worker.state.nthreads if limit else None
