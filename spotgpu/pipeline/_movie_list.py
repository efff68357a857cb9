"""Many movies: which they are, what they are called, and their own options."""

from __future__ import annotations

import csv
import difflib
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spotgpu import io
from spotgpu.errors import SpotgpuError
from spotgpu.pipeline._lock import LOCK
from spotgpu.pipeline._many_folder import FAILURES, PAGE, RECORD, SUMMARY
from spotgpu.pipeline._work_folder import SUFFIX

__all__ = ["ListedMovie", "are_movies", "movie_list"]

#: Columns of a list that are no options.
MOVIE, NAME = "movie", "name"
#: Names of what lies beside the folders.
RESERVED = {LOCK, RECORD, SUMMARY, FAILURES, PAGE}
#: What a folder's name may hold; anything else becomes an underscore.
UNFIT = re.compile(r"[^\w.+=@-]+")


@dataclass(frozen=True)
class ListedMovie:
    """A movie of a set.

    Attributes
    ----------
    name : str
        That of its folder of results; different from all others.
    source : str
        What `spotgpu.open` takes.
    options : dict
        Options of `track` that differ from those of the others.
    """

    name: str
    source: str
    options: dict[str, Any] = field(default_factory=dict)


def are_movies(
    source: str | os.PathLike[str] | Sequence[str], axes: str | None, channel: int | str | None
) -> bool:
    """Tell whether files are movies each, rather than images of one.

    Parameters
    ----------
    source : path, pattern or sequence of paths
        As for `movie_list`.
    axes : str, optional
        As for `spotgpu.open`.
    channel : int or str, optional
        As for `spotgpu.open`.

    Returns
    -------
    bool
        True for a list (.csv), and for several files of which the first that can be opened has
        several frames, and does not say that it is a part of something larger.
    """
    if isinstance(source, (str, os.PathLike)):
        if Path(source).suffix.lower() == ".csv":
            return True
        if Path(source).exists():
            return False
    paths = _files(source)
    for path in paths if len(paths) > 1 else []:
        try:
            with io.open(path, axes=axes, channel=channel) as movie:
                return len(movie) > 1
        except (SpotgpuError, ValueError, TypeError):
            # The next one tells; what is wrong with this one shows when it is its turn.
            continue
    return False


def movie_list(
    movies: str | os.PathLike[str] | Sequence[Any], options: Iterable[str]
) -> list[ListedMovie]:
    """Return the movies of a set.

    Parameters
    ----------
    movies : path, pattern or sequence of paths
        A .csv with the column ``movie`` (paths and patterns, relative to the list) and, if need
        be, ``name`` and options of `track`, where an empty cell is none; or files, a pattern of
        files, a folder of files.
    options : iterable of str
        Names of the options that a list may have.

    Returns
    -------
    list of ListedMovie
        In the order given.

    Raises
    ------
    TypeError, ValueError
        If there is none, or the list is not like this.
    FileNotFoundError
        If a list or a folder is not there, or no file fits a pattern.
    """
    if isinstance(movies, (str, os.PathLike)) and Path(movies).suffix.lower() == ".csv":
        return _from_list(Path(movies), set(options))
    paths = _files(movies)
    if not paths:
        raise ValueError("`movies` must be one file at least, got none")
    return [
        ListedMovie(name, str(path.absolute()))
        for name, path in zip(_names(paths), paths, strict=True)
    ]


def _files(movies: str | os.PathLike[str] | Sequence[Any]) -> list[Path]:
    if not isinstance(movies, (str, os.PathLike)):
        return [Path(movie) for movie in movies]
    path = Path(movies)
    if path.is_dir():
        return io.files_in(path)
    return [path] if path.exists() else io.matching(str(movies))


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each: the file's own, with its folders where that is not enough."""
    stems = [_fit(path.stem) for path in paths]
    if len(set(map(str.lower, stems))) < len(stems):
        absolute = [path.absolute() for path in paths]
        common = os.path.commonpath([path.parent for path in absolute])
        stems = [
            _fit("_".join(path.relative_to(common).with_suffix("").parts)) for path in absolute
        ]
    # a.tif and a.tiff, a file that is there twice, lock.tif.
    taken, names = set(RESERVED), []
    for stem in stems:
        free = (name for k in itertools.count(1) if (name := _nth(stem, k)).lower() not in taken)
        names.append(next(free))
        taken.add(names[-1].lower())
    return names


def _nth(stem: str, k: int) -> str:
    return stem if k == 1 else f"{stem}-{k}"


def _fit(name: str) -> str:
    fit = UNFIT.sub("_", name).strip(".")
    if fit.lower().endswith(SUFFIX):
        fit = fit[: -len(SUFFIX)] + SUFFIX.replace(".", "_")
    return fit or "movie"


def _from_list(path: Path, options: set[str]) -> list[ListedMovie]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, strict=True))
    except FileNotFoundError:
        raise FileNotFoundError(f"`movies` must be a list that is there, got {path}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"`movies` must be a list in CSV, got {path}: {error}") from error
    if not rows:
        raise ValueError(f"`movies` must be a list with a head and a row, got {path}")
    columns = {name: str(name).strip().replace("-", "_") for name in rows[0] if name is not None}
    _check_columns(path, list(columns.values()), options)
    listed = []
    for line, row in enumerate(rows, start=2):
        if None in row or any(cell is None for cell in row.values()):
            raise ValueError(
                f"`movies` must have {len(columns)} cells a row, see line {line}: {path}"
            )
        cells = {columns[name]: cell.strip() for name, cell in row.items()}
        if not cells[MOVIE]:
            raise ValueError(f"`movies` must name a movie in each row, see line {line}: {path}")
        own = {name: _value(cell) for name, cell in cells.items() if name in options and cell}
        listed.append((cells.get(NAME, ""), path.parent / cells[MOVIE], own))
    return _named(path, listed)


def _named(path: Path, listed: Sequence[tuple[str, Path, dict[str, Any]]]) -> list[ListedMovie]:
    given = [_fit(name) if name else "" for name, _, _ in listed]
    own = _names([source for _, source, _ in listed])
    names = [name or other for name, other in zip(given, own, strict=True)]
    twice = [name for name, n in Counter(map(str.lower, names)).items() if n > 1]
    twice += [name for name in names if name.lower() in RESERVED]
    if twice:
        raise ValueError(f"`movies` must have names that differ, got {twice[0]} again: {path}")
    return [
        ListedMovie(name, str(source.absolute()), options)
        for name, (_, source, options) in zip(names, listed, strict=True)
    ]


def _check_columns(path: Path, columns: list[str], options: set[str]) -> None:
    if MOVIE not in columns:
        raise ValueError(f"`movies` must have a column {MOVIE}, got {', '.join(columns)}: {path}")
    for name in columns:
        if name in {MOVIE, NAME} or name in options:
            continue
        close = difflib.get_close_matches(name, sorted(options), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(sorted(options))}"
        raise ValueError(f"`movies` has a column {name}, which is no option; {hint} ({path})")


def _value(cell: str) -> Any:
    """Return what stands in a cell: a number, several for the axes, yes or no, or a word."""
    words = {"true": True, "yes": True, "false": False, "no": False}
    if cell.lower() in words:
        return words[cell.lower()]
    numbers = [_number(part.strip()) for part in re.split("[,; ]+", cell)]
    if None in numbers:
        return cell
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
