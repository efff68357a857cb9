"""What the description of a TIFF file says of its pages: ImageJ's, tifffile's, or none."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.errors import SpotgpuError
from spotgpu.io._units import micrometres, seconds

__all__ = ["Description", "from_imagej", "from_pages", "from_shaped"]


@dataclass(frozen=True)
class Description:
    """The axes that the pages lie along; `pages` has the number of each page in the file."""

    axes: str
    pages: npt.NDArray[np.intp]
    sizes_um: dict[str, float] = field(default_factory=dict)
    interval_s: float | None = None
    channels: tuple[str, ...] = ()
    #: The frames of the whole movie that are in this file, where the file says so.
    times: tuple[int, ...] | None = None
    hint: str = ""
    #: Whether it is by convention that pages are frames.
    guessed: bool = False


def from_pages(pages: int, letter: str = "T") -> Description:
    """Return the description of a file that says nothing: its pages are frames.

    Parameters
    ----------
    pages : int
        How many it has.
    letter : str
        What they are.

    Returns
    -------
    Description
        One axis.
    """
    return Description(letter, np.arange(pages), guessed=True)


def from_shaped(text: str, pages: int, page_shape: tuple[int, ...], name: str) -> Description:
    """Read the description that tifffile writes: the array's shape, as JSON.

    Parameters
    ----------
    text : str
        Description of the first page.
    pages : int
        How many pages there are.
    page_shape : tuple of int
        Of one page.
    name : str
        The file, for messages.

    Returns
    -------
    Description
        With Q for axes that it does not name, but T if there is only one.

    Raises
    ------
    SpotgpuError
        If pages are missing.
    """
    try:
        told = json.loads(text)
        shape = tuple(int(n) for n in told["shape"])
    except (ValueError, TypeError, KeyError):
        return from_pages(pages)
    axes = str(told.get("axes", ""))
    size = math.prod(page_shape)
    k = next((k for k in range(len(shape) + 1) if math.prod(shape[k:]) == size), None)
    if k is None:
        return from_pages(pages)
    grid, letters = shape[:k], axes[:k] if len(axes) == len(shape) else "Q" * k
    grid, letters = _whole(grid, letters, pages, name)
    guessed = any(n > 1 and a in "QI" for a, n in zip(letters, grid, strict=True))
    if sum(n > 1 for n in grid) == 1:
        letters = "".join(
            "T" if n > 1 and a in "QI" else a for a, n in zip(letters, grid, strict=True)
        )
    return Description(letters, np.arange(math.prod(grid)).reshape(grid), guessed=guessed)


def _whole(
    grid: tuple[int, ...], letters: str, pages: int, name: str
) -> tuple[tuple[int, ...], str]:
    """Return the grid with an axis more if it was appended to."""
    told = math.prod(grid)
    if pages == 1 and told > 1:
        return grid, letters  # perhaps behind the first page, without directories
    if told <= 0 or pages % told:
        raise SpotgpuError(
            f"{name} is truncated: it says {'x'.join(map(str, grid))} pages and has {pages}; "
            "pass axes='TYX' to read them as they come"
        )
    if pages > told:
        return (pages // told, *grid), "Q" + letters
    return grid, letters


def from_imagej(
    text: str,
    pages: int,
    samples: int,
    resolution: tuple[float | None, float | None],
    name: str,
) -> Description:
    """Read the description that ImageJ writes: lines of key=value.

    Parameters
    ----------
    text : str
        Description of the first page.
    pages : int
        How many pages there are.
    samples : int
        Samples per pixel.
    resolution : tuple of float or None
        Pixels per unit along x and y.
    name : str
        The file, for messages.

    Returns
    -------
    Description
        With Q for the slices of a stack that is no hyperstack: they may be times.

    Raises
    ------
    SpotgpuError
        If pages are missing, or a number is none.
    """
    told = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    sizes = {a: _integer(told, key, name) for a, key in _KEYS.items()}
    if sizes["C"] == samples:
        sizes["C"] = 1
    letters = str(told.get("order", "czt"))[::-1].upper()
    if sorted(letters) != ["C", "T", "Z"]:
        letters = "TZC"
    # Of one axis only: "images" counts too, and may be all that there is.
    if math.prod(sizes.values()) == 1 and pages > 1:
        sizes["T"] = pages
    # ImageJ calls the frames of a plain stack slices.
    plain = sizes["T"] == 1 and sizes["Z"] > 1 and told.get("hyperstack") != "true"
    grid = tuple(sizes[a] for a in letters)
    letters = letters.replace("Z", "Q") if plain else letters
    grid, letters = _whole(grid, letters, pages, name)
    return Description(
        letters,
        np.arange(math.prod(grid)).reshape(grid),
        sizes_um=_imagej_sizes(told, resolution),
        interval_s=seconds(told.get("finterval"), told.get("tunit", "s")),
        hint="ImageJ's slices are depths or times: pass axes='TYX' for a movie or axes='ZYX' for "
        "a volume"
        if plain
        else "",
    )


_KEYS = {"T": "frames", "Z": "slices", "C": "channels"}


def _integer(told: dict[str, str], key: str, name: str) -> int:
    try:
        value = int(told.get(key, "1"))
    except ValueError:
        value = 0
    if value < 1:
        raise SpotgpuError(f"{name} has a broken ImageJ description: {key} is {told[key]!r}")
    return value


def _imagej_sizes(
    told: dict[str, Any], resolution: tuple[float | None, float | None]
) -> dict[str, float]:
    unit = told.get("unit")
    per_axis = {
        "X": None if not resolution[0] else 1 / resolution[0],
        "Y": None if not resolution[1] else 1 / resolution[1],
        "Z": told.get("spacing"),
    }
    units = {"X": unit, "Y": told.get("yunit", unit), "Z": told.get("zunit", unit)}
    sizes = {axis: micrometres(value, units[axis]) for axis, value in per_axis.items()}
    return {axis: size for axis, size in sizes.items() if size is not None}
