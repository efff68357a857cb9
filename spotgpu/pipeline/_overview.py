"""What is remembered of all spots of a movie, however many: counts, and a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spotgpu.pipeline._found import Found
from spotgpu.pipeline._long_tracks import LongTracks
from spotgpu.pipeline._spot_table import SpotTable

__all__ = ["Overview", "SpotSample"]

#: Spots of a sample, at most, unless one frame has more.
SAMPLE = 1 << 18


@dataclass(frozen=True)
class Overview:
    """Counts over the whole movie, and a sample of its spots.

    Attributes
    ----------
    frames, frames_with_spots, spots : int
        Of the movie.
    first_spots : DataFrame
        Those of the first frame that has any.
    sample : DataFrame
        The spots of every n-th frame; n is 1 up to 262,144 spots.
    particles, longest : int
        Particles, those of short tracks included, and the spots of the longest.
    tracks, spots_in_tracks, frames_with_tracks : int
        Of the length asked for.
    span : int
        Frames from the first to the last of these tracks, summed.
    lengths : ndarray of int64, shape (tracks,)
        Spots of each, in the order of the particles.
    """

    frames: int
    frames_with_spots: int
    spots: int
    first_spots: pd.DataFrame
    sample: pd.DataFrame
    particles: int
    longest: int
    tracks: int
    spots_in_tracks: int
    frames_with_tracks: int
    span: int
    lengths: npt.NDArray[np.int64]

    @property
    def tracks_per_frame(self) -> float:
        """Mean number of tracks in the frames that have any.

        Returns
        -------
        float
            0 if there are none.
        """
        return self.spots_in_tracks / self.frames_with_tracks if self.tracks else 0.0


class SpotSample:
    """Counts spots, and keeps those of every n-th frame, n doubling when there are too many.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns of the rows.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._first = SpotTable(columns)
        # One table: what small arrays of frames leave behind is of no use to others.
        self._kept = SpotTable(columns, ("frame", "place"))
        self._every = 1
        self._frames, self._with_spots, self._spots = 0, 0, 0

    def add(self, found: Found) -> None:
        """Take a frame.

        Parameters
        ----------
        found : Found
            Its number and its spots.
        """
        number, rows = found
        place, n = self._frames, len(rows)
        self._frames, self._spots = place + 1, self._spots + n
        if n == 0:
            return
        if self._with_spots == 0:
            self._first.add(rows, number)
        self._with_spots += 1
        if place % self._every == 0:
            self._kept.add(rows, number, np.full(n, place))
            if len(self._kept) > SAMPLE:
                self._thin()

    def overview(self, tracks: LongTracks) -> Overview:
        """Return what was counted and kept.

        Parameters
        ----------
        tracks : LongTracks
            Of the same frames, finished.

        Returns
        -------
        Overview
            All of it.
        """
        return Overview(
            frames=self._frames,
            frames_with_spots=self._with_spots,
            spots=self._spots,
            first_spots=self._first.finish(),
            sample=self._kept.finish().drop(columns="place"),
            particles=tracks.n_particles,
            longest=tracks.longest,
            tracks=tracks.n_tracks,
            spots_in_tracks=tracks.n_spots,
            frames_with_tracks=tracks.n_frames,
            span=tracks.span,
            lengths=tracks.lengths[1],
        )

    def _thin(self) -> None:
        """Drop every second frame, until there are few enough spots."""
        table = self._kept.finish()
        while len(table) > SAMPLE and table["place"].nunique() > 1:
            self._every *= 2
            table = table[table["place"] % self._every == 0]
        whole = (table[name].to_numpy() for name in ("frame", "place"))
        self._kept.add(table[self._columns].to_numpy(), *whole)
