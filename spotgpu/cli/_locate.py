"""`spotgpu locate`."""

from __future__ import annotations

from typing import Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import count, progress, say
from spotgpu.cli._track import source

__all__ = ["register"]

EXAMPLE = "Example: spotgpu locate movie.tif --diameter 11 --minmass 400 -o spots.parquet"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("locate", epilog=EXAMPLE)(_locate)


def _locate(
    diameter: options.Diameter,
    output: options.NewTable,
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
    axes: options.Axes = None,
    channel: options.Channel = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "cpu",
    processes: options.Processes = "auto",  # type: ignore[assignment]
    max_gb: options.MaxGb = None,
    config: options.Config = None,
) -> None:
    """Find the spots of all frames of a movie and write their table."""
    given: dict[str, Any] = dict(locals())
    del given["config"]
    path = source(given.pop("movie"))
    given["noise_size"] = 1 if noise_size is None else noise_size
    from spotgpu.pipeline import locate_file

    spots = locate_file(path, **given, progress=progress())
    say(f"{count(spots, 'spot')} in {output}")
