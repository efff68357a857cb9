"""`spotgpu traces`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import count, progress, say
from spotgpu.cli._track import source
from spotgpu.cli._values import PerAxis, per_axis

__all__ = ["register"]

EXAMPLE = (
    "Example: spotgpu traces movie.tif --positions cells.csv --size 7 --background 6 9 "
    "-o traces.parquet\n\n"
    "Along tracks: spotgpu traces movie.tif --tracks results/tracks.parquet -o traces.parquet"
)
WINDOW = "Window"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("traces", epilog=EXAMPLE)(_traces)


def _traces(
    output: options.NewTable,
    movie: options.Movie = None,
    positions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of fixed positions, .parquet or .csv: x, y, z in a volume, perhaps id.",
            rich_help_panel="Files",
        ),
    ] = None,
    tracks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of trajectories or spots, .parquet or .csv: frame, x, y, z in a volume.",
            rich_help_panel="Files",
        ),
    ] = None,
    size: Annotated[
        PerAxis,
        typer.Option(
            parser=per_axis,
            metavar="S|Z,Y,X",
            help="Side or diameter of the window in pixels.",
            rich_help_panel=WINDOW,
        ),
    ] = 5,  # type: ignore[assignment]
    window: Annotated[
        str, typer.Option(metavar="rect|disc|pixel", help="Its shape.", rich_help_panel=WINDOW)
    ] = "rect",
    background: Annotated[
        tuple[float, float] | None,
        typer.Option(
            metavar="INNER OUTER",
            help="Radii of a ring in pixels, whose mean is the background: subtracted at "
            "positions, a column along tracks.",
            rich_help_panel=WINDOW,
            show_default=False,
        ),
    ] = None,
    dff: Annotated[
        bool,
        typer.Option(
            "--dff",
            help="Write (F - F0) / F0, F0 being the 10th percentile of a trace.",
            rich_help_panel=WINDOW,
        ),
    ] = False,
    wide: Annotated[
        bool,
        typer.Option(
            "--wide",
            help="Along tracks, write a table of frames by particles, the background subtracted.",
            rich_help_panel=WINDOW,
        ),
    ] = False,
    axes: options.Axes = None,
    channel: options.Channel = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "cpu",
    config: options.Config = None,
) -> None:
    """Measure intensity over time at positions or along tracks."""
    given: dict[str, Any] = dict(locals())
    del given["config"]
    path = source(given.pop("movie"))
    from spotgpu.traces import traces_file

    n, frames = traces_file(path, **given, progress=progress())
    noun = "trace" if tracks is None or wide else "position"
    say(f"{count(n, noun)} in {count(frames, 'frame')} in {output}")
