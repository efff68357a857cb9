"""The options of `locate`, checked once and spread over the axes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from spotgpu.checks import integer, number, per_axis

__all__ = ["PER_AXIS", "Options"]

#: Options of which there may be one value for each axis.
PER_AXIS = ("diameter", "separation", "noise_size", "smoothing_size")


@dataclass(frozen=True)
class Options:
    """Options of `locate` for images of a given dimension and kind, one value per axis."""

    diameter: tuple[int, ...]
    separation: tuple[float, ...]
    noise_size: tuple[float, ...]
    smoothing_size: tuple[int, ...]
    minmass: float
    maxsize: float | None
    threshold: float
    percentile: float
    topn: int | None
    max_iterations: int
    invert: bool
    preprocess: bool
    characterize: bool
    #: Half-axes of the mask.
    radius: tuple[int, ...] = field(init=False)
    #: Sides of the box in which a maximum is the largest.
    window: tuple[int, ...] = field(init=False)
    #: Border without maxima: incomplete masks, windows or backgrounds.
    margin: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        radius = tuple(d // 2 for d in self.diameter)
        ndim = len(radius)
        window = tuple(int(2 * s / math.sqrt(ndim)) for s in self.separation)
        reach = zip(radius, self.separation, self.smoothing_size, strict=True)
        margin = tuple(max(r, s // 2 - 1, b // 2) for r, s, b in reach)
        for name, value in (("radius", radius), ("window", window), ("margin", margin)):
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, given: dict[str, Any], ndim: int, is_float: bool) -> Options:
        """Check what the caller gave and fill in the defaults.

        Parameters
        ----------
        given : dict
            Arguments of `locate` by name; None means the default.
        ndim : int
            Axes of the image.
        is_float : bool
            Whether its pixels are floats.

        Returns
        -------
        Options
            Complete.

        Raises
        ------
        TypeError, ValueError
            Naming the argument that is wrong.
        """
        diameter = per_axis("diameter", given["diameter"], ndim, _odd)
        smoothing = given["smoothing_size"]
        separation = given["separation"]
        options = cls(
            diameter=diameter,
            separation=per_axis(
                "separation",
                [d + 1 for d in diameter] if separation is None else separation,
                ndim,
                partial(number, at_least=0),
            ),
            noise_size=per_axis(
                "noise_size", given["noise_size"], ndim, partial(number, at_least=0)
            ),
            smoothing_size=per_axis(
                "smoothing_size", diameter if smoothing is None else smoothing, ndim, _odd
            ),
            minmass=number("minmass", _default(given["minmass"], 0), at_least=0),
            maxsize=_optional(partial(number, above=0), "maxsize", given["maxsize"]),
            threshold=number(
                "threshold", _default(given["threshold"], 1 / 255 if is_float else 1), at_least=0
            ),
            percentile=number("percentile", given["percentile"], at_least=0, at_most=100),
            topn=_optional(partial(integer, at_least=1), "topn", given["topn"]),
            max_iterations=integer("max_iterations", given["max_iterations"], at_least=1),
            invert=bool(given["invert"]),
            preprocess=bool(given["preprocess"]),
            characterize=bool(given["characterize"]),
        )
        options._check_together()
        return options

    def _check_together(self) -> None:
        if self.preprocess and np.any(np.greater_equal(self.noise_size, self.smoothing_size)):
            raise ValueError(
                f"`noise_size` must be smaller than `smoothing_size` {self.smoothing_size}, "
                f"got {self.noise_size}"
            )
        if self.maxsize is not None and len(set(self.diameter)) > 1:
            raise ValueError(
                "`maxsize` must be None for a `diameter` that differs between axes, "
                f"got {self.maxsize:g}: each axis has a size of its own"
            )
        if self.maxsize is not None and not self.characterize:
            raise ValueError("`maxsize` must be None with characterize=False, which measures none")


def _odd(name: str, value: object) -> int:
    result = integer(name, value, at_least=1)
    if result % 2 == 0 or (name == "diameter" and result < 3):
        low = "an odd integer >= 3" if name == "diameter" else "an odd integer"
        raise ValueError(f"`{name}` must be {low}, got {value!r}")
    return result


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _optional(check: Any, name: str, value: object) -> Any:
    return None if value is None else check(name, value)
