"""Results that are there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spotgpu.errors import SpotgpuError

__all__ = ["PROGRAM", "RUN_FILE", "check_new_file", "check_new_folder", "new_file", "new_folder"]

#: The file by which a folder is known to be ours, and the value of its key "program".
RUN_FILE, PROGRAM = "run.json", "spotgpu"


def check_new_folder(path: Path, *, overwrite: bool) -> None:
    """Raise unless a folder of results may be made at `path`.

    Parameters
    ----------
    path : Path
        The folder.
    overwrite : bool
        Whether an earlier run's folder may be replaced.

    Raises
    ------
    ValueError
        If it exists, and replacing is not allowed or it is not of an earlier run.
    """
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_dir() or path.is_symlink():
        raise ValueError(f"`output` must be a folder, got {path}, which is something else")
    if not overwrite:
        raise ValueError(
            f"`output` must be a new folder, got {path}, which exists: "
            "choose another, or allow replacing it with `overwrite` (--overwrite)"
        )
    if any(path.iterdir()) and not _is_ours(path):
        raise ValueError(
            f"`output` must be a folder of an earlier run to be replaced, got {path}, "
            f"which has no {RUN_FILE} of spotgpu"
        )


def _is_ours(folder: Path) -> bool:
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
        return False
    return isinstance(run, dict) and run.get("program") == PROGRAM


def check_new_file(path: Path, *, overwrite: bool) -> None:
    """Raise unless a file may be made at `path`.

    Parameters
    ----------
    path : Path
        The file.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    ValueError
        If it exists and must not be replaced, or is a folder.
    """
    if path.is_dir():
        raise ValueError(f"`output` must be a file, got the folder {path}")
    if path.exists() and not overwrite:
        raise ValueError(
            f"`output` must be a new file, got {path}, which exists: "
            "choose another, or allow replacing it with `overwrite` (--overwrite)"
        )


@contextmanager
def new_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which becomes `path` if all goes well.

    Parameters
    ----------
    path : path
        The folder to make.
    overwrite : bool
        Whether an earlier run's folder may be replaced.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    ValueError
        As `check_new_folder`.
    SpotgpuError
        If writing fails. Nothing is left at `path`, or what was there before.
    """
    path = Path(path)
    check_new_folder(path, overwrite=overwrite)
    with _clean_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(".partial", f".{path.name}.", path.parent))
        try:
            yield partial
            partial.chmod(0o777 & ~_umask())
            for file in partial.iterdir():
                _flush(file)
            check_new_folder(path, overwrite=overwrite)
            _move_into_place(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def new_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary name beside `path`, which becomes `path` if all goes well.

    Parameters
    ----------
    path : path
        The file to make.
    overwrite : bool
        Whether a file that is there may be replaced.

    Yields
    ------
    Path
        Where to write; the suffix is that of `path`.

    Raises
    ------
    ValueError
        As `check_new_file`.
    SpotgpuError
        If writing fails. Nothing is left at `path`, or what was there before.
    """
    path = Path(path)
    check_new_file(path, overwrite=overwrite)
    with _clean_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(path.suffix, f".{path.name}.partial", path.parent)
        os.close(handle)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o666 & ~_umask())
            _flush(partial)
            check_new_file(path, overwrite=overwrite)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _clean_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SpotgpuError(
            f"could not write {path}: {reason}; nothing was left there: "
            "make room on the disk or choose another place, then run again"
        ) from error


def _move_into_place(partial: Path, path: Path) -> None:
    if not path.exists():
        partial.rename(path)
        return
    old = Path(tempfile.mkdtemp(".old", f".{path.name}.", path.parent))
    path.rename(old / path.name)
    try:
        partial.rename(path)
    except OSError:
        (old / path.name).rename(path)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    # Else a crash of the machine could leave a file that has its name but not its bytes.
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
