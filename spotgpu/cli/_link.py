"""`spotgpu link`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import count, progress, say

__all__ = ["register"]

EXAMPLE = "Example: spotgpu link spots.parquet --search-range 6 --memory 3 -o tracks.parquet"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("link", epilog=EXAMPLE)(_link)


def _link(
    spots: Annotated[
        Path, typer.Argument(metavar="SPOTS", help="Table of spots, .parquet or .csv.")
    ],
    search_range: options.SearchRange,
    output: options.NewTable,
    memory: options.Memory = 0,
    min_length: options.MinLength = 1,
    overwrite: options.Overwrite = False,
    device: options.Device = "cpu",
    config: options.Config = None,
) -> None:
    """Link a table of spots into trajectories."""
    given: dict[str, Any] = dict(locals())
    del given["config"]
    from spotgpu.pipeline import link_file

    tracks = link_file(**given, progress=progress())
    say(f"{count(tracks['particle'].nunique(), 'track')} in {output}")
