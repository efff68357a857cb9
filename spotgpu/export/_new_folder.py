"""Folders that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spotgpu.errors import SpotgpuError

__all__ = ["new_folder"]


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a name beside `path`, for a folder that becomes `path` if all goes well.

    Parameters
    ----------
    path : Path
        The folder to make; what is there is replaced.

    Yields
    ------
    Path
        Where to make the folder.

    Raises
    ------
    SpotgpuError
        If writing fails. At `path` there is then what was there before.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        for folder, _, files in os.walk(part):
            for file in files:
                _flush(Path(folder, file))
        _move_into_place(part, path)
    except OSError as error:
        raise SpotgpuError(f"{path} cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _move_into_place(part: Path, path: Path) -> None:
    if not path.exists():
        part.rename(path)
        return
    old = part.with_suffix(".old")
    path.rename(old)
    try:
        part.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    # Else a crash of the machine could leave a file that has its name but not its bytes.
    with path.open("rb") as file:
        os.fsync(file.fileno())
