"""A folder that one process works in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._writing import writing

__all__ = ["LOCK", "locked"]

#: The file in it that is held.
LOCK = "lock"


@contextmanager
def locked(folder: Path, output: Path) -> Iterator[None]:
    """Hold a folder; the lock goes when the process does, however it ends.

    Parameters
    ----------
    folder : Path
        Made if need be.
    output : Path
        What was asked for, for the message.

    Raises
    ------
    SpotgpuError
        If another run has it, or it cannot be locked.
    """
    # A list that has the handle at once: an interrupt must not leave it open in this process.
    held: list[int] = []
    try:
        _take(folder, output, held)
        try:
            yield
        finally:
            # Gone before it is let go: who opens it meanwhile sees that it is another one now.
            # Where it was removed with the folder, one that is there is another run's.
            with suppress(OSError):
                if _is_there(held[0], folder):
                    (folder / LOCK).unlink()
    finally:
        while held:
            os.close(held.pop())


def _take(folder: Path, output: Path, held: list[int]) -> None:
    while True:
        with writing(output):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                held.append(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666))
            except FileNotFoundError:
                # Removed just now.
                continue
        reason = _refusal(held[0], folder)
        if reason is not None:
            raise SpotgpuError(reason)
        if _is_there(held[0], folder):
            return
        os.close(held.pop())


def _refusal(handle: int, folder: Path) -> str | None:
    """Lock a file, or say why that cannot be."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return (
            f"another run is at work in {folder}: wait until it has ended, or choose another output"
        )
    except OSError as error:
        return (
            f"{folder} cannot be locked ({error.strerror}): choose an output on a file system "
            "that has locks"
        )
    return None


def _is_there(handle: int, folder: Path) -> bool:
    """Tell whether a file that is open is the one that bears the name."""
    try:
        return os.path.samestat(os.fstat(handle), (folder / LOCK).stat())
    except FileNotFoundError:
        return False
