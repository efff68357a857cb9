"""The folder of many movies' results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spotgpu.pipeline._folder import new_file
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._lock import LOCK, locked
from spotgpu.pipeline._manifest import PROGRAM, changed, few
from spotgpu.pipeline._work_folder import SUFFIX
from spotgpu.pipeline._writing import writing

__all__ = ["FAILURES", "PAGE", "RECORD", "SUMMARY", "many_folder"]

#: What it holds beside the folders of the movies.
RECORD, SUMMARY, FAILURES, PAGE = "plate.json", "summary.csv", "failures.csv", "report.html"
#: What a call leaves that is killed while it writes one of these.
PARTIAL = tuple(f".{name}.partial" for name in (RECORD, SUMMARY, FAILURES, PAGE))


@contextmanager
def many_folder(
    folder: Path, parameters: dict[str, Any], movies: Sequence[str], *, overwrite: bool
) -> Iterator[None]:
    """Hold the folder: new, empty, or that of an earlier call.

    Parameters
    ----------
    folder : Path
        Made, with its parents.
    parameters : dict
        Options that all movies share.
    movies : sequence of str
        Their names.
    overwrite : bool
        Whether an earlier call may have had other options, or other movies.

    Raises
    ------
    ValueError
        If it holds anything else, or the earlier call differs.
    SpotgpuError
        If another process is at it, or it cannot be written.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"`output` must be a folder, got {folder}, which is something else")
    if folder.is_dir():
        _check_ours(folder, movies)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, folder):
        earlier = _record(folder)
        parameters = json.loads(json_text(parameters))
        if earlier is not None and not overwrite:
            _check_same(folder, earlier, parameters, movies)
        record = {
            "program": PROGRAM,
            "command": "track_many",
            "parameters": parameters,
            "movies": list(movies),
            # Whose folders may be there still.
            "earlier": sorted(_listed(earlier) - set(movies)),
        }
        for name in folder.iterdir():
            if name.is_file() and name.name.startswith(PARTIAL):
                name.unlink()
        with new_file(folder / RECORD, overwrite=True) as path:
            path.write_text(json_text(record), encoding="utf-8")
        yield


def _listed(record: dict[str, Any] | None) -> set[str]:
    return set() if record is None else {*record["movies"], *record.get("earlier", ())}


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("program") != PROGRAM:
        return None
    valid = isinstance(record.get("movies"), list) and isinstance(record.get("parameters"), dict)
    return record if valid else None


def _check_ours(folder: Path, movies: Sequence[str]) -> None:
    earlier = _record(folder)
    names = {entry.name for entry in folder.iterdir()}
    names = {name for name in names if not name.startswith(PARTIAL)}
    if earlier is None and names - {LOCK}:
        raise ValueError(
            f"`output` must be a new folder, or that of an earlier call, got {folder}, which has "
            f"no {RECORD} of {PROGRAM}"
        )
    listed = {*movies, *_listed(earlier)}
    known = {RECORD, SUMMARY, FAILURES, PAGE, LOCK, *listed, *(name + SUFFIX for name in listed)}
    strange = sorted(names - known)
    if strange:
        raise ValueError(
            f"`output` must hold nothing but results of this set of movies, got {folder} with "
            f"{strange[0]}: move it elsewhere, or choose another folder"
        )


def _check_same(
    folder: Path, earlier: dict[str, Any], parameters: dict[str, Any], movies: Sequence[str]
) -> None:
    before = earlier["parameters"]
    differences = [
        text
        for name in dict.fromkeys((*before, *parameters))
        for text in changed(name, before.get(name), parameters.get(name))
    ]
    gone = [
        f"{name} is not among the movies now" for name in earlier["movies"] if name not in movies
    ]
    if differences or gone:
        raise ValueError(
            f"`output` has results of another call, in {folder}: {few([*differences, *gone])}. "
            "Choose another folder, or allow replacing them with `overwrite` (--overwrite)"
        )
