"""The options of `track`: checked before the work starts, and as run.json keeps them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spotgpu.checks import integer, number, per_axis
from spotgpu.pipeline._frames import FrameLocator

__all__ = ["ANALYSIS_OPTIONS", "LOCATE_OPTIONS", "check", "described", "recorded"]

#: Options of `track` that go to `locate`.
LOCATE_OPTIONS = (
    "minmass",
    "maxsize",
    "separation",
    "noise_size",
    "smoothing_size",
    "threshold",
    "invert",
    "percentile",
    "topn",
    "preprocess",
    "max_iterations",
)
#: Options of `track` that go to the analysis of the motion.
ANALYSIS_OPTIONS = ("drift", "drift_smoothing", "max_lagtime", "confidence")
#: Arguments that say where things are, and how they show; not what comes out.
NOT_RECORDED = ("source", "output", "overwrite", "progress")


def check(given: dict[str, Any]) -> None:
    """Raise if an option of linking or analysis is wrong: later it would cost the spots.

    Parameters
    ----------
    given : dict
        Arguments of `track` by name.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.
    """
    positive = partial(number, above=0)
    for name in ("search_range", "pixel_size_um"):
        value = given[name]
        if value is not None or name == "search_range":
            per_axis(name, value, _count(name, value, given["diameter"]), positive)
    if given["fps"] is not None:
        positive("fps", given["fps"])
    for name, least in (
        ("memory", 0),
        ("min_length", 1),
        ("drift_smoothing", 0),
        ("max_lagtime", 1),
    ):
        integer(name, given[name], at_least=least)
    if not 0 < number("confidence", given["confidence"]) < 1:
        raise ValueError(f"`confidence` must be between 0 and 1, got {given['confidence']!r}")


def _count(name: str, value: Any, diameter: Any) -> int:
    """Return how many values there should be, as far as the arguments tell."""
    if np.ndim(diameter):
        return int(np.size(diameter))
    if np.ndim(value) == 0:
        return 1
    if np.size(value) not in {2, 3}:
        raise ValueError(f"`{name}` must be one value, or 2 or 3, got {value!r}")
    return int(np.size(value))


def recorded(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options as JSON values.

    Parameters
    ----------
    given : dict
        Arguments of `track` by name.

    Returns
    -------
    dict
        Those that shape the result; with them, `track` gives the same again.
    """
    return {name: _plain(value) for name, value in given.items() if name not in NOT_RECORDED}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def described(movie: Any, frames: FrameLocator) -> dict[str, Any]:
    """Return what the movie was.

    Parameters
    ----------
    movie : Movie
        Opened.
    frames : FrameLocator
        Has seen all frames.

    Returns
    -------
    dict
        Path and size of the file (None if there is none), axes, shape and type.
    """
    source = getattr(movie, "source", None)
    path = Path(source).absolute() if isinstance(source, (str, os.PathLike)) else None
    size = path.stat().st_size if path is not None and path.is_file() else None
    shape = frames.shape or ()
    return {
        "path": None if path is None else str(path),
        "bytes": size,
        "axes": str(getattr(movie, "axes", "")),
        "shape": [frames.count, *shape],
        "dtype": str(frames.dtype),
    }
