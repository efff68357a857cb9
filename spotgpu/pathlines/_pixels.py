"""From a frame of the source to one of the types that the engine takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from spotgpu.checks import number
from spotgpu.pathlines._options import Options

__all__ = ["Pixels"]

#: The engine's types of pixels that others become.
TYPES = {
    "bool": "uint8",
    "int8": "int32",
    "int16": "int32",
    "uint32": "float64",
    "int64": "float64",
    "uint64": "float64",
    "float16": "float32",
}
#: Integers up to this have room for being inverted in 32 bits.
NARROW = {"uint8", "uint16"}
#: The binary exponent up to which pixels can be added, doubled and subtracted; 1023 is the largest.
ROOM = 1000


class Pixels:
    """Projects, checks, converts and inverts frames.

    Parameters
    ----------
    options : Options
        What is asked for.
    inverts : bool
        Whether a frame becomes ``white - frame``.
    dtype : dtype
        Of the source.
    shape : tuple of int
        Of a frame of the source.
    colour : bool
        Whether its last axis has colours.
    called : callable, optional
        Name of the frame with a number, for messages; default: "frame" and the number.
    argument : str
        What the caller knows the source as, for messages.
    """

    def __init__(
        self,
        options: Options,
        inverts: bool,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        colour: bool,
        called: Callable[[int], str] = "frame {}".format,
        argument: str = "movie",
    ) -> None:
        volume = len(shape) == 3 + colour
        if options.project is not None and not volume:
            raise ValueError(
                f"`project` must be None for a movie without depth, got {options.project!r}"
            )
        if options.color_series and colour:
            raise ValueError(
                f"`color_series` must be False for images in colour, got images of shape {shape}"
            )
        self._project = options.project
        self.shape = shape[1:] if self._project else shape
        self._plain = self._converted(dtype)
        kept = options.project is None and self._plain == dtype and dtype.isnative
        self._same = kept and dtype.kind != "f"
        self._inverts = inverts
        self._called = called
        self._argument = argument
        self._most = _most(options)
        if options.white is not None:
            number("white", options.white, at_least=-self._most, at_most=self._most)
        #: None until a first frame tells.
        self.white = options.white
        if inverts and self.white is None and dtype == np.uint8:
            self.white = 255.0
        self.dtype = self._inverted() if inverts else self._plain

    @property
    def as_they_are(self) -> bool:
        """Whether the engine takes frames as the source has them.

        Returns
        -------
        bool
            Integers of its types; of others each pixel is checked.
        """
        return self._same and not self._inverts

    @property
    def undecided(self) -> bool:
        """Whether white is what the first frame says.

        Returns
        -------
        bool
            Not any more when a frame was seen.
        """
        return self._inverts and self.white is None

    def __call__(self, frame: npt.NDArray[Any], number: int) -> npt.NDArray[Any]:
        """Return a frame as the engine takes it.

        Parameters
        ----------
        frame : ndarray
            Of the source.
        number : int
            Its number there, for the message.

        Returns
        -------
        ndarray of `dtype`, shape `shape`
            Maybe the frame itself.

        Raises
        ------
        ValueError
            If a pixel is NaN or infinite, or so large that what is done to it would overflow.
        """
        self._require_finite(frame, number)
        if self._project == "mean":
            frame = frame.mean(axis=0, dtype=np.float64)
        elif self._project is not None:
            frame = getattr(frame, self._project)(axis=0)
        frame = frame.astype(self._plain, copy=False)
        if not self._inverts:
            return frame
        white = float(frame.max()) if self.white is None else self.white
        self.white = white
        return np.subtract(white, frame, dtype=self.dtype, casting="unsafe")

    def _converted(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        name = "float64" if self._project == "mean" else dtype.name
        return np.dtype(TYPES.get(name, name))

    def _inverted(self) -> np.dtype[Any]:
        """Return a type that every difference to white fits; with integers, exactly."""
        name = self._plain.name
        if name in NARROW and (self.white is None or self.white.is_integer()):
            if self.white == np.iinfo(self._plain).max:
                return self._plain
            if self.white is None or abs(self.white) < 2**30:
                return np.dtype(np.int32)
        return np.dtype(np.float64)

    def _require_finite(self, frame: npt.NDArray[Any], number: int) -> None:
        if frame.dtype.kind != "f":
            return
        good = np.isfinite(frame)
        wanted = "finite pixels"
        if good.all():
            if frame.dtype.itemsize < 8 or np.abs(frame).max(initial=0) <= self._most:
                return
            good = np.abs(frame) <= self._most
            wanted = f"pixels from {-self._most:.3g} to {self._most:.3g} with these options"
        where = tuple(int(k[0]) for k in np.nonzero(~good))
        raise ValueError(
            f"`{self._argument}` must have {wanted}, got {frame[where]} in {self._called(number)} "
            f"at {where}"
        )


def _most(options: Options) -> float:
    """Return the largest pixel from which all that is asked for is finite."""
    subtracts = options.subtract_median or options.subtract_first or options.inverts
    if not (subtracts or options.take_diff or options.project == "mean"):
        return float(np.finfo(np.float64).max)
    return math.ldexp(1.0, ROOM - (options.diff_order if options.take_diff else 0))
