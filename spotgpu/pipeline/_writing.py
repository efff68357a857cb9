"""Writing to a disk that may be full, or gone, or lose its power."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from spotgpu.errors import SpotgpuError

__all__ = ["reading", "settle", "writing"]

T = TypeVar("T")

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
        Instead of OSError, but for that of what is `reading`.
    """
    try:
        yield
    except _UnreadableError as unreadable:
        raise unreadable.why from None
    except OSError as error:
        raise SpotgpuError(_failure(path, error)) from error


class _UnreadableError(Exception):
    """The source failed, not the disk that is written to."""

    def __init__(self, why: OSError) -> None:
        super().__init__()
        self.why = why


def reading(source: Iterable[T]) -> Iterator[T]:
    """Yield what is written, so that `writing` tells an OSError of its source from its own.

    Parameters
    ----------
    source : iterable
        Gone through in a block of `writing`.

    Yields
    ------
    object
        Each item.
    """
    items = iter(source)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except OSError as error:
            raise _UnreadableError(error) from error
        yield item


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
