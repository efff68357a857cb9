"""A folder that one process works in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._folder import writing

__all__ = ["LOCK", "locked"]

#: The file in it that is held.
LOCK = "lock"


@contextmanager
def locked(folder: Path, output: Path) -> Iterator[None]:
    """Hold a folder; the lock goes when the process does, however it ends.

    Parameters
    ----------
    folder : Path
        Is there.
    output : Path
        What was asked for, for the message.

    Raises
    ------
    SpotgpuError
        If another process has it, or it cannot be locked.
    """
    handle = _taken(folder, output)
    try:
        yield
    finally:
        # Gone before it is let go: who waits for it meanwhile sees that it is another one now.
        (folder / LOCK).unlink(missing_ok=True)
        os.close(handle)


def _taken(folder: Path, output: Path) -> int:
    while True:
        with writing(output):
            handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), (folder / LOCK).stat()):
                return handle
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(handle)
            raise SpotgpuError(
                f"another process is at this run: {folder} is locked; wait until it has ended, or "
                "choose another output"
            ) from None
        except OSError as error:
            os.close(handle)
            raise SpotgpuError(
                f"{folder} cannot be locked ({error.strerror}): choose an output on a file system "
                "that has locks"
            ) from error
        os.close(handle)
