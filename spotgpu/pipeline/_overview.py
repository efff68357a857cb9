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
        self._kept: list[tuple[int, Found]] = []
        self._first: Found | None = None
        self._every, self._rows = 1, 0
        self._frames, self._with_spots, self._spots = 0, 0, 0

    def add(self, found: Found) -> None:
        """Take a frame.

        Parameters
        ----------
        found : Found
            Its number and its spots.
        """
        k, n = self._frames, len(found[1])
        self._frames, self._spots = k + 1, self._spots + n
        if n == 0:
            return
        self._with_spots += 1
        if k % self._every and self._first:
            return
        # A copy: the rows may be a part of many.
        found = found[0], found[1].copy()
        self._first = self._first or found
        if k % self._every:
            return
        self._kept.append((k, found))
        self._rows += n
        while self._rows > SAMPLE and len(self._kept) > 1:
            self._every *= 2
            self._kept = [item for item in self._kept if item[0] % self._every == 0]
            self._rows = sum(len(rows) for _, (_, rows) in self._kept)

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
            first_spots=self._table([] if self._first is None else [self._first]),
            sample=self._table([found for _, found in self._kept]),
            particles=tracks.n_particles,
            longest=tracks.longest,
            tracks=tracks.n_tracks,
            spots_in_tracks=tracks.n_spots,
            frames_with_tracks=tracks.n_frames,
            span=tracks.span,
            lengths=tracks.lengths[1],
        )

    def _table(self, frames: list[Found]) -> pd.DataFrame:
        table = SpotTable(self._columns)
        for number, rows in frames:
            table.add(rows, number)
        return table.finish()
