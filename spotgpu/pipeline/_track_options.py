"""The options of `track`: checked before the work starts, and as run.json keeps them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spotgpu import io
from spotgpu.checks import choice, integer, long_axes, number, per_axis
from spotgpu.pipeline._clients import check_client
from spotgpu.pipeline._frames import FrameLocator

__all__ = [
    "ANALYSIS_OPTIONS",
    "LOCATE_OPTIONS",
    "check",
    "check_axes",
    "described",
    "here",
    "input_files",
    "recorded",
]

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
    "device",
)
#: Options of `track` that go to the analysis of the motion.
ANALYSIS_OPTIONS = ("drift", "drift_smoothing", "max_lagtime", "confidence", "device")
#: Arguments that say where things are, and how they show; not what comes out.
NOT_RECORDED = ("source", "output", "overwrite", "progress", "client")


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
    _check_name(given["output"])
    choice("device", given["device"], ("cpu", "cuda", "auto"))
    check_client(given["client"])
    if given["client"] is not None and given["processes"] not in ("auto", 1):
        raise ValueError(
            f"`processes` must be 'auto' or 1 with a `client`, got {given['processes']!r}"
        )
    if given["fps"] is not None:
        number("fps", given["fps"], above=0)
    least = {"memory": 0, "min_length": 1, "drift_smoothing": 0, "max_lagtime": 1}
    for name, at_least in least.items():
        integer(name, given[name], at_least=at_least)
    if not 0 < number("confidence", given["confidence"]) < 1:
        raise ValueError(f"`confidence` must be between 0 and 1, got {given['confidence']!r}")


def _check_name(output: Any) -> None:
    """Raise if the writer of tables, which takes names of UTF-8 alone, would fail at the end."""
    try:
        os.fsencode("" if output is None else output).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"`output` must have a name in UTF-8, got {str(output)!r}") from None


def here(given: dict[str, Any]) -> dict[str, str]:
    """Return where this process computes: with a client, `device` is where the workers do.

    Parameters
    ----------
    given : dict
        Arguments of `track` by name.

    Returns
    -------
    dict
        The option ``device``.
    """
    return {"device": given["device"] if given["client"] is None else "cpu"}


def check_axes(given: dict[str, Any], movie: Any) -> None:
    """Raise if an option does not fit the axes of the movie.

    Parameters
    ----------
    given : dict
        Arguments of `track` by name.
    movie : Movie
        Opened.

    Raises
    ------
    TypeError, ValueError
        Naming the argument.
    """
    shape = movie.frame_shape
    ndim = sum(side > 1 for side in shape)
    reach = long_axes(given["search_range"], shape)
    per_axis("search_range", reach, ndim, partial(number, above=0))


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


def input_files(source: Any) -> list[Path]:
    """Return where a movie lies.

    Parameters
    ----------
    source : object
        As the caller gave it.

    Returns
    -------
    list of Path
        Files and folders; those that a pattern stands for; none for what lies in memory.
    """
    paths = _paths(source)
    if paths is None:
        return io.files_of(source)
    return [
        Path(found)
        for path in paths
        for found in ([path] if path.exists() else glob.glob(str(path)))  # noqa: PTH207
    ]


def _paths(source: Any) -> list[Path] | None:
    items = source if isinstance(source, (list, tuple)) else [source]
    if not items or not all(isinstance(item, (str, os.PathLike)) for item in items):
        return None
    return [Path(item).absolute() for item in items]


def described(source: Any, movie: Any, frames: FrameLocator, n_frames: int) -> dict[str, Any]:
    """Return what the movie was.

    Parameters
    ----------
    source : object
        As the caller gave it.
    movie : Movie
        Opened.
    frames : FrameLocator
        Has seen one.
    n_frames : int
        Number of frames.

    Returns
    -------
    dict
        Path or paths and bytes of the files (None if there are none), axes, shape and type.
    """
    paths = _paths(source)
    size = None
    if paths is not None and all(path.is_file() for path in paths):
        size = sum(path.stat().st_size for path in paths)
    texts = None if paths is None else [str(path) for path in paths]
    return {
        "path": texts[0] if texts and len(texts) == 1 else texts,
        "bytes": size,
        "axes": movie.axes,
        "shape": [n_frames, *(frames.shape or ())],
        "dtype": str(frames.dtype),
    }
