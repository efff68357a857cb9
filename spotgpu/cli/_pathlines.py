"""`spotgpu pathlines`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spotgpu.cli import _options as options
from spotgpu.cli._output import count, progress, say
from spotgpu.cli._track import source

__all__ = ["register"]

EXAMPLE = "Example: spotgpu pathlines movie.tif -n 30 --color-series flowtrace -o pathlines.mp4"
MERGE, LOOK = "Merging", "Looks"


def register(app: typer.Typer) -> None:
    """Add the command.

    Parameters
    ----------
    app : Typer
        The program.
    """
    app.command("pathlines", epilog=EXAMPLE)(_pathlines)


def _pathlines(
    frames_to_merge: Annotated[
        int,
        typer.Option("-n", "--frames-to-merge", help="Frames of an image.", rich_help_panel=MERGE),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="New folder for PNG files, or a .tif, .mp4 or .gif file.",
            show_default=False,
            rich_help_panel="Files",
        ),
    ],
    movie: options.Movie = None,
    frames_to_skip: Annotated[
        int, typer.Option(help="Take every k-th frame.", rich_help_panel=MERGE)
    ] = 1,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="max|min|mean",
            help="Make an image of each volume first, along z.",
            rich_help_panel=MERGE,
        ),
    ] = None,
    take_diff: Annotated[
        bool,
        typer.Option("--take-diff", help="Merge differences of frames.", rich_help_panel=MERGE),
    ] = False,
    diff_order: Annotated[
        int, typer.Option(help="How many times differences are taken.", rich_help_panel=MERGE)
    ] = 1,
    subtract_median: Annotated[
        bool,
        typer.Option(
            "--subtract-median",
            help="Subtract each pixel's median: what stands still goes away.",
            rich_help_panel=MERGE,
        ),
    ] = False,
    subtract_first: Annotated[
        bool,
        typer.Option("--subtract-first", help="Subtract the first frame.", rich_help_panel=MERGE),
    ] = False,
    add_first_frame: Annotated[
        bool,
        typer.Option(
            "--add-first-frame",
            help="Merge the first frame as it was, too.",
            rich_help_panel=MERGE,
        ),
    ] = False,
    color_series: Annotated[
        str | None,
        typer.Option(
            metavar="flowtrace|NAME",
            help="Colour each frame by its time: violet to orange, or a colour map of matplotlib.",
            rich_help_panel=LOOK,
        ),
    ] = None,
    invert_color: Annotated[
        bool,
        typer.Option(
            "--invert-color", help="Dark objects on light, shown bright.", rich_help_panel=LOOK
        ),
    ] = False,
    dark_on_light: Annotated[
        bool,
        typer.Option(
            "--dark-on-light", help="Dark objects on light, shown dark.", rich_help_panel=LOOK
        ),
    ] = False,
    white: Annotated[
        float | None,
        typer.Option(
            help="Of a light background. Default: 255 for 8 bits, else the first frame's largest "
            "pixel.",
            rich_help_panel=LOOK,
            show_default=False,
        ),
    ] = None,
    normalize: Annotated[
        str,
        typer.Option(
            metavar="image|movie",
            help="Stretch each image by itself, or all alike, which reads the movie twice.",
            rich_help_panel=LOOK,
        ),
    ] = "image",
    fps: Annotated[
        float, typer.Option(help="Images a second, of a video.", rich_help_panel="Files")
    ] = 10,
    axes: options.Axes = None,
    channel: options.Channel = None,
    overwrite: options.Overwrite = False,
    device: options.Device = "cpu",
    config: options.Config = None,
) -> None:
    """Show the paths of moving objects: merge each window of frames into one image."""
    given: dict[str, Any] = dict(locals())
    del given["config"], given["output"], given["fps"], given["overwrite"]
    path = source(given.pop("movie"))
    given["color_series"] = _colours(color_series)
    from spotgpu.pathlines import save_streamlines, streamlines

    with streamlines(path, **given) as images:
        files = save_streamlines(images, output, fps=fps, overwrite=overwrite, progress=progress())
    say(
        f"Pathlines in {output}"
        if files == [output]
        else f"{count(len(files), 'image')} in {output}"
    )


def _colours(text: str | None) -> bool | str:
    """Return what was typed, or is a truth value in a configuration."""
    if text is None or text.lower() == "false":
        return False
    return True if text.lower() == "true" else text
