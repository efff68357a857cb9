"""The spots of a movie, those of an earlier try first; what is new is kept for a later one."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterable

from spotgpu.pipeline._clock import Clock
from spotgpu.pipeline._found import Found
from spotgpu.pipeline._progress import Progress
from spotgpu.pipeline._work_folder import WorkFolder

__all__ = ["kept_spots"]

#: What the results take beside the spots that are kept: the spots again, and the tracks.
RESULTS = 2.0


def kept_spots(
    work: WorkFolder,
    located: Iterable[Found],
    columns: list[str],
    total: int | None,
    clock: Clock,
    progress: Progress,
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
    clock : Clock
        Gets the seconds of ``write``.
    progress : Progress
        Is told if the disk is too small.

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
        with clock.measured("write"):
            written = work.keep(found, columns)
        if written and not told and total:
            told = _tell_room(work, total, progress)
        yield found
    work.flush()


def _tell_room(work: WorkFolder, total: int, progress: Progress) -> bool:
    """Say that the disk will be full before the end, if it looks so."""
    each = work.parts.bytes / work.parts.n_frames
    needed = each * (total - work.parts.n_frames + RESULTS * total)
    free = shutil.disk_usage(work.folder).free
    if needed <= free:
        return False
    progress.note(
        f"The disk of {work.output} has {_size(free)} left, and the results will need about "
        f"{_size(needed)}: make room, or this run will stop. What it has done is kept."
    )
    return True


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.1f} MB"
