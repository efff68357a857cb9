"""`spotgpu track`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._config import changed, repeats
from spotgpu.cli._output import count, notes_told, progress, say, warn

__all__ = ["register", "source"]

EXAMPLE = (
    "Example: spotgpu track movie.tif --diameter 11 --minmass 400 --search-range 6 --memory 3 "
    "--min-length 15 --pixel-size 0.16 --fps 10 -o results\n\n"
    "Many movies: spotgpu track 'plate/*.tif' --diameter 11 --search-range 6 -o results"
)


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("track", epilog=EXAMPLE)(_track)


def source(movie: list[str] | None) -> str | list[str]:
    """Return what `spotgpu.open` takes.

    Parameters
    ----------
    movie : list of str or None
        The argument.

    Returns
    -------
    str or list of str
        The movie's path, or the paths of its files.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not movie:
        raise ValueError("Missing argument 'MOVIE': the file or files of the movie")
    return movie[0] if len(movie) == 1 else movie


def _track(
    context: typer.Context,
    diameter: options.Diameter,
    search_range: options.SearchRange,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="New folder for the results.",
            show_default=False,
            rich_help_panel="Files",
        ),
    ],
    movie: options.Movie = None,
    minmass: options.Minmass = None,
    maxsize: options.Maxsize = None,
    separation: options.Separation = None,
    noise_size: options.NoiseSize = None,
    smoothing_size: options.SmoothingSize = None,
    threshold: options.Threshold = None,
    invert: options.Invert = False,
    percentile: options.Percentile = 64,
    topn: options.Topn = None,
    preprocess: options.Preprocess = True,
    max_iterations: options.MaxIterations = 10,
    memory: options.Memory = 0,
    min_length: options.MinLength = 10,
    pixel_size_um: options.PixelSize = None,
    fps: options.Fps = None,
    drift: options.Drift = None,
    drift_smoothing: options.DriftSmoothing = 0,
    max_lagtime: options.MaxLagtime = 100,
    confidence: options.Confidence = 0.95,
    axes: options.Axes = None,
    channel: options.Channel = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write the tables as .csv, too.", rich_help_panel="Files")
    ] = False,
    overwrite: options.Overwrite = False,
    plate: options.Plate = None,
    device: options.Device = "cpu",
    processes: options.Processes = "auto",  # type: ignore[assignment]
    max_gb: options.MaxGb = None,
    dask: options.Dask = None,
    log_json: options.LogJson = False,
    config: options.Config = None,
) -> None:
    """Find the spots of a movie, link them, measure their motion, write tables and a report.

    Several movies, or a list of them (.csv with the column movie, and options that differ), get a
    folder each, and a summary. A run that was ended early goes on where it was when it is called
    again.
    """
    given: dict[str, Any] = dict(locals())
    for name in ("config", "context", "plate", "dask", "log_json"):
        del given[name]
    path = source(given.pop("movie"))
    given["noise_size"] = 1 if noise_size is None else noise_size
    given["progress"] = shown = progress(log_json)
    from spotgpu.pipeline import are_movies

    if plate is None:
        plate = not repeats(context) and are_movies(path, axes, given["channel"])
    with notes_told(), ExitStack() as stack:
        client = None
        if dask is not None:
            from spotgpu.pipeline import cluster

            client = stack.enter_context(cluster(dask))
        if plate:
            _tracked_many(path, {**given, "client": client})
        else:
            _tracked(context, path, {**given, "client": client}, shown.note if log_json else warn)


def _tracked(
    context: typer.Context,
    path: str | list[str],
    given: dict[str, Any],
    warn_of: Callable[[str], None],
) -> None:
    from spotgpu.pipeline import FinishedError, track

    output = given["output"]
    try:
        result = track(path, **given)
    except FinishedError:
        say(f"Finished before, with this movie and these options: {output}")
        return
    found = result.overview
    say(
        f"{count(found.spots, 'spot')} in {count(found.frames, 'frame')}, "
        f"{count(found.tracks, 'track')} of {given['min_length']} spots or more"
    )
    if result.diffusion is not None:
        fit = result.diffusion
        unit = f"{result.length_unit}²/{result.time_unit}"
        say(
            f"D = {fit.D:.4g} {unit} "
            f"({fit.confidence:.0%} interval {fit.ci_low:.4g} to {fit.ci_high:.4g})"
        )
    for text in (*changed(context, result.input), *result.warnings):
        warn_of(text)
    say(f"Results in {output}: open {output / 'report.html'}")


def _tracked_many(path: str | list[str], given: dict[str, Any]) -> None:
    from spotgpu.pipeline import track_many

    output = given["output"]
    result = track_many(path, **given)
    failed = len(result.failures)
    say(f"{count(len(result.table), 'movie')}, {failed:,} failed")
    flagged = int((result.table["flags"].ne("") & result.table["status"].eq("ok")).sum())
    if flagged:
        say(f"{count(flagged, 'movie')} to look at: see the flags in the report")
    say(f"Results in {output}: open {output / 'report.html'}")
    if failed:
        say(f"What failed and why: {output / 'failures.csv'}")
        raise typer.Exit(1)
