"""Options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotgpu.cli._config import load
from spotgpu.cli._values import NumberOrName, PerAxis, Workers, channel, per_axis, workers

__all__ = [
    "Axes",
    "Channel",
    "Confidence",
    "Config",
    "Dask",
    "Device",
    "Diameter",
    "Drift",
    "DriftSmoothing",
    "Fps",
    "Invert",
    "LogJson",
    "MaxGb",
    "MaxIterations",
    "MaxLagtime",
    "Maxsize",
    "Memory",
    "MinLength",
    "Minmass",
    "Movie",
    "NewTable",
    "NoiseSize",
    "Overwrite",
    "Percentile",
    "PixelSize",
    "Plate",
    "Preprocess",
    "Processes",
    "SearchRange",
    "Separation",
    "SmoothingSize",
    "Threshold",
    "Topn",
]

FIND, LINK, MOVE, FILES, RUN = "Finding", "Linking", "Motion", "Files", "Running"

Movie = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MOVIE",
        help="A TIFF, OME-TIFF or Zarr movie; a folder or quoted glob of images; several files.",
        show_default=False,
    ),
]
Diameter = Annotated[
    PerAxis,
    typer.Option(
        parser=per_axis,
        metavar="D|Z,Y,X",
        help="Diameter of the spots in pixels, odd; a little more than it appears.",
        rich_help_panel=FIND,
    ),
]
Minmass = Annotated[
    float | None,
    typer.Option(help="Least integrated brightness of a spot.", rich_help_panel=FIND),
]
Maxsize = Annotated[
    float | None,
    typer.Option(help="Largest radius of gyration of a spot, in pixels.", rich_help_panel=FIND),
]
Separation = Annotated[
    PerAxis | None,
    typer.Option(
        parser=per_axis,
        metavar="S|Z,Y,X",
        help="Of two spots closer than this the dimmer is left out. Default: diameter + 1.",
        rich_help_panel=FIND,
    ),
]
NoiseSize = Annotated[
    PerAxis | None,
    typer.Option(
        parser=per_axis,
        metavar="S|Z,Y,X",
        help="Standard deviation of the smoothing Gaussian, in pixels. Default: 1.",
        rich_help_panel=FIND,
    ),
]
SmoothingSize = Annotated[
    PerAxis | None,
    typer.Option(
        parser=per_axis,
        metavar="S|Z,Y,X",
        help="Side of the box whose mean is the background, odd. Default: diameter.",
        rich_help_panel=FIND,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="Filtered pixels below it become 0. Default: 1, or 1/255 for float images.",
        rich_help_panel=FIND,
    ),
]
Invert = Annotated[
    bool,
    typer.Option("--invert/--no-invert", help="Dark spots on light.", rich_help_panel=FIND),
]
Percentile = Annotated[
    float,
    typer.Option(
        help="A spot's central pixel must exceed this percentile of the filtered pixels.",
        rich_help_panel=FIND,
    ),
]
Topn = Annotated[
    int | None,
    typer.Option(help="Keep only this many spots of a frame, the brightest.", rich_help_panel=FIND),
]
Preprocess = Annotated[
    bool,
    typer.Option("--preprocess/--no-preprocess", help="Filter the frames.", rich_help_panel=FIND),
]
MaxIterations = Annotated[
    int,
    typer.Option(help="Windows that a spot's refinement evaluates.", rich_help_panel=FIND),
]
SearchRange = Annotated[
    PerAxis,
    typer.Option(
        parser=per_axis,
        metavar="R|Z,Y,X",
        help="The farthest a particle moves between frames, in pixels.",
        rich_help_panel=LINK,
    ),
]
Memory = Annotated[
    int,
    typer.Option(help="For how many frames a particle may be missing.", rich_help_panel=LINK),
]
MinLength = Annotated[
    int,
    typer.Option(help="Leave out tracks with fewer spots than this.", rich_help_panel=LINK),
]
PixelSize = Annotated[
    PerAxis | None,
    typer.Option(
        "--pixel-size",
        parser=per_axis,
        metavar="UM|Z,Y,X",
        help="Size of a pixel in µm. Default: what the file says.",
        rich_help_panel=MOVE,
    ),
]
Fps = Annotated[
    float | None,
    typer.Option(help="Frames per second. Default: what the file says.", rich_help_panel=MOVE),
]
Drift = Annotated[
    bool | None,
    typer.Option(
        "--drift/--no-drift",
        help="Subtract the motion that all share. Default: with 10 tracks a frame or more.",
        rich_help_panel=MOVE,
        show_default=False,
    ),
]
DriftSmoothing = Annotated[
    int,
    typer.Option(help="Frames over which the drift is averaged.", rich_help_panel=MOVE),
]
MaxLagtime = Annotated[
    int,
    typer.Option(help="Longest lag of the MSD, in frames.", rich_help_panel=MOVE),
]
Confidence = Annotated[
    float,
    typer.Option(help="Of the diffusion coefficient's interval.", rich_help_panel=MOVE),
]
Axes = Annotated[
    str | None,
    typer.Option(
        help="Letters of the file's axes, such as TYX, if it does not say.", rich_help_panel=FILES
    ),
]
Channel = Annotated[
    NumberOrName | None,
    typer.Option(
        parser=channel,
        metavar="N|NAME",
        help="Channel of a file that has several: its number, from 0, or its name.",
        rich_help_panel=FILES,
    ),
]
NewTable = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        help="New table, .parquet or .csv.",
        show_default=False,
        rich_help_panel=FILES,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace earlier results.", rich_help_panel=FILES)
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Options from a TOML file or the run.json of a track run; what this command does not "
        "have is left out, and those given here come first.",
        callback=load,
        is_eager=True,
        rich_help_panel=FILES,
    ),
]
Plate = Annotated[
    bool | None,
    typer.Option(
        "--plate/--no-plate",
        help="Whether each file is a movie of its own. Default: if the files have several frames.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]
MaxGb = Annotated[
    float | None,
    typer.Option(
        metavar="GB",
        help="Memory for a frame, in each process; larger volumes go in tiles. "
        "Default: half of the machine's, shared.",
        rich_help_panel=RUN,
        show_default=False,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS|local:N",
        help="Spread the work over a Dask cluster: tcp://host:8786, or local:4 for 4 processes.",
        rich_help_panel=RUN,
    ),
]
LogJson = Annotated[
    bool,
    typer.Option(
        "--log-json",
        help="Write progress and warnings to standard error as JSON, one object a line.",
        rich_help_panel=RUN,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        metavar="cpu|cuda|auto",
        help="Where to compute; auto takes a GPU if there is one. The numbers are the same.",
        rich_help_panel=RUN,
    ),
]
Processes = Annotated[
    Workers,
    typer.Option(
        parser=workers,
        metavar="N|auto",
        help="Worker processes; auto uses them where they pay.",
        rich_help_panel=RUN,
    ),
]
