"""What is asked for, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spotgpu.checks import choice, integer, number
from spotgpu.pathlines._ramps import check_colours

__all__ = ["Options", "flag"]

#: How a volume becomes an image, by name.
PROJECTIONS = ("max", "min", "mean")


@dataclass(frozen=True)
class Options:
    """How images are made of frames; the words of `streamlines`."""

    frames_to_merge: int
    frames_to_skip: int = 1
    invert_color: bool = False
    take_diff: bool = False
    diff_order: int = 1
    subtract_median: bool = False
    subtract_first: bool = False
    add_first_frame: bool = False
    color_series: bool | str = False
    dark_on_light: bool = False
    white: float | None = None
    normalize: str = "image"
    project: str | None = None

    @classmethod
    def checked(cls, frames_to_merge: Any, frames_to_skip: Any = 1, **given: Any) -> Options:
        """Return the options in their plain types.

        Parameters
        ----------
        frames_to_merge, frames_to_skip : object
            As of `streamlines`.
        **given
            The others.

        Returns
        -------
        Options
            What a caller passed.

        Raises
        ------
        TypeError, ValueError
            If one is wrong.
        """
        merged = integer("frames_to_merge", frames_to_merge, at_least=1)
        values: dict[str, Any] = {
            "frames_to_merge": merged,
            "frames_to_skip": integer("frames_to_skip", frames_to_skip, at_least=1),
        }
        for name, value in given.items():
            values[name] = _CHECKS[name](name, value)
        options = cls(**values)
        options._require_sense()
        return options

    @property
    def inverts(self) -> bool:
        """Whether dark objects are looked for.

        Returns
        -------
        bool
            With `invert_color` or `dark_on_light`.
        """
        return self.invert_color or self.dark_on_light

    @property
    def planes(self) -> int:
        """How many frames, or differences of frames, an image is the maximum of.

        Returns
        -------
        int
            Without the first frame that is added.
        """
        return self.frames_to_merge - (self.diff_order if self.take_diff else 0)

    def _require_sense(self) -> None:
        if self.take_diff and self.planes < 1:
            raise ValueError(
                f"`diff_order` must be < `frames_to_merge`, which is {self.frames_to_merge}, "
                f"got {self.diff_order}"
            )
        if self.invert_color and self.dark_on_light:
            raise ValueError(
                "`dark_on_light` must be False with `invert_color`, got True: "
                "one shows dark objects bright, the other dark"
            )
        if self.white is not None and not self.inverts:
            raise ValueError(
                "`white` must be None without `invert_color` or `dark_on_light`, "
                f"got {self.white:g}"
            )


def flag(name: str, value: object) -> bool:
    """Return a truth value.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : object
        What the caller passed.

    Returns
    -------
    bool
        The value.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{name}` must be True or False, got {value!r}")
    return bool(value)


def _white(name: str, value: object) -> float | None:
    return None if value is None else number(name, value)


def _project(name: str, value: str | None) -> str | None:
    return choice(name, value, (None, *PROJECTIONS))


_CHECKS: dict[str, Any] = {
    "invert_color": flag,
    "take_diff": flag,
    "diff_order": lambda name, value: integer(name, value, at_least=1),
    "subtract_median": flag,
    "subtract_first": flag,
    "add_first_frame": flag,
    "color_series": check_colours,
    "dark_on_light": flag,
    "white": _white,
    "normalize": lambda name, value: choice(name, value, ("image", "movie")),
    "project": _project,
}
