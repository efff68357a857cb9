"""Numbers by well."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import number
from spotgpu.plot._axes import ACCENT, checked_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plate_heatmap"]

#: Rows and columns of plates of 24, 96, 384 and 1536 wells.
PLATES = ((4, 6), (8, 12), (16, 24), (32, 48))
#: Interquartile ranges from the quartiles to the end of the colours: further out is an outlier.
REACH = 3.0
WELL = re.compile(r"([A-Z]|A[A-F])0?([1-9][0-9]?)")


def plate_heatmap(
    values_by_well: Mapping[str, float],
    *,
    label: str,
    failed: Collection[str] = (),
    ax: Any = None,
) -> Axes:
    """Show one number for each well of a plate.

    The plate is the smallest of 24, 96, 384 and 1536 wells that has all the wells. The colours end
    three interquartile ranges outside the quartiles; where values lie further out, the colour bar
    has a tip.

    Parameters
    ----------
    values_by_well : mapping of str to float
        Value by well: 'A1' or 'A01' to 'AF48'. Wells that are not there are empty, those of NaN or
        infinity are grey.
    label : str
        What the values are, with their unit.
    failed : collection of str
        Wells to mark with a cross, with a value or without.
    ax : matplotlib.axes.Axes, optional
        Default: the current ones.

    Returns
    -------
    matplotlib.axes.Axes
        They give room to a colour bar. Row A is at the top, column 1 at the left: well A1 is at
        (1, 1), B3 at x = 3, y = 2.

    Raises
    ------
    TypeError
        If an argument is of the wrong type.
    ValueError
        If a well is not one of a plate of 1536, or is there twice.
    SpotgpuError
        If matplotlib is not installed.

    Examples
    --------
    >>> plate_heatmap({"A1": 0.4, "B12": 0.7}, label="D (µm²/s)", failed=["C3"])  # doctest: +SKIP
    """
    ax = checked_axes(ax)
    if not isinstance(label, str):
        raise TypeError(f"`label` must be a str, got {type(label).__name__}")
    values, crossed = _checked(values_by_well, failed)
    rows, columns = _plate([*values, *crossed])
    grid = np.full((rows, columns), np.nan)
    for (row, column), value in values.items():
        grid[row - 1, column - 1] = value
    _grounds(ax, [*values, *crossed], (rows, columns))
    if np.isfinite(grid).any():
        _colours(ax, grid, label)
    else:
        ax.set_title(f"{label}: no values", fontsize="medium")
    if rows < PLATES[-1][0]:
        ax.hlines(np.arange(1, rows) + 0.5, 0.5, columns + 0.5, colors="0.9", linewidths=0.6)
        ax.vlines(np.arange(1, columns) + 0.5, 0.5, rows + 0.5, colors="0.9", linewidths=0.6)
    _crosses(ax, crossed, rows)
    _names(ax, rows, columns)
    return ax


def _checked(
    values_by_well: Any, failed: Any
) -> tuple[dict[tuple[int, int], float], list[tuple[int, int]]]:
    """Return the values by row and column, and the wells to be crossed."""
    if not isinstance(values_by_well, Mapping):
        raise TypeError(f"`values_by_well` must be a mapping, got {type(values_by_well).__name__}")
    if isinstance(failed, str) or not isinstance(failed, Collection):
        raise TypeError(f"`failed` must be a collection of wells, got {failed!r}")
    values: dict[tuple[int, int], float] = {}
    for name, value in values_by_well.items():
        at = _position("values_by_well", name)
        if at in values:
            raise ValueError(f"`values_by_well` must have each well once, got {name!r} again")
        lost = isinstance(value, (float, np.floating)) and not math.isfinite(value)
        values[at] = math.nan if lost else number("values_by_well", value)
    return values, sorted({_position("failed", name) for name in failed})


def _position(argument: str, name: Any) -> tuple[int, int]:
    """Return the row and column of a well, from 1."""
    match = WELL.fullmatch(name.upper()) if isinstance(name, str) else None
    if match is None or int(match[2]) > PLATES[-1][1]:
        raise ValueError(f"`{argument}` must have wells from 'A1' to 'AF48', got {name!r}")
    row = 0
    for letter in match[1]:
        row = 26 * row + ord(letter) - ord("A") + 1
    return row, int(match[2])


def _row_name(row: int) -> str:
    return chr(ord("A") + row - 1) if row <= 26 else "A" + chr(ord("A") + row - 27)


def _plate(wells: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return the rows and columns of the smallest plate that has all wells."""
    last_row, last_column = np.max([(1, 1), *wells], axis=0)
    return next(plate for plate in PLATES if plate[0] >= last_row and plate[1] >= last_column)


def _grounds(ax: Axes, taken: Iterable[tuple[int, int]], plate: tuple[int, int]) -> None:
    """Draw all wells: white where there is nothing, grey where a value may be missing."""
    from matplotlib.colors import ListedColormap

    there = np.zeros(plate)
    for row, column in taken:
        there[row - 1, column - 1] = 1
    edges = np.arange(plate[1] + 1) + 0.5, np.arange(plate[0] + 1) + 0.5
    colours = ListedColormap(["white", "0.82"])
    ax.pcolormesh(*edges, there, cmap=colours, vmin=0, vmax=1)


def _colours(ax: Axes, grid: npt.NDArray[np.float64], label: str) -> None:
    known = grid[np.isfinite(grid)]
    low, high = np.percentile(known, [25, 75])
    reach = REACH * (high - low)
    # Where half of the values are the same, none of the others is an outlier for that.
    inside = known[np.abs(known - (low + high) / 2) <= reach + (high - low) / 2] if reach else known
    vmin, vmax = inside.min(), inside.max()
    tips = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    extend = tips.get((bool(known.min() < vmin), bool(known.max() > vmax)), "both")
    edges = np.arange(grid.shape[1] + 1) + 0.5, np.arange(grid.shape[0] + 1) + 0.5
    drawn = ax.pcolormesh(
        *edges,
        np.ma.masked_invalid(grid),
        cmap="viridis",
        vmin=vmin,
        vmax=vmax,
    )
    ax.figure.colorbar(drawn, ax=ax, label=label, extend=extend, pad=0.02)


def _crosses(ax: Axes, crossed: Iterable[tuple[int, int]], rows: int) -> None:
    from matplotlib.patheffects import withStroke

    at = np.array(list(crossed)).reshape(-1, 2)
    size = {4: 10.0, 8: 7.0, 16: 4.0, 32: 2.5}[rows]
    ax.plot(
        at[:, 1],
        at[:, 0],
        "x",
        color=ACCENT,
        markersize=size,
        markeredgewidth=size / 4,
        path_effects=[withStroke(linewidth=size / 4 + 1.2, foreground="white")],
    )


def _names(ax: Axes, rows: int, columns: int) -> None:
    """Name rows and columns as on plates, every second where all would not fit."""
    step, size = (2, 6.5) if rows > 16 else (1, 8.0 if rows > 8 else 10.0)
    ax.set_xticks(range(1, columns + 1, step))
    ax.set_yticks(range(1, rows + 1, step), [_row_name(row) for row in range(1, rows + 1, step)])
    ax.tick_params(
        length=0, labelsize=size, top=False, bottom=False, labeltop=True, labelbottom=False
    )
    ax.set_xlim(0.5, columns + 0.5)
    ax.set_ylim(rows + 0.5, 0.5)
