"""`spotgpu demo`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import progress, say, warn

__all__ = ["register"]


class Dims(StrEnum):
    """Planes or volumes."""

    two = "2d"
    three = "3d"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("demo", epilog="Example: spotgpu demo --dims 3d -o demo-3d")(_demo)


def _demo(
    dims: Annotated[Dims, typer.Option(help="A movie of planes or of volumes.")] = Dims.two,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="New folder. Default: demo-2d or demo-3d.", show_default=False
        ),
    ] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Simulate a movie with known motion, track it, and compare what is found with the truth."""
    from spotgpu.pipeline import demo as run

    folder = Path(f"demo-{dims}") if output is None else output
    result, comparison = run(3 if dims is Dims.three else 2, folder, overwrite, progress())
    say(comparison.text())
    for text in result.warnings:
        warn(text)
    say(f"Results in {folder}: open {folder / 'report.html'}")
