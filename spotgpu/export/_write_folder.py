"""Folders that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from spotgpu.errors import SpotgpuError

__all__ = ["write_folder"]


def write_folder(path: Path, files: Iterable[tuple[str, bytes]], *, replace: bool) -> None:
    """Write files to a folder beside `path`, which becomes `path` if all goes well.

    Parameters
    ----------
    path : Path
        The folder to make.
    files : iterable of tuple of str and bytes
        Paths in the folder, and contents.
    replace : bool
        Whether a folder that is there is replaced.

    Raises
    ------
    SpotgpuError
        If writing fails, or a folder is there that is not to be replaced. At `path` there is then
        what was there before.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        for name, data in files:
            _write(part / name, data)
        _move_into_place(part, path, replace)
    except OSError as error:
        raise SpotgpuError(f"{path} cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        # Else a crash of the machine could leave a file that has its name but not its bytes.
        os.fsync(file.fileno())


def _move_into_place(part: Path, path: Path, replace: bool) -> None:
    if not replace or not path.exists():
        part.rename(path)  # fails if there is a folder with something in it
        return
    old = part.with_suffix(".old")
    path.rename(old)
    try:
        part.rename(path)
    except BaseException:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
