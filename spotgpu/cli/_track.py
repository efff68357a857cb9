"""`spotgpu track`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._config import changed
from spotgpu.cli._output import count, notes_told, progress, say, warn

__all__ = ["register", "source"]

EXAMPLE = (
    "Example: spotgpu track movie.tif --diameter 11 --minmass 400 --search-range 6 --memory 3 "
    "--min-length 15 --pixel-size 0.16 --fps 10 -o results"
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
    device: options.Device = "cpu",
    processes: options.Processes = "auto",  # type: ignore[assignment]
    config: options.Config = None,
) -> None:
    """Find the spots of a movie, link them, measure their motion, write tables and a report."""
    given: dict[str, Any] = dict(locals())
    del given["config"], given["context"]
    path = source(given.pop("movie"))
    given["noise_size"] = 1 if noise_size is None else noise_size
    from spotgpu.pipeline import track as run

    with notes_told():
        result = run(path, **given, progress=progress())
    say(
        f"{count(len(result.spots), 'spot')} in {count(result.n_frames, 'frame')}, "
        f"{count(result.n_tracks, 'track')} of {min_length} spots or more"
    )
    if result.diffusion is not None:
        fit = result.diffusion
        unit = f"{result.length_unit}²/{result.time_unit}"
        say(
            f"D = {fit.D:.4g} {unit} "
            f"({fit.confidence:.0%} interval {fit.ci_low:.4g} to {fit.ci_high:.4g})"
        )
    for text in (*changed(context, result.input), *result.warnings):
        warn(text)
    say(f"Results in {output}: open {output / 'report.html'}")
