"""`spotgpu msd`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import progress, say, warn

__all__ = ["register"]

EXAMPLE = "Example: spotgpu msd tracks.parquet --pixel-size 0.16 --fps 10 -o msd.csv"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("msd", epilog=EXAMPLE)(_msd)


def _msd(
    tracks: Annotated[
        Path, typer.Argument(metavar="TRACKS", help="Table of trajectories, .parquet or .csv.")
    ],
    output: options.NewTable,
    pixel_size_um: options.PixelSize = None,
    fps: options.Fps = None,
    drift: options.Drift = None,
    drift_smoothing: options.DriftSmoothing = 0,
    max_lagtime: options.MaxLagtime = 100,
    confidence: options.Confidence = 0.95,
    diffusion: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="New file for the diffusion coefficient and its interval, JSON.",
            rich_help_panel="Files",
        ),
    ] = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "cpu",
    config: options.Config = None,
) -> None:
    """Measure mean squared displacement and diffusion coefficient of trajectories."""
    given: dict[str, Any] = dict(locals())
    del given["config"]
    from spotgpu.pipeline import msd_file

    analysis, calibration, doubts = msd_file(**given, progress=progress())
    if analysis.diffusion is not None:
        fit = analysis.diffusion
        say(
            f"D = {fit.D:.4g} {calibration.length_unit}²/{calibration.time_unit} "
            f"({fit.confidence:.0%} interval {fit.ci_low:.4g} to {fit.ci_high:.4g})"
        )
    for text in doubts:
        warn(text)
    say(f"MSD in {output}")
    if diffusion is not None:
        say(f"Diffusion coefficient in {diffusion}")
