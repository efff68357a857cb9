"""`track_many`: one movie after the other, whatever becomes of some of them."""

from __future__ import annotations

import inspect
import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from spotgpu.detect import Locator
from spotgpu.pipeline._folder import absolute, new_file
from spotgpu.pipeline._json import json_text
from spotgpu.pipeline._manifest import PROGRAM
from spotgpu.pipeline._many_folder import FAILURES, PAGE, RECORD, SUMMARY, many_folder
from spotgpu.pipeline._many_jobs import Job, Outcome, outcomes
from spotgpu.pipeline._movie_list import ListedMovie, movie_list
from spotgpu.pipeline._plate_report import plate_report
from spotgpu.pipeline._plate_summary import summary_table
from spotgpu.pipeline._progress import Progress, for_terminal
from spotgpu.pipeline._stream import checked_processes
from spotgpu.pipeline._table_files import write_table
from spotgpu.pipeline._track import track
from spotgpu.pipeline._track_options import LOCATE_OPTIONS, check, here, recorded
from spotgpu.pipeline._versions import versions

__all__ = ["ManyResult", "track_many"]

#: Arguments of `track` that are the same for all movies, or not the caller's.
COMMON = {"source", "output", "overwrite", "progress", "processes", "client", "device", "csv"}


@dataclass(frozen=True)
class ManyResult:
    """What `track_many` found.

    Attributes
    ----------
    folder : Path
        Of all results.
    table : DataFrame
        One row a movie, see docs/plates.md.
    """

    folder: Path
    table: pd.DataFrame

    @property
    def failures(self) -> pd.DataFrame:
        """Movies that failed.

        Returns
        -------
        DataFrame
            ``movie`` and ``error``.
        """
        failed = self.table[self.table["status"] == "failed"]
        return failed[["movie", "error"]].reset_index(drop=True)

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<ManyResult: {len(self.table)} movies, {len(self.failures)} failed, {self.folder}>"


def track_many(
    movies: str | os.PathLike[str] | Sequence[Any],
    output: str | os.PathLike[str],
    diameter: Any = None,
    search_range: Any = None,
    *,
    processes: Any = "auto",
    client: Any = None,
    device: str = "cpu",
    csv: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> ManyResult:
    """Track many movies, each into a folder of its own, and sum them up.

    A movie that fails does not stop the others. Called again, it goes on with those that are not
    finished, and tries again those that failed; movies may be added.

    Parameters
    ----------
    movies : path, pattern or sequence of paths
        Files, a pattern of files such as ``plate/*.tif``, or a list: a .csv with the column
        ``movie`` (relative to the list) and, if need be, ``name`` and options that differ from
        movie to movie.
    output : path
        Folder: one folder a movie, see `TrackResult.save`, summary.csv, failures.csv (if there are
        any), report.html and plate.json.
    diameter : odd int or tuple of odd int, optional
        As in `track`; a list may give it instead.
    search_range : float or tuple of float, optional
        As in `track`; a list may give it instead.
    processes : int or 'auto'
        Movies that are tracked at the same time, each in a process; "auto": one for each core.
    client : distributed.Client, optional
        A Dask cluster: its workers take a movie each, or, where there are fewer movies than
        threads, the frames of one movie after the other. They must see `output` under the same
        path.
    device : {'cpu', 'cuda', 'auto'}
        As in `track`. On a GPU it is one movie after the other.
    csv : bool
        As in `track`.
    overwrite : bool
        Whether earlier results, also of other options, may be replaced.
    progress : Progress, optional
        Where it shows. Default: bars on standard error if it is a terminal.
    **options
        The others of `track`.

    Returns
    -------
    ManyResult
        The summary.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or `output` holds anything else than results of this call.
    FileNotFoundError
        If no file fits the pattern, or a list is not there.
    SpotgpuError
        If another process is at `output`, or it cannot be written.

    Examples
    --------
    >>> result = track_many("plate/*.tif", "results", 11, 6, minmass=400)  # doctest: +SKIP
    >>> result.table[["well", "D", "flags"]], result.failures              # doctest: +SKIP
    """
    known = set(inspect.signature(track).parameters)
    if unknown := sorted(set(options) - (known - COMMON)):
        raise TypeError(f"`track` has no option {', '.join(unknown)}")
    common = {**options, "diameter": diameter, "search_range": search_range}
    listed = movie_list(movies, known - COMMON)
    workers = checked_processes(processes)
    if device != "cpu" and client is None and workers not in {None, 1}:
        raise ValueError(f"`processes` must be 'auto' or 1 where a GPU computes, got {processes}")
    where = {"device": device, "client": client, "processes": processes}
    # Thousands of movies have a few sets of options.
    for movie in {repr(sorted(movie.options.items())): movie for movie in listed}.values():
        _check(movie, {**common, **where})
    shown = for_terminal() if progress is None else progress
    # Workers may be elsewhere.
    begun, folder = time.perf_counter(), absolute(output)
    parameters = recorded({**common, "csv": csv})
    with many_folder(folder, parameters, [movie.name for movie in listed], overwrite=overwrite):
        jobs = [
            Job(
                movie.name,
                movie.source,
                str(folder / movie.name),
                {**common, **movie.options, "device": device, "csv": csv, "overwrite": overwrite},
            )
            for movie in listed
        ]
        done = []
        with (
            shown.stage("movies", len(jobs)) as advance,
            closing(outcomes(jobs, workers, client, device)) as found,
        ):
            for outcome in found:
                for text in outcome.notes:
                    shown.note(f"{outcome.name}: {text}")
                if outcome.error is not None:
                    shown.note(f"{outcome.name} failed: {outcome.error}")
                done.append(outcome)
                advance()
        table = _write(folder, done, parameters, time.perf_counter() - begun)
    return ManyResult(folder, table)


def _check(movie: ListedMovie, common: Mapping[str, Any]) -> None:
    """Raise if the options of a movie are wrong: better now than after a night."""
    given = {**common, **movie.options}
    signature = inspect.signature(track)
    for name in ("diameter", "search_range"):
        if given[name] is None:
            raise ValueError(
                f"`{name}` must be given, here or in the list, got none for {movie.name}"
            )
    complete = signature.bind_partial(**given)
    complete.apply_defaults()
    options = complete.arguments
    try:
        check(options)
        Locator(
            options["diameter"], **{name: options[name] for name in LOCATE_OPTIONS} | here(options)
        )
    except (TypeError, ValueError) as error:
        if movie.options:
            raise type(error)(f"{error} (of {movie.name})") from None
        raise


def _write(
    folder: Path, done: Sequence[Outcome], parameters: dict[str, Any], seconds: float
) -> pd.DataFrame:
    records = [
        {"movie": outcome.name, "folder": outcome.name, "run": outcome.run}
        for outcome in done
        if outcome.run is not None
    ]
    failures = [
        {"movie": outcome.name, "error": outcome.error} for outcome in done if outcome.run is None
    ]
    table, programs = summary_table(records, failures), versions()
    page = plate_report(
        table,
        title=folder.absolute().name,
        subtitle=f"spotgpu {programs['spotgpu']}, {datetime.now(UTC):%Y-%m-%d %H:%M UTC}",
        parameters=parameters,
        seconds=seconds,
        versions=programs,
    )
    with new_file(folder / SUMMARY, overwrite=True) as path:
        write_table(table, path)
    with new_file(folder / PAGE, overwrite=True) as path:
        path.write_text(page, encoding="utf-8")
    (folder / FAILURES).unlink(missing_ok=True)
    if failures:
        with new_file(folder / FAILURES, overwrite=True) as path:
            failed = table[table["status"] == "failed"]
            write_table(failed[["movie", "error"]], path)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    record |= {
        "program": PROGRAM,
        "counts": {"movies": len(done), "failed": len(failures)},
        "seconds": round(seconds, 3),
        "versions": programs,
    }
    with new_file(folder / RECORD, overwrite=True) as path:
        path.write_text(json_text(record), encoding="utf-8")
    return table
