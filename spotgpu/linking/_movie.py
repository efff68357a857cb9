"""All points of a movie, by frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spotgpu.backends.pairs import Floats, Ints

__all__ = ["Movie"]


class Movie(NamedTuple):
    """Points in the order of frames.

    Attributes
    ----------
    positions : ndarray of float64, shape (ndim, N)
        One row an axis.
    frame : ndarray of int64, shape (N,)
        Ascending, from 0.
    start : ndarray of int64, shape (frames + 1,)
        First point of each frame, and N.
    """

    positions: Floats
    frame: Ints
    start: Ints

    @classmethod
    def of(cls, positions: Floats, frame: Ints, memory: int) -> Movie:
        """Number the frames from 0; of runs of empty frames, keep what memory cannot bridge.

        Parameters
        ----------
        positions : ndarray of float64, shape (ndim, N)
            One row an axis.
        frame : ndarray of int64, shape (N,)
            Ascending.
        memory : int
            Frames that a particle may be missing for.

        Returns
        -------
        Movie
            Of the same points.
        """
        step = np.minimum(np.diff(frame, prepend=frame[:1]), memory + 2)
        frame = np.cumsum(step)
        n_frames = int(frame[-1]) + 1 if len(frame) else 0
        return cls(positions, frame, np.searchsorted(frame, np.arange(n_frames + 1)))
