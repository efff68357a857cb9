"""Writing to a disk that may be full, or gone, or lose its power."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spotgpu.errors import SpotgpuError

__all__ = ["settle", "writing"]

#: What a full disk, quota or file system says; numpy, that fewer bytes were written, no more.
FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, None}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what to do where something cannot be written.

    Parameters
    ----------
    path : Path
        What was asked for.

    Raises
    ------
    SpotgpuError
        Instead of OSError.
    """
    try:
        yield
    except OSError as error:
        raise SpotgpuError(_failure(path, error)) from error


def _failure(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    left = "the earlier results are kept" if os.path.lexists(path) else "nothing was left there"
    full = error.errno in FULL
    todo = "make room on the disk or choose another place" if full else "choose another place"
    return f"could not write {path}: {reason}; {left}: {todo}, then run again"


def settle(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk.

    Else a crash of the machine could leave a file that has its name but not its bytes.

    Parameters
    ----------
    path : Path
        File or folder.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
