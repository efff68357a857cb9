"""From the frames of windows to their images."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from spotgpu import backends
from spotgpu.pathlines._options import Options
from spotgpu.pathlines._ramps import colours

__all__ = ["Projection"]

#: Bytes that the arrays of a batch take beside the frames, where a window has no more.
AT_ONCE = 32 * 2**20
#: Windows of a batch, as many times as a window has frames.
MOST_WINDOWS = 8


class _Merged(NamedTuple):
    """What the windows of a batch leave: the arguments of `contrast`, on the device."""

    extreme: Any
    base: Any
    first: Any
    white: float | None


class Projection:
    """Merges the frames of windows into images of 8 bits.

    Parameters
    ----------
    options : Options
        What is asked for. Frames are inverted already where it says so, unless `reference`.
    device : {'cpu', 'cuda', 'auto'}
        Where to compute.
    reference : bool
        Whether dark objects are looked for by flowtrace's formula, ``255 - min(S)``, and
        subtractions round as its do.
    """

    def __init__(self, options: Options, device: str, reference: bool = False) -> None:
        self._options = options
        self._engine = backends.on(device)
        self._reference = reference
        self._white = 255.0 if reference and options.inverts else None
        self._ramp = self._weights() if options.color_series else None

    def shape(self, frame: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of an image.

        Parameters
        ----------
        frame : tuple of int
            Shape of a frame.

        Returns
        -------
        tuple of int
            With three colours if time is coloured.
        """
        return frame if self._ramp is None else (*frame, 3)

    def windows(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        """Return how many windows a batch should have.

        Parameters
        ----------
        shape : tuple of int
            Of a frame.
        dtype : dtype
            Of its pixels.

        Returns
        -------
        int
            At least those of a window, for which a sliding maximum costs twice the frames, unless
            each image is computed for itself.
        """
        size = self._options.frames_to_merge
        pixels = math.prod(shape)
        if self._ramp is not None:
            return max(1, min(MOST_WINDOWS * size, AT_ONCE // (27 * pixels)))
        each = pixels * (4 * dtype.itemsize + 1)
        return max(size, min(MOST_WINDOWS * size, AT_ONCE // each))

    def peaks(self, frames: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return the largest value of each window's image.

        Parameters
        ----------
        frames : ndarray, shape (B + frames_to_merge - 1, ...)
            Of B windows that follow each other.

        Returns
        -------
        ndarray of float64, shape (B,)
            What becomes 255.
        """
        return self._engine.get(self._engine.peaks(*self._merged(frames)))

    def images(self, frames: npt.NDArray[Any], peak: float | None = None) -> npt.NDArray[np.uint8]:
        """Return the image of each window.

        Parameters
        ----------
        frames : ndarray, shape (B + frames_to_merge - 1, ...)
            Of B windows that follow each other.
        peak : float, optional
            What becomes 255; by default the largest value of each image.

        Returns
        -------
        ndarray of uint8, shape (B, ...)
            The images.
        """
        engine = self._engine
        merged = self._merged(frames)
        if peak is None:
            peaks = engine.peaks(*merged)
        else:
            peaks = engine.put(np.full(len(merged.extreme), peak))
        extreme, *others = merged
        images: npt.NDArray[np.uint8] = engine.get(engine.contrast(extreme, peaks, *others))
        return np.invert(images, out=images) if self._options.dark_on_light else images

    def _merged(self, frames: npt.NDArray[Any]) -> _Merged:
        options, engine = self._options, self._engine
        if self._rounds_otherwise(frames.dtype):
            return self._one_by_one(frames)
        planes = _differences(frames, options.diff_order) if options.take_diff else frames
        firsts = frames[: len(frames) - options.frames_to_merge + 1]
        moving = engine.put(planes)
        base = first = None
        # What is the same in all planes of a window leaves no trace in their differences.
        if options.subtract_median and not options.take_diff:
            base = engine.sliding_median(moving, options.planes)
        elif options.subtract_first and not options.take_diff:
            base = engine.put(_twice(firsts))
        if options.add_first_frame:
            first = engine.put(firsts)
        return self._extremes(moving, base, first)

    def _extremes(self, moving: Any, base: Any, first: Any) -> _Merged:
        engine, least = self._engine, self._white is not None
        if self._ramp is not None:
            ramp = engine.put(self._ramp)
            coloured = engine.ramp_max(moving, ramp, base, first, least=least)
            return _Merged(coloured, None, None, self._white)
        extreme = engine.sliding_max(moving, self._options.planes, least=least)
        return _Merged(extreme, base, first, self._white)

    def _rounds_otherwise(self, dtype: np.dtype[Any]) -> bool:
        """Tell whether flowtrace's subtractions, one after the other, give other bits."""
        options = self._options
        steps = options.subtract_first + options.subtract_median + options.take_diff
        # Those of integers of 32 bits are exact.
        return self._reference and steps > 1 and dtype.kind == "f"

    def _one_by_one(self, frames: npt.NDArray[Any]) -> _Merged:
        options, engine = self._options, self._engine
        size = options.frames_to_merge
        firsts = frames[: len(frames) - size + 1].astype(np.float64)
        extremes = []
        for i in range(len(firsts)):
            planes = engine.put(_subtracted(frames[i : i + size], options))
            first = engine.put(firsts[i : i + 1]) if options.add_first_frame else None
            extremes.append(engine.get(self._extremes(planes, None, first).extreme))
        extreme = engine.put(np.concatenate(extremes))
        again = options.add_first_frame and self._ramp is None
        return _Merged(extreme, None, engine.put(firsts) if again else None, self._white)

    def _weights(self) -> npt.NDArray[np.float64]:
        options = self._options
        planes = options.planes + options.add_first_frame
        colour = colours(str(options.color_series), planes)
        # Where the image is inverted in the end, its colours are, too.
        return (1 - colour if options.dark_on_light else colour) / 255


def _twice(frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return twice the frames, exactly."""
    wide = {"uint8": np.uint16, "uint16": np.uint32, "int32": np.int64}
    return frames * np.array(2, wide.get(frames.dtype.name, np.float64))


def _subtracted(window: npt.NDArray[Any], options: Options) -> npt.NDArray[np.float64]:
    """Return the planes of a window by flowtrace's formula."""
    planes = window.astype(np.float64)
    if options.subtract_first:
        planes = planes - planes[0]
    if options.subtract_median:
        planes = planes - np.median(planes, axis=0)
    return np.diff(planes, options.diff_order, axis=0) if options.take_diff else planes


def _differences(frames: npt.NDArray[Any], order: int) -> npt.NDArray[Any]:
    """Return the differences of frames that follow each other, exact where they are integers."""
    # Of the order d they are up to 2**(d - 1) times the largest pixel.
    fits = frames.dtype.kind == "u" and (np.iinfo(frames.dtype).max << (order - 1)) < 2**31
    return np.diff(frames.astype(np.int32 if fits else np.float64), order, axis=0)
