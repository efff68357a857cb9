"""Which axis of a source is what, and which part of it a frame is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from spotgpu.checks import integer
from spotgpu.io._colours import ColourError, Colours

__all__ = ["Facts", "Index", "Layout"]

#: How many channels a message lists.
MOST_NAMES = 8

Index = tuple["int | slice", ...]

#: What the letters of `axes` stand for.
LETTERS = {"T": "time", "Z": "depth", "C": "channel", "Y": "row", "X": "column", "S": "sample"}


@dataclass(frozen=True)
class Facts:
    """What a source says about itself, in its own order of axes."""

    name: str
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    sizes_um: dict[str, float] = field(default_factory=dict)
    interval_s: float | None = None
    channels: tuple[str, ...] = ()
    #: Added to the complaint about axes that nobody knows.
    hint: str = ""
    #: Whether the axes are a convention, and nothing in the source says so.
    guessed: bool = False
    #: The frames of the whole movie that are here, where a file is a part and says so.
    times: tuple[int, ...] | None = None

    def squeezed(self) -> Facts:
        """Return the same without axes of length 1, rows and columns apart.

        Returns
        -------
        Facts
            Perhaps with fewer axes.
        """
        kept = [(a, n) for a, n in zip(self.axes, self.shape, strict=True) if n != 1 or a in "YX"]
        return replace(self, axes="".join(a for a, _ in kept), shape=tuple(n for _, n in kept))


@dataclass(frozen=True)
class Layout:
    """Where the frames are: `at(t)` is the part of the source that frame `t` is."""

    axes: str
    frames: int
    frame_shape: tuple[int, ...]
    #: One entry for each axis of the source; that of time is put in by `at`.
    selection: Index
    time: int | None
    #: Where the axes of a frame are among those that the selection leaves.
    order: tuple[int, ...]

    def at(self, t: int) -> Index:
        """Return the index of a frame.

        Parameters
        ----------
        t : int
            Frame, from 0.

        Returns
        -------
        tuple of int and slice
            One entry for each axis of the source.
        """
        if self.time is None:
            return self.selection
        return (*self.selection[: self.time], t, *self.selection[self.time + 1 :])

    @property
    def places(self) -> tuple[int, ...]:
        """Where the axes of a frame are among those of the source.

        Returns
        -------
        tuple of int
            One for each axis of a frame.
        """
        left = [k for k, entry in enumerate(self.selection) if isinstance(entry, slice)]
        return tuple(left[k] for k in self.order)

    def part(self, t: int, where: tuple[slice, ...]) -> Index:
        """Return the index of a part of a frame.

        Parameters
        ----------
        t : int
            Frame, from 0.
        where : tuple of slice
            The part, one slice per axis of the frame.

        Returns
        -------
        tuple of int and slice
            One entry for each axis of the source; what it selects is to be put in `order`.
        """
        index = list(self.at(t))
        for place, entry in zip(self.places, where, strict=True):
            index[place] = entry
        return tuple(index)

    @classmethod
    def of(cls, facts: Facts, axes: str | None, channel: int | str | None) -> Layout:
        """Work out the layout of a source.

        Parameters
        ----------
        facts : Facts
            What it says about itself.
        axes : str or None
            What the caller says about its axes.
        channel : int or str or None
            The caller's choice.

        Returns
        -------
        Layout
            Of a movie with axes TYX or TZYX.

        Raises
        ------
        TypeError
            If the pixels are not real numbers, or an argument has the wrong type.
        ValueError
            If an axis is ambiguous, the images are in colour, a channel must be chosen, or there
            is no frame.
        """
        if facts.dtype.kind not in "uifb":
            raise TypeError(
                "`source` must have pixels that are real numbers, "
                f"got {facts.dtype} in {facts.name}"
            )
        letters = _named(facts, axes)
        letters = _without_colour(facts, letters, channel, axes)
        if isinstance(channel, Colours):
            channel = None
        if 0 in facts.shape:
            raise ValueError(
                f"`source` must have at least one frame with pixels, "
                f"got an empty movie of shape {facts.shape}: {facts.name}"
            )
        picked = _channel(facts, letters, channel)
        # An axis of length 1 goes, unless the caller named it.
        kept = [
            a
            for a in "ZYX"
            if a in letters and (a in "YX" or axes or _length(facts, letters, a) > 1)
        ]
        time = letters.find("T") if "T" in letters else None
        selection: list[int | slice] = []
        for letter in letters:
            if letter in kept:
                selection.append(slice(None))
            else:
                selection.append(picked if letter == "C" else 0)
        left = [a for a in letters if a in kept]
        return cls(
            axes="T" + "".join(kept),
            frames=1 if time is None else facts.shape[time],
            frame_shape=tuple(_length(facts, letters, a) for a in kept),
            selection=tuple(selection),
            time=time,
            order=tuple(left.index(a) for a in kept),
        )


def _length(facts: Facts, letters: str, letter: str) -> int:
    return facts.shape[letters.index(letter)]


def _named(facts: Facts, axes: str | None) -> str:
    """Return one letter for each axis of the source."""
    if axes is None:
        return _known(facts)
    if not isinstance(axes, str):
        raise TypeError(f"`axes` must be a string such as 'TZYX', got {axes!r}")
    letters = axes.upper()
    short = facts.squeezed()
    wrong = set(letters) - set(LETTERS) or len(set(letters)) < len(letters)
    if (
        wrong
        or not {"Y", "X"} <= set(letters)
        or len(letters)
        not in {
            len(facts.shape),
            len(short.shape),
        }
    ):
        raise ValueError(
            f"`axes` must have one letter out of {', '.join(LETTERS)} "
            f"({', '.join(LETTERS.values())}) for each axis of shape {facts.shape}, Y and X among "
            f"them, got {axes!r} for {facts.name}"
        )
    if len(letters) < len(facts.shape):
        named = iter(letters)
        # "1" marks an axis of length 1 that the caller left out.
        letters = "".join(
            next(named) if n != 1 or a in "YX" else "1"
            for a, n in zip(facts.axes, facts.shape, strict=True)
        )
    return letters


def _known(facts: Facts) -> str:
    unknown = [
        a for a, n in zip(facts.axes, facts.shape, strict=True) if a not in LETTERS and n != 1
    ]
    if unknown or "Y" not in facts.axes or "X" not in facts.axes:
        raise ValueError(
            f"`axes` must be given: nothing says what the axes of shape {facts.shape} in "
            f"{facts.name} are; {facts.hint or _example(facts)}"
        )
    return facts.axes


def _example(facts: Facts) -> str:
    shape = facts.squeezed().shape
    examples = {2: "'YX'", 3: "'TYX' for a movie or 'ZYX' for a volume", 4: "'TZYX' or 'TCYX'"}
    return f"pass for example axes={examples.get(len(shape), repr('TZCYX'))}"


def _without_colour(facts: Facts, letters: str, channel: int | str | None, axes: str | None) -> str:
    if "S" not in letters or _length(facts, letters, "S") == 1:
        return letters
    if "C" in letters and _length(facts, letters, "C") > 1:
        raise ValueError(
            f"`source` must have gray images, got colour images of several channels: {facts.name}"
        )
    if isinstance(channel, Colours) and not (
        "Z" in letters and (axes or _length(facts, letters, "Z") > 1)
    ):
        return letters.replace("Z", "1").replace("S", "Z")
    if channel is None or isinstance(channel, Colours):
        n = _length(facts, letters, "S")
        raise ColourError(
            f"`source` must have gray images, got colour images of shape {facts.shape} in "
            f"{facts.name}: pass channel=0 to {n - 1} for one of the colours",
            n,
        )
    return letters.replace("C", "1").replace("S", "C")


def _channel(facts: Facts, letters: str, channel: int | str | None) -> int:
    n = _length(facts, letters, "C") if "C" in letters else 1
    names = facts.channels if len(facts.channels) == n else ()
    listed = ", ".join(f"{i} ({name!r})" for i, name in enumerate(names[:MOST_NAMES]))
    if n > MOST_NAMES or not names:
        listed = f"{listed}, ... up to {n - 1}" if names else f"0 to {n - 1}"
    if channel is None:
        if n == 1:
            return 0
        hint = "" if "T" in letters else "; if this axis is time, pass axes= with a T for it"
        raise ValueError(f"`channel` must be given: {facts.name} has {n} channels: {listed}{hint}")
    if isinstance(channel, str):
        if names.count(channel) != 1:
            raise ValueError(f"`channel` must be one of {listed}, got {channel!r} for {facts.name}")
        return names.index(channel)
    index = integer("channel", channel)
    if not -n <= index < n:
        raise ValueError(f"`channel` must be one of {listed}, got {channel!r} for {facts.name}")
    return index % n
