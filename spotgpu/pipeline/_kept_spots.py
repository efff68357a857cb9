"""The spots of a movie, those of an earlier try first; what is new is kept for a later one."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterable

from spotgpu.pipeline._found import Found
from spotgpu.pipeline._stages import Stages
from spotgpu.pipeline._work_folder import WorkFolder

__all__ = ["kept_spots"]

#: What the results take beside the spots that are kept: the spots again, and the tracks; as text.
RESULTS, CSV = 2.0, 5.0


def kept_spots(
    work: WorkFolder,
    located: Iterable[Found],
    columns: list[str],
    total: int | None,
    csv: bool,
    stages: Stages,
) -> Generator[Found]:
    """Yield the spots that are kept, then those that are found now, which are kept as well.

    Parameters
    ----------
    work : WorkFolder
        Where they are kept.
    located : iterable of Found
        The frames that follow on those that are kept.
    columns : list of str
        Names of the columns of the rows.
    total : int or None
        Number of frames, if it is known.
    csv : bool
        Whether the tables will be written as .csv, too.
    stages : Stages
        Gets the seconds of ``write``, and is told if the disk is too small.

    Yields
    ------
    Found
        All frames in order.

    Raises
    ------
    SpotgpuError
        If they cannot be written.
    """
    yield from work.parts.frames()
    told = False
    for found in located:
        with stages.clock.measured("write"):
            written = work.keep(found, columns)
        if written and not told and total:
            told = _tell_room(work, total, RESULTS + (CSV if csv else 0), stages)
        yield found
    work.flush()


def _tell_room(work: WorkFolder, total: int, results: float, stages: Stages) -> bool:
    """Say that the disk will be full before the end, if it looks so."""
    each = work.parts.bytes / work.parts.n_frames
    needed = each * (total - work.parts.n_frames + results * total)
    free = shutil.disk_usage(work.folder).free
    if needed <= free:
        return False
    stages.note(
        f"The disk of {work.output} has {_size(free)} left, and the results will need about "
        f"{_size(needed)}: make room, or this run will stop. What it has done is kept."
    )
    return True


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"
