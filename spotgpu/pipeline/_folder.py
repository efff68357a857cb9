"""Results that are there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from spotgpu.pipeline._manifest import PROGRAM
from spotgpu.pipeline._writing import settle, writing

__all__ = [
    "RUN_FILE",
    "WRITTEN",
    "absolute",
    "check_new_file",
    "check_new_folder",
    "check_not_input",
    "check_place",
    "new_file",
    "new_folder",
]

#: The file by which a folder is known to be ours.
RUN_FILE = "run.json"

#: All that a run writes, and what `demo` adds.
WRITTEN = {
    *("spots.parquet", "tracks.parquet", "particles.parquet", "msd.csv", "drift.csv"),
    *("spots.csv", "tracks.csv", "particles.csv", "diffusion.json", "report.html", RUN_FILE),
}
WRITTEN_BY_DEMO = {"movie.tif", "truth.parquet", "comparison.txt"}


def absolute(path: str | os.PathLike[str]) -> Path:
    """Return where a path leads from here, wherever that will be asked later.

    Parameters
    ----------
    path : path
        As the caller gave it.

    Returns
    -------
    Path
        Without ``.`` and ``..``.
    """
    return Path(os.path.abspath(path))  # noqa: PTH100 (`Path.absolute` keeps the dots)


def check_new_folder(path: Path, *, overwrite: bool, keep: Sequence[Path] = ()) -> None:
    """Raise unless a folder of results can be made at `path`.

    Parameters
    ----------
    path : Path
        The folder.
    overwrite : bool
        Whether an earlier run's folder may be replaced.
    keep : sequence of Path
        The run's input: a folder that has it inside is never replaced.

    Raises
    ------
    ValueError
        If it exists, and replacing is not allowed or it holds anything but an earlier run; or if
        it would lie in something that is no folder.
    SpotgpuError
        If nothing can be written there.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise ValueError(f"`output` must be a folder, got {path}, which is something else")
    check_not_input(path, keep)
    if path.exists() and not overwrite:
        raise ValueError(
            f"`output` must be a new folder, got {path}, which exists: "
            "choose another, or allow replacing it with `overwrite` (--overwrite)"
        )
    if path.exists():
        _check_ours(path)
    check_place(path)


def check_not_input(path: Path, keep: Sequence[Path]) -> None:
    """Raise if a folder is, or holds, the input.

    Parameters
    ----------
    path : Path
        The folder.
    keep : sequence of Path
        Files and folders of the input.

    Raises
    ------
    ValueError
        If one of them is there or inside.
    """
    for file in keep:
        if path.exists() and _is_inside(file, path):
            raise ValueError(
                f"`output` must not be the folder of the input, got {path} with {file} inside: "
                "choose another"
            )


def _is_inside(file: Path, folder: Path) -> bool:
    # A link inside would be lost as well as the file that one outside leads to.
    home = folder.resolve()
    return any(
        home in (place, *place.parents)
        for place in (file.parent.resolve() / file.name, file.resolve())
    )


def _check_ours(folder: Path) -> None:
    found = sorted(folder.iterdir())
    names = {entry.name for entry in found}
    if found and not _is_ours(folder):
        raise ValueError(
            f"`output` must be a folder of an earlier run to be replaced, got {folder}, "
            f"which has no {RUN_FILE} of {PROGRAM}"
        )
    # A movie.tif alone may be the user's.
    known = WRITTEN | WRITTEN_BY_DEMO if names >= WRITTEN_BY_DEMO else WRITTEN
    for entry in found:
        if entry.name not in known or entry.is_dir():
            raise ValueError(
                "`output` must hold nothing but an earlier run to be replaced, got "
                f"{folder} with {entry.name}: move it elsewhere, or choose another folder"
            )


def check_place(path: Path) -> None:
    """Raise unless something can be written beside `path`: better now than after the work.

    Parameters
    ----------
    path : Path
        File or folder to make.

    Raises
    ------
    ValueError
        If it would lie in no folder.
    SpotgpuError
        If nothing can be written there.
    """
    with writing(path):
        place = next(parent for parent in path.absolute().parents if parent.exists())
        if not place.is_dir():
            raise ValueError(f"`output` must lie in a folder, got {path}, but {place} is a file")
        with tempfile.TemporaryFile(prefix=f".{path.name}.", dir=place):
            pass


def _is_ours(folder: Path) -> bool:
    try:
        run = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError):
        return False
    return isinstance(run, dict) and run.get("program") == PROGRAM


def check_new_file(path: Path, *, overwrite: bool) -> None:
    """Raise unless a file can be made at `path`.

    Parameters
    ----------
    path : Path
        The file.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    ValueError
        If it exists and must not be replaced, is a folder, or would lie in no folder.
    SpotgpuError
        If nothing can be written there.
    """
    if path.is_dir():
        raise ValueError(f"`output` must be a file, got the folder {path}")
    if path.exists() and not overwrite:
        raise ValueError(
            f"`output` must be a new file, got {path}, which exists: "
            "choose another, or allow replacing it with `overwrite` (--overwrite)"
        )
    check_place(path)


@contextmanager
def new_folder(
    path: str | os.PathLike[str], *, overwrite: bool = False, keep: Sequence[Path] = ()
) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which becomes `path` if all goes well.

    Parameters
    ----------
    path : path
        The folder to make.
    overwrite : bool
        Whether an earlier run's folder may be replaced.
    keep : sequence of Path
        As in `check_new_folder`.

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
    check_new_folder(path, overwrite=overwrite, keep=keep)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(".partial", f".{path.name}.", path.parent))
        try:
            yield partial
            partial.chmod(0o777 & ~_umask())
            for file in partial.iterdir():
                settle(file)
            check_new_folder(path, overwrite=overwrite, keep=keep)
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
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(path.suffix, f".{path.name}.partial", path.parent)
        os.close(handle)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o666 & ~_umask())
            settle(partial)
            check_new_file(path, overwrite=overwrite)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def _move_into_place(partial: Path, path: Path) -> None:
    """Give a folder its name; one that is there goes when the new one has taken its place."""
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


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
