"""The options of the Crocker-Grier linker, checked and put in the terms that it computes in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats
from spotgpu.checks import choice, integer, number, per_axis
from spotgpu.linking._limits import Limits
from spotgpu.linking._rules import Rules
from spotgpu.linking._table import LONGEST

__all__ = ["Settings", "check_names", "settings"]

#: trackpy's names for its ways to solve; they differ in where they give up.
STRATEGIES = (None, "auto", "hybrid", "numba", "recursive", "nonrecursive", "drop")
#: Sources that may compete before adaptive search narrows the range, and, for the strategies
#: that trackpy compiles, targets of a source.
ADAPTIVE_SOURCES, COMPILED_TARGETS = 15, 8
#: Frames; there is a range for each.
LONGEST_MEMORY = 1_000_000
#: Components that the engine solves have as many sources, at most, if `max_candidates` is not more.
SMALL = 5


class Settings(NamedTuple):
    """What `link` and its kin do.

    Attributes
    ----------
    rules : Rules
        What may be linked.
    mapped : callable
        Takes positions, shape (N, ndim), to those that distances are computed in.
    predictor : object or None
        Where particles will be.
    dist_func : object or None
        Another distance than the Euclidean one.
    """

    rules: Rules
    mapped: Callable[[Floats], Floats]
    predictor: Any
    dist_func: Any


def settings(
    ndim: int,
    search_range: Any,
    *,
    memory: int = 0,
    predictor: Any = None,
    adaptive_stop: float | None = None,
    adaptive_step: float = 0.95,
    neighbor_strategy: str | None = None,
    link_strategy: str | None = None,
    dist_func: Any = None,
    to_eucl: Callable[[Any], Any] | None = None,
    range_growth: str = "constant",
    max_speed: float | None = None,
    max_candidates: int = 10,
    max_subnet_size: int | None = None,
) -> Settings:
    """Check the options of `link`, which describes them.

    Parameters
    ----------
    ndim : int
        Number of axes.
    search_range : float or tuple of float
        As for `link`.
    memory : int
        As for `link`.
    predictor : object, optional
        As for `link`.
    adaptive_stop, adaptive_step : float
        As for `link`.
    neighbor_strategy, link_strategy : str, optional
        As for `link`.
    dist_func, to_eucl : optional
        As for `link`.
    range_growth : str
        As for `link`.
    max_speed : float, optional
        As for `link`.
    max_candidates, max_subnet_size : int
        As for `link`.

    Returns
    -------
    Settings
        Of these options.

    Raises
    ------
    TypeError, ValueError
        If one is of the wrong type, out of range, or does not go with another.
    """
    ranges = per_axis("search_range", search_range, ndim, partial(number, above=0, at_most=LONGEST))
    one = len(set(ranges)) == 1
    choice("neighbor_strategy", neighbor_strategy, (None, "KDTree", "BTree"))
    if callable(link_strategy):
        raise TypeError("`link_strategy` must be a name, got a function: its points do not exist")
    choice("link_strategy", link_strategy, STRATEGIES)
    if to_eucl is not None and not one:
        raise ValueError(f"`search_range` must be one value with `to_eucl`, got {search_range!r}")
    if dist_func is not None and neighbor_strategy == "KDTree":
        raise ValueError("`neighbor_strategy` must be 'BTree' with `dist_func`, got 'KDTree'")
    _check_functions(predictor, dist_func, to_eucl)
    reaches = _reaches(ranges, memory, range_growth, max_speed)
    most = integer("max_candidates", max_candidates, at_least=1)
    if max_subnet_size is not None:
        max_subnet_size = integer("max_subnet_size", max_subnet_size, at_least=1)
    step = number("adaptive_step", adaptive_step, above=0, at_most=1)
    limits = _limits(adaptive_stop, step, max_subnet_size, link_strategy or "auto")
    if limits.sources is not None:
        stop = limits.stop if one else max(limits.stop / axis for axis in ranges)
        small = limits.sources < max(SMALL, most)
        limits = limits._replace(range=float(reaches.max()), stop=stop, small=small)
    scale = np.array(ranges)

    def mapped(positions: Floats) -> Floats:
        if to_eucl is not None:
            return _euclidean(to_eucl, positions)
        return positions if one else positions / scale

    return Settings(Rules(reaches, most, limits), mapped, predictor, dist_func)


def _check_functions(predictor: Any, dist_func: Any, to_eucl: Any) -> None:
    """Check that what is called can be."""
    for name, function, method in (
        ("predictor", predictor, "predict"),
        ("dist_func", dist_func, "pairwise"),
        ("to_eucl", to_eucl, "__call__"),
    ):
        if function is not None and not (callable(function) or hasattr(function, method)):
            raise TypeError(f"`{name}` must be callable, got {type(function).__name__}")


def _reaches(
    ranges: tuple[float, ...], memory: object, range_growth: str, max_speed: object
) -> Floats:
    """Return the range by the number of frames since a particle was seen, from 1 on.

    It is relative to the range of each axis, if these differ.
    """
    one = len(set(ranges)) == 1
    steps = np.arange(1, integer("memory", memory, at_least=0, at_most=LONGEST_MEMORY) + 2)
    growth = {"constant": np.ones(len(steps)), "sqrt": np.sqrt(steps), "linear": steps * 1.0}
    reaches = (ranges[0] if one else 1.0) * growth[choice("range_growth", range_growth, growth)]
    if max_speed is not None:
        speed = number("max_speed", max_speed, above=0, at_most=LONGEST)
        reaches = np.minimum(reaches, steps * (speed if one else speed / ranges[-1]))
    return reaches


def _limits(stop: float | None, step: float, most: int | None, strategy: str) -> Limits:
    """Return what a component may be."""
    if strategy == "drop":
        return Limits(drop=True)
    if stop is None:
        return Limits(sources=most, refuse=most is not None)
    compiled = strategy in {"auto", "hybrid", "numba"}
    if step == 1:
        raise ValueError(f"`adaptive_step` must be < 1, got {step}")
    return Limits(
        sources=most or ADAPTIVE_SOURCES,
        targets=COMPILED_TARGETS if compiled else None,
        stop=number("adaptive_stop", stop, above=0),
        step=step,
        refuse=most is not None,
    )


def check_names(function: str, options: Iterable[str]) -> None:
    """Check that all options that a function passes on are options of `settings`.

    Parameters
    ----------
    function : str
        Its name, for the message.
    options : iterable of str
        What it got.

    Raises
    ------
    TypeError
        If one is not.
    """
    unknown = set(options) - set(inspect.signature(settings).parameters)
    if unknown:
        raise TypeError(f"{function}() has no option {', '.join(sorted(unknown))}")


def _euclidean(to_eucl: Callable[[Any], Any], positions: Floats) -> Floats:
    """Return what the user's function makes of positions."""
    at = np.asarray(to_eucl(positions), np.float64)
    bad = at.ndim != 2 or len(at) != len(positions)
    if bad or not (np.abs(at) <= LONGEST).all():
        raise ValueError(
            f"`to_eucl` must return finite positions of shape ({len(positions)}, ndim), got "
            f"{f'shape {at.shape}' if bad else 'NaN or infinity'}"
        )
    return at
